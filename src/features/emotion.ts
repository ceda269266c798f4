/**
 * The 64-number emotion embedding: an 8 x 8 grid of Gaussian bumps over the valence-arousal square (-1 … 1 each).
 *
 * Number `8 * row + column` is exp(-((valence - c[column])² + (arousal - c[row])²) / (2 σ²)) with centres
 * c[k] = -1 + 2k/7 and σ = 2/7 (one grid step): 1 where the emotion sits on the centre, near 0 three steps away.
 * Nearby emotions have nearby embeddings, which a one-hot of 64 classes would not have, and any mixture can be written.
 *
 * Decoding takes the centre of mass of the grid. The bumps cut off at the border pull it inwards, by a known amount: the
 * sum over the grid is separable, so the pull is a function of one number, which is inverted exactly. Clean embeddings
 * come back to 1e-6; predictions that spread over several bumps give their mean.
 */
import type { Emotion } from '../data/manifest.ts'

/** Bumps a side. */
const SIDE = 8
export const EMBEDDING_SIZE = SIDE * SIDE

const STEP = 2 / (SIDE - 1)
const SIGMA = STEP
const CENTRES = Array.from({ length: SIDE }, (_, k) => -1 + k * STEP)

/** [64] float32 in 0 … 1. Values outside -1 … 1 are taken as the nearest edge. */
export function encodeEmotion({ valence, arousal }: Emotion): Float32Array {
  const columns = bumps(clamp(valence))
  const rows = bumps(clamp(arousal))
  return Float32Array.from({ length: EMBEDDING_SIZE }, (_, i) => rows[Math.floor(i / SIDE)]! * columns[i % SIDE]!)
}

/**
 * @param embedding [64], clean or predicted; negative numbers count as 0. All zeros give the neutral (0, 0).
 * @throws Error where the length is not 64
 */
export function decodeEmotion(embedding: ArrayLike<number>): Emotion {
  if (embedding.length !== EMBEDDING_SIZE) throw new Error(`emotion embedding of ${embedding.length}, expected 64`)
  let mass = 0
  let valence = 0
  let arousal = 0
  for (let i = 0; i < EMBEDDING_SIZE; i++) {
    const weight = Math.max(0, embedding[i]!)
    mass += weight
    valence += weight * CENTRES[i % SIDE]!
    arousal += weight * CENTRES[Math.floor(i / SIDE)]!
  }
  if (!(mass > 0)) return { valence: 0, arousal: 0 }
  return { valence: undoPull(valence / mass), arousal: undoPull(arousal / mass) }
}

function bumps(level: number): number[] {
  return CENTRES.map((centre) => Math.exp(-((level - centre) ** 2) / (2 * SIGMA ** 2)))
}

/** Where the centre of mass of one row of bumps lands for a level: rises with it, but less far out than it. */
function centreOfMass(level: number): number {
  const weights = bumps(level)
  const mass = weights.reduce((sum, weight) => sum + weight, 0)
  return weights.reduce((sum, weight, k) => sum + weight * CENTRES[k]!, 0) / mass
}

/** The level in -1 … 1 whose centre of mass is `centre`; by bisection, as the function rises everywhere. */
function undoPull(centre: number): number {
  let low = -1
  let high = 1
  for (let i = 0; i < 30; i++) {
    const middle = (low + high) / 2
    if (centreOfMass(middle) < centre) low = middle
    else high = middle
  }
  // Snapped to 1e-9, so that the neutral emotion comes back as 0 and not as 1e-10.
  return Math.round(((low + high) / 2) * 1e9) / 1e9
}

function clamp(level: number): number {
  return Math.min(1, Math.max(-1, level))
}
