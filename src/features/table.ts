/** Names, keys and options of rows; what featurize and augment share. */
import type { FeatureRow, Split } from '../data/feature-set.ts'
import type { Example } from '../data/manifest.ts'
import { canonical } from '../lib/files.ts'
import type { Change } from './changes.ts'
import type { Feature, FeatureOptions, FeaturePair } from './feature.ts'
import type { Extraction } from './pool.ts'

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
export function namedRows(example: Example, split: Split, pairs: readonly FeaturePair[], mark = ''): FeatureRow[] {
  return pairs.map((pair, index) => ({
    id: `${example.id}${pairs.length > 1 ? `@${index}` : ''}${mark}`,
    source: example.source,
    split,
    labelled: pair.labelled,
    valence: pair.emotion?.valence ?? null,
    arousal: pair.emotion?.arousal ?? null,
  }))
}

export function size(shape: readonly number[]): number {
  return shape.reduce((all, length) => all * length, 1)
}

function isRepaired({ facts }: Example): boolean {
  return facts.repaired === true
}

function chordsOf({ facts }: Example): readonly string[] {
  return Array.isArray(facts.chords) ? (facts.chords as string[]) : []
}
