import { describe, expect, it } from 'vitest'
import { DataError } from '../../src/lib/errors.ts'
import { type Midi, readMidi, type ReadMidiOptions } from '../../src/midi/read.ts'
import { ascii, chunk, END, meta, off, on, raw, smf, tempo, uint16, uint32, varint } from './bytes.ts'

const read = (bytes: Uint8Array, options?: ReadMidiOptions): Midi => readMidi(bytes, 'x.mid', options)
const codes = (midi: Midi) => midi.warnings.map((warning) => warning.code)

function faultOf(bytes: Uint8Array, options?: ReadMidiOptions) {
  try {
    read(bytes, options)
  } catch (error) {
    if (error instanceof DataError) return error.fault
    throw error
  }
  throw new Error('no fault')
}

describe('readMidi', () => {
  it('reads notes with ticks and seconds', () => {
    const midi = read(smf({}, [...on(0, 60), ...off(480, 60), ...on(240, 64, 1, 9), ...off(120, 64, 9), ...END]))
    expect([...midi.notes.startTicks]).toEqual([0, 720])
    expect([...midi.notes.durationTicks]).toEqual([480, 120])
    expect([...midi.notes.startSeconds]).toEqual([0, 0.75])
    expect([...midi.notes.durationSeconds]).toEqual([0.5, 0.125])
    expect([...midi.notes.pitch]).toEqual([60, 64])
    expect([...midi.notes.velocity]).toEqual([80, 1])
    expect([...midi.notes.channel]).toEqual([0, 9])
    expect(midi.durationSeconds).toBe(0.875)
    expect(midi.warnings).toEqual([])
    expect(midi.tempos).toEqual([{ ticks: 0, seconds: 0, bpm: 120, microseconds: 500_000 }])
  })

  it('keeps running status, across meta events too, and takes velocity 0 for a note-off', () => {
    const midi = read(smf({}, [...on(0, 60), 96, 60, 0, ...tempo(0, 250_000), 0, 62, 70, 96, 62, 0, ...END]))
    expect([...midi.notes.pitch]).toEqual([60, 62])
    expect([...midi.notes.durationTicks]).toEqual([96, 96])
    expect([...midi.notes.durationSeconds]).toEqual([0.1, 0.05])
  })

  it('reads delta times of one to four bytes', () => {
    for (const delta of [0, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152, 0x0fffffff]) {
      const midi = read(smf({}, [...on(delta, 60), ...off(1, 60), ...END]))
      expect(midi.notes.startTicks[0]).toBe(delta)
    }
  })

  it('ends the oldest note of a pitch first, each channel and track for itself', () => {
    const first = [
      ...on(0, 60, 1),
      ...on(10, 60, 2),
      ...on(0, 60, 3, 1),
      ...off(10, 60),
      ...off(10, 60),
      ...off(5, 60, 1),
    ]
    const second = [...on(0, 60, 4), ...off(100, 60)]
    const { notes } = read(smf({}, [...first, ...END], [...second, ...END]))
    const byVelocity = [...notes.velocity].map((velocity, i) => [velocity, notes.startTicks[i], notes.durationTicks[i]])
    expect(byVelocity).toEqual([
      [1, 0, 20],
      [4, 0, 100],
      [2, 10, 20],
      [3, 10, 25],
    ])
    expect([...notes.track]).toEqual([0, 1, 0, 0])
  })

  it('puts many tracks into one time order and keeps the order of tracks at one tick', () => {
    const tracks = [3, 1, 2, 1, 0].map((start, t) => [...on(start, 60 + t), ...off(1, 60 + t), ...END])
    const { notes } = read(smf({}, ...tracks))
    expect([...notes.startTicks]).toEqual([0, 1, 1, 2, 3])
    expect([...notes.track]).toEqual([4, 1, 3, 2, 0])
  })

  it('follows a tempo map whose events stand in any track, within a note too', () => {
    const first = [...on(480, 60), ...off(1440, 60), ...END]
    const second = [...tempo(960, 1_000_000), ...tempo(480, 250_000), ...END]
    const midi = read(smf({}, first, second))
    expect(midi.notes.startSeconds[0]).toBe(0.5)
    expect(midi.notes.durationSeconds[0]).toBeCloseTo(0.5 + 1 + 0.25, 12)
    expect(midi.tempos.map(({ bpm }) => bpm)).toEqual([120, 60, 240])
    expect(midi.tempos.map(({ seconds }) => seconds)).toEqual([0, 1, 2])
  })

  it('takes the last of several tempos at one tick', () => {
    const midi = read(smf({}, [...tempo(0, 1_000_000), ...tempo(0, 600_000), ...on(480, 60), ...off(1, 60), ...END]))
    expect(midi.tempos.map(({ microseconds }) => microseconds)).toEqual([600_000])
    expect(midi.notes.startSeconds[0]).toBeCloseTo(0.6, 12)
  })

  it('counts SMPTE frames in seconds, whatever the tempo events say', () => {
    const body = [...tempo(0, 1_000_000), ...on(1000, 60), ...off(500, 60), ...END]
    const rates: [number, number][] = [
      [24, 24 * 40],
      [25, 1000],
      [29, (30_000 / 1001) * 40],
      [30, 1200],
    ]
    for (const [frames, perSecond] of rates) {
      const midi = read(smf({ division: ((256 - frames) << 8) | 40 }, body))
      expect(midi.ticksPerQuarter).toBe(null)
      expect(midi.notes.startSeconds[0]).toBeCloseTo(1000 / perSecond, 12)
      expect(midi.notes.durationSeconds[0]).toBeCloseTo(500 / perSecond, 12)
      expect(codes(midi)).toEqual(['smpte'])
    }
    expect(faultOf(smf({ division: ((256 - 13) << 8) | 40 }, body))).toMatchObject({ code: 'bad-division', offset: 12 })
  })

  it('names all 30 keys', () => {
    const majors = 'Cb Gb Db Ab Eb Bb F C G D A E B F# C#'.split(' ')
    const minors = 'Ab Eb Bb F C G D A E B F# C# G# D# A#'.split(' ')
    for (let sharps = -7; sharps <= 7; sharps++) {
      const { keySignatures } = read(
        smf({}, [
          ...meta(0, 0x59, [sharps & 255, 0]),
          ...meta(9, 0x59, [sharps & 255, 1]),
          ...on(0, 60),
          ...off(1, 60),
          ...END,
        ]),
      )
      expect(keySignatures.map(({ ticks, key, mode }) => [ticks, key, mode])).toEqual([
        [0, majors[sharps + 7], 'major'],
        [9, minors[sharps + 7], 'minor'],
      ])
    }
  })

  it('reads time signatures, programs, controls, bends and track names', () => {
    const track = [
      ...meta(0, 0x03, [...Buffer.from('Mélodie')]),
      ...meta(0, 0x58, [6, 3, 24, 8]),
      ...raw(0, 0xc2, 40),
      ...raw(10, 0xb2, 64, 127),
      ...raw(10, 0xe2, 0x00, 0x40),
      ...raw(0, 0xe2, 0x00, 0x00),
      ...raw(0, 0xa2, 60, 5),
      ...raw(0, 0xd2, 5),
      ...on(0, 60, 80, 2),
      ...off(480, 60, 2),
      ...END,
    ]
    const midi = read(smf({}, track))
    expect(midi.tracks).toEqual([{ name: 'Mélodie', noteCount: 1, endTicks: 500 }])
    expect(midi.timeSignatures).toEqual([{ ticks: 0, seconds: 0, numerator: 6, denominator: 8 }])
    expect(midi.programs).toEqual([{ ticks: 0, track: 0, channel: 2, program: 40 }])
    expect([midi.controls.ticks[0], midi.controls.channel[0], midi.controls.number[0], midi.controls.value[0]]).toEqual(
      [10, 2, 64, 127],
    )
    expect([...midi.bends.value]).toEqual([0, -8192])
    expect(midi.warnings).toEqual([])
  })

  it('skips text, lyrics, system-exclusive data and unknown meta events, and reads Latin-1 names', () => {
    const track = [
      ...meta(0, 0x03, [0x54, 0xfc, 0x72]),
      ...meta(0, 0x01, ascii('any text')),
      ...meta(0, 0x05, ascii('la')),
      ...meta(0, 0x7f, [1, 2, 3]),
      ...raw(0, 0xf0, 3, 0x7e, 0x7f, 0xf7),
      ...raw(0, 0xf7, 2, 0x90, 0x3c),
      ...on(0, 60),
      ...off(5, 60),
      ...END,
    ]
    const midi = read(smf({}, track))
    expect(midi.notes.length).toBe(1)
    expect(midi.tracks[0]!.name).toBe('Tür')
    expect(midi.warnings).toEqual([])
  })

  it('reads all 16 channels', () => {
    const track = Array.from({ length: 16 }, (_, c) => [...on(0, 60, 80, c), ...off(1, 60, c)]).flat()
    expect([...read(smf({}, [...track, ...END])).notes.channel]).toEqual(Array.from({ length: 16 }, (_, c) => c))
  })

  it('unwraps RMID and reports offsets in the wrapped file', () => {
    const inner = [...smf({}, [...on(0, 60), ...off(1, 60), ...END])]
    const little = (n: number) => uint32(n).reverse()
    const wrap = (data: number[]) =>
      Uint8Array.from([
        ...ascii('RIFF'),
        ...little(data.length + 24),
        ...ascii('RMID'),
        ...ascii('DISP'),
        ...little(3),
        1,
        2,
        3,
        0,
        ...ascii('data'),
        ...little(data.length),
        ...data,
      ])
    const midi = read(wrap(inner))
    expect(midi.notes.length).toBe(1)
    expect(codes(midi)).toEqual(['rmid'])
    inner[inner.length - 8] = 0xff
    expect(faultOf(wrap(inner)).offset).toBeGreaterThan(31 + 22)
  })

  it('skips unknown chunks and a longer header', () => {
    const plain = smf({}, [...on(0, 60), ...off(1, 60), ...END])
    const longer = [...ascii('MThd'), ...uint32(8), ...plain.subarray(8, 14), 9, 9]
    const midi = read(Uint8Array.from([...longer, ...chunk('XFIH', [1, 2, 3]), ...plain.subarray(14)]))
    expect(midi.notes.length).toBe(1)
    expect(codes(midi)).toEqual(['unknown-chunk'])
  })
})

it('reads one file after another without leftovers', () => {
  const many = smf({}, [...Array.from({ length: 6000 }, () => [...on(1, 60), ...off(1, 60)]).flat(), ...END])
  const one = smf({}, [...on(0, 61), ...off(7, 61), ...END])
  const before = read(one)
  expect(read(many).notes.length).toBe(6000)
  expect(read(one)).toEqual(before)
  expect(before.notes.length).toBe(1)
})

it('holds a division of 32767 and numbers its ticks in 32 bits', () => {
  const bytes = smf({ division: 32767 }, [...on(0x0fffffff, 60), ...varint(0x0fffffff), 0x80, 60, 0, ...END])
  const { notes } = read(bytes)
  expect(notes.durationSeconds[0]).toBeCloseTo((0x0fffffff / 32767) * 0.5, 6)
  expect(uint16(32767)).toEqual([0x7f, 0xff])
})
