import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { engines } from '../../src/compute/engines/index.ts'
import type { Engine } from '../../src/compute/engine.ts'
import type { FeatureRow, FeatureSet } from '../../src/data/feature-set.ts'
import { readModel } from '../../src/network/model-file.ts'
import type { EvaluationReport } from '../../src/train/report.ts'
import { evaluate } from '../../stages/evaluate.ts'
import { train } from '../../stages/train.ts'
import { type Rig, stageRig } from '../stage-rig.ts'
import { paddedSet, plainSet, writeSet } from './feature-sets.ts'

// Weights of rows and padding ids, from the feature set to the figures of evaluate.
const present = (
  await Promise.all(
    Object.values<Engine>(engines).map(async (engine) => [engine.name, await engine.available()] as const),
  )
).flatMap(([name, missing]) => (missing ? [] : [name]))

let rig: Rig
let sets = 0
beforeEach(() => {
  rig = stageRig()
})
afterEach(() => rig.dispose())

const base = { model_id: 'small', hidden_layers: [12], epochs: 4, batch_size: 16, learning_rate: 0.01, seed: 3 }
const sequences = {
  ...base,
  architecture_type: 'gru',
  sequence_length: 6,
  vocabulary: 5,
  embedding_size: 6,
  output_size: 5,
  output_activation: 'softmax',
  loss: 'sparse_cross_entropy',
  pad_id: -1,
  epochs: 20,
}

async function trained(set: FeatureSet, options: object) {
  const features = writeSet(join(rig.dir, `features-${sets++}`), set)
  const made = await rig.run(train, { options: { ...base, ...options }, inputs: { features } })
  return { ...made, features }
}

async function figures(set: FeatureSet, options: object) {
  const model = await trained(set, options)
  const inputs = { model: model.asInput, features: model.features }
  const made = await rig.run(evaluate, { options: { latency_calls: 20 }, inputs })
  const read = (name: string) => JSON.parse(readFileSync(join(made.out, name), 'utf8'))
  return { model, report: read('metrics.json') as EvaluationReport, predictions: read('predictions.json') }
}

const weighted = (set: FeatureSet, weight: (row: FeatureRow, i: number) => number | undefined): FeatureSet => {
  const rows = set.info.rows.map((row, i) => {
    const value = weight(row, i)
    return value === undefined ? row : { ...row, weight: value }
  })
  return { ...set, info: { ...set.info, rows } }
}

describe('weights of rows', () => {
  it('of 1 change nothing', async () => {
    const [a, b] = [
      await trained(plainSet(), {}),
      await trained(
        weighted(plainSet(), () => 1),
        {},
      ),
    ]
    expect(readModel(b.out).weights).toEqual(readModel(a.out).weights)
  })

  it('are exact in the loss of an epoch, also over parts and the last, smaller batch', async () => {
    // A step size of nothing: the loss of the epoch is that of the first weights over all rows.
    const still = { learning_rate: 1e-30, epochs: 1, start_at_mean: false }
    const half = weighted(plainSet(), (_, i) => (i % 3 === 0 ? 0.5 : 2))
    const loss = async (more: object) =>
      (await trained(half, { ...still, ...more })).result.metrics as unknown as Losses
    const whole = await loss({ batch_size: 128 })
    for (const more of [{ batch_size: 16 }, { batch_size: 11, accumulate: 3 }]) {
      const parts = await loss(more)
      expect(parts.train_loss).toBeCloseTo(whole.train_loss, 6)
      expect(parts.val_loss).toBeCloseTo(whole.val_loss, 6)
    }
    const plain = (await trained(plainSet(), { ...still, batch_size: 128 })).result.metrics as unknown as Losses
    expect(Math.abs(plain.train_loss - whole.train_loss)).toBeGreaterThan(1e-4)
  })

  it('of 0 take a row out of training and of the figures', async () => {
    const set = plainSet()
    const isOut = (row: FeatureRow) => Number(row.id.split('#')[1]) % 4 === 0
    const spoilt = { ...set, y: set.y.map((value, i) => (isOut(set.info.rows[Math.floor(i / 3)]!) ? 40 : value)) }
    const { report } = await figures(
      weighted(spoilt, (row) => (isOut(row) ? 0 : undefined)),
      { epochs: 20 },
    )
    expect(report.all.rows).toBe(set.info.rows.filter((row) => row.split === 'test' && !isOut(row)).length)
    expect(report.all.baseline_loss).toBeLessThan(1)
    expect(report.all.beats_baseline).toBe(true)
  })

  it('must be numbers from 0 up, and something must count', async () => {
    const bad = weighted(plainSet(), (_, i) => (i === 5 ? -1 : undefined))
    await expect(trained(bad, {})).rejects.toThrow('row songs.json#5 has the weight -1, expected a number from 0 up')
    await expect(
      trained(
        weighted(plainSet(), () => 0),
        {},
      ),
    ).rejects.toThrow('no training row counts')
  })
})

interface Losses {
  readonly train_loss: number
  readonly val_loss: number
}

describe('padding ids', () => {
  it.each(present)('count in no loss and no figure: engine %s', async (engine) => {
    const { model, report, predictions } = await figures(paddedSet(), { ...sequences, engine })
    expect(readModel(model.out).model.padId).toBe(-1)
    expect(report.all.beats_baseline).toBe(true)
    // Five classes, none of them likelier than the others: the baseline is near log 5 only if padding is left out.
    expect(Math.abs(report.all.baseline_loss - Math.log(5))).toBeLessThan(0.1)
    const set = paddedSet()
    const counted = set.info.rows.flatMap((row, i) =>
      row.split === 'test' ? [...set.y.subarray(i * 6, (i + 1) * 6)].filter((id) => id >= 0) : [],
    )
    const counts = predictions.classes.counts as [number, number, number][]
    expect(counts.reduce((sum, [, , rows]) => sum + rows, 0)).toBe(counted.length)
    const samples = JSON.parse(readFileSync(join(model.out, 'samples.json'), 'utf8')) as { target: string }[]
    expect(samples.every(({ target }) => !target.includes('-1') && target.split(' ').length >= 2)).toBe(true)
  })

  it('are refused without the option, and the option with another loss', async () => {
    const { pad_id: _, ...without } = sequences
    await expect(trained(paddedSet(), without)).rejects.toThrow('the target: -1 is no id from 0 to 4')
    expect(train.check!({ ...sequences, loss: 'mse', callbacks: [], engine: 'auto', device: 'auto' } as never)).toEqual(
      [
        {
          path: ['pad_id'],
          message: 'pad_id is for targets that are ids, and loss mse has none',
          hint: 'write loss: sparse_cross_entropy, or take pad_id out',
        },
      ],
    )
  })
})
