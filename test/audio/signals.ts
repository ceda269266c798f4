/** Signals that tests make from formulas, the same as the golden scripts do, and the numbers those left. */
import { readFileSync } from 'node:fs'

/** Linear congruential noise in [-0.5, 0.5). */
export function noise(count: number, seed: number): Float64Array {
  let state = seed >>> 0
  return Float64Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32 - 0.5
  })
}

/** `signal` of test/golden/scripts/audio_features.py, 16 kHz. */
export function goldenSignal(count: number): Float32Array {
  const hiss = noise(count, 1)
  return Float32Array.from({ length: count }, (_, i) => {
    const t = i / 16_000
    const tones = 0.5 * Math.sin(2 * Math.PI * 221 * t) + 0.25 * Math.sin(2 * Math.PI * 884.7 * t)
    return (i < 0.75 * count ? 1 : 1e-4) * (tones + 0.1 * hiss[i]!)
  })
}

/** `beat` of test/golden/scripts/audio_onsets.py, 16 kHz: noise that dies away after every beat, over a soft tone. */
export function beat(seconds: number, bpm: number): Float32Array {
  const hiss = noise(seconds * 16_000, 3)
  return Float32Array.from(hiss, (value, i) => {
    const t = i / 16_000
    const beats = (t * bpm) / 60
    const since = ((beats - Math.floor(beats)) * 60) / bpm
    const level = Math.floor(beats) % 4 === 0 ? 1 : 0.6
    return level * Math.exp(-30 * since) * value + 0.05 * Math.sin(2 * Math.PI * 330 * t)
  })
}

/** Arrays of a file of golden/audio by name. */
export function goldenNumbers(file: string): (name: string) => { shape: [number, number]; values: Float32Array } {
  const text = readFileSync(new URL(`../golden/audio/${file}`, import.meta.url), 'utf8')
  const arrays: Record<string, { shape: [number, number]; data: string }> = JSON.parse(text)
  return (name) => {
    const bytes = new Uint8Array(Buffer.from(arrays[name]!.data, 'base64'))
    return { shape: arrays[name]!.shape, values: new Float32Array(bytes.buffer) }
  }
}

export function tone(hz: number, sampleRate: number, count: number, amplitude = 0.5): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => amplitude * Math.sin((2 * Math.PI * hz * i) / sampleRate))
}

/** Largest difference of two lists; Infinity where one holds NaN. */
export function largestError(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (found.length !== expected.length) throw new Error(`${found.length} numbers, expected ${expected.length}`)
  let difference = 0
  for (let i = 0; i < found.length; i++) {
    const error = Math.abs(found[i]! - expected[i]!)
    if (Number.isNaN(error)) return Infinity
    difference = Math.max(difference, error)
  }
  return difference
}

/** Largest difference of two lists as a share of the largest number of the second. */
export function relativeError(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  let largest = 0
  for (let i = 0; i < expected.length; i++) largest = Math.max(largest, Math.abs(expected[i]!))
  return largestError(found, expected) / largest
}

/**
 * Amplitude of the tone of `hz` in `samples` (least squares of its sine and cosine) and the root mean square of all else,
 * both as shares of full scale.
 */
export function fitTone(samples: Float32Array, hz: number, sampleRate: number): { amplitude: number; rest: number } {
  let [ss, sc, cc, xs, xc] = [0, 0, 0, 0, 0]
  const phase = (i: number) => (2 * Math.PI * hz * i) / sampleRate
  samples.forEach((x, i) => {
    const s = Math.sin(phase(i))
    const c = Math.cos(phase(i))
    ss += s * s
    sc += s * c
    cc += c * c
    xs += x * s
    xc += x * c
  })
  const a = (xs * cc - xc * sc) / (ss * cc - sc * sc)
  const b = (xc * ss - xs * sc) / (ss * cc - sc * sc)
  const rest = samples.reduce((sum, x, i) => sum + (x - a * Math.sin(phase(i)) - b * Math.cos(phase(i))) ** 2, 0)
  return { amplitude: Math.hypot(a, b), rest: Math.sqrt(rest / samples.length) }
}
