import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  type Chord,
  CHORD_VOCABULARY_64,
  chordId64,
  chordOfId64,
  formatHarte,
  formatSymbol,
  parseChord,
  transposeChord,
} from '../../src/midi/chords.ts'
import { SHARED } from './data.ts'

/** symbol, degrees, bass degree, family, Harte label */
const SYMBOLS: [string, string, string, string, string][] = [
  ['C', '1 3 5', '1', 'maj', 'C:maj'],
  ['Am', '1 b3 5', '1', 'min', 'A:min'],
  ['C-', '1 b3 5', '1', 'min', 'C:min'],
  ['F#m7b5', '1 b3 b5 b7', '1', 'hdim7', 'F#:hdim7'],
  ['Cø', '1 b3 b5 b7', '1', 'hdim7', 'C:hdim7'],
  ['Cmaj7', '1 3 5 7', '1', 'maj7', 'C:maj7'],
  ['CM7', '1 3 5 7', '1', 'maj7', 'C:maj7'],
  ['CΔ', '1 3 5 7', '1', 'maj7', 'C:maj7'],
  ['Fj7', '1 3 5 7', '1', 'maj7', 'F:maj7'],
  ['C7(b9,#11)', '1 3 5 b7 b9 #11', '1', '7', 'C:7(b9,#11)'],
  ['C7b9#11', '1 3 5 b7 b9 #11', '1', '7', 'C:7(b9,#11)'],
  ['E7(#9)', '1 3 5 b7 #9', '1', '7', 'E:7(#9)'],
  ['Cm(maj7)', '1 b3 5 7', '1', 'minmaj7', 'C:minmaj7'],
  ['CmM7', '1 b3 5 7', '1', 'minmaj7', 'C:minmaj7'],
  ['Csus2', '1 2 5', '1', 'sus', 'C:sus2'],
  ['Csus4', '1 4 5', '1', 'sus', 'C:sus4'],
  ['Csus', '1 4 5', '1', 'sus', 'C:sus4'],
  ['G7sus4', '1 4 5 b7', '1', 'sus', 'G:sus4(b7)'],
  ['Cadd9', '1 3 5 9', '1', 'maj', 'C:maj(9)'],
  ['C6/9', '1 3 5 6 9', '1', 'maj', 'C:maj6(9)'],
  ['C6/9/E', '1 3 5 6 9', '3', 'maj', 'C:maj6(9)/3'],
  ['Am/G', '1 b3 5', 'b7', 'min', 'A:min/b7'],
  ['F/G', '1 3 5', '9', 'maj', 'F:maj/9'],
  ['Ab/Cb', '1 3 5', 'b3', 'maj', 'Ab:maj/b3'],
  ['B♭m7', '1 b3 5 b7', '1', 'min7', 'Bb:min7'],
  ['F♯7', '1 3 5 b7', '1', '7', 'F#:7'],
  ['C°7', '1 b3 b5 bb7', '1', 'dim7', 'C:dim7'],
  ['Bdim', '1 b3 b5', '1', 'dim', 'B:dim'],
  ['C+', '1 3 #5', '1', 'aug', 'C:aug'],
  ['C7#5', '1 3 #5 b7', '1', '7', 'C:aug(b7)'],
  ['C7+', '1 3 #5 b7', '1', '7', 'C:aug(b7)'],
  ['C9', '1 3 5 b7 9', '1', '7', 'C:9'],
  ['C13', '1 3 5 b7 9 13', '1', '7', 'C:9(13)'],
  ['C7b913', '1 3 5 b7 b9 13', '1', '7', 'C:7(b9,13)'],
  ['C79b', '1 3 5 b7 b9', '1', '7', 'C:7(b9)'],
  ['D79#11#', '1 3 5 b7 #9 #11', '1', '7', 'D:7(#9,#11)'],
  ['Cmaj9#11', '1 3 5 7 9 #11', '1', 'maj7', 'C:maj9(#11)'],
  ['Cm11', '1 b3 5 b7 9 11', '1', 'min7', 'C:min11'],
  ['C5', '1 5', '1', 'power', 'C:5'],
  ['Bb5', '1 5', '1', 'power', 'Bb:5'],
  [' D m 7 ', '1 b3 5 b7', '1', 'min7', 'D:min7'],
]

const same = (a: Chord | null, b: Chord) => {
  expect(a && [a.root, a.degrees, a.bass]).toEqual([b.root, b.degrees, b.bass])
}

describe('lead-sheet symbols', () => {
  it.each(SYMBOLS)('%s', (symbol, degrees, bass, quality, harte) => {
    const chord = parseChord(symbol)!
    expect(chord.degrees.join(' ')).toBe(degrees)
    expect(chord.bassDegree).toBe(bass)
    expect(chord.quality).toBe(quality)
    expect(formatHarte(chord)).toBe(harte)
    same(parseChord(formatHarte(chord)), chord)
    same(parseChord(formatSymbol(chord)), chord)
  })

  it('gives pitch classes from the root up, with the bass among them', () => {
    expect(parseChord('F#m7b5')).toMatchObject({ root: 6, pitchClasses: [6, 9, 0, 4], bass: 6 })
    expect(parseChord('F/G')).toMatchObject({ root: 5, pitchClasses: [5, 7, 9, 0], bass: 7 })
    expect(parseChord('Cb')).toMatchObject({ root: 11, rootName: 'Cb' })
  })

  it.each(['', 'c', 'do', 'H7', 'Dog', 'Bass', 'C/', '/', 'Cfoo', 'C7(b9', 'Am7x', 'C/H', '7'])(
    '%j is no chord',
    (text) => {
      expect(parseChord(text)).toBe(null)
    },
  )

  it.each(['N.C.', 'NC', 'N', 'n.c.'])('%s is no chord on purpose', (text) => {
    expect(parseChord(text)).toMatchObject({ root: null, quality: 'none', pitchClasses: [], bass: null })
  })
})

