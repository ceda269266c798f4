import FFT from 'fft.js'
import { expect, it } from 'vitest'
import { realFft } from '../../src/audio/fft.ts'
import { largestError, noise } from './signals.ts'

const sizes = [8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096]

it.each(sizes)('size %i: spectrum and power as fft.js, inverse gives the frame back', (size) => {
  const samples = Float32Array.from(noise(size + 3, size))
  const window = noise(size, 99)
  const fft = realFft(size)
  const [re, im, power] = [0, 0, 0].map(() => new Float64Array(fft.bins)) as [Float64Array, Float64Array, Float64Array]
  fft.forward(samples, 3, window, re, im)
  fft.power(samples, 3, window, power)

  const reference = new FFT(size)
  const expected = reference.createComplexArray()
  reference.realTransform(
    expected,
    Array.from(window, (w, i) => w * samples[i + 3]!),
  )
  const half = (offset: number) => Array.from(re, (_, k) => expected[2 * k + offset]!)
  const square = Array.from(re, (x, k) => x * x + im[k]! * im[k]!)
  expect(largestError(re, half(0))).toBeLessThan(1e-14 * Math.sqrt(size))
  expect(largestError(im, half(1))).toBeLessThan(1e-14 * Math.sqrt(size))
  expect(largestError(power, square)).toBeLessThan(1e-13 * size)

  const frame = new Float64Array(size)
  const windowed = Array.from(window, (w, i) => w * samples[i + 3]!)
  fft.inverse(re, im, frame)
  expect(largestError(frame, windowed)).toBeLessThan(1e-14)
})

it('refuses sizes that are no power of two', () => {
  for (const size of [0, 4, 1000, 2 ** 21, NaN]) expect(() => realFft(size), `${size}`).toThrow(RangeError)
})
