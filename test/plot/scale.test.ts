import { describe, expect, it } from 'vitest'
import { random as seeded } from '../../src/lib/random.ts'
import { binValues } from '../../src/plot/histogram.ts'
import { extent, linearScale, logScale, niceRange, niceStep, niceTicks, tickLabel } from '../../src/plot/scale.ts'

describe('ticks', () => {
  it('are 1, 2 or 5 times a power of ten', () => {
    expect([10, 11, 37, 0.003, 4e7].map((span) => niceStep(span))).toEqual([2, 5, 10, 0.001, 1e7])
    expect(niceTicks({ min: 0, max: 1 })).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1])
    expect(niceTicks({ min: -3, max: 7 })).toEqual([-2, 0, 2, 4, 6])
    expect(niceTicks({ min: 4, max: 4 })).toEqual([4])
  })

  it('lie inside the range, rise, and are few, for any range', () => {
    const random = seeded(7)
    for (let i = 0; i < 500; i++) {
      const min = (random.next() - 0.5) * 10 ** Math.floor(random.next() * 12 - 6)
      const max = min + random.next() * 10 ** Math.floor(random.next() * 12 - 6) + 1e-9
      const ticks = niceTicks({ min, max })
      const slack = (max - min) * 1e-6
      expect(
        ticks.every((tick, k) => tick >= min - slack && tick <= max + slack && (k === 0 || tick > ticks[k - 1]!)),
      ).toBe(true)
      expect(ticks.length).toBeGreaterThanOrEqual(1)
      expect(ticks.length).toBeLessThanOrEqual(12)
      const wide = niceRange({ min, max })
      expect(wide.min <= min + slack && wide.max >= max - slack).toBe(true)
    }
  })

  it('are written with the decimals that tell them apart', () => {
    const labels = (min: number, max: number) => {
      const scale = linearScale({ min, max }, [0, 1])
      return scale.ticks.map(scale.label)
    }
    expect(labels(0.03, 0.04)).toEqual(['0.030', '0.032', '0.034', '0.036', '0.038', '0.040'])
    expect(labels(0, 1000)).toEqual(['0', '200', '400', '600', '800', '1000'])
    expect(labels(0, 2e-5)).toEqual(['0', '5e-6', '1.0e-5', '1.5e-5', '2.0e-5'])
    expect([tickLabel(2_000_000, 1e6), tickLabel(-0.5, 0.5)]).toEqual(['2e6', '-0.5'])
  })
})

describe('ranges', () => {
  it('pass over what is not finite, and are null where nothing is', () => {
    expect(extent([3, null, Number.NaN, -1, Infinity, undefined])).toEqual({ min: -1, max: 3 })
    expect(extent([Number.NaN, null])).toBeNull()
  })

  it('give one value room on both sides', () => {
    expect(niceRange({ min: 4, max: 4 })).toEqual({ min: 2, max: 6 })
    expect(niceRange({ min: 0, max: 0 })).toEqual({ min: -1, max: 1 })
  })

  it('map logarithmically', () => {
    const scale = logScale({ min: 0.01, max: 100 }, [0, 4])
    expect(scale.ticks).toEqual([0.01, 0.1, 1, 10, 100])
    expect(scale.ticks.map((tick) => Math.round(scale.map(tick) * 1e9) / 1e9)).toEqual([0, 1, 2, 3, 4])
    expect(logScale({ min: 1, max: 10 }, [0, 1]).ticks).toEqual([1, 2, 5, 10])
  })
})

describe('bins', () => {
  it('hold every finite value once, and the greatest is not in a bin of its own', () => {
    expect(binValues([-1, -0.5, 0, 0.5, 1], 4)).toEqual({ edges: [-1, -0.5, 0, 0.5, 1], counts: [1, 1, 1, 2] })
    const random = seeded(3)
    for (let i = 0; i < 200; i++) {
      const values = Array.from(
        { length: 1 + Math.floor(random.next() * 50) },
        () => (random.next() - 0.3) * 10 ** (i % 9),
      )
      const { edges, counts } = binValues([...values, Number.NaN])
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(values.length)
      expect(edges).toHaveLength(counts.length + 1)
      expect(edges.every((edge, k) => k === 0 || edge > edges[k - 1]!)).toBe(true)
    }
    expect(binValues([])).toEqual({ edges: [], counts: [] })
    // one bar in the middle
    expect(binValues([5, 5]).counts).toEqual([0, 2, 0])
    expect(binValues([0]).edges).toEqual([-2.5, -0.5, 0.5, 2.5])
  })
})
