/**
 * Changed copies of sounds and spectrograms for training. All randomness comes from the `Random` handed in; pitchShift
 * and timeStretch (stretch.ts) need none. Rooms are room.ts. Leaves out mixing of two sounds.
 */
import type { Random } from '../lib/random.ts'
import type { Spectrogram } from './stft.ts'

export { pitchShift, timeStretch } from './stretch.ts'

/**
 * White Gaussian noise added so that signal power over noise power is `snrDb`, exactly, over the whole of the samples.
 * A silent signal stays silent. Does not clip: float samples may leave ±1.
 */
export function addNoise(samples: Float32Array, snrDb: number, rng: Random): Float32Array {
  const noise = Float64Array.from(samples, () => rng.normal())
  const noiseEnergy = energy(noise)
  const scale = noiseEnergy > 0 ? Math.sqrt(energy(samples) / noiseEnergy / 10 ** (snrDb / 10)) : 0
  return samples.map((value, i) => value + scale * noise[i]!)
}

function energy(samples: Float32Array | Float64Array): number {
  let sum = 0
  for (let i = 0; i < samples.length; i++) sum += samples[i]! ** 2
  return sum
}

/** Louder by `db` decibels (softer where negative); does not clip. */
export function gain(samples: Float32Array, db: number): Float32Array {
  const factor = 10 ** (db / 20)
  return samples.map((value) => value * factor)
}

export interface MaskOptions {
  /** Number of stretches of frames to mask. Default 1. */
  readonly timeMasks?: number
  /** Number of stretches of bands to mask. Default 1. */
  readonly freqMasks?: number
  /** Longest stretch, in frames. Default an eighth of them. */
  readonly maxTime?: number
  /** Longest stretch, in bands. Default an eighth of them. */
  readonly maxFreq?: number
  /** What a masked cell holds: the mean of the spectrogram, its minimum, or a number. Default mean. */
  readonly fill?: 'mean' | 'min' | number
}

/**
 * SpecAugment (Park et al. 2019) without time warping: stretches of frames and of bands are set to one value. Lengths are
 * uniform from 0 to the longest, places uniform. A new spectrogram.
 */
export function maskMel(spectrogram: Spectrogram, options: MaskOptions, rng: Random): Spectrogram {
  const { bands, frames } = spectrogram
  const data = spectrogram.data.slice()
  const value = fillValue(spectrogram.data, options.fill ?? 'mean')
  for (let mask = 0; mask < (options.timeMasks ?? 1); mask++) {
    const [start, end] = stretch(frames, options.maxTime ?? Math.floor(frames / 8), rng)
    for (let band = 0; band < bands; band++) data.fill(value, band * frames + start, band * frames + end)
  }
  for (let mask = 0; mask < (options.freqMasks ?? 1); mask++) {
    const [start, end] = stretch(bands, options.maxFreq ?? Math.floor(bands / 8), rng)
    data.fill(value, start * frames, end * frames)
  }
  return { bands, frames, data }
}

function stretch(count: number, longest: number, rng: Random): [number, number] {
  const length = rng.below(Math.min(count, longest) + 1)
  const start = rng.below(count - length + 1)
  return [start, start + length]
}

function fillValue(data: Float32Array, fill: 'mean' | 'min' | number): number {
  if (typeof fill === 'number') return fill
  if (fill === 'min') return data.reduce((least, value) => Math.min(least, value), Infinity)
  return data.reduce((sum, value) => sum + value, 0) / data.length
}
