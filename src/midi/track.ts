/**
 * One track chunk to notes, controls and events in a single pass: the hot loop of the reader.
 * A note-off ends the oldest sounding note of its channel and pitch (first in, first out).
 */
import type { EventColumns, NoteColumns } from './columns.ts'
import type { Faults } from './faults.ts'
import { type FileEvents, hex, readSystemEvent, type TrackCursor } from './meta.ts'

/** Why a track could not be read to its end. */
export interface TrackFault {
  readonly offset: number
  readonly code: string
  readonly message: string
}

export interface TrackResult {
  readonly name: string
  /** Byte after the last event read. */
  readonly at: number
  readonly endTicks: number
  /** The end-of-track event was met. */
  readonly ended: boolean
  readonly fault: TrackFault | null
}

/** Everything the tracks of one file are read into. */
export interface Sink {
  readonly notes: NoteColumns
  readonly controls: EventColumns
  readonly bends: EventColumns
  readonly events: FileEvents
  readonly faults: Faults
}

/** Ticks are kept in 32 bits: 51 days at 480 ticks a quarter and 120 BPM. */
const MAX_TICKS = 2 ** 31 - 1

const CHANNELS_BY_PITCHES = 16 * 128
/** First and last sounding note of each channel and pitch, -1 = none. */
const head = new Int32Array(CHANNELS_BY_PITCHES)
const tail = new Int32Array(CHANNELS_BY_PITCHES)

/** Reads `bytes` from `start` (the first delta time) to `end`. Never throws: a fault ends the track and is returned. */
export function readTrack(bytes: Uint8Array, start: number, end: number, track: number, sink: Sink): TrackResult {
  const cursor: TrackCursor = { at: start, tick: 0, ended: false, name: '', fault: null }
  const first = sink.notes.length
  head.fill(-1)
  const { controls, bends } = sink
  const firstControl = controls.length
  const firstBend = bends.length
  readEvents(bytes, end, track, cursor, sink)
  controls.track.fill(track, firstControl, controls.length)
  bends.track.fill(track, firstBend, bends.length)
  sink.notes.track.fill(track, first, sink.notes.length)
  closeSounding(sink.notes, first, cursor.tick, track, sink.faults)
  return { name: cursor.name, at: cursor.at, endTicks: cursor.tick, ended: cursor.ended, fault: cursor.fault }
}

/** The loop. Positions, ticks and columns live in locals; the cursor is written where another function needs it. */
function readEvents(bytes: Uint8Array, end: number, track: number, cursor: TrackCursor, sink: Sink): void {
  const { notes, controls, bends, events, faults } = sink
  let { start, duration, next, pitch, velocity, channel, offset } = notes
  let count = notes.length
  let at = cursor.at
  let tick = 0
  let status = 0
  while (at < end) {
    const begin = at
    let delta = bytes[at++]!
    if (delta >= 0x80) {
      const second = at < end ? bytes[at]! : 0x80
      if (second < 0x80) {
        delta = ((delta & 0x7f) << 7) | second
        at++
      } else {
        delta = readLongDelta(bytes, begin, end, cursor)
        at = cursor.at
        if (delta < 0) break
      }
    }
    if (at >= end) {
      fault(cursor, begin, 'truncated-event', 'the track ends after a delta time, without the event it belongs to')
      break
    }
    tick += delta
    if (tick > MAX_TICKS) {
      fault(
        cursor,
        begin,
        'time-overflow',
        `an event stands ${tick} ticks from the start; at most ${MAX_TICKS} are read`,
      )
      tick = MAX_TICKS
      break
    }
    const eventAt = at
    let data = bytes[at]!
    if (data >= 0x80) {
      at++
      if (data >= 0xf0) {
        cursor.at = at
        cursor.tick = tick
        const read = readSystemEvent(bytes, end, data, cursor, events, faults)
        at = cursor.at
        if (!read || cursor.ended) break
        continue
      }
      status = data
      data = at < end ? bytes[at]! : 0x80
    } else if (status === 0) {
      fault(
        cursor,
        eventAt,
        'no-status',
        `data byte 0x${hex(data)} where the first event needs a status byte (0x80-0xFF)`,
      )
      break
    }
    at++
    const kind = status & 0xf0
    const value = kind === 0xc0 || kind === 0xd0 ? 0 : at < end ? bytes[at++]! : 0x80
    if (((data | value) & 0x80) !== 0) {
      badData(bytes, eventAt, end, at, cursor)
      break
    }
    if (kind === 0x90 && value > 0) {
      if (count === start.length) {
        notes.grow()
        ;({ start, duration, next, pitch, velocity, channel, offset } = notes)
      }
      const key = ((status & 15) << 7) | data
      start[count] = tick
      duration[count] = -1
      offset[count] = eventAt
      next[count] = -1
      pitch[count] = data
      velocity[count] = value
      channel[count] = status & 15
      if (head[key]! < 0) head[key] = count
      else next[tail[key]!] = count
      tail[key] = count++
    } else if (kind <= 0x90) {
      const key = ((status & 15) << 7) | data
      const sounding = head[key]!
      if (sounding >= 0) {
        duration[sounding] = tick - start[sounding]!
        head[key] = next[sounding]!
      } else
        faults.warn('unmatched-note-off', eventAt, `note-off of pitch ${data} that no note-on began; it is ignored`)
    } else if (kind === 0xb0) controls.add(tick, status & 15, data, value)
    else if (kind === 0xc0) events.programs.push({ ticks: tick, track, channel: status & 15, program: data })
    else if (kind === 0xe0) bends.add(tick, status & 15, 0, ((value << 7) | data) - 8192)
  }
  cursor.at = at
  cursor.tick = tick
  notes.length = count
}

