/** What train offers beyond plain training: another model to start from, frozen layers, accumulation, samples, ids, logs. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { evaluate } from '../../stages/evaluate.ts'
import { train } from '../../stages/train.ts'
import type { FeatureSet } from '../../src/data/feature-set.ts'
import { sha256 } from '../../src/lib/files.ts'
import { random } from '../../src/lib/random.ts'
import { readModel } from '../../src/network/model-file.ts'
import { type Rig, type RigRun, stageRig, withDefaults } from '../stage-rig.ts'
import { emotionSet, plainSet, writeSet } from './feature-sets.ts'

let rig: Rig
beforeEach(() => {
  rig = stageRig()
})
afterEach(() => rig.dispose())

const base = {
  model_id: 'small',
  engine: 'eager',
  hidden_layers: [16],
  epochs: 4,
  batch_size: 16,
  learning_rate: 0.01,
  checkpoint_every: 2,
  seed: 3,
}

interface More {
  readonly set?: FeatureSet
  readonly inputs?: Record<string, string | RigRun['asInput']>
  readonly checkpoints?: string
}

function run(options: object = {}, { set = plainSet(), inputs = {}, checkpoints }: More = {}): Promise<RigRun> {
  const features = writeSet(join(rig.dir, `set-${sha256(JSON.stringify(set.info)).slice(0, 8)}`), set)
  return rig.run(train, {
    options: { ...base, ...options },
    inputs: { features, ...inputs },
    ...(checkpoints ? { checkpoints } : {}),
  })
}

const weightsOf = (made: RigRun) => readModel(made.out).weights
const hashes = ({ out }: RigRun) => readdirSync(out).map((name) => [name, sha256(readFileSync(join(out, name)))])
const samplesOf = ({ out }: RigRun) =>
  JSON.parse(readFileSync(join(out, 'samples.json'), 'utf8')) as {
    epoch: number
    item: string
    predicted: string
    target: string
  }[]

describe('starting from another model', () => {
  it('goes on from a stage’s weights; what does not fit is listed', async () => {
    const first = await run()
    const second = await run({ hidden_layers: [16, 5], learning_rate: 1e-12 }, { inputs: { init: first.asInput } })
    expect(second.logs[0]!.message).toBe('starts from train: dense_1')
    expect(second.result.notes).toEqual([
      'not from train, but fresh: dense_2: not in the model; output: kernel is [16, 3], not [5, 3]',
    ])
    const [a, b] = [weightsOf(first)['dense_1/kernel']!.data, weightsOf(second)['dense_1/kernel']!.data]
    for (const [i, value] of a.entries()) expect(Math.abs(value - b[i]!)).toBeLessThan(1e-8)
  })

  it('takes a folder or a .safetensors file of the user’s, and says when scaling differs', async () => {
    const first = await run()
    const file = join(first.out, 'weights.safetensors')
    for (const path of [first.out, file]) {
      const again = await run({ init_from: path, learning_rate: 1e-12 }, { inputs: { init_from: path } })
      expect(again.result.notes).toEqual([])
      expect(again.progress[0]!.metrics!['val_loss']).toBeCloseTo(first.result.metrics!['val_loss'] as number, 6)
    }
    const set = plainSet({ normalize: false })
    const other = await run({ init_from: first.out }, { inputs: { init_from: first.out }, set })
    expect(other.result.notes).toEqual([`${first.out} was trained on inputs that were scaled otherwise`])
  })

  it('refuses a model of which nothing fits, and two models', async () => {
    const first = await run()
    const other = run({ architecture_type: 'mlp', hidden_layers: [7] }, { inputs: { init: first.asInput } })
    await expect(other).rejects.toThrow('no layer of train fits this model')
    const both = run({ init_from: first.out }, { inputs: { init: first.asInput, init_from: first.out } })
    await expect(both).rejects.toThrow('both name a model')
  })

  it('is declared as a file outside the pipeline', () => {
    const options = { ...base, init_from: 'models/a', callbacks: [{ name: 'TensorBoard' }, { file: 'mine.ts' }] }
    expect(train.external!(withDefaults(train, options) as never)).toEqual([
      { name: 'init_from', path: 'models/a' },
      { name: 'callbacks[1]', path: 'mine.ts' },
    ])
  })
})

describe('freezing', () => {
  it('keeps layers bit-equal, and the model file says nothing of it', async () => {
    const first = await run()
    const second = await run({ freeze: ['dense_*'], seed: 4 }, { inputs: { init: first.asInput } })
    const [a, b] = [weightsOf(first), weightsOf(second)]
    for (const name of ['dense_1/kernel', 'dense_1/bias']) expect([...b[name]!.data]).toEqual([...a[name]!.data])
    expect([...b['output/kernel']!.data]).not.toEqual([...a['output/kernel']!.data])
    expect(readModel(second.out).model.network).toEqual(readModel(first.out).model.network)
  })

  it('names the layers there are where a name fits none', async () => {
    await expect(run({ freeze: ['dense_9'] })).rejects.toThrow('no layer with weights is called "dense_9"')
  })
})

describe('accumulation', () => {
  it('gives what a larger batch gives, and continues exactly', async () => {
    const plain = { sample_every: 0, optimizer: 'sgd', learning_rate: 0.05 }
    const [large, small] = [
      await run({ ...plain, batch_size: 30 }),
      await run({ ...plain, batch_size: 10, accumulate: 3 }),
    ]
    for (const [name, { data }] of Object.entries(weightsOf(large))) {
      const other = weightsOf(small)[name]!.data
      for (const [i, value] of data.entries()) expect(Math.abs(value - other[i]!)).toBeLessThan(1e-5)
    }
    const options = { accumulate: 4, dropout: 0.2, batch_size: 8 }
    const checkpoints = join(rig.dir, 'kept')
    const whole = await run({ ...options, epochs: 6 })
    await run(options, { checkpoints })
    const more = await run({ ...options, epochs: 6 }, { checkpoints })
    expect(more.logs.map(({ message }) => message)).toContain('continues from epoch 4')
    expect(hashes(more)).toEqual(hashes(whole))
  })

  it('names the batches of an update that is not finite', async () => {
    const set = plainSet({ normalize: false })
    const away = run({ accumulate: 2, optimizer: 'sgd', learning_rate: 1e20, start_at_mean: false }, { set })
    await expect(away).rejects.toThrow(
      /not finite in epoch \d, batches \d to \d \(one update\): |not finite in the valid/,
    )
  })
})

describe('samples', () => {
  it('are in the log and in a file, the same after an interruption', async () => {
    const options = { sample_every: 2, sample_count: 2, epochs: 5 }
    const whole = await run(options)
    const samples = samplesOf(whole)
    expect(samples.map(({ epoch }) => epoch)).toEqual([1, 1, 2, 2, 4, 4])
    expect(samples[0]!.item).toMatch(/^songs\.json#\d+$/)
    expect(samples[0]!.predicted).toMatch(/^(a|b|a times b) -?\d\.\d\d, /)
    expect(whole.logs.map(({ message }) => message)).toContain(
      `epoch 4 · ${samples[5]!.item}: ${samples[5]!.predicted} (is ${samples[5]!.target})`,
    )
    const checkpoints = join(rig.dir, 'kept')
    await run({ ...options, epochs: 3 }, { checkpoints })
    expect(hashes(await run(options, { checkpoints }))).toEqual(hashes(whole))
    expect(existsSync(join((await run({ sample_every: 0 })).out, 'samples.json'))).toBe(false)
  })

  it('decode emotions, likely classes and notes', async () => {
    const emotion = await run({ task: 'emotion_embedding', output_activation: 'sigmoid' }, { set: emotionSet() })
    expect(samplesOf(emotion)[0]).toMatchObject({
      predicted: expect.stringMatching(/^valence -?\d\.\d\d, arousal -?\d\.\d\d$/),
      target: expect.stringMatching(/^valence -?\d\.\d\d, arousal -?\d\.\d\d$/),
    })
    const notes = await run({ loss: 'bce', output_activation: 'sigmoid' })
    expect(samplesOf(notes)[0]!.predicted).toMatch(/^(a|b|a times b) \d+ %, /)
  })
})

/** Chord-like rows: a sequence of ids and one id about the whole of it; y = (id + condition) mod 5 at each step. */
function idSet(): FeatureSet {
  const rng = random('ids')
  const { rows, ...info } = plainSet().info
  const x = new Float32Array(rows.length * 5)
  const y = new Float32Array(rows.length * 4)
  for (const [row] of rows.entries()) {
    const key = rng.below(2)
    for (let step = 0; step < 4; step++) {
      x[row * 5 + step] = rng.below(5)
      y[row * 4 + step] = (x[row * 5 + step]! + key) % 5
    }
    x[row * 5 + 4] = key
  }
  const yLabels = ['C', 'F', 'G', 'Am', 'Dm']
  return { info: { ...info, xShape: [5], yShape: [4], yLabels, normalizer: null, rows }, x, y }
}

