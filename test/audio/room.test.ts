import { describe, expect, it } from 'vitest'
import { convolve, exponentialImpulse, reverberate } from '../../src/audio/room.ts'
import { random } from '../../src/lib/random.ts'
import { noise, tone } from './signals.ts'

const sampleRate = 16_000
const energy = (samples: Float32Array) => samples.reduce((sum, x) => sum + x * x, 0)

describe('convolve', () => {
  it.each([
    [1, 1],
    [5, 3],
    [3, 700],
    [1500, 1024],
    [4000, 333],
  ])('%i by %i samples: the sum of shifted copies', (n, m) => {
    const [a, b] = [Float32Array.from(noise(n, 1)), Float32Array.from(noise(m, 2))]
    const expected = new Float64Array(n + m - 1)
    for (let i = 0; i < n; i++) for (let k = 0; k < m; k++) expected[i + k]! += a[i]! * b[k]!
    const found = convolve(a, b)
    expect(found.length).toBe(n + m - 1)
    expected.forEach((value, i) => expect(Math.abs(found[i]! - value)).toBeLessThan(1e-5))
  })

  it('of nothing is nothing', () =>
    expect(convolve(Float32Array.from(noise(5, 1)), new Float32Array(0)).length).toBe(0))
})

describe('exponentialImpulse', () => {
  it('decays by 60 dB in the time asked for, 3 dB below the direct sound altogether', () => {
    for (const seconds of [0.2, 0.8, 2]) {
      const impulse = exponentialImpulse(sampleRate, seconds, random('room'))
      expect(impulse.length).toBe(seconds * sampleRate)
      expect(impulse[0]).toBe(1)
      expect(10 * Math.log10(1 / energy(impulse.subarray(1)))).toBeCloseTo(3, 4)
      // Energy of a tenth of the length falls by 48 dB from the first to the ninth.
      const tenth = Math.floor(impulse.length / 10)
      const part = (i: number) => energy(impulse.subarray(1 + i * tenth, 1 + (i + 1) * tenth))
      expect(10 * Math.log10(part(0) / part(8))).toBeGreaterThan(46)
      expect(10 * Math.log10(part(0) / part(8))).toBeLessThan(50)
    }
  })

  it('is seeded, may be no room at all, and refuses what is none', () => {
    const make = (seed: string) => exponentialImpulse(sampleRate, 0.3, random(seed))
    expect(make('a')).toEqual(make('a'))
    expect(make('a')).not.toEqual(make('b'))
    expect([...exponentialImpulse(sampleRate, 0, random('a'))]).toEqual([1])
    for (const seconds of [-1, 31, Number.NaN])
      expect(() => exponentialImpulse(sampleRate, seconds, random('a'))).toThrow(RangeError)
  })
})

describe('reverberate', () => {
  it('keeps length and energy, rings on after the sound, and keeps silence silent', () => {
    const burst = new Float32Array(16_000)
    burst.set(tone(500, sampleRate, 4000), 2000)
    const wet = reverberate(burst, exponentialImpulse(sampleRate, 0.5, random('hall')))
    expect(wet.length).toBe(16_000)
    expect(energy(wet) / energy(burst)).toBeCloseTo(1, 4)
    expect(energy(wet.subarray(0, 2000))).toBeLessThan(1e-6)
    expect(energy(wet.subarray(6000, 8000)) / energy(wet)).toBeGreaterThan(0.005)
    expect(energy(wet.subarray(8000, 10_000))).toBeLessThan(energy(wet.subarray(6000, 8000)) / 3)
    expect(energy(reverberate(new Float32Array(500), Float32Array.of(1, 0.5)))).toBe(0)
  })

  it('a recorded response that begins late does not make the sound late', () => {
    const click = new Float32Array(1000)
    click[100] = 1
    const late = new Float32Array(400)
    late[250] = -0.8
    late[300] = 0.4
    const wet = reverberate(click, late)
    expect(Math.abs(wet[100]!)).toBeCloseTo(Math.sqrt(0.8), 5)
    expect(wet[150]! / wet[100]!).toBeCloseTo(-0.5, 5)
  })
})
