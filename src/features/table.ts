/** Rows of several items put together into a FeatureSet; what featurize and augment share. */
import type { FeatureRow, FeatureSet, FeatureSetInfo, Split } from '../data/feature-set.ts'
import type { Example } from '../data/manifest.ts'
import { canonical } from '../lib/files.ts'
import type { Change } from './changes.ts'
import type { Feature, FeatureOptions, FeaturePair } from './feature.ts'
import type { Extraction } from './pool.ts'

export interface TableRow {
  readonly pair: FeaturePair
  readonly row: FeatureRow
}

/**
 * Text of all that `extract` depends on: the content (never name or label), the options it reads, the change.
 * @param hash of the file; not read for chords, whose content is their names
 */
export function itemKey(
  feature: Feature,
  example: Example,
  hash: () => string,
  options: FeatureOptions,
  change?: Change,
): string {
  const content = example.room === 'chords' ? chordsOf(example) : hash()
  const repaired = isRepaired(example) ? ['repaired'] : []
  return canonical([
    feature.name,
    content,
    feature.itemOptions.map((name) => options[name] ?? null),
    change ?? null,
    ...repaired,
  ])
}

/** What of an example an extraction is told. */
export function workItem(example: Example): Extraction['item'] {
  return { room: example.room, path: example.id, repair: isRepaired(example), chords: chordsOf(example) }
}

/** The options that a feature set depends on, to be written into it and used again by whoever computes the feature. */
export function recipeOptions(feature: Feature, options: FeatureOptions): Record<string, unknown> {
  return Object.fromEntries([...feature.itemOptions, ...feature.rowOptions].map((name) => [name, options[name]]))
}

/** Rows of one item with their names: `id`, or `id@0`, `id@1` … where there are several; then the mark of a copy. */
export function namedRows(example: Example, split: Split, pairs: readonly FeaturePair[], mark = ''): TableRow[] {
  return pairs.map((pair, index) => ({
    pair,
    row: {
      id: `${example.id}${pairs.length > 1 ? `@${index}` : ''}${mark}`,
      source: example.source,
      split,
      labelled: pair.labelled,
      valence: pair.emotion?.valence ?? null,
      arousal: pair.emotion?.arousal ?? null,
    },
  }))
}

/** @throws Error where a pair has not the shape that `head` says: a mistake in the recipe */
export function toFeatureSet(head: Omit<FeatureSetInfo, 'rows'>, rows: readonly TableRow[]): FeatureSet {
  const x = stack(
    rows.map(({ pair }) => pair.x),
    size(head.xShape),
    'x',
  )
  const y = stack(
    rows.map(({ pair }) => pair.y),
    size(head.yShape),
    'y',
  )
  return { info: { ...head, rows: rows.map(({ row }) => row) }, x, y }
}

export function size(shape: readonly number[]): number {
  return shape.reduce((all, length) => all * length, 1)
}

function stack(parts: readonly Float32Array[], width: number, name: string): Float32Array {
  const all = new Float32Array(parts.length * width)
  parts.forEach((part, index) => {
    if (part.length !== width) throw new Error(`row ${index} of ${name} has ${part.length} numbers, expected ${width}`)
    if (!part.every(Number.isFinite)) throw new Error(`row ${index} of ${name} holds NaN or infinity`)
    all.set(part, index * width)
  })
  return all
}

function isRepaired({ facts }: Example): boolean {
  return facts.repaired === true
}

function chordsOf({ facts }: Example): readonly string[] {
  return Array.isArray(facts.chords) ? (facts.chords as string[]) : []
}
