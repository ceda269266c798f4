/** melody, dynamics and groove: examples worked out by hand, and what must not enter the input. */
import { describe, expect, it } from 'vitest'
import type { Example } from '../../src/data/manifest.ts'
import { dynamics } from '../../src/features/dynamics.ts'
import { CONTEXT_LABELS } from '../../src/features/dynamics-context.ts'
import { EXPRESSION_LABELS } from '../../src/features/dynamics-expression.ts'
import type { FeatureOptions } from '../../src/features/feature.ts'
import { estimateEmotion, groove, grooveOf } from '../../src/features/groove.ts'
import { melody, noteName, noteProbabilities } from '../../src/features/melody.ts'
import { readMidi } from '../../src/midi/read.ts'
import { writeMidi } from '../../src/midi/write.ts'
import { notesMidi, type TestNote } from '../kelly-folder.ts'
import { featureDefaults } from './options.ts'

const options = { unlabelled: 'estimate' } as FeatureOptions
const example: Example = { room: 'midi', id: 'x', source: 'x', emotion: { valence: 0.4, arousal: -0.2 }, facts: {} }
const read = (bytes: Uint8Array) => readMidi(bytes, 'x.mid')
const item = (bytes: Uint8Array) => ({
  room: 'midi' as const,
  path: 'x.mid',
  read: () => bytes,
  chords: [],
})

describe('melody', () => {
  // 8 seconds at 120 BPM: C4 four times, E4 once.
  const song = notesMidi([
    { at: 4, pitch: 60 },
    { at: 8, pitch: 60 },
    { at: 12, pitch: 60 },
    { at: 16, pitch: 60 },
    { at: 19, pitch: 64 },
  ])

  it('is the Poisson probability of a strike within 2 seconds', () => {
    const y = noteProbabilities(read(song).notes)
    expect(y[60]).toBeCloseTo(1 - Math.exp(-1), 6)
    expect(y[64]).toBeCloseTo(1 - Math.exp(-0.25), 6)
    expect(y.filter((value) => value > 0).length).toBe(2)
    expect(melody.yLabels(featureDefaults)[60]).toBe('C4')
    expect(noteName(0)).toBe('C-1')
  })

  it('leaves drums out, and does not take one short note for a trill', () => {
    expect(noteProbabilities(read(notesMidi([{ at: 0, pitch: 40 }], { channel: 9 })).notes).every((v) => v === 0)).toBe(
      true,
    )
    expect(noteProbabilities(read(notesMidi([{ at: 0, pitch: 40, length: 0.1 }])).notes)[40]).toBeCloseTo(
      1 - Math.exp(-1),
      6,
    )
  })

  it('transpose moves, tempo quickens, jitter is seeded', () => {
    const { notes } = read(song)
    const plain = noteProbabilities(notes)
    const up = noteProbabilities(notes, { kind: 'transpose', semitones: 3 })
    expect([...up.subarray(3)]).toEqual([...plain.subarray(0, 125)])
    expect(noteProbabilities(notes, { kind: 'tempo', factor: 2 })[60]).toBeCloseTo(1 - Math.exp(-2), 6)
    const jitter = (seed: string) => noteProbabilities(notes, { kind: 'jitter', amount: 0.5, seed })
    expect(jitter('a')).toEqual(jitter('a'))
    expect(jitter('a')).not.toEqual(jitter('b'))
    const edge = noteProbabilities(read(notesMidi([{ at: 0, pitch: 126 }])).notes, { kind: 'transpose', semitones: 5 })
    expect(edge[119]).toBeGreaterThan(0)
  })

  it('an estimated emotion is never used, a neutral one if asked for', () => {
    const bare = { ...example, emotion: null }
    const y = new Float32Array(128)
    expect(melody.rows(bare, y, options)).toEqual([])
    expect(melody.rows(bare, y, { ...options, unlabelled: 'neutral' })[0]).toMatchObject({ labelled: false })
    expect(melody.rows(example, y, options)[0]).toMatchObject({ labelled: true, emotion: example.emotion })
  })
})

