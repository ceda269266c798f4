import { describe, expect, it } from 'vitest'
import { random } from '../../src/lib/random.ts'
import { dropNotes, jitterTiming, jitterVelocity, scaleTempo, shiftOctaves, transpose } from '../../src/midi/augment.ts'
import { copyNotes, drumNotes, type Notes, pitchedNotes } from '../../src/midi/notes.ts'
import { readMidi } from '../../src/midi/read.ts'
import { END, off, on, smf, tempo } from './bytes.ts'

const notesOf = (...bytes: number[][]) => readMidi(smf({}, [...bytes.flat(), ...END]), 'x.mid').notes
const chord = notesOf(
  on(0, 60),
  on(0, 120),
  on(0, 5),
  on(0, 36, 90, 9),
  ...[60, 120, 5].map((p) => off(p === 60 ? 480 : 0, p)),
  off(0, 36, 9),
)
const many = notesOf(
  ...Array.from({ length: 400 }, (_, i) => [...on(i === 0 ? 5000 : 60, 40 + (i % 40)), ...off(60, 40 + (i % 40))]),
  tempo(0, 500_000),
)

describe('transpose', () => {
  it('moves pitched notes, folds those out of range by octaves and leaves drums alone', () => {
    expect([...transpose(chord, 3).pitch]).toEqual([63, 123, 8, 36])
    expect([...transpose(chord, 10).pitch]).toEqual([70, 118, 15, 36])
    expect([...transpose(chord, -6).pitch]).toEqual([54, 114, 11, 36])
    expect([...transpose(chord, 2, { low: 48, high: 72 }).pitch]).toEqual([62, 62, 55, 36])
  })

  it('drops them where asked to', () => {
    expect([...transpose(chord, 10, { outOfRange: 'drop' }).pitch]).toEqual([70, 15, 36])
    expect([...transpose(chord, 1, { low: 62, high: 66 }).pitch]).toEqual([66, 36])
  })

  it('is undone by its opposite within range, and refuses half a semitone', () => {
    expect(transpose(transpose(many, 5), -5)).toEqual(many)
    expect([...shiftOctaves(chord, -1).pitch]).toEqual([48, 108, 5, 36])
    expect(() => transpose(many, 0.5)).toThrow(/whole semitones/)
  })
})

it('scaleTempo changes seconds and not ticks', () => {
  const fast = scaleTempo(many, 2)
  expect(fast.startTicks).toEqual(many.startTicks)
  expect(fast.startSeconds[3]).toBe(many.startSeconds[3]! / 2)
  expect(fast.durationSeconds[3]).toBe(many.durationSeconds[3]! / 2)
  for (const bad of [0, -1, Number.NaN, Infinity]) expect(() => scaleTempo(many, bad)).toThrow(RangeError)
})

it('jitterVelocity spreads as asked and stays in 1-127', () => {
  const changed = jitterVelocity(many, 10, random(1))
  const spread = Math.sqrt(changed.velocity.reduce((sum, v, i) => sum + (v - many.velocity[i]!) ** 2, 0) / many.length)
  expect(spread).toBeGreaterThan(8.5)
  expect(spread).toBeLessThan(11.5)
  const wild = jitterVelocity(many, 500, random(2)).velocity
  expect(Math.min(...wild)).toBe(1)
  expect(Math.max(...wild)).toBe(127)
})

it('jitterTiming moves ticks and seconds together and keeps start order', () => {
  const moved = jitterTiming(many, 0.02, random(3))
  const bySource = new Map(Array.from({ length: many.length }, (_, i) => [many.startTicks[i]!, i]))
  expect(bySource.size).toBe(many.length)
  let squares = 0
  const sorted = [...many.startSeconds]
  for (let i = 0; i < moved.length; i++) {
    expect(moved.startSeconds[i]).toBeCloseTo((moved.startTicks[i]! * 0.5) / 480, 9)
    if (i > 0) expect(moved.startTicks[i]).toBeGreaterThanOrEqual(moved.startTicks[i - 1]!)
    squares += (moved.startSeconds[i]! - sorted[i]!) ** 2
  }
  expect(Math.sqrt(squares / many.length)).toBeGreaterThan(0.015)
  expect(Math.sqrt(squares / many.length)).toBeLessThan(0.025)
  expect(Math.min(...jitterTiming(many, 60, random(4)).startTicks)).toBe(0)
})

it('dropNotes keeps the share asked for', () => {
  expect(dropNotes(many, 0, random(1))).toEqual(many)
  expect(dropNotes(many, 1, random(1)).length).toBe(0)
  const kept = dropNotes(many, 0.25, random(5)).length
  expect(kept).toBeGreaterThan(260)
  expect(kept).toBeLessThan(340)
})

it('all are pure and the same for the same seed', () => {
  const before = copyNotes(many)
  const all = (seed: number): Notes[] => {
    const rng = random(seed)
    return [transpose(many, 7), jitterVelocity(many, 9, rng), jitterTiming(many, 0.01, rng), dropNotes(many, 0.5, rng)]
  }
  expect(all(9)).toEqual(all(9))
  expect(all(9)).not.toEqual(all(10))
  expect(many).toEqual(before)
})

it('picks drums and pitched notes apart', () => {
  expect([...drumNotes(chord).pitch]).toEqual([36])
  expect([...pitchedNotes(chord).pitch]).toEqual([60, 120, 5])
})
