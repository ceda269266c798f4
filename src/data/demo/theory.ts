/**
 * The little music theory the composer needs: modes, chords as scale degrees, their names.
 * A chord carries the seven notes in force while it sounds, so that melody, bass and chords never disagree about an altered
 * note. Leaves out figured bass, extensions above the seventh and double accidentals.
 */
import { mod } from './chance.ts'

export type ModeName = 'lydian' | 'major' | 'mixolydian' | 'dorian' | 'minor' | 'harmonic minor' | 'phrygian'

/**
 * Semitones of the seven degrees above the tonic. `harmonic minor` is minor whose dominants raise the seventh degree
 * (harmony.ts does it): the raised note belongs to those chords only.
 */
export const MODES: Readonly<Record<ModeName, readonly number[]>> = {
  lydian: [0, 2, 4, 6, 7, 9, 11],
  major: [0, 2, 4, 5, 7, 9, 11],
  mixolydian: [0, 2, 4, 5, 7, 9, 10],
  dorian: [0, 2, 3, 5, 7, 9, 10],
  minor: [0, 2, 3, 5, 7, 8, 10],
  'harmonic minor': [0, 2, 3, 5, 7, 8, 10],
  phrygian: [0, 1, 3, 5, 7, 8, 10],
}

export interface Key {
  /** e.g. `F#`, `Bb`. */
  readonly tonic: string
  /** 0-11, C = 0. */
  readonly pitchClass: number
  readonly mode: ModeName
}

/** A chord in a key. Degrees count from 0. */
export interface Harmony {
  readonly degree: number
  /** Chord tones as degree steps above the root: [0, 2, 4] a triad, [0, 3, 4] a suspended fourth. */
  readonly tones: readonly number[]
  /** Semitones above the tonic of the seven degrees while the chord sounds, ascending; altered degrees included. */
  readonly scale: readonly number[]
  /** Entry of `tones` in the bass. */
  readonly bass: number
}

/** A chord and when it sounds, in quarter notes from the start of the section. */
export interface Span {
  readonly chord: Harmony
  readonly beat: number
  readonly beats: number
}

/** A note of any part, in quarter notes; velocity 1-127. */
export interface Note {
  readonly beat: number
  readonly beats: number
  readonly pitch: number
  readonly velocity: number
}

export function isMajorMode(mode: ModeName): boolean {
  return MODES[mode][2] === 4
}

/** Semitones above the tonic of a scale index (0 = tonic, 7 = tonic an octave up, -1 = the note below it). */
export function semitones(scale: readonly number[], index: number): number {
  return 12 * Math.floor(index / 7) + scale[mod(index, 7)]!
}

/** Pitch classes 0-11 in the order of `tones`. */
export function pitchClasses(chord: Harmony, key: Key): number[] {
  return chord.tones.map((tone) => mod(key.pitchClass + semitones(chord.scale, chord.degree + tone), 12))
}

/** Is this scale index a tone of the chord, in any octave? */
export function isChordTone(chord: Harmony, index: number): boolean {
  return chord.tones.some((tone) => mod(chord.degree + tone - index, 7) === 0)
}

interface Quality {
  readonly lead: string
  readonly harte: string
  /** After the roman numeral. */
  readonly figure: string
}

const QUALITIES: Readonly<Record<string, Quality>> = {
  '0,4,7': { lead: '', harte: 'maj', figure: '' },
  '0,3,7': { lead: 'm', harte: 'min', figure: '' },
  '0,3,6': { lead: 'dim', harte: 'dim', figure: '°' },
  '0,4,8': { lead: 'aug', harte: 'aug', figure: '+' },
  '0,5,7': { lead: 'sus4', harte: 'sus4', figure: 'sus4' },
  '0,2,7': { lead: 'sus2', harte: 'sus2', figure: 'sus2' },
  '0,4,7,10': { lead: '7', harte: '7', figure: '7' },
  '0,4,7,11': { lead: 'maj7', harte: 'maj7', figure: 'maj7' },
  '0,3,7,10': { lead: 'm7', harte: 'min7', figure: '7' },
  '0,3,6,10': { lead: 'm7b5', harte: 'hdim7', figure: 'ø7' },
  '0,3,6,9': { lead: 'dim7', harte: 'dim7', figure: '°7' },
}

/** undefined where the tones make no chord that has a name here (an augmented major seventh, a diminished fourth). */
export function qualityOf(chord: Harmony): Quality | undefined {
  const root = semitones(chord.scale, chord.degree)
  return QUALITIES[chord.tones.map((tone) => mod(semitones(chord.scale, chord.degree + tone) - root, 12)).join()]
}

/** Lead-sheet symbol: `F#m7`, `C/E`. */
export function leadSheet(chord: Harmony, key: Key): string {
  const symbol = spell(chord, key, chord.degree) + named(chord).lead
  return chord.bass === 0 ? symbol : `${symbol}/${spell(chord, key, chord.degree + chord.bass)}`
}

/** Harte et al. 2005 syntax: `F#:min7`, `C:maj/3`; the bass is an interval above the root. */
export function harte(chord: Harmony, key: Key): string {
  const symbol = `${spell(chord, key, chord.degree)}:${named(chord).harte}`
  if (chord.bass === 0) return symbol
  const natural = semitones(MODES.major, chord.bass)
  const actual = semitones(chord.scale, chord.degree + chord.bass) - semitones(chord.scale, chord.degree)
  return `${symbol}/${accidental(actual - natural)}${chord.bass + 1}`
}

/** Roman numeral, altered roots relative to the mode: `vi`, `V7`, `bII`, `vii°7`. */
export function numeral(chord: Harmony, key: Key): string {
  const roman = ['I', 'II', 'III', 'IV', 'V', 'VI', 'VII'][chord.degree]!
  const third = semitones(chord.scale, chord.degree + 2) - semitones(chord.scale, chord.degree)
  const altered = accidental(chord.scale[chord.degree]! - MODES[key.mode][chord.degree]!)
  return altered + (third === 3 ? roman.toLowerCase() : roman) + named(chord).figure
}

function named(chord: Harmony): Quality {
  const quality = qualityOf(chord)
  if (!quality) throw new Error(`no name for the chord ${JSON.stringify(chord)}`)
  return quality
}

const LETTERS = 'CDEFGAB'
const FLAT_NAMES = ['C', 'Db', 'D', 'Eb', 'E', 'F', 'Gb', 'G', 'Ab', 'A', 'Bb', 'B']

/** A degree's name with the letter its place in the key asks for; where that takes a double accidental, the plain name. */
function spell(chord: Harmony, key: Key, index: number): string {
  const letter = mod(LETTERS.indexOf(key.tonic[0]!) + index, 7)
  const pitchClass = mod(key.pitchClass + semitones(chord.scale, index), 12)
  const shift = mod(pitchClass - MODES.major[letter]! + 6, 12) - 6
  return Math.abs(shift) > 1 ? FLAT_NAMES[pitchClass]! : LETTERS[letter]! + accidental(shift)
}

function accidental(shift: number): string {
  return shift > 0 ? '#'.repeat(shift) : 'b'.repeat(-shift)
}