describe('dynamics', () => {
  /** 8 seconds of quavers at 120 BPM, every fourth with a fifth below. */
  const score = (velocity: (i: number) => number, length = 0.5): TestNote[] =>
    Array.from({ length: 32 }, (_, i) => {
      const top = { at: i / 2, length, pitch: 60 + (i % 8), velocity: velocity(i) }
      return i % 4 === 0 ? [top, { ...top, pitch: 50 }] : [top]
    }).flat()
  const rowsOf = async (notes: TestNote[]) =>
    dynamics.rows(example, await dynamics.extract(item(notesMidi(notes)), options), options)

  it('gives the numbers worked out by hand', async () => {
    const rows = await rowsOf(score(() => 64))
    expect(rows.length).toBe(2)
    const [x, y] = [rows[0]!.x, rows[0]!.y]
    const context = Object.fromEntries(CONTEXT_LABELS.map((name, i) => [name, x[i]!]))
    const expression = Object.fromEntries(EXPRESSION_LABELS.map((name, i) => [name, y[i]!]))
    expect(CONTEXT_LABELS.length).toBe(32)
    expect(EXPRESSION_LABELS.length).toBe(16)
    // 16 quavers and 4 lower notes in 4 seconds.
    expect(context).toMatchObject({ place: 0, first: 1, last: 0, chords: 0 })
    expect(context.notes).toBeCloseTo(20 / 4 / 20, 6)
    expect(context.onsets).toBeCloseTo(16 / 4 / 10, 6)
    expect(context['notes per onset']).toBeCloseTo(20 / 16 / 4, 6)
    expect(context.highest).toBeCloseTo(67 / 127, 6)
    expect(context.lowest).toBeCloseTo(50 / 127, 6)
    expect(context.valence).toBeCloseTo(0.4, 6)
    expect(context.arousal).toBeCloseTo(-0.2, 6)
    expect(expression).toMatchObject({ 'velocity deviation': 0, pedal: 0, 'chord spread': 0, unevenness: 0 })
    expect(expression.velocity).toBeCloseTo(64 / 127, 6)
    expect(expression.crescendo).toBeCloseTo(0.5, 6)
    // Each note lasts until the next one begins (1 / 2).
    expect(expression.articulation).toBeCloseTo(0.5, 2)
    expect(rows[1]!.x[CONTEXT_LABELS.indexOf('last')]).toBe(1)
  })

  it('nothing of the performance is in x', async () => {
    const plain = await rowsOf(score(() => 64))
    const played = await rowsOf(score((i) => 20 + ((i * 37) % 100), 0.2))
    expect(played.map(({ x }) => x)).toEqual(plain.map(({ x }) => x))
    expect(played.map(({ y }) => y)).not.toEqual(plain.map(({ y }) => y))
  })

  it('expression follows velocity, length and pedal', async () => {
    const of = async (notes: TestNote[], name: string) => (await rowsOf(notes))[0]!.y[EXPRESSION_LABELS.indexOf(name)]!
    expect(
      await of(
        score(() => 100),
        'velocity',
      ),
    ).toBeGreaterThan(
      await of(
        score(() => 50),
        'velocity',
      ),
    )
    expect(
      await of(
        score((i) => 40 + i),
        'crescendo',
      ),
    ).toBeGreaterThan(0.5)
    expect(
      await of(
        score((i) => 100 - i),
        'crescendo',
      ),
    ).toBeLessThan(0.5)
    expect(
      await of(
        score(() => 64, 0.1),
        'articulation',
      ),
    ).toBeLessThan(0.2)
    const notes = score(() => 64).map(({ at, length, pitch }) => {
      return { startTicks: at * 480, durationTicks: length! * 480, pitch, velocity: 64 }
    })
    // Pedal down from the first to the second second.
    const controls = [
      { ticks: 960, number: 64, value: 127 },
      { ticks: 1920, number: 64, value: 0 },
    ]
    const track = { name: '', channel: 0, program: null, notes, controls }
    const bytes = writeMidi({ ticksPerQuarter: 480, tempos: [{ ticks: 0, bpm: 120 }], tracks: [track] })
    const [row] = dynamics.rows(example, await dynamics.extract(item(bytes), options), options)
    expect(row!.y[EXPRESSION_LABELS.indexOf('pedal')]).toBeCloseTo(0.25, 6)
  })

  it('leaves sparse windows out and takes at most 24 of a long file', async () => {
    expect(await rowsOf([{ at: 0, pitch: 60 }])).toEqual([])
    const long = Array.from({ length: 600 }, (_, i) => ({ at: i, pitch: 60 + (i % 12) }))
    expect((await rowsOf(long)).length).toBe(24)
  })

  it('transpose moves pitch only, tempo density only', async () => {
    const bytes = notesMidi(score(() => 64))
    const plain = dynamics.rows(example, await dynamics.extract(item(bytes), options), options)[0]!.x
    const up = await dynamics.extract(item(bytes), options, { kind: 'transpose', semitones: 12 })
    const moved = dynamics.rows(example, up, options)[0]!.x
    const differ = CONTEXT_LABELS.filter((_, i) => Math.abs(plain[i]! - moved[i]!) > 1e-6)
    expect(differ).toEqual(['pitch', 'lowest', 'highest', 'top voice', 'bottom voice'])
    const fast = await dynamics.extract(item(bytes), options, { kind: 'tempo', factor: 1.25 })
    expect(dynamics.rows(example, fast, options)[0]!.x[1]).toBeCloseTo(plain[1]! * 1.25, 6)
  })
})

