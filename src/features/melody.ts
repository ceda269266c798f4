/**
 * melody: emotion → which notes are played.
 *   x [64]   embedding of the labelled valence and arousal (emotion.ts)
 *   y [128]  number p = probability that MIDI pitch p (60 = middle C) is struck within 2 seconds (a bar of 4/4 at 120 BPM):
 *            1 - exp(-2 · strikes a second), the Poisson probability of at least one strike; drums are left out
 * Each number is a probability of its own, as a sigmoid output with binary cross-entropy learns it; they do not sum to 1.
 * Strikes are counted and not weighed by duration, so that lively and sparse playing differ and not only their keys.
 * One row a file. Files without a label are left out unless `unlabelled` is `neutral`: an emotion estimated from the notes
 * would only be told to predict them back.
 */
import { random } from '../lib/random.ts'
import { DRUM_CHANNEL, endOfNotes, type Notes, pitchedNotes } from '../midi/notes.ts'
import type { Change } from './changes.ts'
import { EMBEDDING_SIZE, encodeEmotion } from './emotion.ts'
import { emotionOf, type Feature } from './feature.ts'
import { midiOf } from './midi-item.ts'

const PITCHES = 128
const SECONDS = 2
const NAMES = ['C', 'C#', 'D', 'D#', 'E', 'F', 'F#', 'G', 'G#', 'A', 'A#', 'B']

export const melody: Feature = {
  name: 'melody',
  room: 'midi',
  about: 'embedding of an emotion → probability of each of the 128 notes',
  itemOptions: [],
  rowOptions: ['unlabelled'],
  changes: ['transpose', 'tempo', 'jitter', 'octave', 'drop'],
  online: () => ({ ladders: [{ in: 'y', from: 0, count: PITCHES }] }),
  shape: () => ({ x: [EMBEDDING_SIZE], y: [PITCHES] }),
  yLabels: () => Array.from({ length: PITCHES }, (_, pitch) => noteName(pitch)),
  extract: async (item, _options, change) => noteProbabilities(midiOf(item, change).notes, change),
  rows: (example, y, { unlabelled }) => {
    const found = emotionOf(example, unlabelled === 'estimate' ? 'drop' : unlabelled)
    return found ? [{ x: encodeEmotion(found.emotion), y, ...found }] : []
  },
}

/**
 * [128] float32 in 0 … 1; all zeros where nothing is played.
 * @param change transpose moves pitches, tempo the rate of strikes, jitter the rate of each pitch by itself
 */
export function noteProbabilities(notes: Notes, change?: Change): Float32Array {
  const semitones = change?.kind === 'transpose' ? change.semitones : 0
  const tempo = change?.kind === 'tempo' ? change.factor : 1
  const strikes = new Float64Array(PITCHES)
  for (let i = 0; i < notes.length; i++)
    if (notes.channel[i] !== DRUM_CHANNEL) strikes[folded(notes.pitch[i]! + semitones)]!++
  const jitter = change?.kind === 'jitter' ? change.amount : 0
  const rng = random(change?.kind === 'jitter' ? change.seed : '')
  // At least one span: a file of a single short note is not a trill.
  const seconds = Math.max(SECONDS, lengthOf(notes)) / tempo
  return Float32Array.from(strikes, (count) => {
    const rate = (count / seconds) * (jitter > 0 ? rng.uniform(1 - jitter, 1 + jitter) : 1)
    return 1 - Math.exp(-SECONDS * rate)
  })
}

/** From the first note to the end of the last one, in seconds: silence before the music says nothing about it. */
function lengthOf(notes: Notes): number {
  const pitched = pitchedNotes(notes)
  return pitched.length > 0 ? endOfNotes(pitched) - pitched.startSeconds[0]! : 0
}

/** A pitch moved out of 0 … 127 comes back by an octave. */
function folded(pitch: number): number {
  return pitch < 0 ? pitch + 12 : pitch >= PITCHES ? pitch - 12 : pitch
}

/** 60 → `C4`. */
export function noteName(pitch: number): string {
  return `${NAMES[pitch % 12]}${Math.floor(pitch / 12) - 1}`
}
