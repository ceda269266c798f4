import { describe, expect, it } from 'vitest'
import type { OnlineChanges } from '../../src/data/feature-set.ts'
import { random } from '../../src/lib/random.ts'
import type { Network, NormalizerData } from '../../src/network.ts'
import type { Dataset } from '../../src/train/dataset.ts'
import { feed } from '../../src/train/feed.ts'
import { onlineChanges, refuseIds } from '../../src/train/online.ts'

const ROWS = 40
const X = 24
const Y = 12
const none: OnlineChanges = {
  seed: 1,
  noise: 0,
  mixup: 0,
  masks: 0,
  transpose: 0,
  bands: [],
  circles: [],
  ladders: [],
}
const rng = random('online')
const data: Dataset = {
  x: Float32Array.from({ length: ROWS * X }, () => rng.normal()),
  y: Float32Array.from({ length: ROWS * Y }, () => rng.next()),
  xSize: X,
  ySize: Y,
  ids: Array.from({ length: ROWS }, (_, i) => `row-${i}`),
}
const train = Array.from({ length: 30 }, (_, i) => i)

/** Rows of one epoch, changed. */
async function changed(
  changes: Partial<OnlineChanges>,
  epoch = 1,
  rows = train,
  normalizer: NormalizerData | null = null,
) {
  const x = Float32Array.from(rows.flatMap((row) => [...data.x.subarray(row * X, (row + 1) * X)]))
  const y = Float32Array.from(rows.flatMap((row) => [...data.y.subarray(row * Y, (row + 1) * Y)]))
  await onlineChanges(data, train, { ...none, ...changes }, normalizer)(epoch)(rows, x, y)
  const part = (values: Float32Array, size: number) => rows.map((_, i) => values.slice(i * size, (i + 1) * size))
  return { x: part(x, X), y: part(y, Y) }
}

const rowX = (row: number) => data.x.slice(row * X, (row + 1) * X)
const rowY = (row: number) => data.y.slice(row * Y, (row + 1) * Y)

