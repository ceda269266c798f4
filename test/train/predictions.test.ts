import { expect, it, vi } from 'vitest'
import type { FeatureSet } from '../../src/data/feature-set.ts'
import type { ModelFile } from '../../src/network.ts'
import type { Predictions } from '../../src/train/evaluation.ts'
import { measureLatency } from '../../src/train/latency.ts'
import { buildPredictions } from '../../src/train/predictions.ts'

const decodeEmotion = (embedding: ArrayLike<number>) => ({ valence: embedding[0]!, arousal: embedding[1]! })

/** Rows 0 and 1 are trained on, 2 … are held out; every second held-out row has a label. */
function request(
  task: string,
  loss: Predictions['loss'],
  target: number[][],
  prediction: number[][],
  labels: string[] = [],
) {
  const size = prediction[0]!.length
  const rows = [...target, ...target].slice(0, target.length + 2).map((_, i) => ({
    id: `row ${i}`,
    source: '',
    split: i < 2 ? ('train' as const) : ('test' as const),
    labelled: i % 2 === 0,
    valence: i / 10,
    arousal: -i / 10,
  }))
  const y = new Float32Array([...Array.from({ length: 2 * size }, (_, i) => (i < size ? 0 : 1)), ...target.flat()])
  const set = {
    info: { rows, yLabels: labels, generated: true } as unknown as FeatureSet['info'],
    x: new Float32Array(),
    y,
  }
  return {
    model: { id: 'm', task } as ModelFile,
    set,
    heldOut: { split: 'test' as const, rows: target.map((_, i) => i + 2) },
    predictions: {
      loss,
      target: new Float32Array(target.flat()),
      prediction: new Float32Array(prediction.flat()),
      size,
      classes: size,
    },
    decodeEmotion,
  }
}

it('pairs labels with decoded emotions, labelled rows only', () => {
  const made = buildPredictions(
    request(
      'emotion_embedding',
      'mse',
      [
        [0, 0],
        [0, 0],
        [0, 0],
      ],
      [
        [0.5, 0.25],
        [9, 9],
        [-1, 1],
      ],
    ),
  )
  expect(made).toEqual({
    format: 'kpipe-predictions/1',
    model: 'm',
    task: 'emotion_embedding',
    split: 'test',
    generated: true,
    emotion: [
      { id: 'row 2', valence: [0.2, 0.5], arousal: [-0.2, 0.25] },
      { id: 'row 4', valence: [0.4, -1], arousal: [-0.4, 1] },
    ],
    classes: null,
    outputs: null,
  })
})

it('counts which class was taken for which', () => {
  const target = [
    [0.1, 0.9],
    [1, 0],
    [0.2, 0.8],
    [0, 1],
  ]
  const guess = [
    [0.4, 0.6],
    [0.3, 0.7],
    [0.1, 0.9],
    [0.8, 0.2],
  ]
  const { classes, emotion, outputs } = buildPredictions(request('chords', 'kl', target, guess, ['C', 'G']))
  expect(classes).toEqual({
    labels: ['C', 'G'],
    counts: [
      [0, 1, 1],
      [1, 0, 1],
      [1, 1, 2],
    ],
  })
  expect([emotion, outputs]).toEqual([null, null])
  const nameless = buildPredictions(request('chords', 'cross_entropy', target, guess))
  expect(nameless.classes!.labels).toEqual(['class 0', 'class 1'])
})

it('gives the error of every named output, and that of the mean of the training rows', () => {
  const { outputs } = buildPredictions(
    request(
      'dynamics',
      'mse',
      [
        [1, 0],
        [3, 0],
      ],
      [
        [1, 1],
        [1, 1],
      ],
      ['loud', 'late'],
    ),
  )
  // Training rows are 0 and 1: their mean is 0.5.
  expect(outputs).toEqual({
    labels: ['loud', 'late'],
    rmse: [Number(Math.sqrt(2).toPrecision(6)), 1],
    baseline_rmse: [Number(Math.sqrt((0.25 + 6.25) / 2).toPrecision(6)), 0.5],
  })
  expect(buildPredictions(request('dynamics', 'mse', [[1, 0]], [[1, 1]])).outputs).toBeNull()
})

it('puts every timed call into the histogram', () => {
  const { histogram, calls } = measureLatency(() => undefined, 50, 1)
  expect(histogram.counts.reduce((sum, count) => sum + count, histogram.slower)).toBe(calls)
  expect(histogram.edges_ms).toHaveLength(histogram.counts.length + 1)
})

it('latency of a network of half a second a call: a few calls in some seconds, not a thousand', () => {
  let clock = 0
  const now = vi.spyOn(performance, 'now').mockImplementation(() => clock)
  const { calls, avg_ms } = measureLatency(() => (clock += 500), 1000, 500)
  now.mockRestore()
  expect([calls, avg_ms]).toEqual([4, 500])
  expect(clock).toBeLessThanOrEqual(12_500)
})
