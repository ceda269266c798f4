/** Meta, system-exclusive and stray system events of a track: all that is not a channel message. Text is skipped. */
import type { Faults } from './faults.ts'
import { keyFromSharps } from './key-signature.ts'
import type { TrackFault } from './track.ts'

/** What the whole file says about time, key and sound, in the order met. */
export interface FileEvents {
  tempos: { ticks: number; microseconds: number }[]
  timeSignatures: { ticks: number; numerator: number; denominator: number }[]
  keySignatures: { ticks: number; key: string; mode: 'major' | 'minor' }[]
  programs: { ticks: number; track: number; channel: number; program: number }[]
}

/** Where the reader stands in a track. */
export interface TrackCursor {
  at: number
  tick: number
  /** The end-of-track event was met. */
  ended: boolean
  name: string
  fault: TrackFault | null
}

const TRACK_NAME = 0x03
const END_OF_TRACK = 0x2f
const SET_TEMPO = 0x51
const TIME_SIGNATURE = 0x58
const KEY_SIGNATURE = 0x59

/** Data bytes of the system messages F1-FE, which have no place in a file; -1 = undefined by the standard. */
const SYSTEM_LENGTHS = [-1, 1, 2, 1, -1, -1, 0, -1, 0, -1, 0, 0, 0, -1, 0]

/**
 * Reads one event whose status byte (0xF0-0xFF) stands at `cursor.at - 1`; moves the cursor past it.
 * @returns false where it cannot be read: `cursor.fault` says why
 */
export function readSystemEvent(
  bytes: Uint8Array,
  end: number,
  status: number,
  cursor: TrackCursor,
  events: FileEvents,
  faults: Faults,
): boolean {
  if (status === 0xff) return readMeta(bytes, end, cursor, events, faults)
  const begin = cursor.at - 1
  if (status === 0xf0 || status === 0xf7) {
    const length = readLength(bytes, end, cursor, begin)
    if (length < 0) return false
    cursor.at += length
    return true
  }
  const length = SYSTEM_LENGTHS[status - 0xf0]!
  if (length < 0) return stop(cursor, begin, 'bad-status', `status byte 0x${hex(status)} means nothing in a MIDI file`)
  if (cursor.at + length > end) return stop(cursor, begin, 'truncated-event', 'a system message runs past its track')
  cursor.at += length
  faults.warn('stray-system-message', begin, `system message 0x${hex(status)} has no place in a file; it is skipped`)
  return true
}

function readMeta(bytes: Uint8Array, end: number, cursor: TrackCursor, events: FileEvents, faults: Faults): boolean {
  const begin = cursor.at - 1
  if (cursor.at >= end) return stop(cursor, begin, 'truncated-event', 'the track ends inside a meta event')
  const type = bytes[cursor.at++]!
  const length = readLength(bytes, end, cursor, begin)
  if (length < 0) return false
  const data = bytes.subarray(cursor.at, cursor.at + length)
  cursor.at += length
  if (type === END_OF_TRACK) cursor.ended = true
  else if (type === SET_TEMPO) readTempo(data, begin, cursor.tick, events, faults)
  else if (type === TIME_SIGNATURE) readTimeSignature(data, begin, cursor.tick, events, faults)
  else if (type === KEY_SIGNATURE) readKeySignature(data, begin, cursor.tick, events, faults)
  else if (type === TRACK_NAME && cursor.name === '') cursor.name = decodeText(data)
  return true
}

function readTempo(data: Uint8Array, begin: number, ticks: number, events: FileEvents, faults: Faults): void {
  const microseconds = data.length === 3 ? (data[0]! << 16) | (data[1]! << 8) | data[2]! : 0
  if (microseconds > 0) events.tempos.push({ ticks, microseconds })
  else {
    const found = data.length === 3 ? '0 microseconds a quarter note' : `${data.length} data bytes where 3 belong`
    faults.warn('bad-tempo', begin, `tempo event with ${found}; it is ignored`)
  }
}

function readTimeSignature(data: Uint8Array, begin: number, ticks: number, events: FileEvents, faults: Faults): void {
  const numerator = data[0] ?? 0
  const power = data[1] ?? 255
  if (numerator > 0 && power <= 7) events.timeSignatures.push({ ticks, numerator, denominator: 2 ** power })
  else {
    const found = data.length < 2 ? `${data.length} data bytes where 4 belong` : `${numerator}/2^${power}`
    faults.warn('bad-time-signature', begin, `time signature with ${found}; it is ignored`)
  }
}

function readKeySignature(data: Uint8Array, begin: number, ticks: number, events: FileEvents, faults: Faults): void {
  const sharps = ((data[0] ?? 0x80) << 24) >> 24
  const key = data.length === 2 ? keyFromSharps(sharps, data[1]!) : null
  if (key) events.keySignatures.push({ ticks, ...key })
  else {
    const found =
      data.length === 2 ? `${sharps} sharps and mode ${data[1]}` : `${data.length} data bytes where 2 belong`
    faults.warn(
      'bad-key-signature',
      begin,
      `key signature with ${found}; expected -7 to 7 sharps, mode 0 or 1; it is ignored`,
    )
  }
}

/** Length field of an event whose data must lie before `end`; -1 and a fault where it does not. */
function readLength(bytes: Uint8Array, end: number, cursor: TrackCursor, begin: number): number {
  let length = 0
  for (let i = 0; i < 4; i++) {
    if (cursor.at >= end) break
    const byte = bytes[cursor.at++]!
    length = (length << 7) | (byte & 0x7f)
    if (byte < 0x80) {
      if (cursor.at + length <= end) return length
      const left = end - cursor.at
      stop(
        cursor,
        begin,
        'truncated-event',
        `an event says it has ${length} data bytes, but its track has ${left} left`,
      )
      return -1
    }
  }
  if (cursor.at >= end) stop(cursor, begin, 'truncated-event', 'the track ends inside the length of an event')
  else stop(cursor, begin, 'bad-varint', 'the length of an event is longer than the 4 bytes allowed')
  return -1
}

function stop(cursor: TrackCursor, offset: number, code: string, message: string): false {
  cursor.fault = { offset, code, message }
  return false
}

/** Names are UTF-8 in newer files and Latin-1 in older ones. */
function decodeText(data: Uint8Array): string {
  let ascii = true
  for (const byte of data) ascii &&= byte < 0x80
  const text = Buffer.from(data).toString(ascii || isUtf8(data) ? 'utf8' : 'latin1')
  return text.replace(/\0+$/, '')
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return true
  } catch {
    return false
  }
}

export function hex(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, '0')
}
