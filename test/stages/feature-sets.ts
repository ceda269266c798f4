/** Small feature sets for the tests of train and evaluate: the answer is in the inputs, or it is not. */
import { mkdirSync } from 'node:fs'
import type { FeatureRow, FeatureSet, Split } from '../../src/data/feature-set.ts'
import { writeFeatureSet } from '../../src/data/feature-file.ts'
import { fitNormalizer } from '../../src/data/normalize.ts'
import { encodeEmotion } from '../../src/features/emotion.ts'
import { random } from '../../src/lib/random.ts'

export interface SetOptions {
  readonly rows?: number
  /** false: y has nothing to do with x. */
  readonly learnable?: boolean
  /** Share of rows with a label. */
  readonly labelled?: number
  readonly splits?: readonly Split[]
  readonly normalize?: boolean
}

/** x [6]: two numbers that matter and four that do not, on very different scales; y [3] in 0 … 1. */
export function plainSet(options: SetOptions = {}): FeatureSet {
  return build(options, 3, (a, b) => Float32Array.of(0.5 + 0.4 * a, 0.5 + 0.4 * b, 0.5 + 0.3 * a * b))
}

/** As above, y [64] is the embedding of (valence, arousal) = (a, b). */
export function emotionSet(options: SetOptions = {}): FeatureSet {
  return build(options, 64, (valence, arousal) => encodeEmotion({ valence, arousal }))
}

/** Writes it as `featurize` would; returns the folder. */
export function writeSet(dir: string, set: FeatureSet): string {
  mkdirSync(dir, { recursive: true })
  writeFeatureSet(dir, set)
  return dir
}

/**
 * Sequences of 6 ids below 5 that count up from a random start, y the next id; all but the first 2 to 6 steps are padding,
 * whose target is -1 and whose input is 0.
 */
export function paddedSet(): FeatureSet {
  const rng = random('padded')
  const [count, steps] = [60, 6]
  const x = new Float32Array(count * steps)
  const y = new Float32Array(count * steps).fill(-1)
  const rows: FeatureRow[] = []
  for (let i = 0; i < count; i++) {
    const start = rng.below(5)
    for (let t = 0; t < 2 + rng.below(5); t++) {
      x[i * steps + t] = (start + t) % 5
      y[i * steps + t] = (start + t + 1) % 5
    }
    const split: Split = i % 10 < 7 ? 'train' : i % 10 < 9 ? 'val' : 'test'
    rows.push({ id: `song-${i}`, source: `song-${i}`, split, labelled: true, valence: null, arousal: null })
  }
  const info = { ...plainSet().info, xShape: [steps], yShape: [steps], yLabels: [], normalizer: null, rows }
  return { info, x, y }
}

function build(options: SetOptions, ySize: number, target: (a: number, b: number) => Float32Array): FeatureSet {
  const {
    rows: count = 120,
    learnable = true,
    labelled = 1,
    splits = ['train', 'val', 'test'],
    normalize = true,
  } = options
  const rng = random('feature set')
  const x = new Float32Array(count * 6)
  const y = new Float32Array(count * ySize)
  const rows: FeatureRow[] = []
  for (let i = 0; i < count; i++) {
    const [a, b] = [rng.uniform(-1, 1), rng.uniform(-1, 1)]
    const [c, d] = learnable ? [a, b] : [rng.uniform(-1, 1), rng.uniform(-1, 1)]
    x.set([1000 + 50 * c, 0.01 * d, rng.normal(), rng.normal(), 7, rng.normal()], i * 6)
    y.set(target(a, b), i * ySize)
    const wanted: Split = i % 10 < 7 ? 'train' : i % 10 < 9 ? 'val' : 'test'
    const split = splits.includes(wanted) ? wanted : 'train'
    rows.push({
      id: `songs.json#${i}`,
      source: `song-${i}`,
      split,
      labelled: rng.next() < labelled,
      valence: a,
      arousal: b,
    })
  }
  const train = rows.flatMap((row, i) => (row.split === 'train' ? [i] : []))
  const normalizer = normalize ? fitNormalizer('standard', x, train, 6) : null
  const yLabels = ySize === 3 ? ['a', 'b', 'a times b'] : []
  return {
    info: {
      format: 'kpipe-features/1',
      feature: 'test',
      options: { clip_seconds: 5 },
      xShape: [6],
      yShape: [ySize],
      yLabels,
      normalizer,
      generated: true,
      rows,
    },
    x,
    y,
  }
}
