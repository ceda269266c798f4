/**
 * Standard MIDI File reader: bytes to note arrays with ticks and seconds, in one pass over the file.
 * Types 0, 1 and 2, running status, tempo maps, SMPTE time, RMID. Left out: text and lyrics, system-exclusive data,
 * aftertouch, release velocity (all skipped safely).
 */
import { assemble, type ReadTracks } from './assemble.ts'
import { smpteRate } from './clock.ts'
import { EventColumns, NoteColumns } from './columns.ts'
import { indexOfTag, type MidiHeader, readHeader, tag, uint32 } from './container.ts'
import { collectFaults, type Faults } from './faults.ts'
import type { FileEvents } from './meta.ts'
import type { Midi } from './model.ts'
import { readTrack, type Sink } from './track.ts'

export type { ChannelEvents, KeySignature, Midi, MidiTrack, ProgramChange, Tempo, TimeSignature } from './model.ts'
export type { Notes } from './notes.ts'

export interface ReadMidiOptions {
  /** Keep what can be kept of a damaged file and list each repair in `warnings`, instead of throwing. Default false. */
  readonly repair?: boolean
}

/**
 * Reads one MIDI file (Standard MIDI Files 1.0, RP-001).
 * @param path as the user knows it; only for messages
 * @throws DataError with code `empty`, `not-midi`, `truncated-header`, `bad-header`, whatever `repair` says, and without it
 *   also `leading-junk`, `bad-format`, `bad-division`, `bad-chunk`, `truncated`, `track-length`, `missing-tracks`,
 *   `truncated-event`, `bad-varint`, `bad-status`, `bad-data-byte`, `no-status`, `time-overflow`.
 *   Warnings: `no-notes`, `trailing-data`, `rmid`, `format-2`, `format-0-tracks`, `smpte`, `stuck-note`,
 *   `zero-length-note`, `unmatched-note-off`, `bad-key-signature`, `bad-time-signature`, `bad-tempo`,
 *   `no-end-of-track`, `data-after-end`, `extra-tracks`, `unknown-chunk`, `stray-system-message`, `long`.
 */
export function readMidi(bytes: Uint8Array, path: string, options: ReadMidiOptions = {}): Midi {
  const faults = collectFaults(path, options.repair ?? false)
  const header = readHeader(bytes, faults)
  const division = checkDivision(header, faults)
  const sink = freshSink(faults)
  const read = readChunks(bytes, header, sink)
  return assemble(header, division, sink, read, faults)
}

const EXPORT_AGAIN = 'export or download the file again; `repair: true` of validate keeps what can be read'

/** Tracks are numbered in 16 bits, as the header counts them. */
const MAX_TRACKS = 65535

/** Columns are kept from file to file while they are small, so that a small file costs no allocation. */
const KEPT_NOTES = 1 << 18
let keptNotes = new NoteColumns()
let keptControls = new EventColumns()
let keptBends = new EventColumns()

function freshSink(faults: Faults): Sink {
  if (keptNotes.start.length > KEPT_NOTES) keptNotes = new NoteColumns()
  if (keptControls.ticks.length > KEPT_NOTES) keptControls = new EventColumns()
  if (keptBends.ticks.length > KEPT_NOTES) keptBends = new EventColumns()
  keptNotes.length = keptControls.length = keptBends.length = 0
  const events: FileEvents = { tempos: [], timeSignatures: [], keySignatures: [], programs: [] }
  return { notes: keptNotes, controls: keptControls, bends: keptBends, events, faults }
}

/** The division word, mended where it may be. */
function checkDivision(header: MidiHeader, faults: Faults): number {
  const { division } = header
  const offset = header.body - 2
  const rate = smpteRate(division)
  if (rate !== null) {
    const message = `time is counted in SMPTE frames (${rate.toFixed(2)} ticks a second), so the file has no beats`
    faults.warn('smpte', offset, message, 'seconds are exact; where beats are needed, 120 BPM is assumed')
    return division
  }
  if (division > 0 && division < 0x8000) return division
  const message =
    division === 0
      ? 'division is 0 ticks a quarter note, expected 1 to 32767'
      : `SMPTE division ${256 - (division >> 8)} frames a second x ${division & 0xff} ticks; expected 24, 25, 29 or 30 frames`
  faults.stumble(
    'bad-division',
    offset,
    message,
    EXPORT_AGAIN,
    'read as 480 ticks a quarter note; its tempo is a guess',
  )
  return 480
}

