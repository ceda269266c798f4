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

/** @param measures of the examples, in their order; null where a file was not decoded (chords) */
export function statsOf(examples: readonly Example[], measures: readonly (Measure | null)[]): DataStats {
  const byRoom = new Map<Room, { example: Example; measure: Measure | null }[]>()
  examples.forEach((example, i) => {
    const list = byRoom.get(example.room) ?? []
    list.push({ example, measure: measures[i] ?? null })
    byRoom.set(example.room, list)
  })
  const rooms = ROOMS.flatMap((room) => {
    const items = byRoom.get(room)
    return items ? [roomStats(room, items)] : []
  })
  return { format: 'kpipe-data-stats/1', rooms }
}

function roomStats(room: Room, items: readonly { example: Example; measure: Measure | null }[]): RoomStats {
  const examples = items.map(({ example }) => example)
  const measures = items.flatMap(({ measure }) => measure ?? [])
  const noted = measures.filter(({ notes }) => notes !== undefined)
  const lengths = room === 'chords' ? examples.map(chordCount) : measures.map(({ seconds }) => seconds)
  const labels = examples.flatMap(({ emotion }) => emotion ?? [])
  const levels = (values: readonly number[]) => (values.length > 0 ? binLevels(values) : null)
  return {
    room,
    items: items.length,
    sources: new Set(examples.map(({ source }) => source)).size,
    labelled: labels.length,
    length: spread(lengths),
    density: noted.length > 0 ? spread(noted.map(({ notes, seconds }) => notes! / Math.max(seconds, 1))) : null,
    pitches: noted.length > 0 ? sumPitches(noted) : null,
    valence: levels(labels.map(({ valence }) => valence)),
    arousal: levels(labels.map(({ arousal }) => arousal)),
    balance: balances(items),
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

function sumPitches(measures: readonly Measure[]): number[] {
  const sums = Array.from({ length: PITCHES }, () => 0)
  for (const { pitches = [] } of measures)
    for (let i = 0; i < pitches.length; i += 2) sums[pitches[i]!] = sums[pitches[i]!]! + pitches[i + 1]!
  return sums
}

/** Facts that items are counted by, where they have them. */
const COUNTED: Readonly<Record<string, string>> = {
  label: 'class',
  style: 'style',
  genre: 'genre',
  split: 'split',
  mode: 'mode',
}

function balances(items: readonly { example: Example; measure: Measure | null }[]): Balance[] {
  const quadrants = items.flatMap(({ example }) => QUADRANT_NAMES[quadrantOf(example)] ?? [])
  const parts = items.flatMap(({ example }) => example.part ?? [])
  const rates = items.flatMap(({ measure }) => (measure?.sampleRate ? [`${measure.sampleRate} Hz`] : []))
  const facts = Object.entries(COUNTED).map(([fact, by]) => {
    const words = items.flatMap(({ example }) => (example.facts[fact] ? [String(example.facts[fact])] : []))
    return balance(by, words)
  })
  return [balance('quadrant', quadrants), balance('set', parts), ...facts, balance('sample rate', rates)].filter(
    ({ counts }) => counts.length > 0,
  )
}

const QUADRANT_NAMES: Readonly<Record<string, string>> = {
  '++': 'Q1 +valence +arousal',
  '-+': 'Q2 -valence +arousal',
  '--': 'Q3 -valence -arousal',
  '+-': 'Q4 +valence -arousal',
}

function balance(by: string, words: readonly string[]): Balance {
  const counts = new Map<string, number>()
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  const sorted = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
  const rest = sorted.slice(MOST_KINDS)
  return {
    by,
    counts: sorted.slice(0, MOST_KINDS),
    more: { kinds: rest.length, items: rest.reduce((sum, [, items]) => sum + items, 0) },
  }
}
