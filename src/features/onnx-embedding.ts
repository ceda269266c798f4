/**
 * onnx_embedding: audio → emotion, heard by a model that the user brings (CLAP-like, any ONNX file).
 *   x [D]   the model's output for the clip, D numbers as the model has them
 *   y [64]  embedding of the labelled valence and arousal (emotion.ts)
 * The clip is made as for mel: mono at `sample_rate`, cut or padded to `clip_seconds`. The model is given
 *   waveform  [batch, samples] or [batch, 1, samples]
 *   log_mel   [batch, bands, frames] or [batch, frames, bands], with or without an axis of 1 after the batch; in dB, as mel
 * A model of fixed length hears the clip in windows side by side, the last one filled up (zeros; the spectrogram's least
 * value). The windows of a clip are one batch; clips never share one, so that no clip's numbers depend on its neighbours.
 * `onnx_pooling` makes one row of the windows, and of every axis of the output before the last.
 * Clips without a label are left out: the label is the target.
 */
import { logMel, type Spectrogram } from '../audio/mel.ts'
import { fitLength } from '../audio/signal.ts'
import { DataError, UserError } from '../lib/errors.ts'
import { random } from '../lib/random.ts'
import type { Change } from './changes.ts'
import { EMBEDDING_SIZE, encodeEmotion } from './emotion.ts'
import type { Feature, FeatureOptions, RowModel } from './feature.ts'
import { changedSound, clipOf, impulseOf, masked } from './mel.ts'

export const onnxEmbedding: Feature = {
  name: 'onnx_embedding',
  room: 'audio',
  about: 'what an ONNX model of yours makes of a clip → embedding of its emotion',
  itemOptions: [
    ...(['sample_rate', 'clip_seconds', 'n_fft', 'hop_length', 'n_mels'] as const),
    ...(['onnx_model', 'onnx_input', 'onnx_output', 'onnx_layout', 'onnx_pooling'] as const),
  ],
  rowOptions: [],
  changes: ['pitch', 'stretch', 'noise', 'mask', 'gain', 'room', 'impulse'],
  needsModel: true,
  shape: (_options, row) => ({ x: [row?.x.length ?? 0], y: [EMBEDDING_SIZE] }),
  yLabels: () => [],
  extract: async (item, options, change) => {
    const mono = await clipOf(item, options)
    const sound = changedSound(mono, options.sample_rate, change, await impulseOf(item, options, change))
    const clip = fitLength(sound, Math.round(options.clip_seconds * options.sample_rate))
    const { windows, shape } = windowsOf(clip, options, item.model!, change)
    const made = await item.model!.run(windows, shape)
    const row = pooled(made.rows, made.shape.at(-1) ?? 1, options.onnx_pooling)
    if (row.every(Number.isFinite)) return row
    const hint = 'the model cannot take this clip; listen to it, or take it out'
    const message = 'the model gave NaN or infinite numbers'
    throw new DataError({ path: item.path, offset: null, code: 'not-finite', message, hint })
  },
  rows: (example, x) => {
    const { emotion } = example
    return emotion ? [{ x, y: encodeEmotion(emotion), emotion, labelled: true }] : []
  },
}

interface Windows {
  readonly windows: readonly Float32Array[]
  readonly shape: readonly number[]
}

/** @throws UserError where the model takes something of another shape than the options make */
function windowsOf(clip: Float32Array, options: FeatureOptions, model: RowModel, change: Change | undefined): Windows {
  if (options.onnx_input === 'waveform') return waveforms(change?.kind === 'mask' ? gapped(clip, change) : clip, model)
  const { sample_rate: sampleRate, n_fft: nFft, hop_length: hopLength, n_mels: nMels } = options
  const spectrogram = logMel(clip, { sampleRate, nFft, hopLength, nMels })
  return spectrograms(change?.kind === 'mask' ? masked(spectrogram, change) : spectrogram, options, model)
}