/** A delta time of any length from `begin`; -1 and a fault where it is cut or longer than four bytes. */
function readLongDelta(bytes: Uint8Array, begin: number, end: number, cursor: TrackCursor): number {
  let delta = 0
  let at = begin
  for (; at < end && at < begin + 4; at++) {
    const byte = bytes[at]!
    delta = (delta << 7) | (byte & 0x7f)
    if (byte < 0x80) {
      cursor.at = at + 1
      return delta
    }
  }
  cursor.at = at
  if (at >= end) fault(cursor, begin, 'truncated-event', 'the track ends inside a delta time')
  else fault(cursor, begin, 'bad-varint', 'a delta time is longer than the 4 bytes allowed')
  return -1
}

/** Which byte of a channel message is missing or above 127. */
function badData(bytes: Uint8Array, eventAt: number, end: number, at: number, cursor: TrackCursor): void {
  const from = bytes[eventAt]! >= 0x80 ? eventAt + 1 : eventAt
  for (let i = from; i < Math.min(at, end); i++) {
    if (bytes[i]! < 0x80) continue
    const message = `found 0x${hex(bytes[i]!)} where a channel message needs a data byte (0x00-0x7F)`
    return fault(cursor, i, 'bad-data-byte', message)
  }
  fault(cursor, eventAt, 'truncated-event', 'the track ends inside a channel message')
}

function fault(cursor: TrackCursor, offset: number, code: string, message: string): void {
  cursor.fault = { offset, code, message }
}

/** Notes that no note-off ended last to the end of their track; they and those of no length are reported. */
function closeSounding(notes: NoteColumns, first: number, endTick: number, track: number, faults: Faults): void {
  const { duration, start, length } = notes
  const stuck = { first: -1, count: 0 }
  const empty = { first: -1, count: 0 }
  for (let i = first; i < length; i++) {
    if (duration[i]! > 0) continue
    const kind = duration[i]! < 0 ? stuck : empty
    if (kind.count++ === 0) kind.first = i
    if (kind === stuck) duration[i] = endTick - start[i]!
  }
  const where = (i: number) => `note in track ${track + 1} (pitch ${notes.pitch[i]}, tick ${start[i]})`
  if (stuck.count > 0) {
    const message = `${where(stuck.first)} never ends; it is closed where its track ends, at tick ${endTick}`
    faults.warn('stuck-note', notes.offset[stuck.first]!, message, '', stuck.count)
  }
  if (empty.count > 0) {
    faults.warn('zero-length-note', notes.offset[empty.first]!, `${where(empty.first)} lasts 0 ticks`, '', empty.count)
  }
}
