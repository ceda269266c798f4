/** What the tracks were read into, put together: one time order, ticks turned into seconds. */
import type { DataFault } from '../lib/errors.ts'
import { type Clock, lastAtOrBefore, makeClock, secondsAt } from './clock.ts'
import { type EventColumns, mergeRuns, type NoteColumns } from './columns.ts'
import type { MidiHeader } from './container.ts'
import type { Faults } from './faults.ts'
import type { FileEvents } from './meta.ts'
import type { ChannelEvents, Midi, MidiTrack, Tempo } from './model.ts'
import { allocateNotes, type Notes } from './notes.ts'
import type { Sink } from './track.ts'

export interface ReadTracks {
  readonly tracks: MidiTrack[]
  /** Bounds of each track's notes, controls and bends in the columns. */
  readonly noteBounds: number[]
  readonly controlBounds: number[]
  readonly bendBounds: number[]
}

/** @param division the header's word, mended where it had to be */
export function assemble(header: MidiHeader, division: number, sink: Sink, read: ReadTracks, faults: Faults): Midi {
  const { events } = sink
  const tempos = orderTempos(events.tempos)
  const clock = makeClock(division, tempos)
  const notes = gatherNotes(sink.notes, read.noteBounds)
  const durationSeconds = addSeconds(notes, clock)
  if (notes.length === 0) faults.warn('no-notes', null, 'the file holds no notes')
  if (durationSeconds > 86_400) {
    faults.warn(
      'long',
      null,
      `the music lasts ${(durationSeconds / 3600).toFixed(0)} hours; a tempo or a time is wrong`,
    )
  }
  const byTicks = (a: { ticks: number }, b: { ticks: number }) => a.ticks - b.ticks
  const timed = <T extends { ticks: number }>(list: T[]): (T & { seconds: number })[] =>
    list.sort(byTicks).map((event) => ({ ...event, seconds: secondsAt(clock, event.ticks) }))
  const warnings: readonly DataFault[] = faults.list()
  return {
    format: header.format,
    division,
    ticksPerQuarter: division < 0x8000 ? division : null,
    notes,
    tempos: tempos.map(
      ({ ticks, microseconds }): Tempo => ({
        ticks,
        seconds: secondsAt(clock, ticks),
        bpm: 6e7 / microseconds,
        microseconds,
      }),
    ),
    timeSignatures: timed(events.timeSignatures),
    keySignatures: timed(events.keySignatures),
    programs: events.programs,
    controls: gatherEvents(sink.controls, read.controlBounds),
    bends: gatherEvents(sink.bends, read.bendBounds),
    tracks: read.tracks,
    durationSeconds,
    warnings,
  }
}

/** By ticks, the last of several at one tick; 120 BPM at the start where nothing is said (RP-001). */
function orderTempos(met: FileEvents['tempos']): FileEvents['tempos'] {
  const sorted = met.sort((a, b) => a.ticks - b.ticks).filter((tempo, i) => tempo.ticks !== met[i + 1]?.ticks)
  if (sorted[0]?.ticks !== 0) sorted.unshift({ ticks: 0, microseconds: 500_000 })
  return sorted
}

/** The columns in time order; the seconds are still to come. */
function gatherNotes(columns: NoteColumns, bounds: number[]): Notes {
  const notes = allocateNotes(columns.length)
  const order = mergeRuns(columns.start, bounds)
  if (order === null) copyNotes(columns, notes)
  else permuteNotes(columns, order, notes)
  return notes
}

function copyNotes(columns: NoteColumns, notes: Notes): void {
  const n = notes.length
  notes.startTicks.set(columns.start.subarray(0, n))
  notes.durationTicks.set(columns.duration.subarray(0, n))
  notes.pitch.set(columns.pitch.subarray(0, n))
  notes.velocity.set(columns.velocity.subarray(0, n))
  notes.channel.set(columns.channel.subarray(0, n))
  notes.track.set(columns.track.subarray(0, n))
}

/** One loop over arrays that keep their types: a helper for each array would meet four element types and run slower. */
function permuteNotes(columns: NoteColumns, order: Int32Array, notes: Notes): void {
  const { start, duration, pitch, velocity, channel, track } = columns
  const { startTicks, durationTicks, pitch: toPitch, velocity: toVelocity, channel: toChannel, track: toTrack } = notes
  for (let i = 0; i < notes.length; i++) {
    const from = order[i]!
    startTicks[i] = start[from]!
    durationTicks[i] = duration[from]!
    toPitch[i] = pitch[from]!
    toVelocity[i] = velocity[from]!
    toChannel[i] = channel[from]!
    toTrack[i] = track[from]!
  }
}

const NO_EVENTS: ChannelEvents = allocateEvents(0)

function gatherEvents(columns: EventColumns, bounds: number[]): ChannelEvents {
  const n = columns.length
  if (n === 0) return NO_EVENTS
  const events = allocateEvents(n)
  const order = mergeRuns(columns.ticks, bounds)
  const { ticks, track, channel, number, value } = columns
  for (let i = 0; i < n; i++) {
    const from = order === null ? i : order[i]!
    events.ticks[i] = ticks[from]!
    events.track[i] = track[from]!
    events.channel[i] = channel[from]!
    events.number[i] = number[from]!
    events.value[i] = value[from]!
  }
  return events
}

function allocateEvents(length: number): ChannelEvents {
  const buffer = new ArrayBuffer(length * 10)
  return {
    length,
    ticks: new Int32Array(buffer, 0, length),
    value: new Int16Array(buffer, length * 4, length),
    track: new Uint16Array(buffer, length * 6, length),
    channel: new Uint8Array(buffer, length * 8, length),
    number: new Uint8Array(buffer, length * 9, length),
  }
}

/**
 * Starts come in order, so one pointer walks the tempo map; an end in another piece is sought by bisection.
 * @returns when the last note ends
 */
function addSeconds(notes: Notes, clock: Clock): number {
  const { startTicks, durationTicks, startSeconds, durationSeconds } = notes
  const { ticks, seconds, secondsPerTick } = clock
  const last = ticks.length - 1
  let piece = 0
  let lastEnd = 0
  for (let i = 0; i < notes.length; i++) {
    const start = startTicks[i]!
    while (piece < last && ticks[piece + 1]! <= start) piece++
    const duration = durationTicks[i]!
    const end = start + duration
    const startsAt = seconds[piece]! + (start - ticks[piece]!) * secondsPerTick[piece]!
    startSeconds[i] = startsAt
    let lasts = duration * secondsPerTick[piece]!
    if (piece < last && end > ticks[piece + 1]!) {
      const endPiece = lastAtOrBefore(ticks, end)
      lasts = seconds[endPiece]! + (end - ticks[endPiece]!) * secondsPerTick[endPiece]! - startsAt
    }
    durationSeconds[i] = lasts
    if (startsAt + lasts > lastEnd) lastEnd = startsAt + lasts
  }
  return lastEnd
}