/** Masks of a waveform: stretches of silence of up to an eighth of the clip. */
function gapped(clip: Float32Array, { masks, seed }: Change & { kind: 'mask' }): Float32Array {
  const rng = random(seed)
  const out = clip.slice()
  for (let mask = 0; mask < masks; mask++) {
    const length = rng.below(Math.floor(clip.length / 8) + 1)
    const start = rng.below(clip.length - length + 1)
    out.fill(0, start, start + length)
  }
  return out
}

function waveforms(clip: Float32Array, { inputShape }: RowModel): Windows {
  const ones = inputShape.slice(0, -1)
  if (ones.length > 1 || ones.some((axis) => axis !== 1 && axis !== null))
    throw wrongShape(inputShape, 'waveform', '[batch, samples] or [batch, 1, samples]')
  const length = inputShape.at(-1) ?? clip.length
  const windows = Array.from({ length: Math.ceil(clip.length / length) }, (_, i) =>
    fitLength(clip.subarray(i * length, (i + 1) * length), length),
  )
  return { windows, shape: [...ones.map(() => 1), length] }
}

function spectrograms({ bands, frames, data }: Spectrogram, options: FeatureOptions, model: RowModel): Windows {
  const { inputShape } = model
  const [ones, axes] = [inputShape.slice(0, -2), inputShape.slice(-2)]
  if (axes.length < 2 || ones.length > 1 || ones.some((axis) => axis !== 1 && axis !== null))
    throw wrongShape(
      inputShape,
      'log_mel',
      '[batch, bands, frames] or [batch, 1, bands, frames], or frames before bands',
    )
  const layout = options.onnx_layout === 'auto' ? layoutOf(axes, bands) : options.onnx_layout
  const [inBands, inFrames] = layout === 'bands_frames' ? [axes[0], axes[1]] : [axes[1], axes[0]]
  if (inBands && inBands !== bands) {
    const axesOf = ['batch', ...inputShape.map((axis) => axis ?? '?')].join(', ')
    throw new UserError(`the model takes [${axesOf}], as ${layout} ${inBands} mel bands, but n_mels is ${bands}`, {
      hint: `write n_mels: ${inBands}, or the other onnx_layout and n_mels: ${inFrames ?? 'the number of its bands'}`,
    })
  }
  const length = inFrames ?? frames
  const least = data.reduce((low, value) => Math.min(low, value), Infinity)
  const windows = Array.from({ length: Math.ceil(frames / length) }, (_, window) => {
    const out = new Float32Array(bands * length).fill(least)
    for (let frame = 0; frame < Math.min(length, frames - window * length); frame++)
      for (let band = 0; band < bands; band++) {
        const to = layout === 'bands_frames' ? band * length + frame : frame * bands + band
        out[to] = data[band * frames + window * length + frame]!
      }
    return out
  })
  return { windows, shape: [...ones.map(() => 1), ...(layout === 'bands_frames' ? [bands, length] : [length, bands])] }
}

/** Where only the last axis is as long as there are bands, frames come first. */
function layoutOf(axes: readonly (number | null | undefined)[], bands: number): 'bands_frames' | 'frames_bands' {
  return axes[1] === bands && axes[0] !== bands ? 'frames_bands' : 'bands_frames'
}

function pooled(rows: readonly Float32Array[], size: number, how: FeatureOptions['onnx_pooling']): Float32Array {
  const all = new Float64Array(size).fill(how === 'max' ? -Infinity : 0)
  let count = 0
  for (const row of rows)
    for (let at = 0; at < row.length; at += size, count++)
      for (let k = 0; k < size; k++) all[k] = how === 'max' ? Math.max(all[k]!, row[at + k]!) : all[k]! + row[at + k]!
  return Float32Array.from(all, (value) => (how === 'max' ? value : value / count))
}

function wrongShape(found: RowModel['inputShape'], kind: string, expected: string): UserError {
  const axes = ['batch', ...found.map((axis) => axis ?? '?')].join(', ')
  const other = kind === 'waveform' ? 'log_mel' : 'waveform'
  return new UserError(`the model takes [${axes}], onnx_input: ${kind} needs ${expected}`, {
    hint: `write onnx_input: ${other}, or export the model with that input`,
  })
}
