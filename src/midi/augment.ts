/**
 * Note augmentation: pure functions from notes to new notes, random ones drawing from the generator handed in.
 * Drums keep their pitches throughout, as these name instruments. Ticks and seconds are changed together.
 */
import type { Random } from '../lib/random.ts'
import { copyNotes, DRUM_CHANNEL, type Notes, selectNotes, sortNotes } from './notes.ts'

export interface TransposeOptions {
  /** Lowest and highest pitch allowed; default 0 and 127. */
  readonly low?: number
  readonly high?: number
  /** What becomes of notes outside: folded back by octaves (default: rhythm and pitch class stay) or dropped. */
  readonly outOfRange?: 'fold' | 'drop'
}

/** All pitched notes some whole semitones up or down. A range under an octave cannot fold: such notes are dropped. */
export function transpose(notes: Notes, semitones: number, options: TransposeOptions = {}): Notes {
  if (!Number.isInteger(semitones)) throw new RangeError(`transpose by ${semitones}: expected whole semitones`)
  const { low = 0, high = 127, outOfRange = 'fold' } = options
  const moved = copyNotes(notes)
  const lost = new Uint8Array(notes.length)
  for (let i = 0; i < notes.length; i++) {
    if (notes.channel[i] === DRUM_CHANNEL) continue
    let pitch = notes.pitch[i]! + semitones
    if (outOfRange === 'fold') {
      if (pitch < low) pitch += 12 * Math.ceil((low - pitch) / 12)
      if (pitch > high) pitch -= 12 * Math.ceil((pitch - high) / 12)
    }
    if (pitch < low || pitch > high) lost[i] = 1
    else moved.pitch[i] = pitch
  }
  return lost.includes(1) ? selectNotes(moved, (i) => lost[i] === 0) : moved
}

/** Some octaves up or down; see `transpose`. */
export function shiftOctaves(notes: Notes, octaves: number, options: TransposeOptions = {}): Notes {
  return transpose(notes, octaves * 12, options)
}

/** The same music faster (`factor` > 1) or slower: seconds are divided by the factor, ticks stay, as a tempo change has it. */
export function scaleTempo(notes: Notes, factor: number): Notes {
  if (!(factor > 0 && Number.isFinite(factor))) throw new RangeError(`tempo factor ${factor}: expected above 0`)
  const scaled = copyNotes(notes)
  for (let i = 0; i < notes.length; i++) {
    scaled.startSeconds[i]! /= factor
    scaled.durationSeconds[i]! /= factor
  }
  return scaled
}

/** Velocities changed by a normal deviate of the given standard deviation, kept within 1-127. */
export function jitterVelocity(notes: Notes, deviation: number, rng: Random): Notes {
  const changed = copyNotes(notes)
  for (let i = 0; i < notes.length; i++) {
    const velocity = Math.round(notes.velocity[i]! + rng.normal() * deviation)
    changed.velocity[i] = Math.min(127, Math.max(1, velocity))
  }
  return changed
}

/**
 * Starts moved by a normal deviate of the given standard deviation in seconds, rounded to whole ticks, never before 0;
 * lengths stay. The result is in start order again.
 */
export function jitterTiming(notes: Notes, deviationSeconds: number, rng: Random): Notes {
  const moved = copyNotes(notes)
  const secondsPerTick = localTickLengths(notes)
  for (let i = 0; i < notes.length; i++) {
    const rate = secondsPerTick[i]!
    const ticks = Math.round((rng.normal() * deviationSeconds) / rate)
    const start = Math.max(0, notes.startTicks[i]! + ticks)
    moved.startTicks[i] = start
    const seconds = notes.startSeconds[i]! + (start - notes.startTicks[i]!) * rate
    moved.startSeconds[i] = start === 0 ? 0 : Math.max(0, seconds)
  }
  return sortNotes(moved)
}

/** Each note left out with the given probability. */
export function dropNotes(notes: Notes, probability: number, rng: Random): Notes {
  return selectNotes(notes, () => rng.next() >= probability)
}

/**
 * Seconds a tick around each note. Notes carry no tempo map, but a note's own length in both units is one piece of it;
 * a note of no length takes that of the note before.
 */
function localTickLengths(notes: Notes): Float64Array {
  const lengths = new Float64Array(notes.length)
  let known = 0
  for (let i = 0; i < notes.length; i++) {
    if (notes.durationTicks[i]! > 0) known = notes.durationSeconds[i]! / notes.durationTicks[i]!
    else if (known === 0 && notes.startTicks[i]! > 0) known = notes.startSeconds[i]! / notes.startTicks[i]!
    lengths[i] = known
  }
  const first = lengths.find((length) => length > 0) ?? DEFAULT_TICK
  return lengths.map((length) => (length > 0 ? length : first))
}

/** 480 ticks a quarter at 120 BPM: for notes that all stand at 0 with no length. */
const DEFAULT_TICK = 0.5 / 480
