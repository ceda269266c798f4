/**
 * Chord qualities as data: the degrees above the root, the Harte shorthand and the lead-sheet suffix of each.
 * Harte et al., "Symbolic representation of musical chords" (ISMIR 2005), with the extended chords of McGill Billboard.
 */

export interface ChordType {
  /** Degrees of the major scale with accidentals, ascending: `1`, `b3`, `5`, `b7`, `9`. */
  readonly degrees: readonly string[]
  /** Harte shorthand, or null where Harte writes a degree list. */
  readonly harte: string | null
  /** Suffix in a lead sheet, or null where no single one is usual. */
  readonly symbol: string | null
}

const type = (degrees: string, harte: string | null, symbol: string | null): ChordType => ({
  degrees: degrees.split(' '),
  harte,
  symbol,
})

/** Where two fit a chord equally well, the first is printed. */
export const CHORD_TYPES: readonly ChordType[] = [
  type('1 3 5', 'maj', ''),
  type('1 b3 5', 'min', 'm'),
  type('1 3 5 b7', '7', '7'),
  type('1 3 5 7', 'maj7', 'maj7'),
  type('1 b3 5 b7', 'min7', 'm7'),
  type('1 b3 b5', 'dim', 'dim'),
  type('1 3 #5', 'aug', 'aug'),
  type('1 b3 b5 bb7', 'dim7', 'dim7'),
  type('1 b3 b5 b7', 'hdim7', 'm7b5'),
  type('1 b3 5 7', 'minmaj7', 'm(maj7)'),
  type('1 3 5 6', 'maj6', '6'),
  type('1 b3 5 6', 'min6', 'm6'),
  type('1 4 5', 'sus4', 'sus4'),
  type('1 2 5', 'sus2', 'sus2'),
  type('1 4 5 b7', null, '7sus4'),
  type('1 4 5 b7 9', null, '9sus4'),
  type('1 3 5 9', null, 'add9'),
  type('1 b3 5 9', null, 'm(add9)'),
  type('1 3 5 6 9', null, '6/9'),
  type('1 b3 5 6 9', null, 'm6/9'),
  type('1 3 5 b7 9', '9', '9'),
  type('1 3 5 7 9', 'maj9', 'maj9'),
  type('1 b3 5 b7 9', 'min9', 'm9'),
  type('1 3 5 b7 9 11', '11', '11'),
  type('1 3 5 7 9 11', 'maj11', 'maj11'),
  type('1 b3 5 b7 9 11', 'min11', 'm11'),
  type('1 3 5 b7 9 13', null, '13'),
  type('1 3 5 7 9 13', null, 'maj13'),
  type('1 b3 5 b7 9 11 13', 'min13', 'm13'),
  type('1 3 5 b7 9 11 13', '13', null),
  type('1 3 5 7 9 11 13', 'maj13', null),
  type('1 5', '5', '5'),
  type('1', '1', null),
]

/** Semitones of the degrees of the major scale. */
const MAJOR_SCALE = [0, 2, 4, 5, 7, 9, 11]

/** Semitones of a degree above the root, 0-11: `b3` is 3, `9` is 2, `bb7` is 9. NaN where it is no degree. */
export function degreeSemitones(degree: string): number {
  const parts = /^(b*|#*)([1-9]|1[0-3])$/.exec(degree)
  if (!parts) return Number.NaN
  const shift = parts[1]!.startsWith('b') ? -parts[1]!.length : parts[1]!.length
  return modulo(MAJOR_SCALE[(Number(parts[2]) - 1) % 7]! + shift, 12)
}

/** Number of a degree without its accidentals: 9 of `b9`. */
export function degreeNumber(degree: string): number {
  return Number(degree.replace(/^[b#]+/, ''))
}

export function modulo(value: number, by: number): number {
  return ((value % by) + by) % by
}
