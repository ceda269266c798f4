import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eager } from '../../src/compute/engines/eager.ts'
import { sha256 } from '../../src/lib/files.ts'
import { random } from '../../src/lib/random.ts'
import { buildNetwork, initialWeights } from '../../src/models/index.ts'
import { forward } from '../../src/network/forward.ts'
import { writeSafetensors } from '../../src/network/safetensors.ts'
import type { EpochRecord } from '../../src/train/callback.ts'
import { type CallbackRequest, createCallback } from '../../src/train/callbacks.ts'
import { listCheckpoints } from '../../src/train/checkpoint.ts'
import type { Dataset } from '../../src/train/dataset.ts'
import { fit, type FitOptions, type FitRequest, type FitResult } from '../../src/train/fit.ts'
import { mean, rowLosses } from '../../src/train/metrics.ts'
import { onlineChanges } from '../../src/train/online.ts'

const ROWS = 50
const SIZE = 6
const TRAIN_ROWS = Array.from({ length: 40 }, (_, i) => i)
const ONLINE = { seed: 3, noise: 0.05, mixup: 0.3, masks: 0, transpose: 0, bands: [], circles: [], ladders: [] }

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kpipe-fit-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

interface Try {
  readonly options?: Partial<FitOptions>
  readonly callbacks?: readonly CallbackRequest[]
  readonly checkpoints?: string | null
  readonly identity?: string
  /** Abort or throw from here. */
  readonly onEpoch?: (record: EpochRecord) => void
  readonly signal?: AbortSignal
  readonly change?: (data: Dataset) => void
  readonly dropout?: number
  /** Change rows while training reads them. */
  readonly online?: boolean
  readonly optimizer?: 'adam' | 'sgd'
}

/** A small regression: the sum and the product of two inputs, with noise on the rest. 40 training and 10 validation rows. */
async function run(attempt: Try = {}): Promise<FitResult & { readonly logs: string[]; readonly hash: string }> {
  const rng = random('fit')
  const x = new Float32Array(ROWS * SIZE).map(() => rng.uniform(-1, 1))
  const y = new Float32Array(ROWS * 2).map((_, i) => {
    const at = Math.floor(i / 2) * SIZE
    return i % 2 === 0 ? x[at]! + x[at + 1]! : x[at]! * x[at + 1]!
  })
  const data = { x, y, xSize: SIZE, ySize: 2, ids: Array.from({ length: ROWS }, (_, i) => `item-${i}`) }
  attempt.change?.(data)
  const network = networkOf(attempt.dropout ?? 0.2)
  const options: FitOptions = {
    loss: 'mse',
    epochs: 8,
    batchSize: 16,
    seed: 7,
    learningRate: 0.01,
    restoreBest: true,
    schedule: { name: 'constant', warmupEpochs: 0, stepEpochs: 1, stepFactor: 1 },
    ...attempt.options,
  }
  const optimizer = {
    name: attempt.optimizer ?? 'adam',
    learningRate: 0.01,
    weightDecay: 0.001,
    momentum: 0.9,
    clipNorm: 0,
  } as const
  const trainer = await eager.create(
    { network, loss: 'mse', optimizer, batchSize: 16, seed: 7 },
    initialWeights(network, 7),
  )
  const logs: string[] = []
  const requests = attempt.callbacks ?? [{ name: 'ModelCheckpoint', every: 2 }]
  const result = await fit({
    trainer,
    data,
    options,
    ...(attempt.online ? { change: onlineChanges(data, TRAIN_ROWS, ONLINE, null) } : {}),
    train: TRAIN_ROWS,
    validation: Array.from({ length: 10 }, (_, i) => 40 + i),
    callbacks: () => requests.map((request) => createCallback(request, { out: (name) => join(folder, name) })),
    checkpoints: attempt.checkpoints === undefined ? join(folder, 'checkpoints') : attempt.checkpoints,
    identity: attempt.identity ?? 'one',
    signal: attempt.signal ?? new AbortController().signal,
    onEpoch: (record) => attempt.onEpoch?.(record),
    log: (level, message) => void logs.push(`${level}: ${message}`),
  })
  return { ...result, logs, hash: sha256(writeSafetensors(result.weights)) }
}

function networkOf(dropout: number) {
  return buildNetwork({
    model_id: 'small',
    architecture_type: 'mlp',
    input_size: SIZE,
    output_size: 2,
    hidden_layers: [16, 8],
    activation: 'relu',
    output_activation: 'linear',
    dropout,
  })
}

/** Ends the process's work as SIGKILL would: nothing after this point is run or saved. */
function crashAfter(epoch: number) {
  return (record: EpochRecord) => {
    if (record.epoch === epoch) throw new Error('killed')
  }
}

