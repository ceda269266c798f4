/**
 * Chords from the notes of a polyphonic file: each beat is compared with a template of every root and quality, and the
 * sequence that fits best, with a price on every change, is taken (Viterbi 1967). Templates of chord tones are Fujishima's
 * (1999), here on notes instead of audio. The weights were chosen on every second song of POP909, and by hand so that block
 * chords are named for what they are; `npm run bench -- music`
 * measures the accuracy on the others. Leaves out inversions: the bass helps to find the root and is not part of the answer.
 */
import { type BeatGrid, beatGrid } from './beats.ts'
import { type Chord, NO_CHORD, parseChord } from './chords.ts'
import type { Midi } from './model.ts'
import { DRUM_CHANNEL, type Notes } from './notes.ts'

/** Beats with one chord. */
export interface ChordSpan {
  readonly startSeconds: number
  readonly endSeconds: number
  /** 0-based number of its first beat, and how many it lasts. */
  readonly beat: number
  readonly beats: number
  /** Root position; `NO_CHORD` where nothing is played. */
  readonly chord: Chord
}

/**
 * Chords of a file from its first beat to its last, neighbours always different. Drums are left out.
 * @returns [] for a file without notes
 * @throws DataError `too-many-beats` as `beatGrid`
 */
export function estimateChords(midi: Midi, path = ''): ChordSpan[] {
  const grid = beatGrid(midi, path)
  const best = bestPath(beatContents(midi, grid), grid)
  const spans: ChordSpan[] = []
  const end = (beat: number) => grid.seconds[beat] ?? midi.durationSeconds
  for (let beat = 0, from = 0; beat < best.length; beat++) {
    if (best[beat] === best[beat + 1]) continue
    const beats = beat + 1 - from
    const chord = CANDIDATES[best[beat]!]!.chord
    spans.push({ startSeconds: grid.seconds[from]!, endSeconds: end(beat + 1), beat: from, beats, chord })
    from = beat + 1
  }
  return spans
}

/**
 * Voices that sound together on average while anything sounds, drums left out: about 1 for a melody, 3 and more for a
 * piano. 0 without notes.
 */
export function meanVoices(notes: Notes): number {
  let [sum, covered, until] = [0, 0, 0]
  for (let i = 0; i < notes.length; i++) {
    if (notes.channel[i] === DRUM_CHANNEL) continue
    const start = notes.startSeconds[i]!
    const end = start + notes.durationSeconds[i]!
    sum += end - start
    covered += Math.max(0, end - Math.max(start, until))
    until = Math.max(until, end)
  }
  return covered > 0 ? sum / covered : 0
}

/** Weights of the comparison; a beat that holds the tones of a chord and no others scores about 1. */
const WEIGHT = {
  /** Loudness of a pitch class grows with the time it sounds to this power: a held note does not drown short ones. */
  duration: 0.85,
  outside: 0.65,
  missing: 1.1,
  /** A chord tone is there in full from this share of the beat's sound on. */
  present: 0.1,
  bassIsRoot: 0.6,
  bassInChord: 0.13,
  change: 0.84,
  /** Chords change where bars begin more easily than elsewhere. */
  changeAtBar: 0.54,
  silenceOfNotes: -0.2,
  silence: 0.3,
}

/** Semitones above the root, and what speaks for a quality before anything is heard: triads are more frequent. */
const QUALITIES: Readonly<Record<string, { readonly tones: readonly number[]; readonly bonus: number }>> = {
  maj: { tones: [0, 4, 7], bonus: 0.25 },
  min: { tones: [0, 3, 7], bonus: 0.24 },
  '7': { tones: [0, 4, 7, 10], bonus: 0.06 },
  maj7: { tones: [0, 4, 7, 11], bonus: 0 },
  min7: { tones: [0, 3, 7, 10], bonus: 0 },
  sus4: { tones: [0, 5, 7], bonus: -0.2 },
  sus2: { tones: [0, 2, 7], bonus: -0.28 },
  dim: { tones: [0, 3, 6], bonus: -0.14 },
  aug: { tones: [0, 4, 8], bonus: -0.2 },
  hdim7: { tones: [0, 3, 6, 10], bonus: -0.16 },
  dim7: { tones: [0, 3, 6, 9], bonus: -0.24 },
}

interface Candidate {
  readonly chord: Chord
  readonly root: number
  /** Pitch classes. */
  readonly tones: readonly number[]
  readonly bonus: number
}

