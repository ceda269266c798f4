/**
 * A data set in figures: how long its items are, how dense, on which pitches, with which labels and classes. Written by
 * `validate` as stats.json and by `kpipe data stats`; drawn by the report and in the terminal.
 */
import { type Bins, binValues } from '../lib/bins.ts'
import type { Example, Room } from './manifest.ts'
import type { Measure } from './measure.ts'
import { quadrantOf } from './split.ts'
import { ROOMS } from './validation.ts'

export interface DataStats {
  readonly format: 'kpipe-data-stats/1'
  /** Rooms that have examples. */
  readonly rooms: readonly RoomStats[]
}

export interface RoomStats {
  readonly room: Room
  readonly items: number
  readonly sources: number
  readonly labelled: number
  /** Length of the items; of chords: how many chords one has. */
  readonly length: Spread
  /** Notes a second of every item; null for audio and chords. */
  readonly density: Spread | null
  /** Notes on each MIDI pitch, over all items; null for audio and chords. */
  readonly pitches: readonly number[] | null
  /** Labels; null where no item has one. */
  readonly valence: Bins | null
  readonly arousal: Bins | null
  /** What the items are counted by, most frequent first: quadrant of the emotion, class, style, split, set, sample rate. */
  readonly balance: readonly Balance[]
}

export interface Spread {
  readonly total: number
  readonly min: number
  readonly median: number
  readonly max: number
  readonly bins: Bins
}

export interface Balance {
  readonly by: string
  readonly counts: readonly (readonly [name: string, items: number])[]
  /** Kinds beyond those told, and their items. */
  readonly more: { readonly kinds: number; readonly items: number }
}

/** Kinds told one by one. */
const MOST_KINDS = 24
const BINS = 24
const LEVEL_BINS = 16
const PITCHES = 128

/** Examples added one by one: of each only a few numbers are kept. */
export interface StatsBuilder {
  /** @param measure null where the file was not decoded (chords) */
  add(example: Example, measure: Measure | null): void
  result(): DataStats
}

export function statsBuilder(): StatsBuilder {
  const rooms = new Map<Room, RoomTally>()
  return {
    add: (example, measure) => {
      const tally = rooms.get(example.room) ?? newTally()
      rooms.set(example.room, tally)
      addTo(tally, example, measure)
    },
    result: () => ({
      format: 'kpipe-data-stats/1',
      rooms: ROOMS.flatMap((room) => {
        const tally = rooms.get(room)
        return tally ? [roomStats(room, tally)] : []
      }),
    }),
  }
}

/** What is kept of the examples of a room. */
interface RoomTally {
  items: number
  readonly sources: Set<string>
  readonly lengths: number[]
  readonly densities: number[]
  readonly pitches: number[]
  readonly valence: number[]
  readonly arousal: number[]
  /** By what they are counted → kind → items. */
  readonly kinds: Map<string, Map<string, number>>
}

function newTally(): RoomTally {
  return {
    items: 0,
    sources: new Set(),
    lengths: [],
    densities: [],
    pitches: Array.from({ length: PITCHES }, () => 0),
    valence: [],
    arousal: [],
    kinds: new Map(),
  }
}

function addTo(tally: RoomTally, example: Example, measure: Measure | null): void {
  const { room, source, emotion, facts, part } = example
  tally.items++
  tally.sources.add(source)
  if (room === 'chords') tally.lengths.push(chordCount(example))
  else if (measure) tally.lengths.push(measure.seconds)
  if (measure?.notes !== undefined) {
    // A file shorter than a second is not a trill.
    tally.densities.push(measure.notes / Math.max(measure.seconds, 1))
    const { pitches = [] } = measure
    for (let i = 0; i < pitches.length; i += 2) tally.pitches[pitches[i]!]! += pitches[i + 1]!
  }
  if (emotion) {
    tally.valence.push(emotion.valence)
    tally.arousal.push(emotion.arousal)
  }
  const count = (by: string, kind: string | undefined) => {
    if (!kind) return
    const kinds = tally.kinds.get(by) ?? new Map<string, number>()
    tally.kinds.set(by, kinds.set(kind, (kinds.get(kind) ?? 0) + 1))
  }
  count('quadrant', QUADRANT_NAMES[quadrantOf(example)])
  count('set', part)
  for (const [fact, by] of Object.entries(COUNTED)) count(by, facts[fact] ? String(facts[fact]) : undefined)
  count('sample rate', measure?.sampleRate ? `${measure.sampleRate} Hz` : undefined)
}

function roomStats(room: Room, tally: RoomTally): RoomStats {
  const { items, sources, lengths, densities, pitches, valence, arousal, kinds } = tally
  const levels = (values: readonly number[]) => (values.length > 0 ? binLevels(values) : null)
  return {
    room,
    items,
    sources: sources.size,
    labelled: valence.length,
    length: spread(lengths),
    density: densities.length > 0 ? spread(densities) : null,
    pitches: densities.length > 0 ? pitches : null,
    valence: levels(valence),
    arousal: levels(arousal),
    balance: ORDER.flatMap((by) => {
      const found = kinds.get(by)
      return found ? [balance(by, found)] : []
    }),
  }
}

const chordCount = ({ facts }: Example): number => (Array.isArray(facts.chords) ? facts.chords.length : 0)

/** -1 … 1 whatever the labels are, so that two sets can be laid side by side. */
function binLevels(values: readonly number[]): Bins {
  const edges = Array.from({ length: LEVEL_BINS + 1 }, (_, i) => -1 + (2 * i) / LEVEL_BINS)
  const counts = Array.from({ length: LEVEL_BINS }, () => 0)
  for (const value of values) {
    const bin = Math.min(LEVEL_BINS - 1, Math.max(0, Math.floor(((value + 1) / 2) * LEVEL_BINS)))
    counts[bin] = counts[bin]! + 1
  }
  return { edges, counts }
}

function spread(values: readonly number[]): Spread {
  const sorted = Float64Array.from(values).sort()
  const total = sorted.reduce((sum, value) => sum + value, 0)
  const at = (share: number) => sorted[Math.round((sorted.length - 1) * share)] ?? 0
  return {
    total: round(total),
    min: round(at(0)),
    median: round(at(0.5)),
    max: round(at(1)),
    bins: binValues(values, BINS),
  }
}

const round = (value: number): number => Number(value.toPrecision(6))

/** Facts that items are counted by, where they have them. */
const COUNTED: Readonly<Record<string, string>> = {
  label: 'class',
  style: 'style',
  genre: 'genre',
  split: 'split',
  mode: 'mode',
}

const ORDER = ['quadrant', 'set', ...Object.values(COUNTED), 'sample rate']

const QUADRANT_NAMES: Readonly<Record<string, string>> = {
  '++': 'Q1 +valence +arousal',
  '-+': 'Q2 -valence +arousal',
  '--': 'Q3 -valence -arousal',
  '+-': 'Q4 +valence -arousal',
}

function balance(by: string, counts: ReadonlyMap<string, number>): Balance {
  const sorted = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
  const rest = sorted.slice(MOST_KINDS)
  return {
    by,
    counts: sorted.slice(0, MOST_KINDS),
    more: { kinds: rest.length, items: rest.reduce((sum, [, items]) => sum + items, 0) },
  }
}
