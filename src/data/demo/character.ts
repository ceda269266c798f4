/**
 * What an emotion does to the music: the one place where valence and arousal become tempo, mode, density, register,
 * articulation, dynamics, tension, timing and brightness. The directions follow the review of A. Gabrielsson and
 * E. Lindström, "The role of structure in the musical expression of emotions" (2010); the amounts are ours.
 */
import type { Random } from '../../lib/random.ts'
import type { Emotion } from '../manifest.ts'
import { bell, chance, clamp, weighted } from './chance.ts'
import { isMajorMode, type Key, type ModeName } from './theory.ts'

/** Fixed for a whole song. */
export interface SongCharacter {
  readonly key: Key
  /** Quarter notes a minute. */
  readonly bpm: number
  readonly barBeats: 3 | 4
  /** Where the second eighth of a beat falls: 0.5 straight … 0.62 (0.67 would be triplets). */
  readonly swing: number
  /** This song's leaning against the rule, standard normal each, so that no label can be read off exactly. */
  readonly leaning: {
    readonly density: number
    readonly register: number
    readonly gate: number
    readonly loudness: number
  }
}

/** May differ from section to section of a song. */
export interface Character {
  readonly emotion: Emotion
  /** Melody onsets a beat, 0.5 … 2.6. */
  readonly density: number
  /** MIDI pitch around which the melody moves. */
  readonly register: number
  /** Share of a note's value that sounds; above 1 is overlapping legato. */
  readonly gate: number
  /** Mean MIDI velocity. */
  readonly loudness: number
  /** Velocity between a strong and a weak beat. */
  readonly accent: number
  /** 0 … 1: sevenths, diminished and borrowed chords. */
  readonly tension: number
  /** 0 … 1: how often rhythms avoid the beat. */
  readonly syncopation: number
  /** 0 … 1: how busy the accompaniment is. */
  readonly activity: number
  /** Standard deviation of note onsets, seconds. */
  readonly looseness: number
  /** Seconds the back beat comes late (negative: pushes ahead). */
  readonly lag: number
  /** Share by which the tempo bends within a phrase. */
  readonly rubato: number
  /** Cut-off of the low-pass filter of the instruments at middle C, Hz. */
  readonly brightness: number
}

/** Where each mode sits on the valence axis, and how common it is. */
const MODE_PLACES: readonly (readonly [ModeName, number, number])[] = [
  ['lydian', 0.7, 0.25],
  ['major', 0.7, 1],
  ['mixolydian', 0.25, 0.6],
  ['dorian', -0.15, 0.6],
  ['minor', -0.55, 1],
  ['harmonic minor', -0.7, 0.8],
  ['phrygian', -0.95, 0.3],
]

/**
 * Tonics with their weight, common ones first as in real song books, and where the players' habit puts them: open strings
 * and sharps for lively music, flats for gentle and dark music.
 */
const MAJOR_KEYS = 'C:5:0 G:5:.3 D:4:.5 F:4:-.4 A:3:.7 Bb:2:-.6 E:2:.9 Eb:2:-.8 Ab:1:-.9'
const MINOR_KEYS = 'A:5:.1 E:5:.6 D:4:-.1 G:3:-.4 B:2:.7 C:3:-.6 F#:1.5:.8 F:1.5:-.9'
const NATURAL: Readonly<Record<string, number>> = { C: 0, D: 2, E: 4, F: 5, G: 7, A: 9, B: 11 }

export function songCharacter(emotion: Emotion, rng: Random): SongCharacter {
  const { valence, arousal } = emotion
  // Swing belongs to relaxed, contented music; the nearer to that, the deeper.
  const ease = bell(Math.hypot(valence - 0.45, arousal + 0.05), 0.38)
  return {
    key: chooseKey(emotion, rng),
    bpm: Math.round(clamp(104 + 42 * arousal + 6 * valence + 9 * rng.normal(), 52, 184)),
    barBeats: arousal < 0.1 && chance(rng, 0.2) ? 3 : 4,
    swing: chance(rng, 0.85) ? 0.5 + 0.115 * ease * rng.uniform(0.7, 1) : 0.5,
    leaning: { density: rng.normal(), register: rng.normal(), gate: rng.normal(), loudness: rng.normal() },
  }
}

export function sectionCharacter(emotion: Emotion, { leaning }: SongCharacter): Character {
  const { valence: v, arousal: a } = emotion
  const joy = Math.max(0, v) * (0.5 + 0.5 * a)
  return {
    emotion,
    density: clamp(Math.exp(0.2 + 0.55 * a + 0.13 * leaning.density), 0.5, 2.6),
    register: Math.round(67 + 7 * v + 3.5 * a + 1.5 * leaning.register),
    gate: clamp(0.86 - 0.16 * a - 0.16 * joy + 0.06 * leaning.gate, 0.4, 1.05),
    loudness: clamp(72 + 24 * a - 2 * v + 4 * leaning.loudness, 34, 114),
    accent: 9 + 7 * a + 4 * Math.max(0, -v) * Math.max(0, a),
    tension: clamp(0.35 - 0.32 * v + 0.12 * a, 0, 1),
    syncopation: clamp(0.28 + 0.22 * a + 0.15 * v, 0.03, 0.8),
    activity: clamp(0.5 + 0.42 * a + 0.08 * leaning.density, 0, 1),
    looseness: 0.009 - 0.004 * a,
    lag: 0.008 - 0.017 * a + 0.005 * v,
    rubato: 0.035 * clamp(0.5 - 0.7 * a, 0, 1),
    brightness: 1500 * 2 ** (1.2 * a + 0.75 * v),
  }
}

function chooseKey({ valence, arousal }: Emotion, rng: Random): Key {
  const places = MODE_PLACES.map(([mode, place, common]) => [mode, common * bell(valence - place, 0.28)] as const)
  const mode = weighted(rng, places)
  const tonics = (isMajorMode(mode) ? MAJOR_KEYS : MINOR_KEYS).split(' ').map((entry) => {
    const [name, common, place] = entry.split(':') as [string, string, string]
    return [name, Number(common) * bell(0.7 * arousal + 0.3 * valence - Number(place), 0.45)] as const
  })
  const tonic = weighted(rng, tonics)
  const shift = tonic.endsWith('#') ? 1 : tonic.endsWith('b') ? -1 : 0
  return { tonic, pitchClass: (NATURAL[tonic[0]!]! + shift + 12) % 12, mode }
}