describe('onlineChanges', () => {
  it('noise has the deviation asked for and leaves targets alone', async () => {
    const { x, y } = await changed({ noise: 0.1 })
    const differences = x.flatMap((row, i) => [...row].map((value, k) => value - rowX(i)[k]!))
    const deviation = Math.sqrt(differences.reduce((sum, d) => sum + d * d, 0) / differences.length)
    expect(deviation).toBeGreaterThan(0.09)
    expect(deviation).toBeLessThan(0.11)
    y.forEach((row, i) => expect(row).toEqual(rowY(i)))
  })

  it('mixup weighs inputs and targets of a row and a training row alike', async () => {
    const { x, y } = await changed({ mixup: 1 }, 3)
    let spread = 0
    x.forEach((row, i) => {
      const found = train.flatMap((other) => {
        const weight = (row[0]! - rowX(other)[0]!) / (rowX(i)[0]! - rowX(other)[0]!)
        const fits = [...row].every(
          (v, k) => Math.abs(v - weight * rowX(i)[k]! - (1 - weight) * rowX(other)[k]!) < 1e-4,
        )
        return fits ? [{ weight, other }] : []
      })
      // A row may be its own partner: then nothing has changed.
      if (found.length === 0) return expect([...row]).toEqual([...rowX(i)])
      const { weight, other } = found[0]!
      spread = Math.max(spread, Math.min(weight, 1 - weight))
      y[i]!.forEach((v, k) => expect(v).toBeCloseTo(weight * rowY(i)[k]! + (1 - weight) * rowY(other)[k]!, 4))
    })
    expect(spread).toBeGreaterThan(0.3)
  })

  it('masks stretches of at most an eighth of the bands with the mean', async () => {
    const { x } = await changed({ masks: 1, bands: [{ from: 0, count: 16 }] })
    const lengths = x.map((row, i) => {
      const moved = [...row].flatMap((value, k) => (value === rowX(i)[k] ? [] : [k]))
      if (moved.length > 0) expect(moved.at(-1)! - moved[0]!).toBe(moved.length - 1)
      expect(moved.every((k) => k < 16)).toBe(true)
      return moved.length
    })
    expect(new Set(lengths)).toEqual(new Set([0, 1, 2]))
  })

  it('moves circles around, in x and y by the same semitones, through a normaliser too', async () => {
    const circles = [
      { in: 'x', from: 0, count: 24 },
      { in: 'y', from: 0, count: 12 },
    ] as const
    const shifts = (await changed({ transpose: 5, circles })).y.map((row, i) => {
      const by = [...rowY(i)].findIndex((_, k) => row.every((value, j) => value === rowY(i)[(j + k) % 12]))
      expect(by).toBeGreaterThanOrEqual(0)
      return (12 - by) % 12
    })
    expect(new Set(shifts).size).toBeGreaterThan(6)
    expect(shifts.every((by) => by <= 5 || by >= 7)).toBe(true)
    const normalizer: NormalizerData = {
      kind: 'standard',
      offset: Array.from({ length: X }, (_, k) => k / 4),
      scale: Array.from({ length: X }, (_, k) => 1 + k / 10),
    }
    const { x } = await changed({ transpose: 5, circles }, 1, train, normalizer)
    const raw = (values: Float32Array, k: number) => values[k]! * normalizer.scale[k]! + normalizer.offset[k]!
    x.forEach((row, i) => {
      for (let k = 0; k < X; k++) expect(raw(row, (k + 2 * shifts[i]!) % X)).toBeCloseTo(raw(rowX(i), k), 4)
    })
  })

  it('moves ladders by pitches and folds what falls off back by an octave, as probabilities', async () => {
    const { y } = await changed({ transpose: 1, ladders: [{ in: 'y', from: 0, count: 12 }] })
    const kinds = new Set<number>()
    y.forEach((row, i) => {
      const old = rowY(i)
      const by = row[5] === old[4] ? 1 : row[5] === old[6] ? -1 : 0
      kinds.add(by)
      for (let k = Math.max(0, by); k < 12 + Math.min(0, by); k++)
        if (k - by !== (by > 0 ? 11 : 0) && k !== (by > 0 ? 0 : 11)) expect(row[k]).toBe(old[k - by])
      if (by === 1) expect(row[0]).toBeCloseTo(old[11]!, 6)
    })
    expect([...kinds].sort()).toEqual([-1, 0, 1])
  })

  it('depends on seed, epoch and row alone: any order, any batch, read or streamed', async () => {
    const all = { noise: 0.1, mixup: 0.4, masks: 2, bands: [{ from: 0, count: X }] }
    const whole = await changed(all, 2)
    const some = await changed(all, 2, [17, 3])
    expect(some.x).toEqual([whole.x[17], whole.x[3]])
    expect(some.y).toEqual([whole.y[17], whole.y[3]])
    expect((await changed(all, 3)).x).not.toEqual(whole.x)
    expect((await changed({ ...all, seed: 2 }, 2)).x).not.toEqual(whole.x)
    const change = onlineChanges(data, train, { ...none, ...all }, null)(2)
    const fed: Float32Array[] = []
    for await (const [batch] of feed(data, train, { batchSize: 8, change }))
      for (let i = 0; i < batch!.count; i++) fed.push(batch!.x[0]!.slice(i * X, (i + 1) * X))
    expect(fed).toEqual(whole.x)
  })

  it('refuses ids', () => {
    const network = { inputs: [{ name: 'tokens', shape: [4], dtype: 'int32' }] } as unknown as Network
    expect(() => refuseIds(network, 'mse')).toThrow(/"tokens" holds ids/)
    const numbers = { inputs: [{ name: 'x', shape: [4], dtype: 'float32' }] } as unknown as Network
    expect(() => refuseIds(numbers, 'sparse_cross_entropy')).toThrow(/targets are ids/)
    expect(() => refuseIds(numbers, 'mse')).not.toThrow()
  })
})
