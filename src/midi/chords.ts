/**
 * Chords: one model for lead-sheet symbols (`F#m7b5`, `C7(b9,#11)`, `Am/G`) and Harte labels (`F#:hdim7`, `D:maj/3`),
 * read and printed both ways, and the vocabulary of 64. Finding chords in notes is chord-estimate.ts.
 */
import { parseHarte } from './chord-harte.ts'
import { modulo } from './chord-types.ts'
import { parseSymbol } from './chord-symbol.ts'
import { buildChord, type Chord, type ChordFamily, NO_CHORD, noteToPitchClass, UNKNOWN_CHORD } from './chord-model.ts'

export { formatHarte } from './chord-harte.ts'
export { formatSymbol } from './chord-symbol.ts'
export { buildChord, type Chord, type ChordFamily, NO_CHORD, UNKNOWN_CHORD } from './chord-model.ts'

/**
 * A chord of a symbol or label, or null where it is neither.
 * A colon makes it Harte's; `N`, `NC`, `N.C.` are no chord and `X` is Harte's unknown one.
 * Roots are capital letters: `c` and `do` are no chords.
 */
export function parseChord(text: string): Chord | null {
  const plain = plainSigns(text)
  if (/^(N|NC|N\.C\.?|n\.c\.)$/.test(plain)) return NO_CHORD
  if (plain === 'X') return UNKNOWN_CHORD
  return plain.includes(':') ? parseHarte(plain) : (parseSymbol(plain) ?? parseHarte(plain))
}

/** Unicode accidentals and chord signs in ASCII, without blanks. */
function plainSigns(text: string): string {
  return text
    .normalize('NFKC')
    .replaceAll(/\s+/g, '')
    .replaceAll('♭', 'b')
    .replaceAll('𝄫', 'bb')
    .replaceAll('♯', '#')
    .replaceAll('𝄪', '##')
    .replaceAll('♮', '')
    .replaceAll(/[∆△Δ]/g, 'Δ')
    .replaceAll(/[º°˚]/g, '°')
    .replaceAll(/[ØøΦφ]/g, 'ø')
    .replaceAll(/[−–—]/g, '-')
}

/** A list of chord names for models to count in, and how any chord is reduced to it. */
export interface ChordVocabulary {
  readonly names: readonly string[]
  /** 0 … names.length - 1; every chord has one. */
  idOf(chord: Chord): number
}

const ROOTS_64 = ['C', 'Db', 'D', 'Eb', 'E', 'F', 'F#', 'G', 'Ab', 'A', 'Bb', 'B']
const QUALITIES_64 = ['maj', 'min', '7', 'maj7', 'min7']

/**
 * 64 chords: twelve roots x maj, min, 7, maj7, min7 as Harte labels (`C:maj`, `C:min` … `B:min7`), then `dim`, `aug`,
 * `sus` on any root and `N`. `id = root * 5 + quality` below 60.
 */
export const CHORD_VOCABULARY_64: readonly string[] = [
  ...ROOTS_64.flatMap((root) => QUALITIES_64.map((quality) => `${root}:${quality}`)),
  'dim',
  'aug',
  'sus',
  'N',
]

/** Where each family of chords goes in the vocabulary of 64; a string stands for the slot without a root. */
const REDUCTION_64: Readonly<Record<ChordFamily, (typeof QUALITIES_64)[number]>> = {
  maj: 'maj',
  min: 'min',
  '7': '7',
  maj7: 'maj7',
  min7: 'min7',
  minmaj7: 'min',
  power: 'maj',
  dim: 'dim',
  dim7: 'dim',
  hdim7: 'dim',
  aug: 'aug',
  sus: 'sus',
  none: 'N',
  unknown: 'N',
}

/**
 * Id of any chord among the 64. Bass and tensions are dropped (`C9`, `C13` → `C:7`; `C6`, `Cadd9` → `C:maj`; `D/F#` →
 * `D:maj`); a minor-major seventh counts as minor, a power chord or single note as major; diminished, half-diminished,
 * augmented and suspended chords lose their root; no chord and unknown are `N` (63).
 */
export function chordId64(chord: Chord): number {
  const quality = REDUCTION_64[chord.quality]
  const place = QUALITIES_64.indexOf(quality)
  if (place >= 0 && chord.root !== null) return chord.root * QUALITIES_64.length + place
  return CHORD_VOCABULARY_64.indexOf(place >= 0 ? 'N' : quality)
}

/** Chord of an id: `C:maj` … as it is; `dim`, `aug`, `sus` have no root left and give null, as `N` does. */
export function chordOfId64(id: number): Chord | null {
  const name = CHORD_VOCABULARY_64[id]
  return name?.includes(':') ? parseHarte(name) : null
}

export const chords64: ChordVocabulary = { names: CHORD_VOCABULARY_64, idOf: chordId64 }

/** The same chord some semitones higher, spelled with the plainest names of its new root and bass. */
export function transposeChord(chord: Chord, semitones: number): Chord {
  if (chord.root === null) return chord
  const root = ROOTS_64[modulo(chord.root + semitones, 12)]!
  return buildChord(root, chord.degrees, chord.bassDegree)
}

/** Pitch class 0-11 of a note name with any accidentals (`Cb` is 11), or null. */
export { noteToPitchClass }
