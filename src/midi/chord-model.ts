/** What a chord is: a spelled root, degrees above it and a bass; pitch classes and family follow from them. */
import { degreeNumber, degreeSemitones, modulo } from './chord-types.ts'

/** What a chord sounds like once tensions and bass are left away. */
export type ChordFamily =
  | 'maj'
  | 'min'
  | '7'
  | 'maj7'
  | 'min7'
  | 'minmaj7'
  | 'dim'
  | 'dim7'
  | 'hdim7'
  | 'aug'
  | 'sus'
  | 'power'
  | 'none'
  | 'unknown'

export interface Chord {
  /** Pitch class 0-11 (0 = C); null for no chord and for an unknown one. */
  readonly root: number | null
  /** As written: `Eb`, `Fb`; '' without a root. */
  readonly rootName: string
  readonly quality: ChordFamily
  /** Degrees above the root, ascending, the bass not counted: `['1', '3', '5', 'b7', '#9']`. */
  readonly degrees: readonly string[]
  /** All that sounds, bass included, from the root upwards: 0-11 each. */
  readonly pitchClasses: readonly number[]
  /** Pitch class of the lowest note: the root where nothing else is said. */
  readonly bass: number | null
  /** Degree of the bass above the root, `1` for root position; '' without a root. */
  readonly bassDegree: string
}

export const NO_CHORD: Chord = chordWithoutRoot('none')
export const UNKNOWN_CHORD: Chord = chordWithoutRoot('unknown')

function chordWithoutRoot(quality: 'none' | 'unknown'): Chord {
  return { root: null, rootName: '', quality, degrees: [], pitchClasses: [], bass: null, bassDegree: '' }
}

/**
 * A chord of a root name and degrees (any order, repeats dropped).
 * @returns a frozen value object; degrees must be sound (`degreeSemitones` is not NaN)
 */
export function buildChord(rootName: string, degrees: Iterable<string>, bassDegree = '1'): Chord {
  const root = noteToPitchClass(rootName)!
  const sorted = [...new Set(degrees)].sort((a, b) => degreeHeight(a) - degreeHeight(b))
  const bassInterval = degreeSemitones(bassDegree)
  const intervals = new Set([...sorted.map(degreeSemitones), bassInterval])
  return {
    root,
    rootName,
    quality: familyOf(sorted),
    degrees: sorted,
    pitchClasses: [...intervals].sort((a, b) => a - b).map((interval) => (root + interval) % 12),
    bass: (root + bassInterval) % 12,
    bassDegree,
  }
}

/** Order of degrees in print: by number, then by pitch. */
function degreeHeight(degree: string): number {
  const shift = [...degree].reduce((sum, sign) => sum + (sign === '#' ? 1 : sign === 'b' ? -1 : 0), 0)
  return degreeNumber(degree) * 10 + shift
}

/**
 * Family by third, fifth and seventh. Without a third: a second, fourth or eleventh with the fifth or seventh beside it
 * is a suspension, anything else a power chord.
 */
function familyOf(degrees: readonly string[]): ChordFamily {
  const has = new Set(degrees)
  const seventh = has.has('b7') ? 'b7' : has.has('7') ? '7' : has.has('bb7') ? 'bb7' : ''
  if (has.has('3')) {
    if (seventh === 'b7') return '7'
    if (seventh === '7') return 'maj7'
    return has.has('#5') && !has.has('5') ? 'aug' : 'maj'
  }
  if (has.has('b3')) {
    if (has.has('b5') && !has.has('5')) return seventh === 'b7' ? 'hdim7' : seventh === 'bb7' ? 'dim7' : 'dim'
    return seventh === 'b7' ? 'min7' : seventh === '7' ? 'minmaj7' : 'min'
  }
  return has.has('4') || has.has('2') ? 'sus' : 'power'
}

const LETTERS = 'CDEFGAB'
const NATURALS = [0, 2, 4, 5, 7, 9, 11]

/** Pitch class 0-11 of a note name with any accidentals (`Cb` is 11), or null where it is none. */
export function noteToPitchClass(name: string): number | null {
  if (!/^[A-G](b*|#*)$/.test(name)) return null
  const shift = name[1] === 'b' ? 1 - name.length : name.length - 1
  return modulo(NATURALS[LETTERS.indexOf(name[0]!)]! + shift, 12)
}

/** Name of the note a degree above a root, by letters: `b3` above `Ab` is `Cb`. */
export function spellDegree(rootName: string, degree: string): string {
  const letter = (LETTERS.indexOf(rootName[0]!) + degreeNumber(degree) - 1) % 7
  const wanted = noteToPitchClass(rootName)! + degreeSemitones(degree)
  const shift = modulo(wanted - NATURALS[letter]! + 6, 12) - 6
  return LETTERS[letter]! + (shift < 0 ? 'b'.repeat(-shift) : '#'.repeat(shift))
}

/** Degree of a note above a root, by letters, seconds, fourths and sixths as 9, 11, 13: `G` above `F` is `9`. */
export function degreeOfNote(rootName: string, noteName: string): string {
  const steps = modulo(LETTERS.indexOf(noteName[0]!) - LETTERS.indexOf(rootName[0]!), 7)
  const number = [1, 9, 3, 11, 5, 13, 7][steps]!
  const wanted = noteToPitchClass(noteName)! - noteToPitchClass(rootName)!
  const shift = modulo(wanted - degreeSemitones(String(number)) + 6, 12) - 6
  return (shift < 0 ? 'b'.repeat(-shift) : '#'.repeat(shift)) + number
}