/** Walks the chunks after the header; tracks are read, other chunks skipped. */
function readChunks(bytes: Uint8Array, header: MidiHeader, sink: Sink): ReadTracks {
  const { faults } = sink
  const read: ReadTracks = { tracks: [], noteBounds: [0], controlBounds: [0], bendBounds: [0] }
  const { end, trackCount } = header
  let at = header.body
  while (at < end) {
    const name = at + 8 <= end ? tag(bytes, at) : ''
    const length = name ? uint32(bytes, at + 4) : 0
    const overrun = at + 8 + length > end
    const done = read.tracks.length >= trackCount
    const full = read.tracks.length >= MAX_TRACKS
    if (name === 'MTrk' && !full && !(done && overrun)) {
      at = readTrackChunk(bytes, at, length, end, read, sink, trackCount)
    } else if (/^[ -~]{4}$/.test(name) && !overrun) {
      faults.warn('unknown-chunk', at, `chunk "${name}" of ${length} bytes is no part of the standard; it is skipped`)
      at += 8 + length
    } else if (done || full) {
      const message = `${end - at} bytes follow the last track, which the header does not announce; they are ignored`
      faults.warn('trailing-data', at, message)
      break
    } else at = findNextTrack(bytes, at, end, read.tracks.length, trackCount, faults)
  }
  checkTrackCount(read.tracks.length, trackCount, at, header, faults)
  return read
}

function readTrackChunk(
  bytes: Uint8Array,
  at: number,
  length: number,
  end: number,
  read: ReadTracks,
  sink: Sink,
  trackCount: number,
): number {
  const { faults } = sink
  const index = read.tracks.length
  const start = at + 8
  const chunkEnd = Math.min(end, start + length)
  const first = sink.notes.length
  const result = readTrack(bytes, start, chunkEnd, index, sink)
  const kept = sink.notes.length - first
  const what = `track ${index + 1} of ${trackCount}`
  const repaired = `${kept} notes of ${what} kept`
  read.tracks.push({ name: result.name, noteCount: kept, endTicks: result.endTicks })
  read.noteBounds.push(sink.notes.length)
  read.controlBounds.push(sink.controls.length)
  read.bendBounds.push(sink.bends.length)
  if (start + length > end) {
    const left = end - start
    const says = `${what} says it is ${length} bytes long, but the file has ${left} left`
    if (!result.ended) faults.stumble('truncated', end, `the file ends early: ${says}`, EXPORT_AGAIN, repaired)
    else {
      const message = `${says}; its end-of-track event stands at byte ${result.at - 3}`
      faults.stumble('track-length', at + 4, message, EXPORT_AGAIN, `${repaired}, read up to that event`)
    }
    return result.ended ? result.at : end
  }
  if (result.fault) {
    const { offset, code, message } = result.fault
    faults.stumble(code, offset, `${what}: ${message}`, EXPORT_AGAIN, repaired)
  } else if (!result.ended) faults.warn('no-end-of-track', chunkEnd, `${what} has no end-of-track event`)
  else if (result.at < chunkEnd) {
    faults.warn('data-after-end', result.at, `${what} goes on for ${chunkEnd - result.at} bytes after its end`)
  }
  return chunkEnd
}

/** Something that is no chunk stands where a track is due. */
function findNextTrack(
  bytes: Uint8Array,
  at: number,
  end: number,
  found: number,
  trackCount: number,
  faults: Faults,
): number {
  const next = indexOfTag(bytes, 'MTrk', at + 1, end)
  const piece = JSON.stringify(Buffer.from(bytes.subarray(at, Math.min(end, at + 4))).toString('latin1'))
  const track = `track ${found + 1} of ${trackCount}`
  const message =
    piece === '"MTrk"'
      ? `the file ends in the header of ${track}`
      : `found ${piece} where ${track} should begin with "MTrk"`
  const repaired = next < 0 ? `the last ${end - at} bytes ignored` : `${next - at} bytes skipped`
  faults.stumble('bad-chunk', at, message, EXPORT_AGAIN, repaired)
  return next < 0 ? end : next
}

function checkTrackCount(found: number, announced: number, at: number, header: MidiHeader, faults: Faults): void {
  const tracks = (n: number) => `${n} track${n === 1 ? '' : 's'}`
  const message = `the header announces ${tracks(announced)}, the file holds ${found}`
  if (found === 0) faults.fail('missing-tracks', Math.min(at, header.end), message, 'export or download the file again')
  if (found < announced) faults.stumble('missing-tracks', at, message, EXPORT_AGAIN, `${tracks(found)} kept`)
  if (found > announced) faults.warn('extra-tracks', header.body - 4, message, 'all of them are read')
}
