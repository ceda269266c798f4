/**
 * Mel spectrogram and its decibels, numbers as librosa 0.11 gives them (to 1e-5 of the largest; see test/audio/librosa).
 * The power spectrum of a frame goes straight into the bands: nothing is allocated a frame, arithmetic is float64.
 */
import { type MelBank, melBank } from './mel-bank.ts'
import { type FrameOptions, framesOf, raise, type Spectrogram } from './stft.ts'

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
  const bank = bankOf(options)
  const frames = framesOf(samples, { ...options, hopLength: options.hopLength ?? 512 })
  const count = frames.count
  const data = new Float32Array(bank.bands * count)
  const power = new Float64Array(frames.fft.bins)
  const exponent = (options.power ?? 2) / 2
  frames.each((frame, source, at) => {
    frames.fft.power(source, at, frames.window, power)
    raise(power, exponent)
    applyBank(bank, power, data, frame, count)
  })
  return { bands: bank.bands, frames: count, data }
}

/** Mel spectrogram in decibels: power_to_db(melspectrogram(y)). With power 1 the caller means amplitude_to_db: not here. */
export function logMel(samples: Float32Array, options: MelOptions & DecibelOptions = {}): Spectrogram {
  const mel = melSpectrogram(samples, options)
  powerToDbInPlace(mel.data, options)
  return mel
}

/** 10·log10(power / ref), limited to topDb below its largest value; librosa.power_to_db. A new array. */
export function powerToDb(power: Float32Array, options: DecibelOptions = {}): Float32Array {
  const copy = power.slice()
  powerToDbInPlace(copy, options)
  return copy
}

function powerToDbInPlace(values: Float32Array, options: DecibelOptions): void {
  const amin = options.amin ?? 1e-10
  const topDb = options.topDb === undefined ? 80 : options.topDb
  if (!(amin > 0)) throw new RangeError(`amin ${amin}, expected above 0`)
  if (topDb !== null && !(topDb >= 0)) throw new RangeError(`topDb ${topDb}, expected 0 or more`)
  let largest = 0
  for (let i = 0; i < values.length; i++) if (values[i]! > largest) largest = values[i]!
  const ref = Math.max(amin, options.ref === 'max' ? largest : Math.abs(options.ref ?? 1))
  // Limiting the power instead of the decibels spares the logarithm of everything below the floor.
  const floor = Math.max(amin, SMALLEST, topDb === null ? 0 : largest * 10 ** (-topDb / 10))
  const lowest = 10 * Math.log10(floor / ref)
  const reference = DECIBELS * logOfBits(new Int32Array(Float32Array.of(Math.max(ref, SMALLEST)).buffer)[0]!)
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length)
  for (let i = 0; i < values.length; i++)
    values[i] = values[i]! > floor ? DECIBELS * logOfBits(bits[i]!) - reference : lowest
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

function applyBank(bank: MelBank, power: Float64Array, data: Float32Array, frame: number, count: number): void {
  const { starts, offsets, weights, bands } = bank
  for (let band = 0, to = frame; band < bands; band++, to += count) {
    const end = offsets[band + 1]!
    let sum = 0
    for (let w = offsets[band]!, bin = starts[band]!; w < end; w++, bin++) sum += weights[w]! * power[bin]!
    data[to] = sum
  }
}

const banks = new Map<string, MelBank>()

/** Banks are made once for each set of options; a process uses a handful. */
function bankOf(options: MelOptions): MelBank {
  const sampleRate = options.sampleRate ?? 22_050
  const full = {
    sampleRate,
    nFft: options.nFft ?? 2048,
    nMels: options.nMels ?? 128,
    fMin: options.fMin ?? 0,
    fMax: options.fMax ?? sampleRate / 2,
    htk: options.htk ?? false,
    norm: options.norm === undefined ? ('slaney' as const) : options.norm,
  }
  const key = JSON.stringify(full)
  let bank = banks.get(key)
  if (!bank) banks.set(key, (bank = melBank(full)))
  return bank
}
