import { describe, expect, it } from 'vitest'
import { logMel } from '../../src/audio/mel.ts'
import { encodeWav } from '../../src/audio/wav.ts'
import type { FeatureOptions, RowModel } from '../../src/features/feature.ts'
import { onnxEmbedding } from '../../src/features/onnx-embedding.ts'
import { random } from '../../src/lib/random.ts'
import { featureDefaults } from './options.ts'

const rng = random('embedding')
const sound = Float32Array.from({ length: 12_000 }, (_, i) => 0.3 * Math.sin(i / 9) + 0.01 * rng.normal())
const item = { room: 'audio' as const, path: 'x.wav', chords: [], read: () => encodeWav(sound, 8000, { bitDepth: 32 }) }
const base: FeatureOptions = {
  ...featureDefaults,
  sample_rate: 8000,
  n_fft: 512,
  hop_length: 256,
  n_mels: 20,
  clip_seconds: 1.5,
}

/** Remembers what it was given; answers with `answer` of each row. */
function spy(
  inputShape: RowModel['inputShape'],
  answer: (row: Float32Array) => number[],
  shape: readonly number[] = [],
) {
  const given: { rows: readonly Float32Array[]; shape: readonly number[] }[] = []
  const model: RowModel = {
    inputShape,
    run: async (rows, rowShape) => {
      given.push({ rows, shape: rowShape })
      const made = rows.map((row) => Float32Array.from(answer(row)))
      return { rows: made, shape: shape.length > 0 ? shape : [made[0]!.length] }
    },
  }
  return { model, given }
}

const extract = (model: RowModel, options: Partial<FeatureOptions> = {}) =>
  onnxEmbedding.extract({ ...item, model }, { ...base, ...options })

describe('onnx_embedding of a waveform', () => {
  it('gives a model of fixed length windows side by side, all in one batch, and takes their mean or maximum', async () => {
    const { model, given } = spy([1, 5000], (row) => [row[0]!, row.at(-1)!])
    const mean = await extract(model)
    expect(given).toHaveLength(1)
    expect(given[0]!.shape).toEqual([1, 5000])
    const { rows } = given[0]!
    expect(rows).toHaveLength(3)
    rows[1]!.forEach((value, i) => expect(value).toBeCloseTo(sound[5000 + i]!, 5))
    expect(rows[2]!.subarray(2000).every((value) => value === 0)).toBe(true)
    expect(mean[0]).toBeCloseTo((rows[0]![0]! + rows[1]![0]! + rows[2]![0]!) / 3, 6)
    expect((await extract(model, { onnx_pooling: 'max' }))[1]).toBe(Math.max(...rows.map((row) => row.at(-1)!)))
  })

  it('gives a model of any length the whole clip', async () => {
    const { model, given } = spy([null], (row) => [row.length])
    expect([...(await extract(model))]).toEqual([12_000])
    expect([...(await extract(model, { clip_seconds: 1 }))]).toEqual([8000])
    expect(given[0]!.shape).toEqual([12_000])
  })
})

describe('onnx_embedding of a spectrogram', () => {
  const options = { onnx_input: 'log_mel' } as const
  const { data, frames } = logMel(sound, { sampleRate: 8000, nFft: 512, hopLength: 256, nMels: 20 })

  it('is our log-mel in dB, in the order of axes that the model has', async () => {
    const bands = spy([1, 20, null], (row) => [row[3 * frames + 5]!])
    expect((await extract(bands.model, options))[0]).toBeCloseTo(data[3 * frames + 5]!, 4)
    expect(bands.given[0]!.shape).toEqual([1, 20, frames])
    const first = spy([null, 20], (row) => [row[5 * 20 + 3]!])
    expect((await extract(first.model, options))[0]).toBeCloseTo(data[3 * frames + 5]!, 4)
    expect(first.given[0]!.shape).toEqual([frames, 20])
    const told = spy([null, null], (row) => [row[5 * 20 + 3]!])
    expect((await extract(told.model, { ...options, onnx_layout: 'frames_bands' }))[0]).toBeCloseTo(
      data[3 * frames + 5]!,
      4,
    )
  })

  it('is cut into windows of the length that the model takes, the last one filled with its least value', async () => {
    const { model, given } = spy([20, 30], (row) => [...row.subarray(0, 4)], [2, 2])
    const row = await extract(model, options)
    const { rows } = given[0]!
    expect(rows).toHaveLength(Math.ceil(frames / 30))
    const least = Math.min(...data)
    expect(rows.at(-1)!.at(-1)).toBeCloseTo(least, 3)
    // [windows, 2, 2] becomes the mean over windows and over the first of the two axes.
    expect(row).toHaveLength(2)
    expect(row[0]).toBeCloseTo(rows.reduce((sum, one) => sum + one[0]! + one[2]!, 0) / (2 * rows.length), 4)
  })
})

describe('onnx_embedding refuses', () => {
  it('what does not fit the model, with what to write', async () => {
    const one = () => [1]
    await expect(extract(spy([64, 100], one).model)).rejects.toMatchObject({
      message: 'the model takes [batch, 64, 100], onnx_input: waveform needs [batch, samples] or [batch, 1, samples]',
      hint: expect.stringContaining('onnx_input: log_mel'),
    })
    const mel = { onnx_input: 'log_mel' } as const
    await expect(extract(spy([16_000], one).model, mel)).rejects.toThrow(/onnx_input: log_mel needs/)
    await expect(extract(spy([64, null], one).model, mel)).rejects.toMatchObject({
      message: 'the model takes [batch, 64, ?], as bands_frames 64 mel bands, but n_mels is 20',
      hint: expect.stringContaining('n_mels: 64'),
    })
  })

  it('numbers that are none, naming the clip', async () => {
    const { model } = spy([null], () => [1, Number.NaN])
    await expect(extract(model)).rejects.toMatchObject({ fault: { path: 'x.wav', code: 'not-finite' } })
  })
})