const ids = {
  architecture_type: 'lstm',
  loss: 'sparse_cross_entropy',
  output_activation: 'softmax',
  output_size: 5,
  sequence_length: 4,
  embedding_size: 6,
  conditions: [{ name: 'key', vocabulary: 2, embedding_size: 2 }],
  condition_units: 4,
  hidden_layers: [12],
  epochs: 12,
  learning_rate: 0.03,
}

describe('networks over ids', () => {
  it('learn from one row of ids for several inputs, and predict classes', async () => {
    const made = await run(ids, { set: idSet() })
    expect(made.result.metrics!['val_loss']).toBeLessThan(0.3 * made.progress[0]!.metrics!['val_loss']!)
    const last = samplesOf(made).at(-1)!
    expect(last.predicted).toBe(last.target)
    expect(last.target).toMatch(/^(C|F|G|Am|Dm)( (C|F|G|Am|Dm)){3}$/)
  })

  it('are evaluated against the share of each class', async () => {
    const made = await run(ids, { set: idSet() })
    const features = writeSet(join(rig.dir, 'ids'), idSet())
    const options = { latency_calls: 5, latency_batch: 4 }
    const { result, out } = await rig.run(evaluate, { options, inputs: { model: made.asInput, features } })
    expect(result.metrics!['baseline_loss']).toBeGreaterThan(Math.log(5) - 0.1)
    expect(result.metrics!['baseline_loss']).toBeLessThan(Math.log(5) + 0.1)
    expect(result.metrics!['loss']).toBeLessThan(0.5 * (result.metrics!['baseline_loss'] as number))
    const { classes } = JSON.parse(readFileSync(join(out, 'predictions.json'), 'utf8')) as {
      classes: { labels: string[]; counts: number[][] }
    }
    expect(classes.labels).toEqual(['C', 'F', 'G', 'Am', 'Dm'])
    expect(classes.counts.reduce((sum, [, , rows]) => sum + rows!, 0)).toBe(12 * 4)
  })

  it('start from the share of each class', async () => {
    const made = await run({ ...ids, epochs: 1, learning_rate: 1e-9 }, { set: idSet() })
    expect(made.progress[0]!.metrics!['val_loss']).toBeLessThan(Math.log(5) + 0.05)
  })

  it.each([
    [{ conditions: [{ name: 'key', vocabulary: 1, embedding_size: 2 }] }, 'input "key": 1 is no id from 0 to 0, in '],
    [{ output_size: 4, vocabulary: 5 }, 'the target: 4 is no id from 0 to 3, in '],
    [{ sequence_length: 5 }, 'gives rows of 5 numbers for x, the network needs 6'],
    [{ loss: 'cross_entropy' }, 'gives rows of 4 numbers for y, the network needs 20'],
  ])('%j does not fit the data, and is told before training', async (options, message) => {
    await expect(run({ ...ids, ...options }, { set: idSet() })).rejects.toThrow(message)
  })

  it('refuse ids that were scaled', async () => {
    const set = idSet()
    const normalizer = { kind: 'standard', offset: [0, 0, 0, 0, 0], scale: [1, 1, 1, 1, 1] } as const
    const scaled = run(ids, { set: { ...set, info: { ...set.info, normalizer } } })
    await expect(scaled).rejects.toThrow('the inputs are ids, and the features say they are scaled')
  })

  it('and a cnn over pictures takes its shape from the feature', async () => {
    const set = plainSet()
    const picture = { ...set, info: { ...set.info, xShape: [3, 2] } }
    const options = { architecture_type: 'cnn', filters: [2], hidden_layers: [4], epochs: 1 }
    const { model } = readModel((await run(options, { set: picture })).out)
    expect(model.network.inputs[0]!.shape).toEqual([3, 2, 1])
    await expect(run(options)).rejects.toThrow('a cnn needs an input of two axes')
  })
})

