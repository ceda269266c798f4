import { describe, expect, it } from 'vitest'
import { meanTarget, score, scoreAxis } from '../../src/train/evaluation.ts'
import { concordance, percentile, rmse, rowLosses } from '../../src/train/metrics.ts'

describe('losses of rows', () => {
  const y = Float32Array.of(0, 1, 0.5, 0.5)
  const p = Float32Array.of(0.25, 0.75, 0.5, 0.5)

  it('equal what is computed by hand', () => {
    const by = (name: Parameters<typeof rowLosses>[0]) =>
      [...rowLosses(name, y, p, 2)].map((loss) => Number(loss.toFixed(6)))
    expect(by('mse')).toEqual([0.0625, 0])
    expect(by('mae')).toEqual([0.25, 0])
    expect(by('bce')).toEqual([0.287682, 0.693147]) // -log 0.75, log 2
    expect(by('kl')).toEqual([0.287682, 0])
    expect(by('cross_entropy')).toEqual([0.287682, 0.693147])
    expect(
      [...rowLosses('sparse_cross_entropy', Float32Array.of(1, 0), p, 2)].map((loss) => Number(loss.toFixed(6))),
    ).toEqual([0.287682, 0.693147])
  })

  it('averages classes over the axes before the last', () => {
    const target = Float32Array.of(1, 0, 0, 1)
    const prediction = Float32Array.of(0.5, 0.5, 0.25, 0.75)
    expect(rowLosses('cross_entropy', target, prediction, 4, 2)[0]).toBeCloseTo((Math.log(2) - Math.log(0.75)) / 2, 6)
  })

  it('stays finite where a probability is 0 or 1', () => {
    for (const name of ['bce', 'kl', 'cross_entropy'] as const) {
      const [loss] = rowLosses(name, Float32Array.of(1, 0), Float32Array.of(0, 1), 2)
      expect(Number.isFinite(loss) && loss! > 5).toBe(true)
    }
  })
})

describe('scores', () => {
  it('concordance is 1 for equal, 0 for a constant, less than the correlation for a shifted guess', () => {
    const labels = [-0.5, 0, 0.25, 1]
    expect(concordance(labels, labels)).toBeCloseTo(1, 12)
    expect(
      concordance(
        labels,
        labels.map(() => 0.1),
      ),
    ).toBe(0)
    // Shifted by 1: 2 var / (2 var + 1), var = 0.29296875
    expect(
      concordance(
        labels,
        labels.map((value) => value + 1),
      ),
    ).toBeCloseTo(0.5859375 / 1.5859375, 12)
    expect(
      concordance(
        labels,
        labels.map((value) => -value),
      ),
    ).toBeLessThan(0)
    expect(rmse([0, 0], [3, 4])).toBeCloseTo(Math.sqrt(12.5), 12)
  })

  it('percentiles are by nearest rank', () => {
    const values = Array.from({ length: 100 }, (_, i) => 100 - i)
    expect([50, 95, 99, 100].map((percent) => percentile(values, percent))).toEqual([50, 95, 99, 100])
    expect(percentile([7], 99)).toBe(7)
  })

  it('compares with the hardest of several constants', () => {
    const made = {
      loss: 'mse' as const,
      target: Float32Array.of(1, 3),
      prediction: Float32Array.of(1, 2),
      size: 1,
      classes: 1,
    }
    const easy = Float32Array.of(10)
    const hard = Float32Array.of(2)
    expect(score(made, [easy, hard], [0, 1])).toEqual({
      rows: 2,
      loss: 0.5,
      baseline_loss: 1,
      improvement_percent: 50,
      beats_baseline: true,
    })
    expect(score(made, [hard], [1])).toEqual({
      rows: 1,
      loss: 1,
      baseline_loss: 1,
      improvement_percent: 0,
      beats_baseline: false,
    })
    expect(score(made, [hard], [])).toBeNull()
    expect([...meanTarget(Float32Array.of(1, 2, 3, 4, 100, 100), [0, 1], 2)]).toEqual([2, 3])
  })

  it('scores an axis against the mean label', () => {
    expect(scoreAxis([1, -1], [0.5, -0.5], 0)).toEqual({ rmse: 0.5, baseline_rmse: 1, ccc: 0.8 })
  })
})
