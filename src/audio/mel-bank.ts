/**
 * Mel scale and its triangular filters, as librosa 0.11's `filters.mel`. Kept sparse: a filter is a start and weights.
 * Sources: Slaney, Auditory Toolbox (1998); the HTK Book, section 5.4.
 */
export interface MelBankOptions {
  readonly sampleRate: number
  readonly nFft: number
  readonly nMels: number
  readonly fMin: number
  readonly fMax: number
  readonly htk: boolean
  readonly norm: 'slaney' | null
}

export interface MelBank {
  readonly bands: number
  /** First bin of each band, then one more. */
  readonly starts: Int32Array
  /** Where each band's weights begin in `weights`; band b has `offsets[b + 1] - offsets[b]` of them. */
  readonly offsets: Int32Array
  readonly weights: Float64Array
}

/** @throws RangeError where the frequencies make no filters */
export function melBank(options: MelBankOptions): MelBank {
  const { sampleRate, nFft, nMels, fMin, fMax, htk } = options
  if (!(fMin >= 0 && fMin < fMax && fMax <= sampleRate / 2))
    throw new RangeError(`mel range ${fMin} to ${fMax} Hz, expected within 0 to ${sampleRate / 2} Hz`)
  if (!Number.isInteger(nMels) || nMels < 1) throw new RangeError(`nMels ${nMels}, expected a whole number from 1`)
  const edges = melFrequencies(nMels + 2, fMin, fMax, htk)
  const bins = nFft / 2 + 1
  const starts = new Int32Array(nMels)
  const offsets = new Int32Array(nMels + 1)
  const weights: number[] = []
  for (let band = 0; band < nMels; band++) {
    const [low, mid, high] = [edges[band]!, edges[band + 1]!, edges[band + 2]!]
    const scale = options.norm === 'slaney' ? 2 / (high - low) : 1
    const first = Math.min(bins, Math.floor((low * nFft) / sampleRate) + 1)
    starts[band] = first
    for (let bin = first; bin < bins; bin++) {
      const frequency = (bin * sampleRate) / nFft
      const weight = Math.min((frequency - low) / (mid - low), (high - frequency) / (high - mid))
      if (weight <= 0) break
      // librosa keeps its filters as float32, and so the same rounding belongs here.
      weights.push(Math.fround(weight * scale))
    }
    offsets[band + 1] = weights.length
  }
  return { bands: nMels, starts, offsets, weights: Float64Array.from(weights) }
}

/** Bands that no bin falls into: they are always zero, and a sign that nMels is too large for nFft. */
export function emptyBands(bank: MelBank): number {
  let empty = 0
  for (let band = 0; band < bank.bands; band++) empty += Number(bank.offsets[band] === bank.offsets[band + 1])
  return empty
}

/** `count` frequencies in Hz, evenly spaced in mel; librosa.mel_frequencies. */
export function melFrequencies(count: number, fMin: number, fMax: number, htk: boolean): Float64Array {
  const low = hzToMel(fMin, htk)
  const high = hzToMel(fMax, htk)
  return Float64Array.from({ length: count }, (_, i) => melToHz(low + ((high - low) * i) / (count - 1), htk))
}

/** Slaney: linear below 1000 Hz, logarithmic above. */
const LINEAR_STEP = 200 / 3
const BREAK_HZ = 1000
const BREAK_MEL = BREAK_HZ / LINEAR_STEP
const LOG_STEP = Math.log(6.4) / 27

export function hzToMel(hz: number, htk = false): number {
  if (htk) return 2595 * Math.log10(1 + hz / 700)
  return hz < BREAK_HZ ? hz / LINEAR_STEP : BREAK_MEL + Math.log(hz / BREAK_HZ) / LOG_STEP
}

export function melToHz(mel: number, htk = false): number {
  if (htk) return 700 * (10 ** (mel / 2595) - 1)
  return mel < BREAK_MEL ? mel * LINEAR_STEP : BREAK_HZ * Math.exp(LOG_STEP * (mel - BREAK_MEL))
}
