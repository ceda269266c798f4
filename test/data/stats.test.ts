import { expect, it } from 'vitest'
import { checkFile } from '../../src/data/check-file.ts'
import type { Example } from '../../src/data/manifest.ts'
import type { Measure } from '../../src/data/measure.ts'
import { statsBuilder } from '../../src/data/stats.ts'
import { binValues } from '../../src/lib/bins.ts'
import { beatMidi, notesMidi, toneWav } from '../kelly-folder.ts'

const checks = { minSeconds: 0.5, minNotes: 1, sampleRate: 16000 }
const measure = async (room: 'audio' | 'midi' | 'drums', bytes: Uint8Array) =>
  (await checkFile(room, bytes, 'x', checks)).measure
const example = (room: Example['room'], more: Partial<Example> = {}): Example => ({
  room,
  id: 'x',
  source: 'x',
  emotion: null,
  facts: {},
  ...more,
})

const statsOf = (examples: readonly Example[], measures: readonly (Measure | null)[]) => {
  const stats = statsBuilder()
  for (const [i, one] of examples.entries()) stats.add(one, measures[i] ?? null)
  return stats.result()
}

it('a file is measured as it is decoded', async () => {
  expect(await measure('audio', toneWav(300, 1.5))).toEqual({ seconds: 1.5, sampleRate: 16000, channels: 1 })
  const notes = [60, 64, 60].map((pitch, at) => ({ at, pitch }))
  expect(await measure('midi', notesMidi(notes, { bpm: 60 }))).toEqual({
    seconds: 3,
    notes: 3,
    pitches: [60, 2, 64, 1],
  })
  expect(await measure('drums', beatMidi(1, 60))).toMatchObject({ notes: 12, pitches: [36, 2, 38, 2, 42, 8] })
  expect(await measure('midi', new Uint8Array(4))).toBeNull()
})

it('adds up lengths, density, pitches, labels and classes, room by room', () => {
  const happy = { valence: 0.8, arousal: 0.5 }
  const examples = [
    example('midi', { source: 'a', emotion: happy, facts: { label: 'happy', split: 'train' } }),
    example('midi', { source: 'a', emotion: { valence: -1, arousal: 1 }, facts: { label: 'angry' } }),
    example('midi', { source: 'b', facts: { split: 'train' } }),
    example('chords', { facts: { chords: ['C', 'F', 'G'] } }),
    example('chords', { facts: { chords: ['C'] } }),
  ]
  const measures = [
    { seconds: 10, notes: 40, pitches: [60, 30, 72, 10] },
    { seconds: 20, notes: 20, pitches: [60, 20] },
    { seconds: 0.5, notes: 1, pitches: [40, 1] },
    null,
    null,
  ]
  const { rooms } = statsOf(examples, measures)
  expect(rooms.map(({ room }) => room)).toEqual(['midi', 'chords'])
  const [midi, chords] = rooms
  expect(midi).toMatchObject({
    items: 3,
    sources: 2,
    labelled: 2,
    length: { total: 30.5, min: 0.5, median: 10, max: 20 },
  })
  // A file shorter than a second is not taken for a trill.
  expect(midi!.density).toMatchObject({ min: 1, median: 1, max: 4 })
  expect([midi!.pitches![40], midi!.pitches![60], midi!.pitches![72], midi!.pitches!.length]).toEqual([1, 50, 10, 128])
  expect([midi!.valence!.counts.at(14), midi!.valence!.counts[0]]).toEqual([1, 1])
  expect(midi!.arousal!.counts.at(-1)).toBe(1)
  expect(midi!.balance).toEqual([
    {
      by: 'quadrant',
      counts: [
        ['Q1 +valence +arousal', 1],
        ['Q2 -valence +arousal', 1],
      ],
      more: { kinds: 0, items: 0 },
    },
    {
      by: 'class',
      counts: [
        ['angry', 1],
        ['happy', 1],
      ],
      more: { kinds: 0, items: 0 },
    },
    { by: 'split', counts: [['train', 2]], more: { kinds: 0, items: 0 } },
  ])
  expect(chords).toMatchObject({ length: { total: 4, min: 1, max: 3 }, density: null, pitches: null, valence: null })
})

it('tells the most frequent kinds, and how many more there are', () => {
  const many = Array.from({ length: 60 }, (_, i) => example('drums', { facts: { style: `style ${i % 30}` } }))
  const [balance] = statsOf(
    many,
    many.map(() => null),
  ).rooms[0]!.balance
  expect(balance!.counts).toHaveLength(24)
  expect(balance!.more).toEqual({ kinds: 6, items: 12 })
})

it('bins a million values without spreading them over a call', () => {
  const values = Array.from({ length: 1_000_000 }, (_, i) => i % 100)
  const { counts } = binValues(values, 10)
  expect(counts).toEqual(Array.from({ length: 10 }, () => 100_000))
})
