import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { callbackRequests, type TrainOptions } from '../../stages/shared/training-parts.ts'
import { train } from '../../stages/train.ts'
import { sha256 } from '../../src/lib/files.ts'
import { readModel } from '../../src/network/model-file.ts'
import { type Rig, type RigRun, stageRig, withDefaults } from '../stage-rig.ts'
import { plainSet, type SetOptions, writeSet } from './feature-sets.ts'

let rig: Rig
beforeEach(() => {
  rig = stageRig()
})
afterEach(() => rig.dispose())

const base = {
  model_id: 'small',
  hidden_layers: [16],
  epochs: 6,
  batch_size: 32,
  learning_rate: 0.01,
  checkpoint_every: 2,
  seed: 3,
}

function run(
  options: object = {},
  more: { set?: SetOptions; checkpoints?: string; signal?: AbortSignal } = {},
): Promise<RigRun> {
  const features = writeSet(
    join(rig.dir, `set-${sha256(JSON.stringify(more.set ?? {})).slice(0, 8)}`),
    plainSet(more.set),
  )
  const { checkpoints, signal } = more
  return rig.run(train, {
    options: { ...base, ...options },
    inputs: { features },
    ...(checkpoints ? { checkpoints } : {}),
    ...(signal ? { signal } : {}),
  })
}

const outputs = ({ out }: RigRun) =>
  ['model.json', 'weights.safetensors', 'history.csv', 'history.json'].map((name) =>
    sha256(readFileSync(join(out, name))),
  )

