/**
 * Beats and bars from tempo map and time signatures, where notes stand in them, and how far from the grid.
 * A beat is the unit of the time signature (an eighth in 6/8). Beats are not tracked by ear: the file's own are used.
 */
import { DataError } from '../lib/errors.ts'
import { clockOf, quarterTicks, secondsAt } from './clock.ts'
import type { Midi } from './model.ts'
import type { Notes } from './notes.ts'

/** One entry a beat, from tick 0 to the end of the last note. */
export interface BeatGrid {
  readonly length: number
  /** Fractions are possible where the division does not split evenly. */
  readonly ticks: Float64Array
  readonly seconds: Float64Array
  /** 0-based. */
  readonly bar: Int32Array
  /** 0-based within the bar: 0 is the downbeat. */
  readonly beatInBar: Uint8Array
}

/** Where each note stands. */
export interface NotePositions {
  /** 0-based bar of the nearest sixteenth. */
  readonly bar: Int32Array
  /** Beats since the bar line of the note itself, fractions included, in units of the time signature. */
  readonly beat: Float64Array
  /** Nearest sixteenth of the bar, 0-based; a note just before a bar line belongs to step 0 of the next bar. */
  readonly step: Uint16Array
  /** Micro-timing: how late (+) or early (-) the note is against that sixteenth, in sixteenths, -0.5 … 0.5. */
  readonly deviation: Float32Array
}

/** A stretch of one time signature. Bars start anew where it begins, whether the last bar was full or not. */
interface Meter {
  readonly ticks: number
  readonly bar: number
  readonly numerator: number
  readonly beatTicks: number
}

/** More beats than any music has; a file that asks for more has a damaged time somewhere. */
const MAX_BEATS = 1_000_000

/**
 * Beats of a file. 4/4 is supposed before the first time signature (Standard MIDI Files 1.0).
 * @throws DataError `too-many-beats` above a million, before anything is allocated
 */
export function beatGrid(midi: Midi, path = ''): BeatGrid {
  const meters = metersOf(midi)
  const clock = clockOf(midi)
  const end = endTicks(midi.notes)
  let length = 0
  for (let m = 0; m < meters.length; m++) length += beatsOf(meters, m, end)
  if (length > MAX_BEATS) {
    const message = `${Math.round(length)} beats up to tick ${end}, expected at most ${MAX_BEATS}`
    throw new DataError({ path, offset: null, code: 'too-many-beats', message, hint: 'a time in the file is damaged' })
  }
  const grid = {
    length,
    ticks: new Float64Array(length),
    seconds: new Float64Array(length),
    bar: new Int32Array(length),
    beatInBar: new Uint8Array(length),
  }
  let at = 0
  for (let m = 0; m < meters.length; m++) {
    const { ticks, bar, numerator, beatTicks } = meters[m]!
    for (let beat = 0; beat < beatsOf(meters, m, end); beat++, at++) {
      grid.ticks[at] = ticks + beat * beatTicks
      grid.seconds[at] = secondsAt(clock, grid.ticks[at]!)
      grid.bar[at] = bar + Math.floor(beat / numerator)
      grid.beatInBar[at] = beat % numerator
    }
  }
  return grid
}

/**
 * Bar, beat, sixteenth and micro-timing of notes.
 * @param notes default: all of the file's; else some of them, with ticks of the same file
 */
export function notePositions(midi: Midi, notes: Notes = midi.notes): NotePositions {
  const meters = metersOf(midi)
  const sixteenth = quarterTicks(midi) / 4
  const positions = {
    bar: new Int32Array(notes.length),
    beat: new Float64Array(notes.length),
    step: new Uint16Array(notes.length),
    deviation: new Float32Array(notes.length),
  }
  let m = 0
  for (let i = 0; i < notes.length; i++) {
    const ticks = notes.startTicks[i]!
    while (m > 0 && meters[m]!.ticks > ticks) m--
    while (m + 1 < meters.length && meters[m + 1]!.ticks <= ticks) m++
    const meter = meters[m]!
    const barTicks = meter.numerator * meter.beatTicks
    const passed = ticks - meter.ticks
    const barsPassed = Math.floor(passed / barTicks)
    const inBar = passed - barsPassed * barTicks
    positions.beat[i] = inBar / meter.beatTicks
    const step = Math.floor(inBar / sixteenth + 0.5)
    const wraps = step * sixteenth >= barTicks
    positions.bar[i] = meter.bar + barsPassed + (wraps ? 1 : 0)
    positions.step[i] = wraps ? 0 : step
    positions.deviation[i] = (inBar - (wraps ? barTicks : step * sixteenth)) / sixteenth
  }
  return positions
}

/** Micro-timing alone: deviation of a tick from the nearest sixteenth counted from tick 0, in sixteenths, -0.5 … 0.5. */
export function microTiming(ticks: number, ticksPerQuarter: number): number {
  const steps = (ticks * 4) / ticksPerQuarter
  return steps - Math.floor(steps + 0.5)
}

function metersOf(midi: Midi): Meter[] {
  const quarter = quarterTicks(midi)
  const meters: Meter[] = [{ ticks: 0, bar: 0, numerator: 4, beatTicks: quarter }]
  for (const { ticks, numerator, denominator } of midi.timeSignatures) {
    const last = meters.at(-1)!
    const meter = { numerator, beatTicks: (quarter * 4) / denominator }
    if (ticks === last.ticks) meters.pop()
    const bars = Math.ceil((ticks - last.ticks) / (last.numerator * last.beatTicks) - 1e-9)
    meters.push({ ticks, bar: last.bar + bars, ...meter })
  }
  return meters
}

/** Beats of a stretch: up to the next one, or to the last note's end. */
function beatsOf(meters: readonly Meter[], m: number, end: number): number {
  const { ticks, beatTicks } = meters[m]!
  const until = Math.min(meters[m + 1]?.ticks ?? end, end)
  return Math.max(0, Math.ceil((until - ticks) / beatTicks - 1e-9))
}

function endTicks(notes: Notes): number {
  let end = 0
  for (let i = 0; i < notes.length; i++) end = Math.max(end, notes.startTicks[i]! + notes.durationTicks[i]!)
  return end
}
