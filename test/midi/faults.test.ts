import { describe, expect, it } from 'vitest'
import { DataError } from '../../src/lib/errors.ts'
import { type Midi, readMidi, type ReadMidiOptions } from '../../src/midi/read.ts'
import { ascii, chunk, END, meta, off, on, smf, tempo, uint32 } from './bytes.ts'

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

describe('oddities are warnings, each with a place', () => {
  const cases: [string, string, Uint8Array, number | null][] = [
    ['no-notes', 'no notes', smf({}, END), null],
    [
      'trailing-data',
      'bytes after the last track',
      Uint8Array.from([...smf({}, [...on(0, 60), ...off(1, 60), ...END]), 1, 2, 3]),
      34,
    ],
    ['format-2', 'format 2', smf({ format: 2 }, [...on(0, 60), ...off(1, 60), ...END]), 8],
    [
      'bad-key-signature',
      'a key of 99 sharps',
      smf({}, [...meta(0, 0x59, [99, 0]), ...on(0, 60), ...off(1, 60), ...END]),
      23,
    ],
    ['bad-tempo', 'a tempo of 0', smf({}, [...tempo(0, 0), ...on(0, 60), ...off(1, 60), ...END]), 23],
    ['bad-time-signature', '0/4', smf({}, [...meta(0, 0x58, [0, 2, 24, 8]), ...on(0, 60), ...off(1, 60), ...END]), 23],
    ['stuck-note', 'a note without end', smf({}, [...on(0, 60), ...off(9, 61), ...END]), 23],
    ['unmatched-note-off', 'an end without note', smf({}, [...on(0, 60), ...off(9, 60), ...off(0, 60), ...END]), 31],
    ['zero-length-note', 'a note of no length', smf({}, [...on(0, 60), ...off(0, 60), ...END]), 23],
    ['no-end-of-track', 'a track without end event', smf({}, [...on(0, 60), ...off(9, 60)]), 30],
    ['data-after-end', 'events after the end of track', smf({}, [...on(0, 60), ...off(9, 60), ...END, 1, 2]), 34],
    ['extra-tracks', 'more tracks than announced', smf({ ntrks: 1 }, [...on(0, 60), ...off(1, 60), ...END], END), 10],
    ['stray-system-message', 'a clock tick', smf({}, [0, 0xf8, ...on(0, 60), ...off(1, 60), ...END]), 23],
  ]
  it.each(cases)('%s: %s', (code, _, bytes, offset) => {
    const warning = read(bytes).warnings.find((one) => one.code === code)
    expect(warning).toMatchObject({ path: 'x.mid', offset, code })
    expect(warning!.message.length).toBeGreaterThan(10)
  })

  it('closes a stuck note where its track ends, and counts the others of its kind', () => {
    const midi = read(smf({}, [...on(0, 60), ...on(10, 61), ...on(10, 62), ...meta(100, 0x2f, [])]))
    expect([...midi.notes.durationTicks]).toEqual([120, 110, 100])
    expect(midi.warnings).toHaveLength(1)
    expect(midi.warnings[0]!.message).toMatch(/pitch 60.*tick 120.*3 of this kind/)
  })
})