const ROOTS = ['C', 'Db', 'D', 'Eb', 'E', 'F', 'F#', 'G', 'Ab', 'A', 'Bb', 'B']

/** Every root and quality; the last one is no chord. */
const CANDIDATES: readonly Candidate[] = [
  ...ROOTS.flatMap((name, root) =>
    Object.entries(QUALITIES).map(([quality, { tones, bonus }]): Candidate => {
      return { chord: parseChord(`${name}:${quality}`)!, root, tones: tones.map((tone) => (root + tone) % 12), bonus }
    }),
  ),
  { chord: NO_CHORD, root: -1, tones: [], bonus: 0 },
]

interface BeatContents {
  /** [beats, 12]: share of each beat that each pitch class sounds, voices added up. */
  readonly sound: Float32Array
  /** Lowest pitch of each beat that lasts a fifth of it; 255 = none. */
  readonly lowest: Uint8Array
}

function beatContents({ notes, durationSeconds }: Midi, { length, seconds }: BeatGrid): BeatContents {
  const sound = new Float32Array(length * 12)
  const lowest = new Uint8Array(length).fill(255)
  let first = 0
  for (let i = 0; i < notes.length; i++) {
    if (notes.channel[i] === DRUM_CHANNEL) continue
    const start = notes.startSeconds[i]!
    // A note of no length was struck all the same.
    const end = start + Math.max(notes.durationSeconds[i]!, 0.01)
    while (first + 1 < length && seconds[first + 1]! <= start) first++
    for (let beat = first; beat < length && seconds[beat]! < end; beat++) {
      const beatEnd = seconds[beat + 1] ?? Math.max(durationSeconds, seconds[beat]! + 0.01)
      const share = (Math.min(end, beatEnd) - Math.max(start, seconds[beat]!)) / (beatEnd - seconds[beat]!)
      if (!(share > 0)) continue
      const pitch = notes.pitch[i]!
      sound[beat * 12 + (pitch % 12)]! += share
      if (share > 0.2 && pitch < lowest[beat]!) lowest[beat] = pitch
    }
  }
  return { sound, lowest }
}

/** Index of the candidate of every beat. As every change costs the same, the best predecessor is the same for all. */
function bestPath({ sound, lowest }: BeatContents, { length, beatInBar }: BeatGrid): Uint8Array {
  const count = CANDIDATES.length
  let scores = new Float64Array(count)
  const from = new Uint8Array(length * count)
  for (let beat = 0; beat < length; beat++) {
    const leader = highest(scores)
    const changed = scores[leader]! - (beatInBar[beat] === 0 ? WEIGHT.changeAtBar : WEIGHT.change)
    const fits = fitsOf(sound.subarray(beat * 12, beat * 12 + 12), lowest[beat]!)
    const next = new Float64Array(count)
    for (let i = 0; i < count; i++) {
      const stays = beat === 0 || scores[i]! >= changed
      next[i] = (stays ? scores[i]! : changed) + fits[i]!
      from[beat * count + i] = stays ? i : leader
    }
    scores = next
  }
  const path = new Uint8Array(length)
  for (let beat = length - 1, at = highest(scores); beat >= 0; beat--) {
    path[beat] = at
    at = from[beat * count + at]!
  }
  return path
}

/** How well each candidate fits one beat. */
function fitsOf(sound: Float32Array, lowest: number): Float64Array {
  const fits = new Float64Array(CANDIDATES.length)
  const loudness = Float64Array.from(sound, (share) => share ** WEIGHT.duration)
  const total = loudness.reduce((sum, value) => sum + value, 0)
  fits[CANDIDATES.length - 1] = total > 0 ? WEIGHT.silenceOfNotes : WEIGHT.silence
  if (total === 0) return fits
  const bass = lowest === 255 ? -1 : lowest % 12
  for (let i = 0; i < CANDIDATES.length - 1; i++) {
    const { root, tones, bonus } = CANDIDATES[i]!
    let [inside, missing] = [0, 0]
    for (const tone of tones) {
      const share = loudness[tone]! / total
      inside += share
      missing += Math.max(0, 1 - share / WEIGHT.present) / tones.length
    }
    const low = bass === root ? WEIGHT.bassIsRoot : tones.includes(bass) ? WEIGHT.bassInChord : 0
    fits[i] = inside - WEIGHT.outside * (1 - inside) - WEIGHT.missing * missing + bonus + low
  }
  return fits
}

function highest(values: Float64Array): number {
  let best = 0
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i
  return best
}