describe('Harte labels', () => {
  const LABELS: [string, number, string, number, string][] = [
    ['C:maj', 0, '1 3 5', 0, 'C'],
    ['A:min7', 9, '1 b3 5 b7', 9, 'Am7'],
    ['F#:hdim7', 6, '1 b3 b5 b7', 6, 'F#m7b5'],
    ['D:maj/3', 2, '1 3 5', 6, 'D/F#'],
    ['G:(3,5,b7)', 7, '1 3 5 b7', 7, 'G7'],
    ['C:(b3,5)', 0, '1 b3 5', 0, 'Cm'],
    ['C:maj7(*5)', 0, '1 3 7', 0, 'Cmaj7(no5)'],
    ['F:sus4(b7,9)', 5, '1 4 5 b7 9', 5, 'F9sus4'],
    ['E:1(b3,b7,11,9)', 4, '1 b3 b7 9 11', 4, 'Em11(no5)'],
    ['Eb:maj/bb13', 3, '1 3 5', 10, 'Eb/Cbb'],
    ['Ab', 8, '1 3 5', 8, 'Ab'],
    ['A:5(b7)/3', 9, '1 5 b7', 1, 'A5(addb7)/C#'],
    ['C:13', 0, '1 3 5 b7 9 11 13', 0, 'C11(add13)'],
  ]
  it.each(LABELS)('%s', (label, root, degrees, bass, symbol) => {
    const chord = parseChord(label)!
    expect(chord).toMatchObject({ root, bass })
    expect(chord.degrees.join(' ')).toBe(degrees)
    expect(formatSymbol(chord)).toBe(symbol)
    same(parseChord(symbol), chord)
    same(parseChord(formatHarte(chord)), chord)
  })

  it('knows N and X, and refuses the rest', () => {
    expect(parseChord('N')!.quality).toBe('none')
    expect(parseChord('X')!.quality).toBe('unknown')
    expect([formatHarte(parseChord('N')!), formatHarte(parseChord('X')!)]).toEqual(['N', 'X'])
    for (const bad of ['C:', 'C:foo', 'C:maj(', 'C:maj(0)', 'C:maj/15', 'H:maj', ':maj', 'C:maj(x)', 'C:maj:min']) {
      expect(parseChord(bad), bad).toBe(null)
    }
  })
})

describe('vocabulary of 64', () => {
  it('has 64 different names, each the chord of its own id', () => {
    expect(new Set(CHORD_VOCABULARY_64).size).toBe(64)
    for (let id = 0; id < 60; id++) {
      expect(chordId64(chordOfId64(id)!)).toBe(id)
      expect(formatHarte(chordOfId64(id)!)).toBe(CHORD_VOCABULARY_64[id])
    }
    expect([60, 61, 62, 63].map(chordOfId64)).toEqual([null, null, null, null])
  })

  it.each([
    ['C9', 'C:7'],
    ['C#m', 'Db:min'],
    ['Gb:maj7/3', 'F#:maj7'],
    ['C6', 'C:maj'],
    ['Am6', 'A:min'],
    ['Cm(maj7)', 'C:min'],
    ['C5', 'C:maj'],
    ['E:1', 'E:maj'],
    ['Bm9', 'B:min7'],
    ['C7alt', 'C:7'],
    ['Bdim7', 'dim'],
    ['Bm7b5', 'dim'],
    ['C+', 'aug'],
    ['G7sus4', 'sus'],
    ['Dsus2', 'sus'],
    ['N.C.', 'N'],
    ['X', 'N'],
  ])('%s becomes %s', (text, name) => {
    expect(CHORD_VOCABULARY_64[chordId64(parseChord(text)!)]).toBe(name)
  })

  it('transposes with the root and bass', () => {
    expect(formatSymbol(transposeChord(parseChord('Am7/G')!, 3))).toBe('Cm7/Bb')
    expect(formatSymbol(transposeChord(parseChord('C')!, -1))).toBe('B')
    expect(transposeChord(parseChord('N')!, 5).root).toBe(null)
  })
})

const FILES: [string, (json: any) => string[]][] = [
  ['kelly/chords/progressions.json', (json) => json.progressions.flatMap((item: any) => item.chords)],
  ['train/chords/mcgill_billboard.json', (json) => json.songs.flatMap((item: any) => item.chords)],
  ['train/openewld_midi/index.json', (json) => json.flatMap((item: any) => item.chords)],
  ['train/weimar/index.json', (json) => json.flatMap((item: any) => item.chords ?? [])],
]
describe.each(FILES)('%s', (file, chordsOf) => {
  it.runIf(existsSync(`${SHARED}/${file}`))('every chord is read, and read again from both prints', () => {
    const names = [...new Set(chordsOf(JSON.parse(readFileSync(`${SHARED}/${file}`, 'utf8'))))]
    expect(names.length).toBeGreaterThan(100)
    expect(names.filter((name) => parseChord(name) === null)).toEqual([])
    for (const name of names) {
      const chord = parseChord(name)!
      same(parseChord(formatHarte(chord)), chord)
      same(parseChord(formatSymbol(chord)), chord)
      expect(chordId64(chord)).toBeLessThan(64)
    }
  })
})
