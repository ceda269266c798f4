/**
 * Mel spectrogram and its decibels, numbers as librosa 0.11 gives them (to 1e-5 of the largest; see test/audio/librosa).
 * Frames are transformed four at a time in wasm and go straight into the bands (wasm/band-spectra.ts), in single precision.
 */
import { melBank, type MelBankOptions } from './mel-bank.ts'
import { bandSums, type FrameOptions, framingOf, type Spectrogram } from './stft.ts'
import type { BandOptions, BandSums } from './wasm/band-spectra.ts'

export type { Spectrogram } from './stft.ts'

/** Names and defaults of librosa.feature.melspectrogram. */
export interface MelOptions extends FrameOptions {
  /** Hz. Default 22050. */
  readonly sampleRate?: number
  /** Default 128. */
  readonly nMels?: number
  /** Hz. Default 0. */
  readonly fMin?: number
  /** Hz. Default sampleRate / 2. */
  readonly fMax?: number
  /** HTK's mel formula instead of Slaney's. Default false. */
  readonly htk?: boolean
  /** `slaney`: filters of equal area; null: of equal height. Default slaney. */
  readonly norm?: 'slaney' | null
  /** Exponent of the magnitude: 2 power, 1 magnitude. Default 2. */
  readonly power?: number
}

export interface DecibelOptions {
  /** What 0 dB is: a power, or `max` for the largest of the spectrogram. Default 1. */
  readonly ref?: number | 'max'
  /** Powers below are taken as this. Default 1e-10. */
  readonly amin?: number
  /** Nothing is more than this below the largest, in dB; null for no limit. Default 80. */
  readonly topDb?: number | null
}

/** [nMels, frames]; librosa.feature.melspectrogram with hop_length 512 by default. */
export function melSpectrogram(samples: Float32Array, options: MelOptions = {}): Spectrogram {
  const { bands, frames, data } = melSums(samples, options, { exponent: options.power ?? 2 })
  return { bands, frames, data }
}

/** Mel spectrogram in decibels: power_to_db(melspectrogram(y)). With power 1 the caller means amplitude_to_db: not here. */
export function logMel(samples: Float32Array, options: MelOptions & DecibelOptions = {}): Spectrogram {
  const { amin, topDb, ref } = decibelOptions(options)
  const least = Math.max(amin, SMALLEST)
  const fixed = ref === 'max' ? 1 : Math.max(Math.abs(ref), least)
  const exponent = options.power ?? 2
  const sums = melSums(samples, options, { exponent, decibels: { least, reference: fixed } })
  const { bands, frames, data, largest } = sums
  // What depends on the largest value is known only now.
  const shift = ref === 'max' ? -10 * Math.log10(Math.max(largest, least)) : 0
  const floor = topDb === null ? -Infinity : 10 * Math.log10(Math.max(largest, least) / fixed) - topDb
  if (shift !== 0 || floor > 10 * Math.log10(least / fixed))
    for (let i = 0; i < data.length; i++) data[i] = (data[i]! > floor ? data[i]! : floor) + shift
  return { bands, frames, data }
}

function melSums(
  samples: Float32Array,
  options: MelOptions,
  sums: BandOptions,
): BandSums & { bands: number; frames: number } {
  const framing = framingOf(samples.length, { ...options, hopLength: options.hopLength ?? 512 })
  const bank = bankOptions(options)
  return {
    ...bandSums(samples, framing, JSON.stringify(bank), () => melBank(bank), sums),
    bands: bank.nMels,
    frames: framing.count,
  }
}

/** 10·log10(power / ref), limited to topDb below its largest value; librosa.power_to_db. A new array. */
export function powerToDb(power: Float32Array, options: DecibelOptions = {}): Float32Array {
  const copy = power.slice()
  powerToDbInPlace(copy, options)
  return copy
}

function decibelOptions(options: DecibelOptions): Required<DecibelOptions> {
  const amin = options.amin ?? 1e-10
  const topDb = options.topDb === undefined ? 80 : options.topDb
  if (!(amin > 0)) throw new RangeError(`amin ${amin}, expected above 0`)
  if (topDb !== null && !(topDb >= 0)) throw new RangeError(`topDb ${topDb}, expected 0 or more`)
  return { amin, topDb, ref: options.ref ?? 1 }
}

function powerToDbInPlace(values: Float32Array, options: DecibelOptions): void {
  const { amin, topDb, ref: reference } = decibelOptions(options)
  let largest = 0
  for (let i = 0; i < values.length; i++) if (values[i]! > largest) largest = values[i]!
  const ref = Math.max(amin, reference === 'max' ? largest : Math.abs(reference))
  // Limiting the power instead of the decibels spares the logarithm of everything below the floor.
  const floor = Math.max(amin, SMALLEST, topDb === null ? 0 : largest * 10 ** (-topDb / 10))
  const lowest = 10 * Math.log10(floor / ref)
  const zero = DECIBELS * logOfBits(new Int32Array(Float32Array.of(Math.max(ref, SMALLEST)).buffer)[0]!)
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length)
  for (let i = 0; i < values.length; i++)
    values[i] = values[i]! > floor ? DECIBELS * logOfBits(bits[i]!) - zero : lowest
}

/** Smallest normal float32. */
const SMALLEST = 2 ** -126
const DECIBELS = 10 / Math.LN10

/**
 * Natural logarithm of a positive normal float32 given by its bits, to 1e-12: exponent·ln 2 + 2·atanh((m - 1) / (m + 1))
 * with m in [√½, √2). Four times as fast as Math.log, and the same on every machine.
 */
function logOfBits(bits: number): number {
  let exponent = (bits >> 23) - 127
  let m = ((bits & 0x7fffff) | 0x800000) / 0x800000
  if (m > Math.SQRT2) {
    m *= 0.5
    exponent++
  }
  const s = (m - 1) / (m + 1)
  const q = s * s
  const series = 1 + q * (1 / 3 + q * (1 / 5 + q * (1 / 7 + q * (1 / 9 + q * (1 / 11 + q * (1 / 13))))))
  return exponent * Math.LN2 + 2 * s * series
}

function bankOptions(options: MelOptions): MelBankOptions {
  const sampleRate = options.sampleRate ?? 22_050
  return {
    sampleRate,
    nFft: options.nFft ?? 2048,
    nMels: options.nMels ?? 128,
    fMin: options.fMin ?? 0,
    fMax: options.fMax ?? sampleRate / 2,
    htk: options.htk ?? false,
    norm: options.norm === undefined ? 'slaney' : options.norm,
  }
}
