/**
 * Duration without pitch, and pitch without duration: a phase vocoder with identity phase locking and phase reset at
 * attacks. Each output frame is the input's frame at that place, turned by the phase that its spectral peaks have
 * gathered; the frame one hop before says how far they turn, so no phase is ever unwrapped and no angle is computed.
 * Leaves out formant preservation. Sources: Laroche and Dolson, "Improved phase vocoder time-scale modification of
 * audio" (1999); Röbel, "A new approach to transient processing in the phase vocoder" (2003) for the resets.
 */
import type { RealFft } from './fft.ts'
import { resample } from './resample.ts'
import { fitLength } from './signal.ts'
import { hannWindow, sharedFft } from './stft.ts'

const FRAME = 2048
const HOP = FRAME / 4
/** An attack: more than this share of a frame's magnitude was not there one hop before. */
const ATTACK = 0.6

/**
 * The same sound `rate` times as fast (2 is half as long), at the same pitch; as librosa.effects.time_stretch.
 * @returns round(samples.length / rate) samples
 * @throws RangeError where rate is not within 1/8 to 8
 */
export function timeStretch(samples: Float32Array, rate: number): Float32Array {
  if (!(rate >= 1 / 8 && rate <= 8)) throw new RangeError(`stretch rate ${rate}, expected 0.125 to 8`)
  const length = Math.round(samples.length / rate)
  if (rate === 1) return samples.slice()
  const out = new Float64Array(length + FRAME)
  const weight = new Float64Array(length + FRAME)
  const window = hannWindow(FRAME)
  const fft = sharedFft(FRAME)
  const now = spectrum(fft)
  const before = spectrum(fft)
  const made = spectrum(fft)
  const magnitude = new Float64Array(fft.bins)
  const frame = new Float64Array(FRAME)
  for (let to = 0; to <= length; to += HOP) {
    const at = Math.round(to * rate) - FRAME / 2
    analyse(fft, samples, at, window, now)
    analyse(fft, samples, at - HOP, window, before)
    const rise = magnitudes(now, before, magnitude)
    if (to === 0 || rise > ATTACK) copy(now, made)
    else turn(now, before, made, magnitude)
    fft.inverse(made.re, made.im, frame)
    for (let i = 0; i < FRAME; i++) {
      out[to + i]! += frame[i]! * window[i]!
      weight[to + i]! += window[i]! * window[i]!
    }
  }
  // Half a frame lies before the first sample, as in the analysis.
  return Float32Array.from({ length }, (_, i) => out[i + FRAME / 2]! / Math.max(weight[i + FRAME / 2]!, 1e-8))
}

/**
 * The same length, `semitones` higher (lower where negative): stretched, then resampled; as librosa.effects.pitch_shift.
 * The ratio is a fraction that meets the pitch within 0.002 cents.
 * @throws RangeError where semitones is not within ±24
 */
export function pitchShift(samples: Float32Array, _sampleRate: number, semitones: number): Float32Array {
  if (!(Math.abs(semitones) <= 24)) throw new RangeError(`pitch shift of ${semitones} semitones, expected -24 to 24`)
  if (semitones === 0) return samples.slice()
  const [up, down] = fraction(2 ** (-semitones / 12))
  return fitLength(resample(timeStretch(samples, up / down), down, up), samples.length)
}

interface Spectrum {
  readonly re: Float64Array
  readonly im: Float64Array
}

function spectrum(fft: RealFft): Spectrum {
  return { re: new Float64Array(fft.bins), im: new Float64Array(fft.bins) }
}

const scratch = new Float32Array(FRAME)

/** Spectrum of the frame that begins at `at`; outside the signal lies silence. */
function analyse(fft: RealFft, samples: Float32Array, at: number, window: Float64Array, to: Spectrum): void {
  if (at >= 0 && at + FRAME <= samples.length) return fft.forward(samples, at, window, to.re, to.im)
  scratch.fill(0)
  const inside = samples.subarray(Math.max(0, at), Math.max(0, at + FRAME))
  if (inside.length) scratch.set(inside, Math.max(0, -at))
  fft.forward(scratch, 0, window, to.re, to.im)
}

/** Magnitudes of `now`, and what share of them is new since `before`. */
function magnitudes(now: Spectrum, before: Spectrum, magnitude: Float64Array): number {
  let total = 0
  let rise = 0
  for (let k = 0; k < magnitude.length; k++) {
    const value = Math.sqrt(now.re[k]! ** 2 + now.im[k]! ** 2)
    const earlier = Math.sqrt(before.re[k]! ** 2 + before.im[k]! ** 2)
    magnitude[k] = value
    total += value
    if (value > earlier) rise += value - earlier
  }
  return total > 0 ? rise / total : 0
}

function copy(from: Spectrum, to: Spectrum): void {
  to.re.set(from.re)
  to.im.set(from.im)
}

/** Makes the next frame in `made`, which still holds the last one: each peak's turn carries the bins around it along. */
function turn(now: Spectrum, before: Spectrum, made: Spectrum, magnitude: Float64Array): void {
  const bins = magnitude.length
  let from = 0
  for (let peak = nextPeak(magnitude, 0); from < bins; ) {
    const next = nextPeak(magnitude, peak + 1)
    const to = next < bins ? valley(magnitude, peak, next) : bins
    // The angle from the input's phase one hop before to the output's: unit vector of made · conj(before).
    let cos = made.re[peak]! * before.re[peak]! + made.im[peak]! * before.im[peak]!
    let sin = made.im[peak]! * before.re[peak]! - made.re[peak]! * before.im[peak]!
    const size = Math.sqrt(cos * cos + sin * sin)
    cos = size > 0 ? cos / size : 1
    sin = size > 0 ? sin / size : 0
    for (let k = from; k < to; k++) {
      const re = now.re[k]!
      made.re[k] = re * cos - now.im[k]! * sin
      made.im[k] = re * sin + now.im[k]! * cos
    }
    from = to
    peak = next
  }
}

/** First bin from `start` on that is larger than its two neighbours on each side; `length` where there is none. */
function nextPeak(magnitude: Float64Array, start: number): number {
  for (let k = Math.max(start, 2); k < magnitude.length - 2; k++) {
    const value = magnitude[k]!
    const above = value > magnitude[k - 1]! && value > magnitude[k - 2]!
    if (above && value >= magnitude[k + 1]! && value >= magnitude[k + 2]!) return k
  }
  return magnitude.length
}

/** Smallest bin between two peaks: where the region of one ends and that of the other begins. */
function valley(magnitude: Float64Array, left: number, right: number): number {
  let lowest = left + 1
  for (let k = left + 2; k <= right; k++) if (magnitude[k]! < magnitude[lowest]!) lowest = k
  return lowest
}

/** Best fraction for a ratio with a denominator up to 1000 (Stern-Brocot by continued fractions). */
function fraction(ratio: number): [number, number] {
  let [p0, q0, p1, q1] = [0, 1, 1, 0]
  for (let rest = ratio; ; rest = 1 / (rest - Math.floor(rest))) {
    const whole = Math.floor(rest)
    const [p, q] = [whole * p1 + p0, whole * q1 + q0]
    if (q > 1000 || p > 4000) return [p1, q1]
    ;[p0, q0, p1, q1] = [p1, q1, p, q]
    if (Math.abs(rest - whole) < 1e-9) return [p1, q1]
  }
}