describe('train', () => {
  it('writes a model with all that is needed to use it, and reports each epoch', async () => {
    const made = await run({ output_size: 3 })
    const { model, weights } = readModel(made.out)
    expect(model).toMatchObject({
      id: 'small',
      loss: 'mse',
      labels: ['a', 'b', 'a times b'],
      latencyTargetMs: 10,
      feature: { name: 'test', options: { clip_seconds: 5 }, generated: true },
      normalizer: plainSet().info.normalizer,
      training: { epochs: 6, seed: 3, examples: { train: 84, val: 24, test: 12 } },
    })
    expect(Object.keys(weights)).toEqual(['dense_1/bias', 'dense_1/kernel', 'output/bias', 'output/kernel'])
    expect(made.result.metrics).toEqual({
      train_loss: model.training.trainLoss,
      val_loss: model.training.valLoss,
      best_epoch: model.training.bestEpoch,
      epochs_run: 6,
      parameters: 6 * 16 + 16 + 16 * 3 + 3,
    })
    expect(made.result.headline).toMatch(/^val_loss 0\.\d+ at epoch \d of 6$/)
    expect(made.progress.map(({ done, total, unit }) => [done, total, unit])).toEqual(
      [1, 2, 3, 4, 5, 6].map((epoch) => [epoch, 6, 'epochs']),
    )
    expect(Object.keys(made.progress[0]!.metrics!)).toEqual([
      'loss',
      'val_loss',
      'learning_rate',
      'samples_per_second',
      'best',
      'best_epoch',
      'patience_left',
    ])
    const history = JSON.parse(readFileSync(join(made.out, 'history.json'), 'utf8')) as { val_loss: number }[]
    expect(history.map(({ val_loss }) => val_loss)).toEqual(made.progress.map(({ metrics }) => metrics!['val_loss']))
    expect(readFileSync(join(made.out, 'history.csv'), 'utf8').split('\n')).toHaveLength(8)
  })

  it('gives equal bytes for equal inputs and other bytes for another seed', async () => {
    const [a, b, other] = [
      await run({ dropout: 0.3 }),
      await run({ dropout: 0.3 }),
      await run({ dropout: 0.3, seed: 4 }),
    ]
    expect(outputs(b)).toEqual(outputs(a))
    expect(outputs(other)[1]).not.toBe(outputs(a)[1])
  })

  it('starts from predicting the mean, so that the first epoch is not worse than it', async () => {
    const { progress } = await run({ learning_rate: 1e-9, epochs: 1 })
    const { y } = plainSet()
    const spread = [0, 1, 2].map((column) => {
      const values = Array.from({ length: 120 }, (_, row) => y[row * 3 + column]!)
      const mean = values.reduce((a, b) => a + b) / 120
      return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 120
    })
    const variance = (spread[0]! + spread[1]! + spread[2]!) / 3
    expect(Math.abs(progress[0]!.metrics!['loss']! / variance - 1)).toBeLessThan(0.3)
    const far = await run({ learning_rate: 1e-9, epochs: 1, start_at_mean: false })
    expect(far.progress[0]!.metrics!['loss']).toBeGreaterThan(3 * variance)
  })

  it('continues a stopped training, and a finished one when epochs are raised, to the same bytes', async () => {
    const whole = outputs(await run({ epochs: 10, dropout: 0.2 }))
    const checkpoints = join(rig.dir, 'kept')
    const first = await run({ dropout: 0.2 }, { checkpoints })
    const more = await run({ epochs: 10, dropout: 0.2 }, { checkpoints })
    expect(more.logs.map(({ message }) => message)).toContain('continues from epoch 6')
    expect(more.progress.map(({ done }) => done)).toEqual([7, 8, 9, 10])
    expect(outputs(more)).toEqual(whole)
    expect(outputs(await run({ dropout: 0.2 }))).toEqual(outputs(first))
  })

  it('changes rows while it reads them where the features say so, and resumes to the same bytes', async () => {
    const online = { seed: 1, noise: 0.1, mixup: 0.3, masks: 0, transpose: 0, bands: [], circles: [], ladders: [] }
    const set = plainSet()
    const features = writeSet(join(rig.dir, 'online'), { ...set, info: { ...set.info, online } })
    const epochs = (count: number, checkpoints?: string) =>
      rig.run(train, {
        options: { ...base, epochs: count },
        inputs: { features },
        ...(checkpoints ? { checkpoints } : {}),
      })
    const whole = await epochs(10)
    expect(outputs(whole)[1]).not.toBe(outputs(await run({ epochs: 10 }))[1])
    const checkpoints = join(rig.dir, 'kept')
    await epochs(6, checkpoints)
    expect(outputs(await epochs(10, checkpoints))).toEqual(outputs(whole))
  })

  it('a changed learning rate starts fresh and says so', async () => {
    const checkpoints = join(rig.dir, 'kept')
    await run({}, { checkpoints })
    const other = await run({ learning_rate: 0.02 }, { checkpoints })
    expect(other.logs[0]!.message).toMatch(/is not used: it belongs to another training/)
    expect(other.progress).toHaveLength(6)
  })

  it('stops on ctrl-c with a checkpoint to go on from', async () => {
    const checkpoints = join(rig.dir, 'kept')
    await expect(run({}, { checkpoints, signal: AbortSignal.abort(new Error('ctrl-c')) })).rejects.toThrow('ctrl-c')
    expect(outputs(await run({}, { checkpoints }))).toEqual(outputs(await run()))
  })

  it('says when nothing is held out to validate on', async () => {
    const made = await run({ epochs: 2 }, { set: { splits: ['train'] } })
    expect(made.result.notes).toEqual(['no validation rows: the training loss chose the weights'])
    expect(made.result.metrics!['val_loss']).toBeNull()
    expect(readFileSync(join(made.out, 'history.csv'), 'utf8')).toMatch(
      /^epoch,loss,val_loss,learning_rate\n1,[\d.]+,,0.01\n/,
    )
  })

  it('lowers the rate on a plateau where the schedule says so, as the callback does', async () => {
    const steady = { epochs: 8, learning_rate: 1e-9, early_stopping_patience: 0 }
    const rates = ({ out }: RigRun) =>
      (JSON.parse(readFileSync(join(out, 'history.json'), 'utf8')) as { learning_rate: number }[]).map(
        ({ learning_rate }) => learning_rate / 1e-9,
      )
    const hardly = { name: 'ReduceLROnPlateau', patience: 2, min_delta: 1 }
    const listed = await run({ ...steady, lr_schedule: 'reduce_on_plateau', callbacks: [hardly] })
    expect(rates(listed).map((rate) => Number(rate.toFixed(6)))).toEqual([1, 1, 1, 0.5, 0.5, 0.25, 0.25, 0.125])
    const alone = await run({ ...steady, lr_schedule: 'constant', callbacks: [hardly] })
    expect(rates(alone)).toEqual(rates(listed))
    const named = (schedule: TrainOptions['lr_schedule']) =>
      callbackRequests(withDefaults(train, { model_id: 'm', lr_schedule: schedule }) as unknown as TrainOptions).map(
        ({ name }) => name,
      )
    expect(named('reduce_on_plateau')).toContain('ReduceLROnPlateau')
    expect(named('cosine')).not.toContain('ReduceLROnPlateau')
  })

  it('uses callbacks by name', async () => {
    const callbacks = [
      { name: 'EarlyStopping', patience: 1, min_delta: 1e9 },
      { name: 'CSVLogger', path: 'log.csv' },
    ]
    const made = await run({ callbacks })
    expect(made.result.metrics!['epochs_run']).toBe(2)
    expect(readFileSync(join(made.out, 'log.csv'), 'utf8').split('\n')).toHaveLength(4)
  })

  it('refuses sizes that are not those of the features, and rows that are not finite', async () => {
    await expect(run({ input_size: 128 })).rejects.toThrow('input_size is 128, but the feature "test" gives 6')
    const set = plainSet({ normalize: false })
    set.x[6 * 4] = Number.NaN
    const features = writeSet(join(rig.dir, 'nan'), set)
    await expect(rig.run(train, { options: base, inputs: { features } })).rejects.toThrow(
      '1 of 108 rows hold NaN or infinite numbers: songs.json#4',
    )
  })
})

