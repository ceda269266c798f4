/** Ticks to seconds and back through the tempo map, or through the frame rate of an SMPTE file. */
import type { Midi, Tempo } from './model.ts'

/** Pieces of constant speed: piece i begins at `ticks[i]` = `seconds[i]` and each of its ticks lasts `secondsPerTick[i]`. */
export interface Clock {
  readonly ticks: Float64Array
  readonly seconds: Float64Array
  readonly secondsPerTick: Float64Array
}

/** Ticks a second of an SMPTE division word, or null where the word counts ticks a quarter or names no known frame rate. */
export function smpteRate(division: number): number | null {
  if ((division & 0x8000) === 0) return null
  const frames = 256 - (division >> 8)
  const ticksPerFrame = division & 0xff
  if (![24, 25, 29, 30].includes(frames) || ticksPerFrame === 0) return null
  // 29 stands for 30 drop-frame, which runs at 30000/1001 frames a second (Standard MIDI Files 1.0).
  return (frames === 29 ? 30000 / 1001 : frames) * ticksPerFrame
}

/** The clock of a file that was read. */
export function clockOf(midi: Pick<Midi, 'division' | 'tempos'>): Clock {
  return makeClock(midi.division, midi.tempos)
}

/** @param tempos ordered by ticks, the first at tick 0 */
export function makeClock(division: number, tempos: readonly Pick<Tempo, 'ticks' | 'microseconds'>[]): Clock {
  const rate = smpteRate(division)
  if (rate !== null) {
    return { ticks: new Float64Array(1), seconds: new Float64Array(1), secondsPerTick: Float64Array.of(1 / rate) }
  }
  const n = tempos.length
  const clock = { ticks: new Float64Array(n), seconds: new Float64Array(n), secondsPerTick: new Float64Array(n) }
  for (let i = 0; i < n; i++) {
    clock.ticks[i] = tempos[i]!.ticks
    clock.secondsPerTick[i] = tempos[i]!.microseconds / (1e6 * division)
    if (i > 0) {
      const passed = clock.ticks[i]! - clock.ticks[i - 1]!
      clock.seconds[i] = clock.seconds[i - 1]! + passed * clock.secondsPerTick[i - 1]!
    }
  }
  return clock
}

/** Seconds from the start at a tick (fractions are fine). */
export function secondsAt(clock: Clock, ticks: number): number {
  const i = lastAtOrBefore(clock.ticks, ticks)
  return clock.seconds[i]! + (ticks - clock.ticks[i]!) * clock.secondsPerTick[i]!
}

/** Tick at a time in seconds, not rounded. */
export function ticksAt(clock: Clock, seconds: number): number {
  const i = lastAtOrBefore(clock.seconds, seconds)
  return clock.ticks[i]! + (seconds - clock.seconds[i]!) / clock.secondsPerTick[i]!
}

/**
 * Ticks of one quarter note. An SMPTE file has no quarters: there it is half a second, the quarter of 120 BPM, which is
 * what the standard supposes where nothing is said (the reader's `smpte` warning says so).
 */
export function quarterTicks(midi: Pick<Midi, 'division' | 'ticksPerQuarter'>): number {
  return midi.ticksPerQuarter ?? (smpteRate(midi.division) ?? 1000) / 2
}

/** Index of the last entry that is not greater than `value`; 0 where all are. */
export function lastAtOrBefore(sorted: Float64Array, value: number): number {
  let low = 0
  let high = sorted.length
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if (sorted[middle]! <= value) low = middle
    else high = middle
  }
  return low
}
