/**
 * dynamics: what is played and in which mood → how it is played. One row a window of 4 seconds, at most 24 a file.
 *   x [32]  the score and the mood: dynamics-context.ts says what each number is
 *   y [16]  the performance: dynamics-expression.ts
 * Velocities, durations, exact timing and the pedal enter y only, so that x does not give the answer away.
 * Windows with fewer than 4 notes are left out. Files without a label get the neutral emotion with `labelled: false`
 * (`unlabelled: drop` leaves them out).
 */
import type { Emotion } from '../data/manifest.ts'
import { CONTEXT_LABELS, contextOf, withEmotion } from './dynamics-context.ts'
import { EXPRESSION_LABELS, expressionOf } from './dynamics-expression.ts'
import { openPiece, windowsOf } from './dynamics-window.ts'
import { emotionOf, type Feature, type FeaturePair } from './feature.ts'
import { midiOf } from './midi-item.ts'

const CONTEXT = CONTEXT_LABELS.length
const EXPRESSION = EXPRESSION_LABELS.length

export const dynamics: Feature = {
  name: 'dynamics',
  room: 'midi',
  about: 'density, register, position and emotion of 4 seconds → velocity, articulation, timing and pedal',
  itemOptions: [],
  rowOptions: ['unlabelled'],
  changes: ['transpose', 'tempo', 'jitter', 'octave', 'timing', 'drop'],
  shape: () => ({ x: [CONTEXT], y: [EXPRESSION] }),
  yLabels: () => EXPRESSION_LABELS,
  // [windows, 32 + 16]: context without the emotion, then expression.
  extract: async (item, _options, change) => {
    const piece = openPiece(midiOf(item, change), change)
    const windows = windowsOf(piece)
    const rows = windows.map((window) => [...contextOf(window, piece), ...expressionOf(window, piece)])
    return Float32Array.from(rows.flat())
  },
  rows: (example, extracted, { unlabelled }) => {
    const found = emotionOf(example, unlabelled)
    return found ? splitRows(extracted, found) : []
  },
}

function splitRows(extracted: Float32Array, found: { emotion: Emotion; labelled: boolean }): FeaturePair[] {
  const pairs: FeaturePair[] = []
  for (let at = 0; at < extracted.length; at += CONTEXT + EXPRESSION) {
    const x = withEmotion(extracted.slice(at, at + CONTEXT), found.emotion)
    pairs.push({ x, y: extracted.slice(at + CONTEXT, at + CONTEXT + EXPRESSION), ...found })
  }
  return pairs
}
