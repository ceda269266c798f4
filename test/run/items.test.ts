/** The per-item cache: one item costs one item, whatever was killed, torn or merged meanwhile. */
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { computeEach, type EachRequest } from '../../src/run/items.ts'
import type { EachItem } from '../../src/stage.ts'
import { tempDir } from '../store/rig.ts'

const temp = tempDir()
const table = () => temp.at('items/featurize.rows')
const segments = () => (existsSync(table()) ? readdirSync(table()).filter((name) => name.endsWith('.seg')) : [])

/** One job over items named by their keys; says which of them were computed. */
async function job(keys: readonly string[], changes: Partial<EachRequest> = {}) {
  const worked: string[] = []
  const done = await computeEach({
    folder: table(),
    salt: 'kind code',
    items: keys.map((key): EachItem => ({ id: key, key })),
    compute: (item) => {
      worked.push(item.key)
      return Buffer.from(`value of ${item.key}`)
    },
    onItem: () => undefined,
    signal: new AbortController().signal,
    ...changes,
  })
  return { worked, done, values: done.values.map((value) => Buffer.from(value).toString()) }
}

test('computes each item once, in order, and only the new ones later', async () => {
  const first = await job(['a', 'b', 'c'])
  expect(first.worked).toEqual(['a', 'b', 'c'])
  expect(first.done).toMatchObject({ computed: 3, reused: 0 })
  const second = await job(['c', 'x', 'a'])
  expect(second.worked).toEqual(['x'])
  expect(second.values).toEqual(['value of c', 'value of x', 'value of a'])
  expect(second.done).toMatchObject({ computed: 1, reused: 2 })
  expect((await job(['a', 'b', 'c', 'x'])).worked).toEqual([])
})

test('other code computes anew; without a folder everything is computed and nothing kept', async () => {
  await job(['a'])
  expect((await job(['a'], { salt: 'kind other code' })).worked).toEqual(['a'])
  expect((await job(['a'])).worked).toEqual([])
  expect((await job(['a', 'a'], { folder: '' })).worked).toEqual(['a', 'a'])
})

test('keeps the records of the code before, and of none older', async () => {
  for (const code of ['one', 'two', 'three']) await job(['a', 'b'], { salt: code })
  expect(segments()).toHaveLength(2)
  expect((await job(['a', 'b'], { salt: 'two' })).worked).toEqual([])
  expect((await job(['a', 'b'], { salt: 'three' })).worked).toEqual([])
  expect((await job(['a', 'b'], { salt: 'one' })).worked).toEqual(['a', 'b'])
})

test('hands values over one by one, in order, and makes items when it comes to them', async () => {
  await job(['item 1'])
  const taken: string[] = []
  const asked: number[] = []
  const items = {
    length: 3,
    at: (index: number) => {
      asked.push(index)
      return { id: `${index}`, key: `item ${index}`, reads: [] }
    },
  }
  const { done } = await job([], {
    items,
    take: (value, index) => taken.push(`${index}: ${Buffer.from(value).toString()}`),
  })
  expect(taken).toEqual(['0: value of item 0', '1: value of item 1', '2: value of item 2'])
  expect(asked).toEqual([0, 1, 2])
  expect(done).toMatchObject({ values: [], computed: 2, reused: 1 })
})

test('in any order, and larger than what is read ahead', async () => {
  const keys = Array.from({ length: 300 }, (_, i) => `k${i}`)
  const compute = (item: EachItem) => Buffer.alloc(1 + ((Number(item.key.slice(1)) * 7919) % 5000), item.key)
  await job(keys, { compute })
  const mixed = keys.map((_, i) => keys[(i * 77) % 300]!)
  const again = await job(mixed)
  expect(again.worked).toEqual([])
  again.done.values.forEach((value, i) =>
    expect(Buffer.from(value).equals(compute({ id: '', key: mixed[i]! }))).toBe(true),
  )
})

test('an item that stands twice is computed once', async () => {
  const { worked, values } = await job(['a', 'a'])
  expect(worked).toEqual(['a'])
  expect(values).toEqual(['value of a', 'value of a'])
})

test('several items at a time: each once, values in order, at most so many under way', async () => {
  let now = 0
  let most = 0
  const worked: string[] = []
  const keys = ['a', 'b', 'a', 'c', 'd', 'b', 'e']
  const compute = async (item: EachItem) => {
    most = Math.max(most, ++now)
    worked.push(item.key)
    // Later items are done sooner.
    for (let i = worked.length; i < 8; i++) await new Promise(setImmediate)
    now--
    return Buffer.from(`value of ${item.key}`)
  }
  const { values, done } = await job(keys, { compute, atOnce: 3 })
  expect(values).toEqual(keys.map((key) => `value of ${key}`))
  expect(worked).toEqual(['a', 'b', 'c', 'd', 'e'])
  expect([most, done.computed, done.reused]).toEqual([3, 5, 2])
  expect((await job(['a', 'b', 'c', 'd', 'e'])).worked).toEqual([])
})

test('one of several that fails ends the job when the others are done, and theirs are kept', async () => {
  const compute = async (item: EachItem) => {
    if (item.key === 'b') throw new Error('b fails')
    await new Promise(setImmediate)
    return Buffer.from(`value of ${item.key}`)
  }
  await expect(job(['a', 'b', 'c', 'd', 'e', 'f'], { compute, atOnce: 3 })).rejects.toThrow('b fails')
  const { worked } = await job(['a', 'c'])
  expect(worked).toEqual([])
})