describe('groove', () => {
  const bar = (bars: number) =>
    Array.from({ length: bars }, (_, i) => [
      { at: 4 * i, pitch: 36, velocity: 127, length: 0.1 },
      { at: 4 * i, pitch: 42, velocity: 60, length: 0.1 },
      // A twelfth of a quarter late = a third of a sixteenth.
      { at: 4 * i + 1 + 1 / 12, pitch: 38, velocity: i % 2 ? 100 : 50, length: 0.1 },
      { at: 4 * i + 2.5 - 1 / 24, pitch: 42, velocity: 40, length: 0.1 },
    ]).flat()

  it('gives the loudest hit and the mean lateness of every sixteenth', () => {
    const y = grooveOf(read(notesMidi(bar(4), { channel: 9 })))
    expect(y[0]).toBeCloseTo(1, 6)
    expect(y[4]).toBeCloseTo(75 / 127, 6)
    expect(y[10]).toBeCloseTo(40 / 127, 6)
    expect(y[16 + 4]).toBeCloseTo(1 / 3, 6)
    expect(y[16 + 10]).toBeCloseTo(-1 / 6, 6)
    expect([...y].filter((value) => value !== 0).length).toBe(5)
  })

  it('a hit just before the bar line is an early downbeat of the next bar', () => {
    const notes = bar(2).map((note) => (note.at === 4 ? { ...note, at: 4 - 1 / 24 } : note))
    const y = grooveOf(read(notesMidi(notes, { channel: 9 })))
    expect(y[0]).toBeCloseTo(1, 6)
    expect(y[16]).toBeCloseTo(-1 / 12, 6)
    expect(y[15]).toBe(0)
  })

  it('empty bars at both ends do not count', () => {
    const late = bar(2).map((note) => ({ ...note, at: note.at + 8 }))
    expect(grooveOf(read(notesMidi(late, { channel: 9 })))[0]).toBeCloseTo(1, 6)
  })

  it('bars follow the time signature', () => {
    const notes = [0, 3, 6].map((quarter) => ({
      startTicks: quarter * 480,
      durationTicks: 10,
      pitch: 36,
      velocity: 127,
    }))
    const bytes = writeMidi({
      ticksPerQuarter: 480,
      tempos: [{ ticks: 0, bpm: 120 }],
      timeSignatures: [{ ticks: 0, numerator: 3, denominator: 4 }],
      tracks: [{ name: '', channel: 9, program: null, notes }],
    })
    const y = grooveOf(read(bytes))
    expect(y[0]).toBe(1)
    expect(y.subarray(1, 16).every((value) => value === 0)).toBe(true)
  })

  it('estimates an emotion from tempo and style, and says that it did', async () => {
    expect(estimateEmotion(170, 'rock/indie').arousal).toBeGreaterThan(estimateEmotion(80, 'rock').arousal)
    expect(estimateEmotion(110, 'unheard-of')).toEqual({ valence: 0, arousal: 0 })
    expect(estimateEmotion(400, 'punk').arousal).toBe(1)
    const bytes = notesMidi(bar(2), { channel: 9, bpm: 170 })
    const extracted = await groove.extract(item(bytes), options)
    const bare = { ...example, room: 'drums' as const, emotion: null }
    const [guessed] = groove.rows(bare, extracted, options)
    expect(guessed).toMatchObject({ labelled: false, emotion: estimateEmotion(170, '') })
    expect(guessed!.y.length).toBe(32)
    const slow = groove.rows({ ...bare, facts: { bpm: '60', style: 'jazz' } }, extracted, options)
    expect(slow[0]!.emotion).toEqual(estimateEmotion(60, 'jazz'))
    expect(groove.rows(bare, extracted, { ...options, unlabelled: 'neutral' })[0]!.emotion).toEqual({
      valence: 0,
      arousal: 0,
    })
    expect(groove.rows(bare, extracted, { ...options, unlabelled: 'drop' })).toEqual([])
    expect(groove.rows(example, extracted, options)[0]).toMatchObject({ labelled: true, emotion: example.emotion })
  })
})
