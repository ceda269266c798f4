/**
 * Train, validation and test by source: two clips of one song never stand on both sides.
 * Each source draws a number in [0, 1) from a hash of seed and name; low draws are held out. Nothing here depends on order.
 */
import { sha256 } from '../lib/files.ts'
import type { Split } from './feature-set.ts'
import type { Example } from './manifest.ts'

export interface SplitOptions {
  /** Share of the sources, 0 … 1. */
  readonly val: number
  /** Share of the sources, 0 … 1. */
  readonly test: number
  readonly seed: number
}

export interface SplitItem {
  readonly source: string
  /** What should stand in every split in the same proportion: the quadrant of the emotion. */
  readonly stratum: string
  /** The split that the data set itself prescribes, or null. */
  readonly official: Split | null
  /** The data set it belongs to, where there are several: each is split by itself. */
  readonly group?: string
}

/**
 * Source → split, stratum by stratum.
 *
 * From 100 sources in a stratum on, draws below `test` are test and those below `test + val` validation: adding a source
 * moves no other one. In a smaller stratum such draws miss their shares widely (a test set without any sad song), so there
 * the lowest `test` share of the draws is test and the next `val` share validation, at least one each from five sources
 * on: a new source can then move at most the ones at the two borders. A wanted split that is still empty gets the training
 * source with the lowest draw, as long as one is left to train on.
 *
 * A source whose items carry an official split keeps it (the first item's, so that it stays whole). A wanted split that
 * nobody officially is in (Groove without its test part) is drawn from the official training sources. Of several data sets
 * each is split by itself, so that the official split of one leaves the others theirs.
 */
export function splitSources(items: readonly SplitItem[], options: SplitOptions): Map<string, Split> {
  const groups = [...groupBy(items, (item) => item.group ?? '').values()]
  return new Map(groups.flatMap((group) => [...splitGroup(group, options)]))
}

function splitGroup(items: readonly SplitItem[], { val, test, seed }: SplitOptions): Map<string, Split> {
  const sources = new Map<string, SplitItem>()
  for (const item of items) if (!sources.get(item.source)?.official) sources.set(item.source, item)
  const result = new Map<string, Split>()
  const open: SplitItem[] = []
  for (const item of sources.values()) {
    if (item.official && item.official !== 'train') result.set(item.source, item.official)
    else open.push(item)
  }
  const taken = new Set(result.values())
  const shares = { test: taken.has('test') ? 0 : test, val: taken.has('val') ? 0 : val }
  for (const [source, split] of drawSplits(open, shares, seed)) result.set(source, split)
  return result
}

/** The items that `splitSources` needs, of examples. */
export function splitItems(examples: readonly Example[]): SplitItem[] {
  return examples.map((example) => {
    const { source, part } = example
    return { source, stratum: quadrantOf(example), official: officialSplit(example), ...(part ? { group: part } : {}) }
  })
}

/** The split that the data set itself prescribes for an example (Groove's `split` column), or null. */
export function officialSplit({ facts }: Pick<Example, 'facts'>): Split | null {
  const name = typeof facts.split === 'string' ? facts.split.trim().toLowerCase() : ''
  return OFFICIAL[name] ?? null
}

const OFFICIAL: Readonly<Record<string, Split>> = {
  train: 'train',
  training: 'train',
  val: 'val',
  valid: 'val',
  validation: 'val',
  dev: 'val',
  test: 'test',
}

/** Number in [0, 1) of a source: the first 48 bits of sha256, the same on every machine. */
export function draw(seed: number, source: string): number {
  return Number.parseInt(sha256(`kpipe-split:${seed}:${source.normalize('NFC')}`).slice(0, 12), 16) / 2 ** 48
}

/** Sources in a stratum from which on shares come out well enough without counting. */
const MANY = 100
/** Sources in a stratum from which on each wanted split gets one. */
const ENOUGH = 5

interface Shares {
  readonly val: number
  readonly test: number
}

interface Drawn {
  readonly source: string
  readonly at: number
}

function drawSplits(items: readonly SplitItem[], shares: Shares, seed: number): Map<string, Split> {
  const strata = new Map(
    [...groupBy(items, ({ stratum }) => stratum)].map(([stratum, some]) => {
      return [stratum, some.map(({ source }): Drawn => ({ source, at: draw(seed, source) }))] as const
    }),
  )
  const splits = new Map<string, Split>()
  for (const stratum of strata.values()) {
    const drawn = inOrder(stratum)
    const [tests, held] = drawn.length >= MANY ? byDraw(drawn, shares) : byCount(drawn.length, shares)
    drawn.forEach(({ source }, i) => splits.set(source, i < tests ? 'test' : i < held ? 'val' : 'train'))
  }
  fillEmpty(splits, inOrder([...strata.values()].flat()), shares)
  return splits
}

/** How many of the lowest draws are test, and how many are held out in all. */
function byDraw(drawn: readonly Drawn[], { test, val }: Shares): [number, number] {
  const below = (bound: number) => drawn.filter(({ at }) => at < bound).length
  return [below(test), below(test + val)]
}

function byCount(count: number, { test, val }: Shares): [number, number] {
  const share = (wanted: number) => Math.max(wanted > 0 && count >= ENOUGH ? 1 : 0, Math.round(wanted * count))
  const tests = Math.min(share(test), count - 1)
  return [tests, Math.min(tests + share(val), count - 1)]
}

/** Validation first, because training needs it to know when to stop. */
function fillEmpty(splits: Map<string, Split>, drawn: readonly Drawn[], shares: Shares): void {
  for (const split of ['val', 'test'] as const) {
    const training = drawn.filter(({ source }) => splits.get(source) === 'train')
    if (shares[split] > 0 && training.length > 1 && ![...splits.values()].includes(split))
      splits.set(training[0]!.source, split)
  }
}

/** One pass: a data set may have a hundred thousand items in one group. */
function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group) group.push(item)
    else groups.set(keyOf(item), [item])
  }
  return groups
}

function inOrder(drawn: readonly Drawn[]): Drawn[] {
  return [...drawn].sort((a, b) => a.at - b.at || (a.source < b.source ? -1 : 1))
}

/** `+-`: signs of valence and arousal; '' without a label. */
export function quadrantOf({ emotion }: Pick<Example, 'emotion'>): string {
  return emotion ? `${emotion.valence >= 0 ? '+' : '-'}${emotion.arousal >= 0 ? '+' : '-'}` : ''
}
