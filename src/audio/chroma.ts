/**
 * Energy of the twelve pitch classes over frames, and how far a recording is tuned from A = 440 Hz, as librosa 0.11's
 * feature.chroma_stft and estimate_tuning. Source: Ellis, "Chroma feature analysis and synthesis" (2007).
 */
import { powerSpectrogram, type Spectrogram } from './stft.ts'
import type { SpectralOptions } from './spectral.ts'

export interface ChromaOptions extends SpectralOptions {
  /** Fractions of a semitone from A = 440 Hz; estimated from the signal where not given. */
  readonly tuning?: number
}

const CLASSES = 12

/** [12, frames], row 0 is C; each frame scaled so that its largest is 1 (a silent frame stays 0). */
export function chroma(samples: Float32Array, options: ChromaOptions = {}): Spectrogram {
  const sampleRate = options.sampleRate ?? 22_050
  const power = powerSpectrogram(samples, { ...options, power: 2, hopLength: options.hopLength ?? 512 })
  const bank = chromaBank(sampleRate, 2 * (power.bands - 1), options.tuning ?? estimateTuning(power, sampleRate))
  const { frames, bands } = power
  const data = new Float32Array(CLASSES * frames)
  const column = new Float64Array(CLASSES)
  for (let t = 0; t < frames; t++) {
    column.fill(0)
    for (let bin = 0; bin < bands; bin++) {
      const value = power.data[bin * frames + t]!
      for (let c = 0; c < CLASSES; c++) column[c]! += bank[bin * CLASSES + c]! * value
    }
    const largest = column.reduce((max, value) => Math.max(max, value), 0)
    for (let c = 0; c < CLASSES; c++) data[c * frames + t] = largest > 0 ? column[c]! / largest : 0
  }
  return { bands: CLASSES, frames, data }
}

/** Gaussian bumps about each pitch class, [bins, 12], weighted towards the fifth octave. */
function chromaBank(sampleRate: number, nFft: number, tuning: number): Float64Array {
  const bins = nFft / 2 + 1
  const pitch = Float64Array.from({ length: nFft }, (_, k) => CLASSES * octaves((k * sampleRate) / nFft, tuning))
  // There is no pitch of 0 Hz; librosa puts it one and a half octaves below the first bin.
  pitch[0] = pitch[1]! - 1.5 * CLASSES
  const bank = new Float64Array(bins * CLASSES)
  const column = new Float64Array(CLASSES)
  for (let k = 0; k < bins; k++) {
    const width = Math.max((pitch[k + 1] ?? pitch[k]! + 1) - pitch[k]!, 1)
    let energy = 0
    for (let c = 0; c < CLASSES; c++) {
      const distance = modulo(pitch[k]! - c + CLASSES / 2 + 10 * CLASSES, CLASSES) - CLASSES / 2
      column[c] = Math.exp(-0.5 * ((2 * distance) / width) ** 2)
      energy += column[c]! ** 2
    }
    const octave = Math.exp(-0.5 * ((pitch[k]! / CLASSES - 5) / 2) ** 2)
    // Octaves are counted from A here; row 0 of the result is C, three classes on.
    for (let c = 0; c < CLASSES; c++)
      bank[k * CLASSES + c] = Math.fround((column[(c + 3) % CLASSES]! / Math.sqrt(energy)) * octave)
  }
  return bank
}

/** Octaves above 27.5 Hz (A0). */
function octaves(hz: number, tuning: number): number {
  return Math.log2(hz / (27.5 * 2 ** (tuning / CLASSES)))
}

/**
 * Fractions of a semitone, in [-0.5, 0.5) by hundredths: the commonest offset of the spectrum's louder peaks between
 * 150 and 4000 Hz from the notes of A = 440 Hz; 0 where there are no peaks.
 */
export function estimateTuning(spectrogram: Spectrogram, sampleRate: number): number {
  const peaks = findPeaks(spectrogram, sampleRate)
  if (peaks.length === 0) return 0
  const sizes = Float64Array.from(peaks, (peak) => peak.size).sort()
  const middle = sizes.length >> 1
  const median = sizes.length % 2 ? sizes[middle]! : (sizes[middle - 1]! + sizes[middle]!) / 2
  const counts = new Int32Array(100)
  for (const { hz, size } of peaks) {
    if (size < median) continue
    const offset = modulo(CLASSES * octaves(hz, 0), 1)
    counts[Math.min(99, Math.floor(((offset >= 0.5 ? offset - 1 : offset) + 0.5) * 100))]!++
  }
  return (counts.indexOf(Math.max(...counts)) - 50) / 100
}

interface Peak {
  readonly hz: number
  readonly size: number
}

/** Local maxima above a tenth of their frame's largest value, with the parabola's top as their place; librosa.piptrack. */
function findPeaks({ bands, frames, data }: Spectrogram, sampleRate: number): Peak[] {
  const peaks: Peak[] = []
  const binHz = sampleRate / (2 * (bands - 1))
  const highest = Math.min(4000, sampleRate / 2)
  for (let t = 0; t < frames; t++) {
    const at = (bin: number) => data[bin * frames + t]!
    let largest = 0
    for (let bin = 0; bin < bands; bin++) largest = Math.max(largest, at(bin))
    const loud = (bin: number) => (at(bin) > 0.1 * largest ? at(bin) : 0)
    for (let bin = Math.max(1, Math.ceil(150 / binHz)); bin < bands - 1 && bin * binHz < highest; bin++) {
      if (!(loud(bin) > loud(bin - 1) && loud(bin) >= loud(bin + 1))) continue
      const bend = at(bin + 1) + at(bin - 1) - 2 * at(bin)
      const slope = (at(bin + 1) - at(bin - 1)) / 2
      const shift = Math.abs(slope) >= Math.abs(bend) ? 0 : -slope / bend
      peaks.push({ hz: (bin + shift) * binHz, size: at(bin) + 0.5 * slope * shift })
    }
  }
  return peaks
}

function modulo(value: number, by: number): number {
  return value - by * Math.floor(value / by)
}
