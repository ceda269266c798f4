import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { evaluate, type LatencyReport } from '../../stages/evaluate.ts'
import { train } from '../../stages/train.ts'
import type { FeatureSet } from '../../src/data/feature-set.ts'
import type { EvaluationReport } from '../../src/train/report.ts'
import { type Rig, type RigRun, stageRig } from '../stage-rig.ts'
import { emotionSet, plainSet, writeSet } from './feature-sets.ts'

let rig: Rig
beforeEach(() => {
  rig = stageRig()
})
afterEach(() => rig.dispose())

const base = { model_id: 'small', hidden_layers: [24], epochs: 30, batch_size: 16, learning_rate: 0.01 }
const quick = { latency_calls: 20 }

async function evaluated(set: FeatureSet, options: object = {}): Promise<RigRun & { report: EvaluationReport }> {
  const features = writeSet(join(rig.dir, 'features'), set)
  const model = await rig.run(train, { options: { ...base, ...options }, inputs: { features } })
  const made = await rig.run(evaluate, { options: quick, inputs: { model: model.asInput, features } })
  return { ...made, report: JSON.parse(readFileSync(join(made.out, 'metrics.json'), 'utf8')) as EvaluationReport }
}

describe('evaluate', () => {
  it('beats the mean where there is something to learn, and counts what it measured', async () => {
    const set = plainSet()
    const { report, result } = await evaluated(set)
    expect(report).toMatchObject({
      format: 'kpipe-evaluation/1',
      model: 'small',
      split: 'test',
      loss: 'mse',
      generated: true,
      emotion: null,
      parameters: 6 * 24 + 24 + 24 * 3 + 3,
      notes: [],
    })
    expect(report.bytes).toBe(4 * report.parameters)
    expect(report.all.improvement_percent).toBeGreaterThan(80)
    // The baseline by hand: mean of the training targets, on the test rows.
    const rows = (split: string) => set.info.rows.flatMap((row, i) => (row.split === split ? [i] : []))
    const at = (row: number, column: number) => set.y[row * 3 + column]!
    const means = [0, 1, 2].map(
      (column) => rows('train').reduce((sum, row) => sum + at(row, column), 0) / rows('train').length,
    )
    const squares = rows('test').flatMap((row) => means.map((mean, column) => (at(row, column) - mean) ** 2))
    expect(report.all.baseline_loss).toBeCloseTo(squares.reduce((a, b) => a + b) / squares.length, 7)
    expect(report.all.rows).toBe(12)
    expect(report.labelled).toEqual(report.all)
    expect(result.metrics).toMatchObject({
      loss: report.all.loss,
      beats_baseline: true,
      split: 'test',
      rows: 12,
      labelled_rows: 12,
      parameters: report.parameters,
    })
  })

  it('says so where the model is no better than the mean', async () => {
    const { report, result } = await evaluated(plainSet({ learnable: false }), {
      early_stopping_patience: 0,
      restore_best: false,
    })
    expect(report.all.beats_baseline).toBe(false)
    expect(report.notes).toEqual([
      expect.stringMatching(/^small does not beat predicting the mean: mse 0\.\d+ against 0\.\d+ on 12 test rows$/),
    ])
    expect(result.notes).toEqual(report.notes)
    expect(result.headline).toMatch(/^test mse 0\.\d+, \d+\.\d % worse than the mean, P99 \d+\.\d\d ms$/)
  })

  it('metrics.json has the same bytes each time, latency is apart', async () => {
    const set = plainSet()
    const features = writeSet(join(rig.dir, 'features'), set)
    const model = await rig.run(train, { options: base, inputs: { features } })
    const runs = [1, 2].map(() => rig.run(evaluate, { options: quick, inputs: { model: model.asInput, features } }))
    const [a, b] = (await Promise.all(runs)).map(({ out }) => readFileSync(join(out, 'metrics.json'), 'utf8'))
    expect(b).toBe(a)
    expect(a).not.toContain('_ms')
  })

  it('measures latency alone and in batches, within the percentiles’ order', async () => {
    const { out, result } = await evaluated(plainSet(), { latency_target_ms: 1000 })
    const { single, batch, target_ms } = JSON.parse(readFileSync(join(out, 'latency.json'), 'utf8')) as LatencyReport
    expect([single.calls, batch.size, target_ms]).toEqual([20, 64, 1000])
    for (const { avg_ms, p95_ms, p99_ms } of [single, batch]) {
      expect(avg_ms).toBeGreaterThan(0)
      expect(p99_ms).toBeGreaterThanOrEqual(p95_ms)
    }
    expect(result.metrics).toMatchObject({
      'latency.p99_ms': single.p99_ms,
      'latency.target_ms': 1000,
      'latency.within_target': true,
    })
  })

  it('falls back to validation rows, and to training rows only with a warning', async () => {
    const val = await evaluated(plainSet({ splits: ['train', 'val'] }))
    expect([val.report.split, val.report.all.rows, val.report.notes]).toEqual(['val', 24, []])
    const none = await evaluated(plainSet({ splits: ['train'] }))
    expect(none.report.notes).toEqual(['small: nothing is held out, the figures are of the rows it was trained on'])
  })

  it('does not let augmented copies make the baseline easy', async () => {
    // Copies of the training rows with targets far off: their mean is a guess nobody could lose against.
    const set = plainSet()
    const train = set.info.rows.flatMap((row, i) => (row.split === 'train' ? [i] : []))
    const copies = train.map((i) => ({ ...set.info.rows[i]!, id: `${set.info.rows[i]!.id}#transpose+3` }))
    const x = new Float32Array([...set.x, ...train.flatMap((i) => [...set.x.subarray(i * 6, i * 6 + 6)])])
    const y = new Float32Array([...set.y, ...new Float32Array(train.length * 3).fill(5)])
    const plain = await evaluated(set, { epochs: 1 })
    const { report } = await evaluated(
      { info: { ...set.info, rows: [...set.info.rows, ...copies] }, x, y },
      { epochs: 1 },
    )
    expect(report.all.baseline_loss).toBe(plain.report.all.baseline_loss)
  })
})

