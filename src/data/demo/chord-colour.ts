/**
 * From a degree in its role to the chord that sounds: the raised leading note, borrowed notes, sevenths, suspensions and
 * inversions. Which degree comes when is harmony.ts.
 */
import type { Random } from '../../lib/random.ts'
import { chance, mod } from './chance.ts'
import type { Character } from './character.ts'
import { type Harmony, type Key, MODES, type ModeName, qualityOf } from './theory.ts'

/** Tonic, subdominant, dominant. */
export type Role = 'T' | 'S' | 'D'

export interface Bar {
  readonly role: Role
  readonly degree: number
}

/** How often a dominant of the mode takes the raised seventh degree. */
const LEADING_NOTE: Partial<Record<ModeName, number>> = { minor: 0.65, 'harmonic minor': 1, dorian: 0.25 }

export type ChordMaker = (bar: Bar, dress?: 'plain') => Harmony

/** Degree to chord, with the alterations, sevenths and inversions that the character asks for. */
export function chordMaker(key: Key, { tension, emotion }: Character, rng: Random): ChordMaker {
  const calm = (1 - emotion.arousal) / 2
  const sevenths = { T: 0.06 + 0.3 * calm * tension + 0.12 * calm, S: 0.1 + 0.4 * tension, D: 0.25 + 0.5 * tension }
  return (bar, dress) => {
    let chord = triad(key, bar.degree)
    const leads = bar.role === 'D' && (bar.degree === 4 || (bar.degree === 6 && key.mode === 'harmonic minor'))
    if (leads && chance(rng, LEADING_NOTE[key.mode] ?? 0)) chord = altered(chord, 6, 11)
    if (bar.role === 'S') chord = borrowed(chord, key, tension, rng)
    if (dress === 'plain') return chord
    if (chance(rng, sevenths[bar.role])) chord = withTones(chord, [0, 2, 4, 6])
    else if (bar.role === 'T' && chance(rng, 0.06 * calm)) chord = withTones(chord, [0, 1, 4])
    return bar.degree !== 0 || chance(rng, 0.3) ? inverted(chord, rng) : chord
  }
}

/** The minor subdominant in major keys, the Neapolitan in minor ones. */
function borrowed(chord: Harmony, key: Key, tension: number, rng: Random): Harmony {
  if (key.mode === 'major' && chord.degree === 3 && chance(rng, 0.45 * tension)) return altered(chord, 5, 8)
  if (key.mode === 'harmonic minor' && chord.degree === 1 && chance(rng, 0.4 * tension)) return altered(chord, 1, 1)
  return chord
}

function inverted(chord: Harmony, rng: Random): Harmony {
  return chance(rng, 0.13) ? { ...chord, bass: chord.tones.includes(2) && chance(rng, 0.75) ? 2 : 4 } : chord
}

/** The dominant seventh a fifth above `target`, its notes altered as needed. */
export function dominantOf(target: number, key: Key): Harmony {
  const root = MODES[key.mode][target]! + 7
  let chord: Harmony = { ...triad(key, mod(target + 4, 7)), tones: [0, 2, 4, 6] }
  for (const [tone, interval] of [
    [0, 0],
    [2, 4],
    [4, 7],
    [6, 10],
  ] as const) {
    chord = altered(chord, mod(target + 4 + tone, 7), root + interval)
  }
  return chord
}

function triad(key: Key, degree: number): Harmony {
  return { degree, tones: [0, 2, 4], scale: MODES[key.mode], bass: 0 }
}

/** Are these intervals in the plain triad on the degree? */
export function triadHas(key: Key, degree: number, intervals: readonly number[]): boolean {
  const scale = MODES[key.mode]
  const sounding = [0, 2, 4].map((tone) => mod(scale[mod(degree + tone, 7)]! - scale[degree]!, 12))
  return intervals.every((interval) => sounding.includes(interval))
}

/** One degree of the chord's scale moved to the octave-equivalent of `semitone` nearest to where it was. */
function altered(chord: Harmony, degree: number, semitone: number): Harmony {
  const scale = [...chord.scale]
  scale[degree]! += mod(semitone - scale[degree]! + 6, 12) - 6
  return { ...chord, scale }
}

/** The chord with other tones, where those make a chord with a name; else as it was. */
function withTones(chord: Harmony, tones: readonly number[]): Harmony {
  const fuller = { ...chord, tones }
  return qualityOf(fuller) ? fuller : chord
}