describe('streaming', () => {
  it('gives the bytes that training in memory gives', async () => {
    const [memory, streamed] = [await run({ dropout: 0.2 }), await run({ dropout: 0.2, stream_above_mb: 0 })]
    expect(streamed.logs[0]!.message).toMatch(/larger than 0 MiB: rows are read as needed/)
    expect(hashes(streamed)).toEqual(hashes(memory))
  })
})

describe('callbacks', () => {
  it('TensorBoard writes beside the checkpoints and not into the result', async () => {
    const checkpoints = join(rig.dir, 'kept')
    const made = await run({ callbacks: [{ name: 'TensorBoard' }] }, { checkpoints })
    const folder = join(checkpoints, 'tensorboard')
    expect(made.logs.map(({ message }) => message)).toContain(`TensorBoard: tensorboard --logdir ${folder}`)
    expect(readdirSync(folder).sort()).toEqual(['train', 'validation'])
    expect(hashes(made)).toEqual(hashes(await run()))
  })

  it('a file of the user’s own is run, and its content decides which checkpoints fit', async () => {
    const file = join(rig.dir, 'mine.ts')
    const source = (epochs: number) =>
      `export default () => ({ name: 'mine', onEpochEnd: (r: { epoch: number }, c: { stop(s: string): void }) => { if (r.epoch >= ${epochs}) c.stop('enough') } })`
    const checkpoints = join(rig.dir, 'kept')
    const attempt = (epochs: number) => {
      writeFileSync(file, source(epochs))
      return run({ callbacks: [{ file }] }, { inputs: { 'callbacks[0]': file }, checkpoints })
    }
    expect((await attempt(2)).result.metrics!['epochs_run']).toBe(2)
    const other = await attempt(3)
    expect(other.result.metrics!['epochs_run']).toBe(3)
    expect(other.logs[0]!.message).toMatch(/is not used: it belongs to another training/)
  })
})
