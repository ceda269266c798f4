/**
 * groove: emotion → how a drummer plays a bar of sixteenths.
 *   x [64]  embedding of valence and arousal (emotion.ts)
 *   y [32]  0-15 loudness of each sixteenth: mean over the bars of the loudest hit there / 127, 0 in bars without one;
 *           16-31 micro-timing of each sixteenth: mean distance of its hits from the grid, in sixteenths (-0.5 … 0.5,
 *           above 0 = late), 0 where nothing is ever played
 * Bars come from the time signature; bars shorter than 4/4 leave the last sixteenths at 0, in longer ones those beyond the
 * 16th are left out. Bars before the first and after the last hit are not counted. One row a take.
 *
 * Drum sets carry no emotion. For `unlabelled: estimate` one is estimated from tempo and style (estimateEmotion below) and
 * marked `labelled: false`; `neutral` takes (0, 0); `drop` leaves the take out.
 */
import type { Emotion, Example } from '../data/manifest.ts'
import { random } from '../lib/random.ts'
import type { Midi } from '../midi/read.ts'
import type { Change } from './changes.ts'
import { EMBEDDING_SIZE, encodeEmotion } from './emotion.ts'
import { emotionOf, type Feature } from './feature.ts'
import { midiOf } from './midi-item.ts'

const STEPS = 16

export const groove: Feature = {
  name: 'groove',
  room: 'drums',
  about: 'embedding of an emotion → loudness and micro-timing of 16 sixteenths',
  itemOptions: [],
  rowOptions: ['unlabelled'],
  changes: ['velocity', 'timing', 'drop'],
  shape: () => ({ x: [EMBEDDING_SIZE], y: [2 * STEPS] }),
  yLabels: () => ['velocity', 'timing'].flatMap((what) => Array.from({ length: STEPS }, (_, i) => `${what} ${i + 1}`)),
  // The file's own tempo goes before the 32 numbers, for takes that no info.csv knows.
  extract: async (item, _options, change) => {
    const midi = midiOf(item, change)
    return Float32Array.of(midi.tempos[0]?.bpm ?? 120, ...grooveOf(midi, change))
  },
  rows: (example, extracted, { unlabelled }) => {
    const found = emotionOf(example, unlabelled, () => estimateFor(example, extracted[0]!))
    return found ? [{ x: encodeEmotion(found.emotion), y: extracted.slice(1), ...found }] : []
  },
}

/** [32] float32 as above. */
export function grooveOf(midi: Midi, change?: Change): Float32Array {
  const hits = hitsOf(midi, change)
  const first = Math.min(...hits.map((hit) => hit.bar))
  const bars = hits.length > 0 ? Math.max(...hits.map((hit) => hit.bar)) - first + 1 : 1
  const loudest = Array.from({ length: STEPS }, () => new Map<number, number>())
  const late = Array.from({ length: STEPS }, () => ({ sum: 0, count: 0 }))
  for (const { bar, step, offset, velocity } of hits) {
    if (step >= STEPS) continue
    loudest[step]!.set(bar, Math.max(velocity, loudest[step]!.get(bar) ?? 0))
    late[step]!.sum += offset
    late[step]!.count++
  }
  const velocities = loudest.map((byBar) => [...byBar.values()].reduce((sum, value) => sum + value, 0) / bars / 127)
  const timings = late.map(({ sum, count }) => (count > 0 ? sum / count : 0))
  return Float32Array.from([...velocities, ...timings])
}

interface Hit {
  readonly bar: number
  /** Nearest sixteenth in the bar, 0 = the downbeat. */
  readonly step: number
  /** Distance from it in sixteenths, above 0 = late. */
  readonly offset: number
  readonly velocity: number
}

function hitsOf({ notes, ticksPerQuarter, timeSignatures }: Midi, change?: Change): Hit[] {
  const ticksPerStep = (ticksPerQuarter ?? 480) / 4
  const moved = change?.kind === 'velocity' ? change.amount : 0
  const rng = random(change?.kind === 'velocity' ? change.seed : '')
  const hits: Hit[] = []
  for (let i = 0; i < notes.length; i++) {
    const at = notes.startTicks[i]!
    const { bar, ticks, length } = barAt(timeSignatures, at, ticksPerStep)
    const nearest = Math.round(ticks / ticksPerStep)
    const offset = ticks / ticksPerStep - nearest
    const velocity = Math.min(127, Math.max(1, notes.velocity[i]! + moved * rng.uniform(-1, 1)))
    // A hit just before the bar line belongs to the next downbeat.
    const next = nearest >= Math.round(length / ticksPerStep)
    hits.push({ bar: next ? bar + 1 : bar, step: next ? 0 : nearest, offset, velocity })
  }
  return hits
}

/** Bar number, ticks into the bar and the bar's length at a tick, through all changes of time signature. */
function barAt(signatures: Midi['timeSignatures'], at: number, ticksPerStep: number) {
  const barOf = (numerator: number, denominator: number) => (numerator * 16 * ticksPerStep) / denominator
  let bar = 0
  let start = 0
  let length = barOf(4, 4)
  for (const { ticks, numerator, denominator } of signatures) {
    if (ticks > at) break
    bar += Math.round((ticks - start) / length)
    start = ticks
    length = barOf(numerator, denominator)
  }
  const bars = Math.floor((at - start) / length)
  return { bar: bar + bars, ticks: at - start - bars * length, length }
}

function estimateFor(example: Example, fileTempo: number): Emotion {
  const { bpm, style } = example.facts
  const tempo = Number(bpm)
  return estimateEmotion(tempo > 0 ? tempo : fileTempo, typeof style === 'string' ? style : '')
}

/**
 * A guess at the emotion of a drum take from its tempo (quarters a minute) and style (`rock/indie`: the first word counts).
 * Arousal rises by 1 for 60 BPM, from 0 at 110; valence rises by a fifth of that; the style's own place is added. Tempo is
 * the best known single correlate of arousal (Gabrielsson and Lindström 2010); the places of the styles are our judgement.
 */
export function estimateEmotion(bpm: number, style: string): Emotion {
  const [valence, arousal] = STYLES[style.toLowerCase().split(/[/\s_-]/)[0] ?? ''] ?? [0, 0]
  const pace = Math.min(1, Math.max(-1, (bpm - 110) / 60))
  const limit = (level: number) => Math.min(1, Math.max(-1, Math.round(level * 1000) / 1000))
  return { valence: limit(valence + 0.2 * pace), arousal: limit(arousal + 0.7 * pace) }
}

/** Valence and arousal that a style adds to what its tempo says. */
const STYLES: Readonly<Record<string, readonly [number, number]>> = {
  afrobeat: [0.5, 0.3],
  afrocuban: [0.5, 0.2],
  blues: [-0.3, -0.2],
  country: [0.4, 0],
  dance: [0.5, 0.4],
  funk: [0.4, 0.3],
  gospel: [0.6, 0.2],
  highlife: [0.6, 0.2],
  hiphop: [-0.1, 0.1],
  jazz: [0.2, -0.3],
  latin: [0.6, 0.1],
  middleeastern: [-0.2, 0],
  neworleans: [0.6, 0.1],
  pop: [0.3, 0],
  punk: [-0.2, 0.4],
  reggae: [0.4, -0.3],
  rock: [0, 0.2],
  soul: [0.2, -0.1],
}
