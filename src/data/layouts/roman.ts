/**
 * Chords written as Roman numerals (`I`, `vi7`, `bVIIM`, `Idom7`), as free-midi-chords has them, in the key of C. Numerals of
 * `minor` count the natural minor scale, all others the major one; a bare 7 is the scale's own seventh.
 */

const MAJOR = ['C', 'D', 'E', 'F', 'G', 'A', 'B']
const MINOR = ['C', 'D', 'Eb', 'F', 'G', 'Ab', 'Bb']
const NUMERALS = ['I', 'II', 'III', 'IV', 'V', 'VI', 'VII']
/** Degrees (from 0) whose seventh in the scale is a major one. */
const MAJOR_SEVENTHS: Readonly<Record<string, readonly number[]>> = { major: [0, 3], minor: [2, 5] }

/** A lead-sheet symbol, or the numeral as it stands where it is none: the reader of chords then names it. */
export function romanChord(numeral: string, mode: string): string {
  const match = /^([b#]?)(VII|VI|IV|V|III|II|I|vii|vi|iv|v|iii|ii|i)(.*)$/.exec(numeral)
  if (!match) return numeral
  const [, sign = '', degree = '', suffix = ''] = match
  const at = NUMERALS.indexOf(degree.toUpperCase())
  const scale = mode === 'minor' && sign === '' ? 'minor' : 'major'
  const root = altered((scale === 'minor' ? MINOR : MAJOR)[at]!, sign)
  return `${root}${quality(suffix, degree === degree.toLowerCase(), MAJOR_SEVENTHS[scale]!.includes(at))}`
}

/** `bB` is Bb, `bEb` would be Ebb; `#F` is F#. */
const altered = (root: string, sign: string): string =>
  sign === '#' && root.endsWith('b') ? root[0]! : `${root}${sign}`

function quality(suffix: string, minor: boolean, majorSeventh: boolean): string {
  if (suffix === '' || suffix === 'M') return suffix === '' && minor ? 'm' : ''
  if (suffix === 'M-5') return '(b5)'
  if (suffix.startsWith('dom')) return suffix.slice(3)
  if (/^(m|dim|aug|sus|5)/.test(suffix)) return suffix
  if (suffix === 'M7') return 'maj7'
  const rest = suffix.replace(/^M/, '')
  if (minor && !suffix.startsWith('M')) return `m${rest}`
  return rest === '7' && majorSeventh ? 'maj7' : rest
}