describe('evaluate of an emotion model', () => {
  const emotion = { task: 'emotion_embedding', output_activation: 'sigmoid', epochs: 60 }

  it('decodes valence and arousal and compares both with the mean label', async () => {
    const { report, result } = await evaluated(emotionSet({ rows: 200 }), emotion)
    for (const axis of ['valence', 'arousal'] as const) {
      const { rmse, baseline_rmse, ccc } = report.emotion![axis]
      expect(rmse).toBeLessThan(baseline_rmse / 2)
      expect(ccc).toBeGreaterThan(0.8)
      expect(result.metrics).toMatchObject({ [`${axis}.rmse`]: rmse, [`${axis}.ccc`]: ccc })
    }
  })

  it('scores labelled rows only, and reports both', async () => {
    const set = emotionSet({ labelled: 0.5 })
    const { report, result } = await evaluated(set, emotion)
    const labelled = set.info.rows.filter((row) => row.split === 'test' && row.labelled).length
    expect([report.labelled!.rows, report.all.rows]).toEqual([labelled, 12])
    expect(labelled).toBeLessThan(12)
    expect(result.metrics).toMatchObject({ loss: report.labelled!.loss, rows: labelled, labelled_rows: labelled })
  })

  it('says that nothing can be learnt without labels', async () => {
    const { report, result } = await evaluated(emotionSet({ labelled: 0 }), { ...emotion, epochs: 1 })
    expect([report.emotion, report.labelled]).toEqual([null, null])
    expect(result.notes).toEqual([
      'small: no held-out row carries an emotion label, so nothing can be said about its emotions',
    ])
  })
})
