/**
 * The 32 numbers that the dynamics model sees: the score of a window and the mood, nothing of the performance.
 *   0 notes a second / 20              1 onsets a second / 10 (notes within 50 ms are one onset)
 *   2 notes an onset / 4               3 mean pitch / 127             4 lowest / 127        5 highest / 127
 *   6 mean of the top voice / 127      7 mean of the bottom voice / 127                     8 deviation of pitch / 24
 *   9 mean step of the top voice / 12  10 its rise from first to second half / 24           11 share of onsets with 3 or more notes
 *   12-23 pitch classes C … B: shares of the notes, sum 1
 *   24 share of black keys             25 place of the window in the piece 0 … 1            26 first window   27 last window
 *   28 onset density over that of the whole piece, / 4                29 mean pitch minus that of the piece, / 24
 *   30 valence                         31 arousal
 * They are scaled to about 0 … 1 (10, 29, 30, 31: -1 … 1); the normaliser does the rest.
 */
import type { Emotion } from '../data/manifest.ts'
import { deviation, mean, type Onset, type Piece, WINDOW_SECONDS, type Window } from './dynamics-window.ts'

const PITCH_CLASSES = ['C', 'C#', 'D', 'D#', 'E', 'F', 'F#', 'G', 'G#', 'A', 'A#', 'B']
const BLACK = new Set([1, 3, 6, 8, 10])

export const CONTEXT_LABELS: readonly string[] = [
  'notes, onsets, notes per onset, pitch, lowest, highest, top voice, bottom voice, pitch deviation, step, rise, chords',
  PITCH_CLASSES.join(', '),
  'black keys, place, first, last, relative density, relative pitch, valence, arousal',
].flatMap((names) => names.split(', '))

/** [32] with 0 where the emotion goes. */
export function contextOf({ onsets, notes, start, seconds }: Window, piece: Piece): number[] {
  const pitches = notes.map(({ pitch }) => pitch)
  const top = onsets.map((onset) => onset.notes.at(-1)!.pitch)
  const bottom = onsets.map((onset) => onset.notes[0]!.pitch)
  const classes = PITCH_CLASSES.map((_, k) => pitches.filter((pitch) => pitch % 12 === k).length / notes.length)
  const steps = top.slice(1).map((pitch, i) => Math.abs(pitch - top[i]!))
  const density = onsets.length / seconds
  return [
    notes.length / seconds / 20,
    density / 10,
    notes.length / onsets.length / 4,
    mean(pitches) / 127,
    Math.min(...pitches) / 127,
    Math.max(...pitches) / 127,
    mean(top) / 127,
    mean(bottom) / 127,
    deviation(pitches) / 24,
    mean(steps) / 12,
    rise(onsets, top, start + seconds / 2) / 24,
    onsets.filter((onset) => onset.notes.length >= 3).length / onsets.length,
    ...classes,
    classes.reduce((sum, share, k) => sum + (BLACK.has(k) ? share : 0), 0),
    piece.end > piece.start ? (start - piece.start) / (piece.end - piece.start) : 0,
    start === piece.start ? 1 : 0,
    start + WINDOW_SECONDS > piece.end ? 1 : 0,
    Math.min(1, density / Math.max(piece.density, 1e-9) / 4),
    (mean(pitches) - piece.meanPitch) / 24,
    0,
    0,
  ]
}

/** The row with the emotion filled in; changes and returns `x`. */
export function withEmotion(x: Float32Array, { valence, arousal }: Emotion): Float32Array {
  x[30] = valence
  x[31] = arousal
  return x
}

/** Mean of the top voice in the second half minus that in the first; 0 where one of them is empty. */
function rise(onsets: readonly Onset[], top: readonly number[], middle: number): number {
  const first = top.filter((_, i) => onsets[i]!.start < middle)
  return first.length === 0 || first.length === top.length ? 0 : mean(top.slice(first.length)) - mean(first)
}