describe('key of train', () => {
  const words = (options: object) => train.keyed!(withDefaults(train, { ...base, ...options }) as never)

  it('has one word for each engine and device', () => {
    expect(words({})).toEqual({ engine: 'onnxruntime', device: 'cpu' })
    expect(words({ engine: 'onnxruntime', device: 'cpu' })).toEqual(words({}))
    expect(words({ device: 'mps' })).toEqual(words({ device: 'gpu' }))
    expect(words({ device: 'gpu' })).not.toEqual(words({}))
    expect(words({ engine: 'eager' })).not.toEqual(words({}))
  })
})

describe('check of train', () => {
  const problems = (options: object) => train.check!(withDefaults(train, { ...base, ...options }) as never)

  it('accepts the defaults and every documented device', () => {
    expect(problems({})).toEqual([])
    expect(problems({ device: 'cpu', engine: 'eager', loss: 'kl', output_activation: 'softmax' })).toEqual([])
    for (const device of ['auto', 'gpu', 'webgpu', 'cuda', 'mps']) expect(problems({ device })).toEqual([])
    expect(problems({ device: 'gpu', engine: 'onnxruntime', precision: 'float16' })).toEqual([])
  })

  it.each([
    [{ device: 'cuda', engine: 'eager' }, ['device'], 'engine "eager" cannot train on a GPU'],
    [
      { precision: 'float16' },
      ['precision'],
      'precision float16 is for GPUs: processors only convert it, which makes training slower',
    ],
    [{ device: 'tpu' }, ['device'], 'there is no device "tpu"'],
    [{ engine: 'eagre' }, ['engine'], 'there is no engine "eagre"'],
    [{ loss: 'bce' }, ['output_activation'], 'loss bce needs probabilities, output_activation is linear'],
    [
      { loss: 'kl', output_activation: 'sigmoid' },
      ['output_activation'],
      'loss kl needs probabilities, output_activation is sigmoid',
    ],
    [{ callbacks: [{ name: 'Nope' }] }, ['callbacks', 0, 'name'], 'there is no callback "Nope"'],
  ])('%j is a mistake found before anything runs', (options, path, message) => {
    expect(problems(options)).toEqual([expect.objectContaining({ path, message })])
  })

  it('refuses an unknown option and a wrong type through its schema', () => {
    expect(() => withDefaults(train, { ...base, epoch: 3 })).toThrow('additional properties')
    expect(() => withDefaults(train, { ...base, early_stopping_patience: 'ten' })).toThrow('must be integer')
    expect(() => withDefaults(train, { epochs: 3 })).toThrow("required property 'model_id'")
  })
})
