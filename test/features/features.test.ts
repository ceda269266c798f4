/** What holds for every recipe, whatever it computes; a new one joins by being in the map. */
import { describe, expect, it } from 'vitest'
import type { Example } from '../../src/data/manifest.ts'
import { augmentationSchema } from '../../src/features/augmentation.ts'
import { type Change, changeName, drawChange } from '../../src/features/changes.ts'
import { FEATURE_NAMES, type Feature, type FeatureOptions } from '../../src/features/feature.ts'
import { features } from '../../src/features/index.ts'
import { loadExtract, storeExtract } from '../../src/features/stored.ts'
import { encodeWav } from '../../src/audio/wav.ts'
import { DataError } from '../../src/lib/errors.ts'
import { random } from '../../src/lib/random.ts'
import { beatMidi, scaleMidi, toneWav } from '../kelly-folder.ts'
import { featureDefaults } from './options.ts'

const options: FeatureOptions = { ...featureDefaults, unlabelled: 'neutral' }
const defaults = Object.fromEntries(
  Object.entries(augmentationSchema.properties).map(([name, { default: value }]) => [name, value]),
) as unknown as Parameters<typeof drawChange>[1]
/** Everything switched on. */
const all = { ...defaults, gain_db: 6, room_seconds: 0.5, octaves: 1, timing_ms: 30, note_drop: 0.3 }
const hall = { file: 'hall.wav', hash: 'abc' }
const data = { audio: toneWav(440), midi: scaleMidi(60), drums: beatMidi(), chords: new Uint8Array() }

it('the names that options know are those of the map', () => {
  expect(Object.keys(features).sort()).toEqual([...FEATURE_NAMES].sort())
  for (const [name, feature] of Object.entries(features)) expect(feature.name).toBe(name)
})

describe.each(Object.values(features) as Feature[])('$name', (feature) => {
  const item = {
    room: feature.room,
    // A model of the user's: what it makes of a second of sound is not the recipe's concern.
    model: {
      inputShape: [1000],
      run: async (rows: readonly Float32Array[]) => ({ rows: rows.map((row) => row.slice(0, 1000)), shape: [1000] }),
    },
    path: 'x',
    read: () => data[feature.room],
    chords: feature.room === 'chords' ? ['C', 'Am', 'F', 'G7'] : [],
  }
  const example: Example = {
    room: feature.room,
    id: 'x',
    source: 'x',
    emotion: { valence: 0.1, arousal: 0.2 },
    facts: {},
  }

  it('gives finite rows of the shape it promises, the same ones every time', async () => {
    const extracted = await feature.extract(item, options)
    const rows = feature.rows(example, extracted, options)
    expect(rows.length).toBeGreaterThan(0)
    const { x, y } = feature.shape(options, rows[0])
    for (const row of rows) {
      expect([row.x.length, row.y.length]).toEqual([x.reduce((a, b) => a * b), y.reduce((a, b) => a * b)])
      expect([...row.x, ...row.y].every(Number.isFinite)).toBe(true)
    }
    expect([0, rows[0]!.y.length]).toContain(feature.yLabels(options).length)
    expect(await feature.extract(item, options)).toEqual(extracted)
    expect(
      feature.rows(
        example,
        loadExtract(await storeExtract(() => feature.extract(item, options))) as Float32Array,
        options,
      ),
    ).toEqual(rows)
  })

  it('does not change what it extracted when rows are made of it', async () => {
    const extracted = await feature.extract(item, options)
    const before = extracted.slice()
    feature.rows(example, extracted, options)
    feature.rows({ ...example, emotion: { valence: -1, arousal: 1 } }, extracted, options)
    expect(extracted).toEqual(before)
  })

  it('every change it names makes a difference', async () => {
    const plain = await feature.extract(item, options)
    for (const kind of feature.changes) {
      const change = drawChange([kind], all, random(kind), 'seed', kind === 'impulse' ? [hall] : [])!
      expect(change.kind).toBe(kind)
      expect(
        await feature.extract({ ...item, impulse: () => roomWav() }, options, change),
        changeName(change),
      ).not.toEqual(plain)
    }
  })
})

describe('changes', () => {
  it('are drawn from what is switched on, within bounds, by seed', () => {
    const kinds = (Object.keys(CHANGE_BOUNDS) as Change['kind'][]).filter((kind) => kind !== 'impulse')
    for (let i = 0; i < 300; i++) {
      const change = drawChange(kinds, all, random(`s${i}`), 's')!
      const within = CHANGE_BOUNDS[change.kind] as (change: Change) => boolean
      expect(within(change), changeName(change)).toBe(true)
      expect(drawChange(kinds, all, random(`s${i}`), 's')).toEqual(change)
    }
    expect(drawChange(['pitch'], { ...defaults, pitch_semitones: 0 }, random('x'), 'x')).toBeNull()
    const seen = new Set(Array.from({ length: 300 }, (_, i) => drawChange(kinds, all, random(`s${i}`), 's')!.kind))
    expect(drawChange(['room', 'impulse'], all, random('x'), 'x', [hall])).toEqual({ kind: 'impulse', ...hall })
    expect([...seen].sort()).toEqual([...kinds].sort())
  })
})

/** An echo after 50 ms. */
function roomWav(): Uint8Array {
  return encodeWav(
    Float32Array.from({ length: 1000 }, (_, i) => (i === 0 ? 0.9 : i === 800 ? 0.5 : 0)),
    16000,
  )
}

const CHANGE_BOUNDS: { [K in Change['kind']]: (change: Change & { kind: K }) => boolean } = {
  pitch: ({ semitones }) => semitones !== 0 && Math.abs(semitones) <= 2,
  stretch: ({ rate }) => rate >= 0.9 && rate <= 1.1,
  noise: ({ snrDb }) => snrDb >= 20 && snrDb <= 40,
  mask: ({ masks }) => masks === 2,
  transpose: ({ semitones }) => semitones !== 0 && Math.abs(semitones) <= 5,
  tempo: ({ factor }) => factor >= 0.9 && factor <= 1.1,
  jitter: ({ amount }) => amount === 0.1,
  velocity: ({ amount }) => amount === 8,
  gain: ({ db }) => db !== 0 && Math.abs(db) <= 6,
  room: ({ seconds }) => seconds >= 0.1 && seconds <= 0.5,
  impulse: ({ file }) => file === hall.file,
  octave: ({ octaves }) => Math.abs(octaves) === 1,
  timing: ({ milliseconds }) => milliseconds === 30,
  drop: ({ share }) => share === 0.3,
}

it('a stored item keeps its numbers bit by bit, or its fault', async () => {
  const numbers = Float32Array.of(0, -0, 1e-40, 3.4e38, Number.NaN, -1 / 3)
  expect(loadExtract(await storeExtract(async () => numbers))).toEqual(numbers)
  const fault = { path: 'a', offset: 3, code: 'x', message: 'ü', hint: '' }
  expect(loadExtract(await storeExtract(() => Promise.reject(new DataError(fault))))).toEqual(fault)
  await expect(storeExtract(() => Promise.reject(new TypeError('bug')))).rejects.toThrow('bug')
})
