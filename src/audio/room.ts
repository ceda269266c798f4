/**
 * Room responses: a synthetic one from a seed, and convolution with any. Leaves out early reflections of a room of given
 * walls: the tail is noise that decays exponentially, which is what a diffuse room sounds like (Polack 1988; Moorer 1979).
 */
import type { Random } from '../lib/random.ts'
import { sharedFft } from './stft.ts'

/** Level of the direct sound over that of all reflections, in dB: as at some metres from the source in a living room. */
const DIRECT_TO_REVERBERANT = 3

/**
 * Impulse response that begins with the direct sound (1) and decays by 60 dB in `seconds`.
 * @returns round(seconds · sampleRate) samples, at least 1
 * @throws RangeError where seconds is not within 0 to 30
 */
export function exponentialImpulse(sampleRate: number, seconds: number, rng: Random): Float32Array {
  if (!(seconds >= 0 && seconds <= 30)) throw new RangeError(`reverberation of ${seconds} s, expected 0 to 30`)
  const impulse = new Float32Array(Math.max(1, Math.round(seconds * sampleRate)))
  const decay = 10 ** (-3 / (seconds * sampleRate))
  let energy = 0
  for (let i = 1, level = decay; i < impulse.length; i++, level *= decay) {
    impulse[i] = level * rng.normal()
    energy += impulse[i]! ** 2
  }
  const scale = energy > 0 ? Math.sqrt(10 ** (-DIRECT_TO_REVERBERANT / 10) / energy) : 0
  for (let i = 1; i < impulse.length; i++) impulse[i]! *= scale
  impulse[0] = 1
  return impulse
}

/**
 * The sound as it is heard in a room: as long and as loud (by its energy) as before, in time with it, because the response's
 * strongest sample is taken for the direct sound. What rings on beyond the end is cut off.
 */
export function reverberate(samples: Float32Array, impulse: Float32Array): Float32Array {
  const wet = convolve(samples, impulse).subarray(strongest(impulse))
  const out = new Float32Array(samples.length)
  out.set(wet.subarray(0, out.length))
  const [before, after] = [energyOf(samples), energyOf(out)]
  const scale = after > 0 ? Math.sqrt(before / after) : 0
  for (let i = 0; i < out.length; i++) out[i]! *= scale
  return out
}

/** All a.length + b.length - 1 samples; [] where one is empty. By overlap-add in double precision. */
export function convolve(a: Float32Array, b: Float32Array): Float32Array {
  const [long, short] = a.length >= b.length ? [a, b] : [b, a]
  if (short.length === 0) return new Float32Array(0)
  const size = fftSize(short.length)
  const fft = sharedFft(size)
  const step = size - short.length + 1
  const plane = () => new Float64Array(fft.bins)
  const [re, im, otherRe, otherIm] = [plane(), plane(), plane(), plane()]
  const ones = new Float64Array(size).fill(1)
  const block = new Float64Array(size)
  block.set(short)
  fft.forward(block, 0, ones, otherRe, otherIm)
  const sum = new Float64Array(long.length + size)
  for (let at = 0; at < long.length; at += step) {
    block.fill(0)
    block.set(long.subarray(at, at + step))
    fft.forward(block, 0, ones, re, im)
    for (let k = 0; k < fft.bins; k++) {
      const real = re[k]! * otherRe[k]! - im[k]! * otherIm[k]!
      im[k] = re[k]! * otherIm[k]! + im[k]! * otherRe[k]!
      re[k] = real
    }
    fft.inverse(re, im, block)
    for (let i = 0; i < size; i++) sum[at + i]! += block[i]!
  }
  return Float32Array.from(sum.subarray(0, long.length + short.length - 1))
}

/** A power of two of at least twice the length, which is where overlap-add does little for nothing. */
function fftSize(length: number): number {
  return Math.max(1024, 2 ** Math.ceil(Math.log2(2 * length)))
}

function strongest(impulse: Float32Array): number {
  let best = 0
  for (let i = 1; i < impulse.length; i++) if (Math.abs(impulse[i]!) > Math.abs(impulse[best]!)) best = i
  return best
}

function energyOf(samples: Float32Array): number {
  let sum = 0
  for (let i = 0; i < samples.length; i++) sum += samples[i]! ** 2
  return sum
}
