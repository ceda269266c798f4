import tonejs from '@tonejs/midi'
import { describe, expect, it } from 'vitest'
import { fromToneJson, toToneJson } from '../../src/midi/interchange.ts'
import { readMidi } from '../../src/midi/read.ts'
import { END, meta, off, on, raw, smf, tempo } from './bytes.ts'

const bytes = smf({}, [
  ...meta(0, 0x59, [3, 1]),
  ...meta(0, 0x58, [3, 2, 24, 8]),
  ...tempo(0, 600_000),
  ...raw(0, 0xc0, 12),
  ...raw(0, 0xb0, 64, 127),
  ...on(0, 60, 100),
  ...off(480, 60),
  ...on(0, 36, 127, 9),
  ...off(120, 36, 9),
  ...END,
])
const midi = readMidi(bytes, 'x.mid')

describe('toToneJson', () => {
  const json = toToneJson(midi)
  it('has the shape of @tonejs/midi: a track for each channel, seconds, velocities 0-1', () => {
    expect(json.header).toMatchObject({ ppq: 480, timeSignatures: [{ ticks: 0, timeSignature: [3, 4] }] })
    expect(json.header.tempos[0]!.bpm).toBeCloseTo(100, 9)
    const tracks = json.tracks.filter((track) => track.notes.length > 0)
    expect(tracks.map(({ channel }) => channel)).toEqual([0, 9])
    expect(tracks[0]!.instrument.number).toBe(12)
    expect(tracks[0]!.notes[0]).toMatchObject({ midi: 60, name: 'C4', ticks: 0, durationTicks: 480, time: 0 })
    expect(tracks[0]!.notes[0]!.duration).toBeCloseTo(0.6, 9)
    expect(tracks[0]!.notes[0]!.velocity).toBeCloseTo(100 / 127, 9)
    expect(tracks[1]!.notes[0]!.time).toBeCloseTo(0.6, 9)
  })

  it('carries our key, as the package itself names F# minor A', () => {
    expect(json.header.keySignatures).toEqual([{ key: 'F#', scale: 'minor', ticks: 0 }])
    // Pins the fault of @tonejs/midi 2.0.28: once this fails, the detour around its keys may go.
    expect(new tonejs.Midi(bytes).toJSON().header.keySignatures).toEqual([{ key: 'A', scale: 'minor', ticks: 0 }])
  })

  it('is right for all 15 minor keys, where the package is wrong for every one', () => {
    for (let sharps = -7; sharps <= 7; sharps++) {
      const one = smf({}, [...meta(0, 0x59, [sharps & 255, 1]), ...on(0, 60), ...off(9, 60), ...END])
      const read = readMidi(one, 'x.mid')
      const theirs = new tonejs.Midi(one).toJSON().header.keySignatures[0]!.key
      expect(read.keySignatures[0]!.key).not.toBe(theirs)
      expect(toToneJson(read).header.keySignatures[0]!.key).toBe(read.keySignatures[0]!.key)
    }
  })
})

describe('fromToneJson', () => {
  it('comes back with the same notes, tempo, metre and key', () => {
    const back = fromToneJson(toToneJson(midi), 'x.json')
    for (const field of ['startTicks', 'durationTicks', 'pitch', 'velocity', 'channel', 'startSeconds'] as const) {
      expect([...back.notes[field]], field).toEqual([...midi.notes[field]])
    }
    expect(back.tempos[0]!.microseconds).toBe(600_000)
    expect(back.timeSignatures).toEqual(midi.timeSignatures)
    expect(back.keySignatures).toEqual(midi.keySignatures)
    expect(back.programs[0]).toMatchObject({ channel: 0, program: 12 })
  })

  it('gives SMPTE files the beats of 120 BPM', () => {
    const smpte = smf({ division: ((256 - 25) << 8) | 40 }, [...on(0, 60), ...off(500, 60), ...END])
    const json = toToneJson(readMidi(smpte, 'x.mid'))
    expect(json.header.ppq).toBe(500)
    expect(json.tracks[0]!.notes[0]!.duration).toBeCloseTo(0.5, 9)
  })
})
