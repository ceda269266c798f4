/**
 * Key finding by correlation with key profiles (Krumhansl & Kessler 1982; Krumhansl, Cognitive Foundations of Musical
 * Pitch, 1990, chapter 4). One key for all the notes given: modulations are not followed.
 */
import { modulo } from './chord-types.ts'
import { DRUM_CHANNEL, type Notes } from './notes.ts'

export interface KeyEstimate {
  /** Tonic as usually spelled: `C#` minor, `Db` major. */
  readonly key: string
  readonly mode: 'major' | 'minor'
  /** Pitch class 0-11 of the tonic. */
  readonly tonic: number
  /** Pearson correlation with the key's profile, -1 … 1. */
  readonly correlation: number
  /** Correlations of C major … B major, C minor … B minor. */
  readonly scores: readonly number[]
}

export interface KeyProfiles {
  /** Twelve weights from the tonic upwards. */
  readonly major: readonly number[]
  readonly minor: readonly number[]
}

/** Probe-tone ratings of Krumhansl & Kessler (1982). */
export const KRUMHANSL_KESSLER: KeyProfiles = {
  major: [6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88],
  minor: [6.33, 2.68, 3.52, 5.38, 2.6, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17],
}

const MAJOR_NAMES = ['C', 'Db', 'D', 'Eb', 'E', 'F', 'F#', 'G', 'Ab', 'A', 'Bb', 'B']
const MINOR_NAMES = ['C', 'C#', 'D', 'Eb', 'E', 'F', 'F#', 'G', 'G#', 'A', 'Bb', 'B']

/** Seconds that each pitch class sounds, C first; drums are left out, notes of no length count a little. */
export function pitchClassDurations(notes: Notes): Float64Array {
  const histogram = new Float64Array(12)
  for (let i = 0; i < notes.length; i++) {
    if (notes.channel[i] === DRUM_CHANNEL) continue
    histogram[notes.pitch[i]! % 12]! += notes.durationSeconds[i]! + 1e-9
  }
  return histogram
}

/** Key of some notes; null where they have no pitch content to go by (none, drums only, all twelve equally). */
export function findKey(notes: Notes, profiles: KeyProfiles = KRUMHANSL_KESSLER): KeyEstimate | null {
  return keyOfHistogram(pitchClassDurations(notes), profiles)
}

/** Key of twelve weights, C first. */
export function keyOfHistogram(
  histogram: ArrayLike<number>,
  profiles: KeyProfiles = KRUMHANSL_KESSLER,
): KeyEstimate | null {
  const scores: number[] = []
  for (const profile of [profiles.major, profiles.minor]) {
    for (let tonic = 0; tonic < 12; tonic++) scores.push(correlation(histogram, profile, tonic))
  }
  let best = 0
  for (let i = 1; i < 24; i++) if (scores[i]! > scores[best]!) best = i
  if (!Number.isFinite(scores[best]!)) return null
  const minor = best >= 12
  const tonic = best % 12
  const key = (minor ? MINOR_NAMES : MAJOR_NAMES)[tonic]!
  return { key, mode: minor ? 'minor' : 'major', tonic, correlation: scores[best]!, scores }
}

/** Pearson correlation of a histogram, read from the tonic upwards, with a profile; NaN for a flat histogram. */
function correlation(histogram: ArrayLike<number>, profile: readonly number[], tonic: number): number {
  let meanX = 0
  let meanY = 0
  for (let i = 0; i < 12; i++) {
    meanX += histogram[i]! / 12
    meanY += profile[i]! / 12
  }
  let xy = 0
  let xx = 0
  let yy = 0
  for (let i = 0; i < 12; i++) {
    const x = histogram[modulo(i + tonic, 12)]! - meanX
    const y = profile[i]! - meanY
    xy += x * y
    xx += x * x
    yy += y * y
  }
  return xx > 1e-24 * meanX * meanX ? xy / Math.sqrt(xx * yy) : Number.NaN
}
