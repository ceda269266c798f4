/** Plain operations on samples, and a look at whether they are usable: silence, clipping, DC, NaN. */
import type { DataFault } from '../lib/errors.ts'
import { type Audio, audioFault } from './audio.ts'

/** Mean of all channels; a mono file's own channel, not a copy. */
export function toMono(audio: Pick<Audio, 'channels'>): Float32Array {
  const [first, ...others] = audio.channels
  if (!first) return new Float32Array(0)
  if (others.length === 0) return first
  const mono = new Float32Array(first.length)
  for (let i = 0; i < mono.length; i++) {
    let sum = first[i]!
    for (const channel of others) sum += channel[i]!
    mono[i] = sum / audio.channels.length
  }
  return mono
}

/** Exactly `length` samples: cut at the end, or padded there with zeros. A copy always. */
export function fitLength(samples: Float32Array, length: number): Float32Array {
  const fitted = new Float32Array(length)
  fitted.set(samples.subarray(0, length))
  return fitted
}

/** -60 dBFS: a file whose peak stays below is called silent. */
const SILENT_PEAK = 1e-3
/** A run of this many samples at full scale is a clipped peak; one sample there is a normalised one. */
const CLIP_RUN = 3
/** Counts as full scale: 32767/32768 and anything beyond, in either direction. */
const FULL_SCALE = 0.9999
/** Share of samples in clipped runs from which it is worth a word. */
const CLIP_SHARE = 1e-4
/** Mean, as a share of full scale. */
const DC_OFFSET = 0.02

/**
 * Faults of the sound itself, worst first; empty where there is nothing to say. Codes: `nan`, `silent`, `clipped`, `dc`.
 * Offsets are null: these are faults of the samples, wherever the bytes lie.
 */
export function inspectSignal(samples: Float32Array, sampleRate: number, path: string): DataFault[] {
  const { peak, mean, clipped, runs, bad, firstBad } = measure(samples)
  const fault = (code: string, message: string, hint: string) => audioFault(path, null, code, message, hint)
  if (bad > 0) {
    const where = `first at ${(firstBad / sampleRate).toFixed(3)} s`
    return [fault('nan', `${bad} samples are NaN or infinite, ${where}, expected numbers`, 'export the file again')]
  }
  if (peak < SILENT_PEAK)
    return [
      fault('silent', `silent: peak ${decibels(peak)}, expected above -60 dBFS`, 'take it out, or record it again'),
    ]
  const faults: DataFault[] = []
  if (clipped / samples.length >= CLIP_SHARE) {
    const share = `${((100 * clipped) / samples.length).toPrecision(2)} % of samples in ${runs} runs`
    faults.push(fault('clipped', `clipped: ${share} at full scale`, 'export it with a lower gain'))
  }
  if (Math.abs(mean) > DC_OFFSET)
    faults.push(
      fault('dc', `DC offset ${mean.toFixed(3)} of full scale, expected within ±${DC_OFFSET}`, 'high-pass it'),
    )
  return faults
}

function measure(samples: Float32Array) {
  let peak = 0
  let sum = 0
  let bad = 0
  let firstBad = -1
  let clipped = 0
  let runs = 0
  let run = 0
  for (let i = 0; i <= samples.length; i++) {
    const value = i < samples.length ? samples[i]! : 0
    const size = Math.abs(value)
    if (!(size < Infinity)) {
      if (bad++ === 0) firstBad = i
      continue
    }
    sum += value
    if (size > peak) peak = size
    if (size >= FULL_SCALE) run++
    else {
      if (run >= CLIP_RUN) {
        clipped += run
        runs++
      }
      run = 0
    }
  }
  return { peak, mean: samples.length ? sum / samples.length : 0, clipped, runs, bad, firstBad }
}

function decibels(amplitude: number): string {
  return amplitude === 0 ? '-inf dBFS (all zero)' : `${(20 * Math.log10(amplitude)).toFixed(1)} dBFS`
}
