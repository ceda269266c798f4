import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readMidi } from '../../src/midi/read.ts'

/** Made by test/golden/scripts/midi_tempo_map.py from pretty_midi. */
interface Golden {
  midi: string
  notes: [start: number, end: number, pitch: number, velocity: number, drum: number, program: number][]
  tempos: [seconds: number, bpm: number][]
  timeSignatures: [seconds: number, numerator: number, denominator: number][]
  keySignatures: [seconds: number, keyNumber: number][]
  endTime: number
}

const path = new URL('../golden/midi-tempo-map.json', import.meta.url)
const goldens = JSON.parse(readFileSync(path, 'utf8')) as Golden[]
const TONICS: Record<string, number> = { C: 0, D: 2, E: 4, F: 5, G: 7, A: 9, B: 11 }
const tonic = (key: string) => (TONICS[key[0]!]! + (key[1] === '#' ? 1 : key[1] === 'b' ? 11 : 0)) % 12

describe.each(goldens.map((golden, i) => ({ golden, name: `file ${i}: ${golden.tempos.length} tempos` })))(
  'against pretty_midi, $name',
  ({ golden }) => {
    const midi = readMidi(Buffer.from(golden.midi, 'base64'), 'golden.mid')
    const { notes } = midi

    it('gives the same notes in seconds', () => {
      const ours = Array.from({ length: notes.length }, (_, i) => [
        notes.startSeconds[i]!,
        notes.startSeconds[i]! + notes.durationSeconds[i]!,
        notes.pitch[i]!,
        notes.velocity[i]!,
        notes.channel[i] === 9 ? 1 : 0,
      ])
      const key = (note: number[]) => note.slice(2, 5).join() + note[0]!.toFixed(6)
      const byKey = new Map(ours.map((note) => [key(note), note]))
      expect(ours).toHaveLength(golden.notes.length)
      for (const [start, end, ...rest] of golden.notes) {
        const note = byKey.get(key([start, end, ...rest]))
        expect(note, `note at ${start}`).toBeDefined()
        expect(note![0]).toBeCloseTo(start, 9)
        expect(note![1]).toBeCloseTo(end, 9)
      }
      expect(midi.durationSeconds).toBeCloseTo(golden.endTime, 9)
    })

    it('gives the same tempo map, time and key signatures', () => {
      expect(midi.tempos).toHaveLength(golden.tempos.length)
      for (const [i, [seconds, bpm]] of golden.tempos.entries()) {
        expect(midi.tempos[i]!.seconds).toBeCloseTo(seconds, 9)
        expect(midi.tempos[i]!.bpm).toBeCloseTo(bpm, 9)
      }
      expect(midi.timeSignatures.map(({ numerator, denominator }) => [numerator, denominator])).toEqual(
        golden.timeSignatures.map(([, ...rest]) => rest),
      )
      for (const [i, [seconds]] of golden.timeSignatures.entries()) {
        expect(midi.timeSignatures[i]!.seconds).toBeCloseTo(seconds, 9)
      }
      const keyNumbers = midi.keySignatures.map(({ key, mode }) => tonic(key) + (mode === 'minor' ? 12 : 0))
      expect(keyNumbers).toEqual(golden.keySignatures.map(([, number]) => number))
    })
  },
)
