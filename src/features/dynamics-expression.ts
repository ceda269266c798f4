/**
 * The 16 numbers that the dynamics model gives back: how a window was played, each 0 … 1.
 *   0 mean velocity / 127       1 deviation of velocity / 32     2 softest / 127    3 loudest / 127
 *   4-7 mean velocity of each quarter of the window against that of the window (0.5 where nothing begins)
 *   8 velocity of the top voice against all notes                9 rise of velocity an octave of pitch
 *   10 articulation: mean of duration / time to the next onset, / 2 (0.5 = just connected)    11 deviation of it, / 2
 *   12 unevenness: mean |log2| of the ratio of neighbouring times between onsets, / 3
 *   13 spread of chords: mean time from first to last note of an onset of several, / 50 ms
 *   14 share of the window with the sustain pedal down           15 velocity of the second half against the first
 * Differences of velocity are written 0.5 + difference / 64. Everything is limited to 0 … 1.
 */
import { CHORD_SECONDS, deviation, mean, type Piece, type PlayedNote, slope, type Window } from './dynamics-window.ts'

export const EXPRESSION_LABELS: readonly string[] = [
  'velocity, velocity deviation, softest, loudest, quarter 1, quarter 2, quarter 3, quarter 4',
  'top voice, velocity with pitch, articulation, articulation deviation, unevenness, chord spread, pedal, crescendo',
].flatMap((names) => names.split(', '))

/** [16] */
export function expressionOf(window: Window, piece: Piece): number[] {
  const { notes, onsets, start, seconds } = window
  const velocities = notes.map(({ velocity }) => velocity)
  const average = mean(velocities)
  const quarters = [0, 1, 2, 3].map((quarter) => between(notes, start, seconds / 4, quarter))
  const halves = [0, 1].map((half) => between(notes, start, seconds / 2, half))
  const pitches = notes.map(({ pitch }) => pitch)
  const lengths = articulations(window, piece)
  const chords = onsets.filter((onset) => onset.notes.length > 1)
  return [
    average / 127,
    deviation(velocities) / 32,
    Math.min(...velocities) / 127,
    Math.max(...velocities) / 127,
    ...quarters.map((some) => (some.length > 0 ? difference(mean(some) - average) : 0.5)),
    difference(mean(onsets.map((onset) => onset.notes.at(-1)!.velocity)) - average),
    difference(12 * slope(pitches, velocities)),
    mean(lengths) / 2,
    deviation(lengths) / 2,
    unevenness(window) / 3,
    mean(chords.map((chord) => spreadOf(chord.notes))) / CHORD_SECONDS,
    pedalShare(window, piece),
    halves.every((some) => some.length > 0) ? difference(mean(halves[1]!) - mean(halves[0]!)) : 0.5,
  ].map((value) => Math.min(1, Math.max(0, value)))
}

/** Velocities of the notes that begin in part number `part` of length `seconds`. */
function between(notes: readonly PlayedNote[], start: number, seconds: number, part: number): number[] {
  const from = start + part * seconds
  return notes.flatMap((note) => (note.start >= from && note.start < from + seconds ? [note.velocity] : []))
}

function difference(velocities: number): number {
  return 0.5 + velocities / 64
}

/** Duration over the time to the next onset, at most 2, for every note that has a next onset within 2 seconds. */
function articulations({ onsets }: Window, piece: Piece): number[] {
  if (onsets.length === 0) return []
  const first = piece.onsets.indexOf(onsets[0]!)
  return onsets.flatMap((onset, i) => {
    const next = piece.onsets[first + i + 1]
    const gap = next ? next.start - onset.start : Infinity
    return gap > 0 && gap < 2 ? onset.notes.map(({ duration }) => Math.min(2, duration / gap)) : []
  })
}

function unevenness({ onsets }: Window): number {
  const starts = onsets.map(({ start }) => start)
  const gaps = starts.slice(1).map((start, i) => Math.max(1e-3, start - starts[i]!))
  return mean(gaps.slice(1).map((gap, i) => Math.abs(Math.log2(gap / gaps[i]!))))
}

function spreadOf(notes: readonly PlayedNote[]): number {
  const starts = notes.map(({ start }) => start)
  return Math.max(...starts) - Math.min(...starts)
}

function pedalShare({ start, seconds }: Window, { pedal }: Piece): number {
  const end = start + seconds
  const down = pedal.map(([from, to]) => Math.max(0, Math.min(end, to) - Math.max(start, from)))
  return down.reduce((sum, value) => sum + value, 0) / seconds
}
