/**
 * harmony: emotion and the chords so far → the next chord.
 *   x [128]  0-63 embedding of the emotion (emotion.ts); 64-127 the chords before, one number for each chord of the
 *            64-chord vocabulary: the last one adds 1, the one before 1/2, then 1/4 … over the last 8. All zeros at the start.
 *   y [64]   distribution of the next chord: 1 at the chord that follows, 0 elsewhere
 * One row a position, the first chord included, but at most 12 a progression, spread evenly: otherwise a song of 300
 * chords would weigh as much as a hundred progressions of 4. Where nothing is played (N) counts as a chord of the
 * vocabulary inside a song; before the first and after the last chord it is cut off, and several in a row count once.
 * A folder without chords, but with MIDI files: the chords are estimated from their notes (midi/chord-estimate.ts), and the
 * feature set says so; files of a single voice are left out, because there every chord would be a guess.
 * Progressions without a label get the neutral emotion with `labelled: false` (`unlabelled: drop` leaves them out).
 */
import { DataError } from '../lib/errors.ts'
import { estimateChords, meanVoices } from '../midi/chord-estimate.ts'
import { type Chord, CHORD_VOCABULARY_64, chordId64, NO_CHORD, parseChord } from '../midi/chords.ts'
import { EMBEDDING_SIZE, encodeEmotion } from './emotion.ts'
import { emotionOf, type Feature, type FeatureItem, type FeaturePair } from './feature.ts'
import { midiOf } from './midi-item.ts'

const CHORDS = CHORD_VOCABULARY_64.length
const MAX_POSITIONS = 12
const CONTEXT = 8
const DECAY = 0.5

export const harmony: Feature = {
  name: 'harmony',
  room: 'chords',
  estimated: { from: 'midi', what: 'chords' },
  about: 'embedding of an emotion and the chords so far → distribution of the next chord',
  itemOptions: [],
  rowOptions: ['unlabelled'],
  changes: ['transpose'],
  // The chords without a root stand after the 60 that have one, and stay.
  online: () => ({
    circles: [
      { in: 'x', from: EMBEDDING_SIZE, count: 60 },
      { in: 'y', from: 0, count: 60 },
    ],
  }),
  shape: () => ({ x: [EMBEDDING_SIZE + CHORDS], y: [CHORDS] }),
  yLabels: () => CHORD_VOCABULARY_64,
  extract: async (item, _options, change) => {
    const semitones = change?.kind === 'transpose' ? change.semitones : 0
    const named = () => item.chords.map((name) => parseChord(name) ?? NO_CHORD)
    const ids = (item.room === 'midi' ? chordsOfNotes(item) : named()).map(chordId64)
    return Float32Array.from(trimSilence(ids), (id) => transposedId(id, semitones))
  },
  rows: (example, ids, { unlabelled }) => {
    const found = emotionOf(example, unlabelled)
    if (!found) return []
    const embedding = encodeEmotion(found.emotion)
    return spread(ids.length, MAX_POSITIONS).map((position): FeaturePair => {
      const x = new Float32Array(EMBEDDING_SIZE + CHORDS)
      x.set(embedding)
      x.set(chordContext(ids, position), EMBEDDING_SIZE)
      const y = new Float32Array(CHORDS)
      y[ids[position]!] = 1
      return { x, y, ...found }
    })
  },
}

/** A melody over a bass line that pauses has about 1.5 voices. */
const FEWEST_VOICES = 1.5

/** @throws DataError `one-voice` where too few notes sound together to tell chords from them */
function chordsOfNotes(item: FeatureItem): Chord[] {
  const { path } = item
  const midi = midiOf(item)
  const voices = meanVoices(midi.notes)
  if (voices < FEWEST_VOICES) {
    const message = `${voices.toFixed(1)} notes sound together on average, expected ${FEWEST_VOICES} to estimate chords`
    const hint = 'write its chords into chords/progressions.json, or take it out'
    throw new DataError({ path, offset: null, code: 'one-voice', message, hint })
  }
  return estimateChords(midi, path).map(({ chord }) => chord)
}

/** [64]: the chords before `position`, the nearest one heaviest. */
export function chordContext(ids: ArrayLike<number>, position: number): Float32Array {
  const context = new Float32Array(CHORDS)
  for (let back = 1; back <= Math.min(CONTEXT, position); back++) context[ids[position - back]!]! += DECAY ** (back - 1)
  return context
}

const NONE = chordId64(NO_CHORD)

/** The vocabulary is root * 5 + quality up to 59, then chords without a root, which stay. */
function transposedId(id: number, semitones: number): number {
  if (id >= 60) return id
  return ((Math.floor(id / 5) + semitones + 12) % 12) * 5 + (id % 5)
}

/** Ids without the none chord at both ends and with at most one in a row. */
function trimSilence(ids: readonly number[]): number[] {
  const once = ids.filter((id, i) => id !== NONE || ids[i - 1] !== NONE)
  const start = once[0] === NONE ? 1 : 0
  const end = once.length > 1 && once.at(-1) === NONE ? once.length - 1 : once.length
  return once.slice(start, end)
}

/** At most `most` whole numbers below `count`, evenly spread, ascending, 0 first. */
function spread(count: number, most: number): number[] {
  if (count <= most) return Array.from({ length: count }, (_, i) => i)
  return Array.from({ length: most }, (_, i) => Math.floor((i * count) / most))
}
