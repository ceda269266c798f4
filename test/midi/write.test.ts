import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { random } from '../../src/lib/random.ts'
import { type Midi, readMidi } from '../../src/midi/read.ts'
import { toWritable, type WritableMidi, writeMidi } from '../../src/midi/write.ts'
import { END, meta, off, on, smf, tempo } from './bytes.ts'
import { everyNth, hasShared, midiFiles, SHARED } from './data.ts'

const song: WritableMidi = {
  ticksPerQuarter: 96,
  tempos: [
    { ticks: 0, bpm: 90 },
    { ticks: 192, bpm: 133.7 },
  ],
  timeSignatures: [{ ticks: 0, numerator: 6, denominator: 8 }],
  keySignatures: [{ ticks: 0, key: 'F#', mode: 'minor' }],
  tracks: [
    { name: 'Lead', channel: 0, program: 5, notes: [{ startTicks: 0, durationTicks: 96, pitch: 60, velocity: 100 }] },
    { name: 'Drums', channel: 9, program: null, notes: [{ startTicks: 48, durationTicks: 1, pitch: 36, velocity: 1 }] },
  ],
}

/** All that a round trip must keep; warnings are about the bytes and go. */
const content = (midi: Midi) => ({ ...midi, warnings: [] })

describe('writeMidi', () => {
  it('writes what the reader reads', () => {
    const midi = readMidi(writeMidi(song), 'x.mid')
    expect(midi.warnings).toEqual([])
    expect(midi.format).toBe(1)
    expect(midi.tracks.map(({ name }) => name)).toEqual(['', 'Lead', 'Drums'])
    expect([...midi.notes.pitch]).toEqual([60, 36])
    expect([...midi.notes.channel]).toEqual([0, 9])
    expect([...midi.notes.durationTicks]).toEqual([96, 1])
    expect(midi.tempos.map(({ bpm }) => bpm.toFixed(2))).toEqual(['90.00', '133.70'])
    expect(midi.timeSignatures).toMatchObject([{ numerator: 6, denominator: 8 }])
    expect(midi.keySignatures).toMatchObject([{ key: 'F#', mode: 'minor' }])
    expect(midi.programs).toEqual([{ ticks: 0, track: 1, channel: 0, program: 5 }])
  })

  it('writes one track as format 0, and an empty song', () => {
    const midi = readMidi(writeMidi(song, { format: 0 }), 'x.mid')
    expect(midi.format).toBe(0)
    expect(midi.tracks).toHaveLength(1)
    expect([...midi.notes.pitch]).toEqual([60, 36])
    const empty = readMidi(writeMidi({ ticksPerQuarter: 480, tempos: [], tracks: [] }), 'x.mid')
    expect(empty.warnings.map(({ code }) => code)).toEqual(['no-notes'])
  })

  it('writes known bytes', () => {
    const one = { startTicks: 200, durationTicks: 0, pitch: 60, velocity: 80 }
    const bytes = writeMidi(
      { ticksPerQuarter: 480, tempos: [], tracks: [{ name: '', channel: 2, program: null, notes: [one] }] },
      { format: 0 },
    )
    expect(Buffer.from(bytes).toString('hex')).toBe(
      ['4d546864000000060000000101e0', '4d54726b0000000d', '8148923c50', '00823c40', '00ff2f00'].join(''),
    )
  })

  it('keeps repeated notes of one pitch apart and bridges waits longer than a delta time holds', () => {
    const notes = [
      { startTicks: 0, durationTicks: 10, pitch: 60, velocity: 1 },
      { startTicks: 10, durationTicks: 0, pitch: 60, velocity: 2 },
      { startTicks: 10, durationTicks: 5, pitch: 60, velocity: 3 },
      { startTicks: 12, durationTicks: 5, pitch: 60, velocity: 4 },
      { startTicks: 1_500_000_000, durationTicks: 600_000_000, pitch: 60, velocity: 5 },
    ]
    const read = readMidi(
      writeMidi({ ...song, tracks: [{ name: '', channel: 0, program: null, notes }] }),
      'x.mid',
    ).notes
    expect([...read.startTicks]).toEqual(notes.map(({ startTicks }) => startTicks))
    expect([...read.durationTicks]).toEqual(notes.map(({ durationTicks }) => durationTicks))
    expect([...read.velocity]).toEqual([1, 2, 3, 4, 5])
  })

  it('refuses what does not fit', () => {
    const note = { startTicks: 0, durationTicks: 1, pitch: 60, velocity: 64 }
    const withNote = (change: object) => () =>
      writeMidi({ ...song, tracks: [{ name: '', channel: 0, program: null, notes: [{ ...note, ...change }] }] })
    expect(withNote({ pitch: 128 })).toThrow(/pitch is 128; expected a whole number from 0 to 127/)
    expect(withNote({ velocity: 0 })).toThrow(/velocity is 0/)
    expect(withNote({ startTicks: -1 })).toThrow(/tick is -1/)
    expect(withNote({ durationTicks: 0.5 })).toThrow(/0.5/)
    expect(withNote({ channel: 16 })).toThrow(/channel is 16/)
    expect(() => writeMidi({ ...song, keySignatures: [{ ticks: 0, key: 'G#', mode: 'major' }] })).toThrow(/G# major/)
    expect(() => writeMidi({ ...song, timeSignatures: [{ ticks: 0, numerator: 3, denominator: 6 }] })).toThrow(
      /denominator 6/,
    )
    expect(() => writeMidi({ ...song, tempos: [{ ticks: 0, bpm: 0 }] })).toThrow(/microseconds/)
  })
})

describe('read, write, read gives the same', () => {
  const again = (midi: Midi) => readMidi(writeMidi(toWritable(midi), { format: midi.format }), 'again.mid')

  it('all 30 keys, SMPTE time, many channels in a track, stuck notes', () => {
    const keys = Array.from({ length: 15 }, (_, i) => [
      ...meta(1, 0x59, [(i - 7) & 255, 0]),
      ...meta(1, 0x59, [(i - 7) & 255, 1]),
    ])
    const body = [...keys.flat(), ...tempo(5, 300_000), 0, 0xc3, 7, 0, 0xb3, 64, 127, 3, 0xe4, 1, 2]
    const notes = Array.from({ length: 16 }, (_, c) => [...on(c, 60 + c, 90, c), ...on(1, 60 + c, 80, c)]).flat()
    for (const division of [480, ((256 - 25) << 8) | 40]) {
      const midi = readMidi(smf({ division }, [...body, ...notes, ...off(9, 60), ...meta(77, 0x2f, [])]), 'x.mid')
      expect(midi.notes.length).toBe(32)
      expect(midi.keySignatures).toHaveLength(30)
      expect(content(again(midi))).toEqual(content(midi))
    }
  })

  it('type 2: patterns stay tracks of their own', () => {
    const pattern = (pitch: number) => [...on(0, pitch), ...off(480, pitch), ...END]
    const midi = readMidi(smf({ format: 2 }, pattern(60), pattern(64)), 'x.mid')
    expect([midi.format, midi.tracks.length]).toEqual([2, 2])
    expect(content(again(midi))).toEqual(content(midi))
    expect(again(midi).format).toBe(2)
  })

  it('200 seeded random songs', () => {
    for (let seed = 0; seed < 200; seed++) {
      const midi = readMidi(randomSong(seed), `seed ${seed}`)
      expect(content(again(midi)), `seed ${seed}`).toEqual(content(midi))
    }
  })

  it.runIf(hasShared)('real files', () => {
    const files = [...everyNth(midiFiles('train'), 40), ...everyNth(midiFiles('kelly'), 20)]
    for (const file of files) {
      const midi = readMidi(readFileSync(`${SHARED}/${file}`), file)
      const twice = again(midi)
      expect(content(twice), file).toEqual(content(midi))
    }
    expect(files.length).toBeGreaterThan(50)
  })
})

/** Overlapping, repeated and zero-length notes on few pitches, so that pairing is put to the test. */
function randomSong(seed: number): Uint8Array {
  const rng = random(seed)
  const tracks = Array.from({ length: 1 + rng.below(4) }, () => {
    const events: number[] = []
    for (let i = 0; i < 60; i++) {
      const pitch = 60 + rng.below(3)
      const delta = rng.below(3) === 0 ? rng.below(300) : 0
      const channel = rng.below(2)
      if (rng.below(8) === 0) events.push(...tempo(delta, 1 + rng.below(0xffffff)))
      else events.push(...(rng.below(2) ? on(delta, pitch, 1 + rng.below(127), channel) : off(delta, pitch, channel)))
    }
    return [...events, ...END]
  })
  return smf({}, ...tracks)
}