describe('training', () => {
  it('learns, and two runs with one seed are bit-identical', async () => {
    const [a, b, other] = [
      await run({ checkpoints: null }),
      await run({ checkpoints: null }),
      await run({ checkpoints: null, options: { seed: 8 } }),
    ]
    expect(a.history[7]!.loss).toBeLessThan(a.history[0]!.loss / 2)
    expect([b.hash, b.history]).toEqual([a.hash, a.history])
    expect(other.hash).not.toBe(a.hash)
  })

  it('gives the weights of the best epoch, or of the last one if told to', async () => {
    const callbacks: CallbackRequest[] = [{ name: 'EarlyStopping', patience: 2 }]
    const long = { epochs: 60, learningRate: 0.05 }
    const best = await run({ callbacks, options: long, checkpoints: null })
    expect(best.stopped).toBe('no better loss for 2 epochs')
    expect(best.history.length).toBe(best.chosen.epoch + 2)
    expect(best.chosen.val_loss).toBe(Math.min(...best.history.map((record) => record.val_loss!)))
    const cut = await run({ options: { ...long, epochs: best.chosen.epoch }, checkpoints: null })
    expect(cut.hash).toBe(best.hash)
    const last = await run({ callbacks, options: { ...long, restoreBest: false }, checkpoints: null })
    expect(last.chosen.epoch).toBe(best.history.length)
    expect(last.hash).not.toBe(best.hash)
  })

  it('reports the mean over examples, though the last batch is smaller', async () => {
    let data: Dataset | undefined
    const change = (made: Dataset) => void (data = made)
    const { history } = await run({
      checkpoints: null,
      change,
      dropout: 0,
      options: { epochs: 1, learningRate: 1e-12 },
    })
    const prediction = forward(networkOf(0), initialWeights(networkOf(0), 7), [data!.x], ROWS)[0]!
    const losses = rowLosses('mse', data!.y, prediction, 2)
    expect(history[0]!.loss).toBeCloseTo(mean(losses.subarray(0, 40)), 6)
    expect(history[0]!.val_loss).toBeCloseTo(mean(losses.subarray(40)), 6)
  })

  it('names epoch, batch and item of a loss that is not finite, and says nothing of other items', async () => {
    const spoiled = run({ checkpoints: null, change: ({ y }) => void (y[2 * 17] = Number.POSITIVE_INFINITY) })
    await expect(spoiled).rejects.toThrow(/^the loss is not finite in epoch 1, batch [123]: items item-17$/)
  })

  it('stops a training that runs away instead of going on with spoiled weights', async () => {
    const away = run({ checkpoints: null, optimizer: 'sgd', options: { learningRate: 1e20, epochs: 5 } })
    await expect(away).rejects.toThrow(/the loss is not finite in (epoch \d, batch \d|the validation after epoch \d): /)
  })

  it('refuses an empty training set', async () => {
    const trainer = {} as FitRequest['trainer']
    await expect(fit({ trainer, train: [] } as unknown as FitRequest)).rejects.toThrow('there is no row to train on')
  })
})

