/**
 * Augmentation while training goes on: each row of a batch is changed anew in every epoch, on the numbers it consists of.
 * All that is drawn comes from (seed, epoch, name of the row), so that an interrupted training goes on with the same bits.
 * Leaves out changes of sound and notes themselves: those are copies, made by the augment stage.
 */
import { UserError } from '../lib/errors.ts'
import { type Random, random } from '../lib/random.ts'
import type { Columns, OnlineChanges } from '../data/feature-set.ts'
import type { Network, NormalizerData } from '../network.ts'
import { readRows, type TrainingData } from './dataset.ts'

/** Changes rows in place. @param x [rows, xSize] @param y [rows, ySize] */
export type ChangeRows = (rows: readonly number[], x: Float32Array, y: Float32Array) => Promise<void>

/**
 * What happens to the rows of one epoch, in this order: transposition, mixup (Zhang et al. 2018: the row and a random other
 * one of the training rows, weighed by a draw of Beta(mixup, mixup), inputs and targets alike), noise, masks.
 * @param train rows to mix with
 */
export function onlineChanges(
  data: TrainingData,
  train: readonly number[],
  changes: OnlineChanges,
  normalizer: NormalizerData | null,
): (epoch: number) => ChangeRows {
  const { xSize, ySize } = data
  return (epoch) => async (rows, x, y) => {
    const draws = rows.map((row) => random(`online:${changes.seed}:${epoch}:${data.ids[row]}`))
    for (const [i, rng] of draws.entries()) {
      const [rowX, rowY] = [x.subarray(i * xSize, (i + 1) * xSize), y.subarray(i * ySize, (i + 1) * ySize)]
      transpose(rowX, rowY, changes, normalizer, rng)
    }
    if (changes.mixup > 0) await mixup(data, train, changes.mixup, draws, x, y)
    for (const [i, rng] of draws.entries()) {
      const row = x.subarray(i * xSize, (i + 1) * xSize)
      if (changes.noise > 0) for (let k = 0; k < xSize; k++) row[k]! += changes.noise * rng.normal()
      for (const bands of changes.bands)
        maskBands(row.subarray(bands.from, bands.from + bands.count), changes.masks, rng)
    }
  }
}

/** @throws UserError where rows hold ids, which cannot be mixed or made noisy */
export function refuseIds(network: Network, loss: string): void {
  const ids = network.inputs.find((input) => input.dtype === 'int32')
  const what = ids ? `the input "${ids.name}" holds ids` : loss === 'sparse_cross_entropy' ? 'the targets are ids' : ''
  if (what === '') return
  throw new UserError(`augment: online changes numbers, but ${what}`, {
    hint: 'write augment: copies in the augmentation of this model',
  })
}

function transpose(
  x: Float32Array,
  y: Float32Array,
  { transpose: most, circles, ladders }: OnlineChanges,
  normalizer: NormalizerData | null,
  rng: Random,
): void {
  if (most === 0 || circles.length + ladders.length === 0) return
  const semitones = rng.below(2 * most + 1) - most
  for (const circle of circles)
    turn(circle.in === 'x' ? x : y, circle, semitones, circle.in === 'x' ? normalizer : null)
  for (const ladder of ladders)
    climb(ladder.in === 'x' ? x : y, ladder, semitones, ladder.in === 'x' ? normalizer : null)
}

/** Twelve equal groups of columns, one a pitch class, moved around. */
function turn(row: Float32Array, { from, count }: Columns, semitones: number, normalizer: NormalizerData | null): void {
  const old = raw(row, from, count, normalizer)
  const by = semitones * (count / 12)
  for (let k = 0; k < count; k++) store(row, from + ((k + by + count) % count), old[k]!, normalizer)
}

/**
 * One column a pitch, each the probability that it is struck. What leaves the range comes back an octave inside, where
 * either of two independent strikes counts.
 */
function climb(
  row: Float32Array,
  { from, count }: Columns,
  semitones: number,
  normalizer: NormalizerData | null,
): void {
  const old = raw(row, from, count, normalizer)
  const moved = new Float64Array(count)
  for (let k = 0; k < count; k++) {
    const to = k + semitones
    const at = to < 0 ? to + 12 : to >= count ? to - 12 : to
    moved[at] = 1 - (1 - moved[at]!) * (1 - old[k]!)
  }
  for (let k = 0; k < count; k++) store(row, from + k, moved[k]!, normalizer)
}

function raw(row: Float32Array, from: number, count: number, normalizer: NormalizerData | null): Float64Array {
  return Float64Array.from({ length: count }, (_, k) => {
    const at = from + k
    return normalizer ? row[at]! * normalizer.scale[at]! + normalizer.offset[at]! : row[at]!
  })
}

function store(row: Float32Array, at: number, value: number, normalizer: NormalizerData | null): void {
  row[at] = normalizer ? (value - normalizer.offset[at]!) / normalizer.scale[at]! : value
}

async function mixup(
  data: TrainingData,
  train: readonly number[],
  alpha: number,
  draws: readonly Random[],
  x: Float32Array,
  y: Float32Array,
): Promise<void> {
  const { xSize, ySize } = data
  const weights = draws.map((rng) => beta(alpha, rng))
  const partners = draws.map((rng) => train[rng.below(train.length)]!)
  const [otherX, otherY] = [new Float32Array(partners.length * xSize), new Float32Array(partners.length * ySize)]
  await readRows(data, partners, otherX, otherY)
  const mix = (into: Float32Array, other: Float32Array, size: number) => {
    for (const [i, weight] of weights.entries())
      for (let k = i * size; k < (i + 1) * size; k++) into[k] = weight * into[k]! + (1 - weight) * other[k]!
  }
  mix(x, otherX, xSize)
  mix(y, otherY, ySize)
}

/** A draw of Beta(alpha, alpha) for alpha up to 1 (Jöhnk 1964). */
function beta(alpha: number, rng: Random): number {
  for (;;) {
    const [a, b] = [rng.next() ** (1 / alpha), rng.next() ** (1 / alpha)]
    if (a + b <= 1 && a + b > 0) return a / (a + b)
  }
}

/** Stretches of up to an eighth of the bands set to the row's mean (SpecAugment, Park et al. 2019, in frequency). */
function maskBands(bands: Float32Array, masks: number, rng: Random): void {
  const mean = bands.reduce((sum, value) => sum + value, 0) / bands.length
  for (let mask = 0; mask < masks; mask++) {
    const length = rng.below(Math.floor(bands.length / 8) + 1)
    const start = rng.below(bands.length - length + 1)
    bands.fill(mean, start, start + length)
  }
}