describe('faults are DataErrors with code and offset', () => {
  const sound = smf({}, [...on(0, 60), ...off(96, 60), ...END])
  const cases: [string, Uint8Array, number][] = [
    ['empty', new Uint8Array(0), 0],
    ['not-midi', Uint8Array.from(ascii('this is not a midi file')), 0],
    ['truncated-header', sound.subarray(0, 10), 10],
    ['truncated-header', sound.subarray(0, 3), 3],
    ['bad-header', Uint8Array.from([...ascii('MThd'), ...uint32(5), 0, 0, 0, 1, 1, 224, 0, 0]), 4],
    ['bad-format', smf({ format: 7 }, [...on(0, 60), ...off(1, 60), ...END]), 8],
    ['bad-division', smf({ division: 0 }, END), 12],
    ['missing-tracks', smf({ ntrks: 2 }, END), 26],
    ['missing-tracks', sound.subarray(0, 14), 14],
    ['truncated', sound.subarray(0, 28), 28],
    ['track-length', Uint8Array.from([...sound.subarray(0, 18), ...uint32(0x7fffffff), ...sound.subarray(22)]), 18],
    [
      'bad-chunk',
      Uint8Array.from([
        ...sound.subarray(0, 11),
        2,
        ...sound.subarray(12),
        1,
        2,
        3,
        4,
        5,
        6,
        7,
        8,
        ...chunk('MTrk', END),
      ]),
      34,
    ],
    ['truncated-event', smf({}, [...on(0, 60), 0, 0x80, 60]), 27],
    ['truncated-event', smf({}, [...on(0, 60), 0x81]), 26],
    ['truncated-event', smf({}, [...on(0, 60), 0, 0xff, 0x01, 50, 1]), 27],
    ['bad-varint', smf({}, [0x81, 0x82, 0x83, 0x84, 0x05, ...on(0, 60), ...END]), 22],
    ['bad-status', smf({}, [0, 0xf4, ...END]), 23],
    ['bad-data-byte', smf({}, [0, 0x90, 60, 0xc8, ...END]), 25],
    ['no-status', smf({}, [0, 60, 80, ...END]), 23],
    ['time-overflow', smf({}, Array.from({ length: 9 }, () => on(0x0fffffff, 60)).flat()), 78],
    ['leading-junk', Uint8Array.from([1, 2, 3, 4, 5, ...sound]), 0],
  ]
  it.each(cases)('%s (%#)', (code, bytes, offset) => {
    const fault = faultOf(bytes)
    expect(fault).toMatchObject({ path: 'x.mid', code, offset })
    expect(fault.message.length).toBeGreaterThan(15)
    expect(fault.hint).not.toBe('')
  })

  it('says what a file that is no MIDI looks like', () => {
    const looks = (text: string) => faultOf(Uint8Array.from(Buffer.from(text, 'latin1'))).message
    expect(looks('RIFF\x10\0\0\0WAVEfmt ')).toMatch(/WAV audio/)
    expect(looks('fLaC\0\0\0\x22')).toMatch(/FLAC/)
    expect(looks('<?xml version="1.0"?>')).toMatch(/XML/)
    expect(looks('<!DOCTYPE html><html>')).toMatch(/web page/)
    expect(looks('version https://git-lfs.github.com/spec/v1')).toMatch(/Git LFS/)
    expect(looks('\0\x05\x16\x07\0\x02')).toMatch(/macOS/)
    expect(looks('\0\0\0\0\0\0')).toMatch(/zeros/)
    expect(looks('a,b,c\n1,2,3')).toMatch(/text \("a,b,c 1,2,3/)
    expect(looks('\x80\x81\x82\x83')).toMatch(/80 81 82 83/)
  })
})

describe('repair', () => {
  const track = (pitch: number) => [...on(0, pitch), ...off(96, pitch), ...END]
  const two = smf({}, track(60), track(62))

  it('keeps a cut track up to its last sound event and says so', () => {
    const midi = read(two.subarray(0, two.length - 6), { repair: true })
    expect([...midi.notes.pitch]).toEqual([60, 62])
    expect(midi.warnings[0]).toMatchObject({ code: 'truncated', hint: 'repaired: 1 notes of track 2 of 2 kept' })
  })

  it('goes on after a track with a wrong length, found by its end-of-track event', () => {
    const bytes = two.slice()
    bytes.set(uint32(0x7fffffff), 18)
    const midi = read(bytes, { repair: true })
    expect([...midi.notes.pitch]).toEqual([60, 62])
    expect(codes(midi)).toEqual(['track-length'])
  })

  it('keeps other tracks where one is damaged, and reports each repair', () => {
    const bytes = smf({ ntrks: 4 }, [...on(0, 50), 0, 0xf4], track(60), [0, 60])
    const midi = read(bytes, { repair: true })
    expect([...midi.notes.pitch]).toEqual([50, 60])
    expect(codes(midi)).toEqual(['bad-status', 'no-status', 'missing-tracks', 'stuck-note'])
    expect(midi.warnings.filter(({ hint }) => hint.startsWith('repaired: '))).toHaveLength(3)
  })

  it('skips stray bytes between tracks, leading junk, an unknown format and a division of 0', () => {
    const stray = Uint8Array.from([...two.subarray(0, 34), 1, 2, 3, ...two.subarray(34)])
    expect([...read(stray, { repair: true }).notes.pitch]).toEqual([60, 62])
    expect(codes(read(stray, { repair: true }))).toEqual(['bad-chunk'])
    expect(read(Uint8Array.from([9, 9, ...two]), { repair: true }).notes.length).toBe(2)
    expect(read(smf({ format: 9 }, track(60)), { repair: true }).format).toBe(1)
    expect(read(smf({ division: 0 }, track(60)), { repair: true }).ticksPerQuarter).toBe(480)
  })

  it('still refuses what holds nothing to keep', () => {
    expect(faultOf(new Uint8Array(0), { repair: true }).code).toBe('empty')
    expect(faultOf(two.subarray(0, 14), { repair: true }).code).toBe('missing-tracks')
    expect(faultOf(Uint8Array.from(ascii('plain text')), { repair: true }).code).toBe('not-midi')
  })

  it('changes nothing in a sound file', () => {
    const { warnings, ...rest } = read(two)
    expect(read(two, { repair: true })).toEqual({ ...rest, warnings })
  })
})