describe('resuming', () => {
  it.each([1, 2, 3, 5, 7])('ends with the same bits after a kill in epoch %i', async (epoch) => {
    const whole = await run({ checkpoints: null })
    await expect(run({ onEpoch: crashAfter(epoch) })).rejects.toThrow('killed')
    const resumed = await run()
    expect(resumed.resumedFrom).toBe(epoch - 1 - ((epoch - 1) % 2))
    expect([resumed.hash, resumed.history]).toEqual([whole.hash, whole.history])
  })

  it('goes on from the middle of an epoch after ctrl-c', async () => {
    const whole = await run({ checkpoints: null })
    const stop = new AbortController()
    // The abort is seen before the second step after it is heard.
    const stopped = run({
      signal: stop.signal,
      onEpoch: ({ epoch }) =>
        void (epoch === 3 && setImmediate(() => setImmediate(() => stop.abort(new Error('ctrl-c'))))),
    })
    await expect(stopped).rejects.toThrow('ctrl-c')
    const [name] = listCheckpoints(join(folder, 'checkpoints'))
    expect(name).toMatch(/^checkpoint-000003-00000[12]\.kpc$/)
    const resumed = await run()
    expect(resumed.logs[0]).toMatch(/continues from epoch 3, step [12] of the next/)
    expect([resumed.hash, resumed.history]).toEqual([whole.hash, whole.history])
  })

  it.each([2, 5])(
    'rows that change while training reads them: the same bits after a kill in epoch %i',
    async (epoch) => {
      const whole = await run({ checkpoints: null, online: true })
      expect(whole.hash).not.toBe((await run({ checkpoints: null })).hash)
      await expect(run({ online: true, onEpoch: crashAfter(epoch) })).rejects.toThrow('killed')
      const resumed = await run({ online: true })
      expect(resumed.resumedFrom).toBe(epoch - 1 - ((epoch - 1) % 2))
      expect([resumed.hash, resumed.history]).toEqual([whole.hash, whole.history])
    },
  )

  it('a larger `epochs` continues a finished training and equals a long one', async () => {
    const whole = await run({ checkpoints: null, options: { epochs: 13 } })
    await run()
    const longer = await run({ options: { epochs: 13 } })
    expect(longer.resumedFrom).toBe(8)
    expect([longer.hash, longer.history]).toEqual([whole.hash, whole.history])
    const again = await run({ options: { epochs: 13 } })
    expect([again.resumedFrom, again.hash]).toEqual([13, whole.hash])
  })

  it('a longer patience continues where early stopping had ended, a shorter one starts where it would have', async () => {
    const patient = (patience: number): CallbackRequest[] => [
      { name: 'EarlyStopping', patience },
      { name: 'ModelCheckpoint', every: 1 },
    ]
    const long = { epochs: 60, learningRate: 0.05 }
    const short = await run({ callbacks: patient(2), options: long })
    const whole = await run({ callbacks: patient(5), options: long, checkpoints: null })
    expect(whole.history.length).toBeGreaterThan(short.history.length)
    const continued = await run({ callbacks: patient(5), options: long })
    expect(continued.resumedFrom).toBe(short.history.length)
    expect([continued.hash, continued.history]).toEqual([whole.hash, whole.history])
    const back = await run({ callbacks: patient(2), options: long })
    expect(back.resumedFrom).toBe(0)
    expect(back.logs[0]).toMatch(/is not used: with these options training ends after epoch \d+/)
    expect([back.hash, back.history]).toEqual([short.hash, short.history])
  })

  it('keeps what ReduceLROnPlateau did before the interruption', async () => {
    const callbacks: CallbackRequest[] = [
      { name: 'ReduceLROnPlateau', patience: 1, factor: 0.5, min_delta: 0.05 },
      { name: 'ModelCheckpoint', every: 3 },
    ]
    const whole = await run({ callbacks, checkpoints: null })
    expect(whole.history.at(-1)!.learning_rate).toBeLessThan(whole.history[0]!.learning_rate)
    await expect(run({ callbacks, onEpoch: crashAfter(6) })).rejects.toThrow('killed')
    const resumed = await run({ callbacks })
    expect([resumed.resumedFrom, resumed.hash, resumed.history]).toEqual([3, whole.hash, whole.history])
  })

  it('does not go on from another training, nor past the end, nor along another cosine', async () => {
    const cosine = { schedule: { name: 'cosine', warmupEpochs: 1, stepEpochs: 1, stepFactor: 1 } } as const
    await run({ options: cosine })
    const other = await run({ options: cosine, identity: 'two' })
    expect(other.logs[0]).toContain('it belongs to another training')
    const fewer = await run({ options: { ...cosine, epochs: 6 }, identity: 'two' })
    expect([fewer.resumedFrom, fewer.logs[0]]).toEqual([0, expect.stringContaining('it is past epoch 6')])
    const more = await run({ options: { ...cosine, epochs: 9 }, identity: 'two' })
    expect(more.logs.join()).toContain('its cosine schedule was laid out over 6 epochs')
    expect(more.hash).toBe((await run({ options: { ...cosine, epochs: 9 }, checkpoints: null })).hash)
  })

  it.each([
    ['torn', (path: string) => truncateSync(path, 3000), 'its content does not match its sha256'],
    ['empty', (path: string) => truncateSync(path, 0), 'it is not a checkpoint'],
    ['flipped', flipByte, 'its content does not match its sha256'],
  ])('a %s checkpoint is ignored with a warning and the one before is used', async (_, damage, reason) => {
    const whole = await run({ checkpoints: null })
    await expect(run({ onEpoch: crashAfter(7) })).rejects.toThrow('killed')
    const names = listCheckpoints(join(folder, 'checkpoints'))
    expect(names).toEqual(['checkpoint-000006-000000.kpc', 'checkpoint-000004-000000.kpc'])
    damage(join(folder, 'checkpoints', names[0]!))
    const resumed = await run()
    expect(resumed.logs[0]).toBe(`warn: checkpoint checkpoint-000006-000000.kpc is ignored: ${reason}`)
    expect([resumed.resumedFrom, resumed.hash]).toEqual([4, whole.hash])
  })

  it('keeps two checkpoints and leaves no temporary file', async () => {
    await run({ callbacks: [{ name: 'ModelCheckpoint', every: 1 }] })
    expect(readdirSync(join(folder, 'checkpoints')).sort()).toEqual([
      'checkpoint-000007-000000.kpc',
      'checkpoint-000008-000000.kpc',
    ])
  })
})

function flipByte(path: string): void {
  const bytes = readFileSync(path)
  bytes[bytes.length - 5]! ^= 1
  writeFileSync(path, bytes)
}
