import { expect, it } from 'vitest'
import { fitLength, inspectSignal, toMono } from '../../src/audio/signal.ts'
import { tone } from './signals.ts'

const codes = (samples: Float32Array) => inspectSignal(samples, 16_000, 'x.wav').map((fault) => fault.code)

it('toMono is the mean of the channels', () => {
  expect([...toMono({ channels: [Float32Array.of(1, 0), Float32Array.of(0, -1)] })]).toEqual([0.5, -0.5])
  const one = Float32Array.of(1)
  expect(toMono({ channels: [one] })).toBe(one)
})

it('fitLength cuts or pads at the end', () => {
  expect([...fitLength(Float32Array.of(1, 2, 3), 2)]).toEqual([1, 2])
  expect([...fitLength(Float32Array.of(1, 2, 3), 5)]).toEqual([1, 2, 3, 0, 0])
})

it('inspectSignal: nothing to say of a tone, even one normalised to full scale', () => {
  expect(codes(tone(440, 16_000, 16_000, 0.5))).toEqual([])
  expect(codes(tone(440, 16_000, 16_000, 1))).toEqual([])
})

it('inspectSignal: silence is a peak below -60 dBFS', () => {
  expect(codes(new Float32Array(100))).toEqual(['silent'])
  expect(codes(tone(440, 16_000, 16_000, 0.0009))).toEqual(['silent'])
  expect(codes(tone(440, 16_000, 16_000, 0.0011))).toEqual([])
  expect(inspectSignal(new Float32Array(10), 16_000, 'x.wav')[0]!.message).toContain('-inf dBFS')
})

it('inspectSignal: clipping is runs of three or more samples at full scale', () => {
  const clipped = tone(440, 16_000, 16_000, 1.5).map((x) => Math.max(-1, Math.min(1, x)))
  expect(codes(clipped)).toEqual(['clipped'])
  expect(inspectSignal(clipped, 16_000, 'x.wav')[0]!.message).toMatch(/^clipped: 5\d(\.\d)? % of samples in \d+ runs/)
  expect(codes(Float32Array.from({ length: 9000 }, (_, i) => (i % 9 < 2 ? 1 : -0.3)))).toEqual([])
  expect(codes(Float32Array.from({ length: 9000 }, (_, i) => (i % 9 < 3 ? 1 : -0.5)))).toEqual(['clipped'])
})

it('inspectSignal: DC offset and NaN', () => {
  expect(codes(tone(440, 16_000, 16_000).map((x) => x + 0.1))).toEqual(['dc'])
  const holes = tone(440, 16_000, 16_000)
  holes[8000] = NaN
  holes[9000] = Infinity
  expect(inspectSignal(holes, 16_000, 'x.wav')).toMatchObject([
    { code: 'nan', message: expect.stringContaining('2 samples') },
  ])
  expect(inspectSignal(holes, 16_000, 'x.wav')[0]!.message).toContain('first at 0.500 s')
})
