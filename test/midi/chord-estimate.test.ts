import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { estimateChords, meanVoices } from '../../src/midi/chord-estimate.ts'
import { chordId64, formatHarte, parseChord } from '../../src/midi/chords.ts'
import { readMidi } from '../../src/midi/read.ts'
import { writeMidi } from '../../src/midi/write.ts'
import { everyNth, hasShared, midiFiles, SHARED } from './data.ts'

/** A song of block chords, `beats` quarters each, with drums and a melody that passes through other notes. */
function song(names: readonly string[], beats = 4) {
  const ticks = beats * 480
  const blocks = names.flatMap((name, i) => {
    const { pitchClasses, bass } = parseChord(name)!
    const note = (pitch: number, startTicks: number, durationTicks: number) => {
      return { pitch, startTicks, durationTicks, velocity: 80 }
    }
    if (bass === null) return []
    const passing = [1, 2].map((k) => note(72 + ((bass + 2 * k) % 12), i * ticks + k * 480, 120))
    return [note(36 + bass, i * ticks, ticks), ...pitchClasses.map((pc) => note(60 + pc, i * ticks, ticks)), ...passing]
  })
  const hits = Array.from({ length: names.length * beats }, (_, i) => {
    return { pitch: 38, startTicks: i * 480, durationTicks: 100, velocity: 90, channel: 9 }
  })
  const tracks = [{ name: '', channel: 0, program: null, notes: [...blocks, ...hits] }]
  return readMidi(writeMidi({ ticksPerQuarter: 480, tempos: [{ ticks: 0, bpm: 120 }], tracks }), 'x.mid')
}

const namesOf = (midi: Parameters<typeof estimateChords>[0]) =>
  estimateChords(midi).map(({ chord }) => formatHarte(chord))

describe('estimateChords', () => {
  it('finds every root of eleven qualities', () => {
    const roots = ['C', 'Db', 'D', 'Eb', 'E', 'F', 'F#', 'G', 'Ab', 'A', 'Bb', 'B']
    for (const quality of 'maj min 7 maj7 min7 sus4 sus2 dim aug hdim7 dim7'.split(' '))
      for (const root of roots) {
        const found = namesOf(song([`${root}:${quality}`, 'N']))
        expect(found[0], `${root}:${quality}`).toBe(`${root}:${quality}`)
      }
  })

  it('follows a progression, merges equal neighbours and gives times in beats and seconds', () => {
    const spans = estimateChords(song(['C:maj', 'C:maj', 'A:min', 'F:maj', 'G:7']))
    expect(spans.map(({ chord, beat, beats }) => [formatHarte(chord), beat, beats])).toEqual([
      ['C:maj', 0, 8],
      ['A:min', 8, 4],
      ['F:maj', 12, 4],
      ['G:7', 16, 4],
    ])
    expect(spans.map(({ startSeconds, endSeconds }) => [startSeconds, endSeconds])).toEqual([
      [0, 4],
      [4, 6],
      [6, 8],
      [8, 10],
    ])
  })

  it('hears an inversion by its tones, and silence as no chord', () => {
    expect(namesOf(song(['C:maj', 'G:maj/3', 'N', 'N', 'A:min']))).toEqual(['C:maj', 'G:maj', 'N', 'A:min'])
  })

  it('one passing note does not make a chord; a file without notes has none', () => {
    expect(namesOf(song(['C:maj'], 8))).toEqual(['C:maj'])
    expect(estimateChords(song([]))).toEqual([])
  })

  it.runIf(hasShared)('agrees with the annotated chords of POP909 as far as the bench says', () => {
    const files = everyNth(midiFiles('train/pop909'), 28)
    let [right, all] = [0, 0]
    for (const file of files) {
      const spans = estimateChords(readMidi(readFileSync(`${SHARED}/${file}`), file), file)
      const lines = readFileSync(`${SHARED}/${file.replace(/[^/]+$/, 'chord_midi.txt')}`, 'utf8')
        .trim()
        .split('\n')
      for (const line of lines) {
        const [start, end, name] = line.split(/\s+/)
        const middle = (Number(start) + Number(end)) / 2
        const found = spans.find(({ endSeconds }) => endSeconds > middle)?.chord ?? parseChord('N')!
        all++
        if (chordId64(found) === chordId64(parseChord(name!)!)) right++
      }
    }
    expect(all).toBeGreaterThan(1500)
    expect(right / all).toBeGreaterThan(0.68)
  })
})

it('meanVoices tells a melody from a piano', () => {
  expect(meanVoices(song(['C:maj', 'F:maj']).notes)).toBeGreaterThan(4)
  const line = Array.from({ length: 8 }, (_, i) => {
    return { pitch: 60 + i, startTicks: i * 480, durationTicks: 470, velocity: 80 }
  })
  const tracks = [{ name: '', channel: 0, program: null, notes: line }]
  const melody = readMidi(writeMidi({ ticksPerQuarter: 480, tempos: [{ ticks: 0, bpm: 90 }], tracks }), 'x.mid')
  expect(meanVoices(melody.notes)).toBeCloseTo(1, 9)
  expect(meanVoices(song([]).notes)).toBe(0)
})
