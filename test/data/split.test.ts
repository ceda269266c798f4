import { describe, expect, it } from 'vitest'
import { officialSplit, type SplitItem, splitSources } from '../../src/data/split.ts'

const items = (count: number, stratum = '', prefix = 's'): SplitItem[] =>
  Array.from({ length: count }, (_, i) => ({ source: `${prefix}${i}`, stratum, official: null }))
const shares = { val: 0.2, test: 0.1, seed: 42 }
const counts = (splits: ReadonlyMap<string, string>) => {
  const all = [...splits.values()]
  return ['train', 'val', 'test'].map((split) => all.filter((one) => one === split).length)
}

describe('splitSources', () => {
  it('gives every source of a large set the same split however many others come or go', () => {
    const all = splitSources(items(1000), shares)
    const [train, val, test] = counts(all)
    expect(train! / 1000).toBeCloseTo(0.7, 1)
    expect(val! / 1000).toBeCloseTo(0.2, 1)
    expect(test! / 1000).toBeCloseTo(0.1, 1)
    const fewer = splitSources(
      items(1000).filter((_, i) => i % 3 > 0),
      shares,
    )
    for (const [source, split] of fewer) expect(split).toBe(all.get(source))
  })

  it('does not depend on the order, but on the seed', () => {
    const one = splitSources(items(60), shares)
    expect(Object.fromEntries(splitSources(items(60).reverse(), shares))).toEqual(Object.fromEntries(one))
    expect(Object.fromEntries(splitSources(items(60), { ...shares, seed: 1 }))).not.toEqual(Object.fromEntries(one))
  })

  it('keeps the shares in every stratum of a small set', () => {
    const strata = ['++', '-+', '--', '+-']
    const splits = splitSources(
      strata.flatMap((stratum) => items(6, stratum, stratum)),
      shares,
    )
    expect(counts(splits)).toEqual([16, 4, 4])
    for (const stratum of strata) {
      const own = [...splits].filter(([source]) => source.startsWith(stratum)).map(([, split]) => split)
      expect(own.filter((split) => split !== 'train').sort()).toEqual(['test', 'val'])
    }
  })

  it('moves at most two other sources of a small set when one is added', () => {
    for (let count = 6; count < 99; count++) {
      const before = splitSources(items(count), shares)
      const after = splitSources(items(count + 1), shares)
      const moved = [...before].filter(([source, split]) => after.get(source) !== split)
      expect(moved.length, `${count} sources`).toBeLessThanOrEqual(2)
    }
  })

  it('fills every wanted split from three sources on, and always leaves one to train on', () => {
    for (let seed = 0; seed < 20; seed++) {
      expect(counts(splitSources(items(1), { ...shares, seed }))).toEqual([1, 0, 0])
      expect(counts(splitSources(items(2), { ...shares, seed }))).toEqual([1, 1, 0])
      expect(counts(splitSources(items(3), { ...shares, seed }))).toEqual([1, 1, 1])
      expect(counts(splitSources(items(20), { val: 0, test: 0, seed }))).toEqual([20, 0, 0])
      expect(counts(splitSources(items(4), { val: 0.6, test: 0.3, seed }))[0]).toBeGreaterThan(0)
    }
  })

  it('respects official splits and draws only the one that is missing', () => {
    const official: SplitItem[] = items(200).map((item, i) => ({ ...item, official: i < 40 ? 'val' : 'train' }))
    const splits = splitSources(official, shares)
    for (let i = 0; i < 40; i++) expect(splits.get(`s${i}`)).toBe('val')
    const [train, val, test] = counts(splits)
    expect(val).toBe(40)
    expect(test).toBeGreaterThan(8)
    expect(train! + test!).toBe(160)
    const whole = splitSources([...official, { source: 'z', stratum: '', official: 'test' }], shares)
    expect(counts(whole)).toEqual([160, 40, 1])
  })

  it('keeps a source whole even if its items disagree', () => {
    const mixed: SplitItem[] = [
      { source: 'a', stratum: '++', official: null },
      { source: 'a', stratum: '--', official: 'test' },
      ...items(10),
    ]
    expect(splitSources(mixed, shares).get('a')).toBe('test')
  })
})

it('officialSplit knows the usual names', () => {
  const of = (split: unknown) => officialSplit({ facts: { split } })
  expect(['train', 'Validation', ' dev', 'test', '', 'x', 3].map(of)).toEqual([
    'train',
    'val',
    'val',
    'test',
    null,
    null,
    null,
  ])
})
