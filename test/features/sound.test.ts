/** The recipes log_mel, mfcc, chroma and descriptors: numbers, shapes and targets. */
import { expect, it } from 'vitest'
import { chroma } from '../../src/audio/chroma.ts'
import { DESCRIPTOR_NAMES, descriptors } from '../../src/audio/descriptors.ts'
import { logMel } from '../../src/audio/mel.ts'
import { delta, mfcc } from '../../src/audio/mfcc.ts'
import { encodeWav } from '../../src/audio/wav.ts'
import type { Example } from '../../src/data/manifest.ts'
import { encodeEmotion } from '../../src/features/emotion.ts'
import type { Feature, FeatureOptions } from '../../src/features/feature.ts'
import { features } from '../../src/features/index.ts'
import { beat } from '../audio/signals.ts'
import { featureDefaults } from './options.ts'

const RATE = 16_000
const sound = beat(4, 150)
const item = (samples = sound) => ({
  room: 'audio' as const,
  path: 'audio/x.wav',
  chords: [],
  read: () => encodeWav(samples, RATE, { bitDepth: 32 }),
})
const example = (facts: Record<string, unknown> = {}, emotion: Example['emotion'] = null): Example => ({
  room: 'audio',
  id: 'audio/x.wav',
  source: 'x',
  emotion,
  facts,
})
const rowsOf = async (feature: Feature, change: Partial<FeatureOptions>, of = example({ label: 'sad' })) => {
  const options = { ...featureDefaults, target: 'class' as const, ...change }
  const rows = feature.rows(of, await feature.extract(item(), options), options)
  const { x, y } = feature.shape(options)
  for (const row of rows) {
    expect(row.x.length).toBe(x.reduce((all, axis) => all * axis, 1))
    expect(row.y.length).toBe(y[0])
  }
  return rows
}
const second = sound.subarray(0, RATE)

it('gives what the audio room computes of the first clip', async () => {
  const [mel] = await rowsOf(features.log_mel, { n_mels: 40, f_min: 100, f_max: 6000 })
  expect(mel!.x).toEqual(logMel(second, { sampleRate: RATE, nMels: 40, fMin: 100, fMax: 6000 }).data)
  const [cepstrum] = await rowsOf(features.mfcc, { n_mfcc: 13, deltas: 2, n_fft: 512, hop_length: 200 })
  const plain = mfcc(second, { sampleRate: RATE, nMfcc: 13, nFft: 512, hopLength: 200 })
  const expected = [plain, delta(plain), delta(plain, { order: 2 })].flatMap(({ data }) => [...data])
  expect([...cepstrum!.x]).toEqual(expected)
  expect((await rowsOf(features.chroma, {}))[0]!.x).toEqual(chroma(second, { sampleRate: RATE }).data)
  expect((await rowsOf(features.descriptors, {}))[0]!.x).toEqual(descriptors(second, { sampleRate: RATE }).data)
})

it('means and deviations over time', async () => {
  const { bands, frames, data } = logMel(second, { sampleRate: RATE })
  const row = (band: number) => [...data.subarray(band * frames, (band + 1) * frames)]
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const [one] = await rowsOf(features.log_mel, { over_time: 'mean_std' })
  for (const band of [0, 17, 127]) {
    const centre = mean(row(band))
    expect(one!.x[band]).toBeCloseTo(centre, 4)
    expect(one!.x[bands + band]).toBeCloseTo(Math.sqrt(mean(row(band).map((value) => (value - centre) ** 2))), 4)
  }
  expect((await rowsOf(features.log_mel, { over_time: 'mean' }))[0]!.x).toEqual(one!.x.slice(0, bands))
  expect((await rowsOf(features.descriptors, { over_time: 'mean' }))[0]!.x.length).toBe(DESCRIPTOR_NAMES.length)
})

it('clips: all gives a row for every stretch, the last one from half of its length on', async () => {
  for (const [seconds, count] of [
    [4, 1],
    [3, 1],
    [2.6, 2],
    [1, 4],
  ] as const) {
    const rows = await rowsOf(features.log_mel, { clips: 'all', clip_seconds: seconds, over_time: 'mean' })
    expect(rows.length, `${seconds} s`).toBe(count)
  }
  const [first, , third] = await rowsOf(features.log_mel, { clips: 'all' })
  expect(first!.x).toEqual((await rowsOf(features.log_mel, {}))[0]!.x)
  expect(third!.x).toEqual(logMel(sound.subarray(2 * RATE, 3 * RATE), { sampleRate: RATE }).data)
})

it('targets: class ids, emotions, and none at all', async () => {
  const classOf = async (facts: Record<string, unknown>, change = {}) =>
    (await rowsOf(features.chroma, { over_time: 'mean', ...change }, example(facts))).map(({ y, emotion }) => [
      ...y,
      emotion,
    ])
  expect(await classOf({ label: 'sad' })).toEqual([[1, null]])
  expect(await classOf({ label: ' Neutral ' })).toEqual([[6, null]])
  expect(await classOf({ label: 'bored' })).toEqual([])
  expect(await classOf({})).toEqual([])
  expect(await classOf({ quadrant: 3 }, { class_from: 'quadrant', classes: ['1', '2', '3'] })).toEqual([[2, null]])
  const emotion = { valence: 0.4, arousal: -0.2 }
  const [row] = await rowsOf(features.chroma, { target: 'emotion' }, example({}, emotion))
  expect(row).toMatchObject({ emotion, labelled: true })
  expect(row!.y).toEqual(encodeEmotion(emotion))
  expect(await rowsOf(features.chroma, { target: 'emotion' }, example({ label: 'sad' }))).toEqual([])
  expect(features.chroma.yLabels({ ...featureDefaults, target: 'class' })).toEqual(featureDefaults.classes)
  expect(features.chroma.yLabels(featureDefaults)).toEqual([])
})

it('changes are heard: pitch in every recipe, masks in the bands', async () => {
  const options = { ...featureDefaults, n_mels: 40 }
  for (const name of ['log_mel', 'mfcc', 'chroma', 'descriptors'] as const) {
    const feature: Feature = features[name]
    const [plain, changed] = [undefined, { kind: 'pitch' as const, semitones: 3 }].map((change) =>
      feature.extract(item(), options, change),
    )
    expect(await changed).not.toEqual(await plain)
    expect((await changed)!.length).toBe((await plain)!.length)
  }
  const masked = await features.log_mel.extract(item(), options, { kind: 'mask', masks: 4, seed: 's' })
  const plain = await features.log_mel.extract(item(), options)
  expect(masked.filter((value, i) => value !== plain[i]).length).toBeGreaterThan(20)
})