test('tells how far it is, reused items included', async () => {
  await job(['a', 'b'])
  const told: number[][] = []
  await job(['a', 'x', 'b'], { onItem: (...numbers) => told.push(numbers) })
  expect(told).toEqual([
    [1, 3, 0],
    [2, 3, 1],
    [3, 3, 1],
  ])
})

test('what was done before a failure or a stop is kept', async () => {
  const fails = job(['a', 'b', 'c'], {
    compute: (item) => {
      if (item.key === 'c') throw new Error('damaged')
      return Buffer.from(item.key)
    },
  })
  await expect(fails).rejects.toThrow('damaged')
  expect((await job(['a', 'b', 'c'])).worked).toEqual(['c'])
  const abort = new AbortController()
  const stopped = job(['d', 'e', 'f'], { signal: abort.signal, onItem: (done) => done === 2 && abort.abort() })
  await expect(stopped).rejects.toThrow()
  expect((await job(['d', 'e', 'f'])).worked).toEqual(['f'])
})

test('empty values and large ones come back', async () => {
  const values: Record<string, Buffer> = { empty: Buffer.alloc(0), large: Buffer.alloc(3_000_000, 7) }
  const compute = (item: EachItem) => values[item.key]!
  await job(['empty', 'large'], { compute })
  const again = await job(['empty', 'large'])
  expect(again.worked).toEqual([])
  expect(again.done.values.map((value) => value.length)).toEqual([0, 3_000_000])
  expect(Buffer.from(again.done.values[1]!).equals(values['large']!)).toBe(true)
})

describe('torn segments', () => {
  test('cut at any byte: the whole records before it count, and the rest is computed', async () => {
    await job(['a', 'b', 'c'])
    const [name] = segments()
    const path = join(table(), name!)
    const whole = readFileSync(path)
    const size = whole.length / 3
    for (let cut = 0; cut <= whole.length; cut += 7) {
      for (const other of segments()) if (other !== name) writeFileSync(join(table(), other), '')
      writeFileSync(path, whole.subarray(0, cut))
      const { worked, values } = await job(['a', 'b', 'c'])
      expect(worked).toEqual(['a', 'b', 'c'].slice(Math.floor(cut / size)))
      expect(values).toEqual(['value of a', 'value of b', 'value of c'])
    }
  })

  test('a changed byte in a value is noticed', async () => {
    await job(['a', 'b'])
    const path = join(table(), segments()[0]!)
    const bytes = readFileSync(path)
    bytes[45]! ^= 1
    writeFileSync(path, bytes)
    const { worked, values } = await job(['a', 'b'])
    expect(worked).toEqual(['a'])
    expect(values).toEqual(['value of a', 'value of b'])
    expect((await job(['a', 'b'])).worked).toEqual([])
  })

  test('garbage at the end of one hides nothing of another', async () => {
    await job(['a'])
    appendFileSync(join(table(), segments()[0]!), Buffer.alloc(100, 0xff))
    await job(['b'])
    expect((await job(['a', 'b'])).worked).toEqual([])
  })
})

describe('merging', () => {
  test('many segments become one, and every item is still there', async () => {
    const keys = Array.from({ length: 20 }, (_, i) => `item ${i}`)
    for (const key of keys) await job([key])
    expect(segments().length).toBeLessThan(20)
    expect((await job(keys)).worked).toEqual([])
    expect(readdirSync(table()).filter((name) => !name.endsWith('.seg'))).toEqual([])
  })

  test('while another job is writing: its items are kept all the same', async () => {
    for (let i = 0; i < 17; i++) await job([`old ${i}`])
    let merged = false
    await job(['slow 1', 'slow 2', 'slow 3'], {
      compute: async (item) => {
        if (item.key === 'slow 3') {
          // this job's segment makes 18: the other one merges them all, and ours goes with them
          for (let i = 0; i < 17; i++) await job([`filler ${i}`])
          merged = segments().length < 17
        }
        return Buffer.from(`value of ${item.key}`)
      },
    })
    expect(merged).toBe(true)
    const { worked, values } = await job(['slow 1', 'slow 2', 'slow 3', 'old 0', 'filler 16'])
    expect(worked).toEqual([])
    expect(values[2]).toBe('value of slow 3')
  })

  test('a half-written merge of a killed job is not read', async () => {
    await job(['a'])
    mkdirSync(table(), { recursive: true })
    writeFileSync(join(table(), 'zzz.seg.tmp'), Buffer.alloc(64, 1))
    expect((await job(['a'])).worked).toEqual([])
  })
})

test('several at once: values are still handed on in order, and few wait for a slow one', async () => {
  await job(Array.from({ length: 2000 }, (_, i) => `k${i}`).filter((_, i) => i !== 3))
  let release: () => void = () => {}
  const slow = new Promise<void>((resolve) => (release = resolve))
  const told: number[] = []
  const taken: number[] = []
  const running = job(
    Array.from({ length: 2000 }, (_, i) => `k${i}`),
    {
      atOnce: 4,
      compute: async (item) => {
        await slow
        return Buffer.from(`value of ${item.key}`)
      },
      take: (value, index) => {
        expect(Buffer.from(value).toString()).toBe(`value of k${index}`)
        taken.push(index)
      },
      onItem: (done) => told.push(done),
    },
  )
  await new Promise((resolve) => setImmediate(resolve))
  expect(taken).toEqual([0, 1, 2])
  // The others are known, but are not read before there is somewhere to put them.
  expect(told.length).toBeLessThan(300)
  release()
  await running
  expect(taken).toEqual(Array.from({ length: 2000 }, (_, i) => i))
})
