import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { featureBytes, openFeatureRows, readFeatureSet } from '../../src/data/feature-file.ts'
import { openNpy, writeNpy } from '../../src/data/npy.ts'
import { random } from '../../src/lib/random.ts'
import { type Dataset, epochOrder, refuseBadRows, type StreamedRows, visitRows } from '../../src/train/dataset.ts'
import { feed } from '../../src/train/feed.ts'
import { plainSet, writeSet } from '../stages/feature-sets.ts'

const dir = mkdtempSync(join(tmpdir(), 'kpipe-feed-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const rng = random('feed')
const ROWS = 11
const data: Dataset = {
  x: Float32Array.from({ length: ROWS * 5 }, () => rng.next()),
  y: Float32Array.from({ length: ROWS * 2 }, () => rng.next()),
  xSize: 5,
  ySize: 2,
  ids: Array.from({ length: ROWS }, (_, i) => `row-${i}`),
}
const { x: _x, y: _y, ...columns } = data
const streamed: StreamedRows = {
  ...columns,
  read: async (rows, x, y) => {
    await new Promise((resolve) => setImmediate(resolve))
    for (const [i, row] of rows.entries()) {
      x.set(data.x.subarray(row * 5, row * 5 + 5), i * 5)
      y.set(data.y.subarray(row * 2, row * 2 + 2), i * 2)
    }
  },
}

/** Copies of everything, because the arrays are used again. */
async function collect(...args: Parameters<typeof feed>) {
  const groups: { rows: number[]; x: number[][]; y: number[]; count: number }[][] = []
  for await (const group of feed(...args)) {
    groups.push(
      group.map(({ rows, x, y, count }) => ({
        rows: [...rows],
        x: x.map((array) => [...array]),
        y: [...y[0]!],
        count,
      })),
    )
  }
  return groups
}

describe('feed', () => {
  const order = epochOrder([...data.ids.keys()], 7, 2)

  it('cuts the order into batches and pads the last one with zeros', async () => {
    const batches = (await collect(data, order, { batchSize: 4 })).flat()
    expect(batches.map(({ count }) => count)).toEqual([4, 4, 3])
    expect(batches.flatMap(({ rows }) => rows)).toEqual(order)
    for (const { rows, x, y } of batches) {
      const padding = (size: number) => Array.from({ length: (4 - rows.length) * size }, () => 0)
      expect(x[0]).toEqual([...rows.flatMap((row) => [...data.x.subarray(row * 5, row * 5 + 5)]), ...padding(5)])
      expect(y).toEqual([...rows.flatMap((row) => [...data.y.subarray(row * 2, row * 2 + 2)]), ...padding(2)])
    }
  })

  it.each([1, 2, 3, 5])(
    'gives the same from memory and streamed, in groups of %i, from the middle too',
    async (group) => {
      for (const from of [0, group]) {
        const options = { batchSize: 2, from, group }
        const made = await collect(data, order, options)
        expect(await collect(streamed, order, options)).toEqual(made)
        expect(made.flat()).toEqual((await collect(data, order, { batchSize: 2 })).flat().slice(from))
        expect(made.slice(0, -1).every((one) => one.length === group)).toBe(true)
      }
    },
  )

  it('splits a row into the inputs of the network', async () => {
    const batch = (await collect({ ...data, inputs: [3, 1, 1] }, [4, 9], { batchSize: 2 }))[0]![0]!
    const at = (row: number, from: number, to: number) => [...data.x.subarray(row * 5 + from, row * 5 + to)]
    expect(batch.x).toEqual([
      [...at(4, 0, 3), ...at(9, 0, 3)],
      [...at(4, 3, 4), ...at(9, 3, 4)],
      [...at(4, 4, 5), ...at(9, 4, 5)],
    ])
  })

  it('reads one group ahead and never more', async () => {
    let asked = 0
    const counting = { ...streamed, read: async (rows: readonly number[]) => void (asked += rows.length) }
    let seen = 0
    for await (const [batch] of feed(counting, order, { batchSize: 2 })) {
      seen += batch!.count
      expect(asked).toBe(Math.min(ROWS, seen + 2))
    }
    expect(seen).toBe(ROWS)
  })

  it('hands on what goes wrong while reading, and only where the batch is used', async () => {
    const failing = {
      ...streamed,
      read: async (rows: readonly number[]) => {
        if (rows.includes(order[5]!)) throw new Error('disk gone')
      },
    }
    const counts: number[] = []
    const all = async () => {
      for await (const [batch] of feed(failing, order, { batchSize: 2 })) counts.push(batch!.count)
    }
    await expect(all()).rejects.toThrow('disk gone')
    expect(counts).toEqual([2, 2])
    for await (const _ of feed(failing, order.slice(0, 6), { batchSize: 2 })) break
  })
})

describe('rows in files', () => {
  it('are those of the whole set, in any order', async () => {
    const set = plainSet()
    const folder = writeSet(join(dir, 'set'), set)
    const rows = await openFeatureRows(folder)
    expect(rows.info).toEqual(readFeatureSet(folder).info)
    expect(featureBytes(folder)).toBe(2 * 128 + set.x.byteLength + set.y.byteLength)
    const wanted = [7, 8, 9, 3, 119, 0, 3]
    const [x, y] = [new Float32Array(9 * 6), new Float32Array(9 * 3)]
    await rows.read(wanted, x, y)
    expect([...x.subarray(0, 42)]).toEqual(wanted.flatMap((row) => [...set.x.subarray(row * 6, row * 6 + 6)]))
    expect([...y.subarray(0, 21)]).toEqual(wanted.flatMap((row) => [...set.y.subarray(row * 3, row * 3 + 3)]))
    expect([...x.subarray(42)]).toEqual(Array.from({ length: 12 }, () => 0))
    await rows.close()
  })

  it('a file that is cut short or no array is refused when it is opened', async () => {
    const path = join(dir, 'a.npy')
    writeNpy(path, new Float32Array(12), [3, 4])
    truncateSync(path, 170)
    await expect(openNpy(path)).rejects.toThrow('42 bytes of data, expected 48')
    writeFileSync(path, 'no array at all')
    await expect(openNpy(path)).rejects.toThrow('not a .npy file')
  })

  it('a file that is cut short later is told with its place', async () => {
    const path = join(dir, 'b.npy')
    writeNpy(path, new Float32Array(12), [3, 4])
    const file = await openNpy(path)
    truncateSync(path, 128 + 20)
    await expect(file.readRows(1, 2, new Float32Array(8), 0)).rejects.toThrow('became shorter')
    await file.close()
  })
})

describe('checks of rows', () => {
  it('visit every row once with a small window', async () => {
    const seen: number[] = []
    await visitRows(streamed, [5, 2, 9, 0, 1], (row, x) => void (seen.push(row), expect(x[0]).toBe(data.x[row * 5])), 2)
    expect(seen).toEqual([5, 2, 9, 0, 1])
  })

  it('name rows with ids that a table has not', async () => {
    const x = Float32Array.of(0, 1, 2, 3, 4, 5)
    const ids: Dataset = { x, y: new Float32Array(3), xSize: 2, ySize: 1, ids: ['a', 'b', 'c'] }
    const key = { what: 'input "key"', in: 'x', from: 1, to: 2, bound: 4 } as const
    await expect(refuseBadRows(ids, [0, 1, 2], [key])).rejects.toThrow('input "key": 5 is no id from 0 to 3, in c')
    await refuseBadRows(ids, [0, 1], [key])
    x[1] = 0.5
    await expect(refuseBadRows(ids, [0, 1], [key])).rejects.toThrow('0.5 is no id from 0 to 3, in a')
    x[1] = Number.NaN
    await expect(refuseBadRows(ids, [0, 1], [key])).rejects.toThrow('1 of 2 rows hold NaN or infinite numbers: a')
  })
})
