/** The strict reader: what RTNeural's loader answers with an exception, a crash or silence is refused, by name. */
import { describe, expect, it } from 'vitest'
import { DataError } from '../../src/lib/errors.ts'
import { predict } from '../../src/exporters/rtneural/predict.ts'
import { parseRtneural } from '../../src/exporters/rtneural/reader.ts'

const dense = {
  type: 'dense',
  activation: '',
  shape: [null, 2],
  weights: [
    [
      [1, 2],
      [3, 4],
      [5, 6],
    ],
    [0.5, -0.5],
  ],
}
const file = (layers: unknown[], inShape: unknown = [null, 3]) => JSON.stringify({ in_shape: inShape, layers })

function fault(text: string): string {
  try {
    parseRtneural(text, 'm.json')
  } catch (error) {
    expect(error).toBeInstanceOf(DataError)
    expect((error as DataError).fault.path).toBe('m.json')
    return `${(error as DataError).fault.code}: ${(error as DataError).fault.message}`
  }
  throw new Error('was accepted')
}

describe('refuses', () => {
  const batchnorm = {
    type: 'batchnorm',
    epsilon: 0.001,
    shape: [null, 3],
    weights: [
      [1, 1, 1],
      [0, 0, 0],
      [0, 0, 0],
      [1, 1, 1],
    ],
  }
  const lstm = {
    type: 'lstm',
    shape: [null, null, 1],
    weights: [
      [
        [1, 2, 3, 4],
        [1, 2, 3, 4],
        [1, 2, 3, 4],
      ],
      [[1, 2, 3, 4]],
      [1, 2, 3, 4],
    ],
  }
  const conv = {
    type: 'conv1d',
    kernel_size: [1],
    dilation: [1],
    shape: [null, null, 1],
    weights: [[[[1], [2], [3]]], [0]],
  }

  it.each<[string, string, RegExp]>([
    ['text that is not JSON', '{"in_shape": [', /^json: not JSON/],
    ['no layers', file([]), /^json: layers must be a list/],
    [
      'in_shape ending in null (R3)',
      file([dense], [null, null]),
      /^shape: in_shape must be a list that ends in a whole number/,
    ],
    [
      'activation linear (R1)',
      file([{ ...dense, activation: 'linear' }]),
      /^activation: layer 0 \("dense"\): names "linear", .* crashes the host/,
    ],
    ['activation gelu (R1)', file([{ ...dense, activation: 'gelu' }]), /^activation: .*"gelu"/],
    [
      'activation null (R3)',
      file([{ ...dense, activation: null }]),
      /^activation: .*is null, on which the loader throws/,
    ],
    [
      'an unknown layer type (R2)',
      file([dense, { type: 'layernorm', shape: [null, 2], weights: [] }]),
      /^type: layer 1 \("layernorm"\): RTNeural skips/,
    ],
    ['a missing type', file([{ shape: [1], weights: [] }]), /^type: .*every layer is an object with a type/],
    [
      'no weights, even for an activation (R3)',
      file([dense, { type: 'activation', activation: 'tanh', shape: [null, 2] }]),
      /^weights: layer 1 .*no list "weights"/,
    ],
    [
      'a transposed kernel (R4)',
      file([
        {
          ...dense,
          weights: [
            [
              [1, 3, 5],
              [2, 4, 6],
            ],
            [0, 0],
          ],
        },
      ]),
      /^weights: .*kernel must have the shape \[3\]\[2\], found 2 of them on axis 0/,
    ],
    [
      'a kernel with a ragged row',
      file([
        {
          ...dense,
          weights: [
            [[1, 2], [3, 4], [5]],
            [0, 0],
          ],
        },
      ]),
      /found 1 of them on axis 1/,
    ],
    [
      'a bias of the wrong length',
      file([{ ...dense, weights: [dense.weights[0], [1]] }]),
      /^weights: .*bias must have the shape \[2\]/,
    ],
    [
      'null where NaN was written (R8)',
      file([{ ...dense, weights: [dense.weights[0], [null, 1]] }]),
      /^not-finite: .*bias holds null/,
    ],
    [
      'a number beyond float32 (R8)',
      file([{ ...dense, weights: [dense.weights[0], [1e39, 1]] }]),
      /^not-finite: .*1e\+39/,
    ],
    [
      'a convolution without bias (R5)',
      file([{ ...conv, weights: [conv.weights[0]] }]),
      /^weights: .*has 1 arrays, expected 2/,
    ],
    ['a convolution without dilation', file([{ ...conv, dilation: undefined }]), /^shape: .*"dilation", found nothing/],
    ['a grouped convolution', file([{ ...conv, groups: 3 }]), /^type: .*groups is 3/],
    [
      'an lstm without bias (R5)',
      file([{ ...lstm, weights: lstm.weights.slice(0, 2) }]),
      /^weights: .*has 2 arrays, expected 3/,
    ],
    [
      'a gru with one bias vector (R6)',
      file([
        {
          ...lstm,
          type: 'gru',
          weights: [
            [
              [1, 2, 3],
              [1, 2, 3],
              [1, 2, 3],
            ],
            [[1, 2, 3]],
            [1, 2, 3],
          ],
        },
      ]),
      /^weights: .*bias must have the shape \[2\]\[3\]/,
    ],
    [
      'an activation that is ignored on an lstm',
      file([{ ...lstm, activation: 'relu' }]),
      /^activation: .*"relu", which the loader ignores/,
    ],
    [
      'a batchnorm that changes the size',
      file([{ ...batchnorm, shape: [null, 2] }]),
      /^shape: .*says 2 numbers come out, but 3 go in/,
    ],
    ['a batchnorm without epsilon', file([{ ...batchnorm, epsilon: undefined }]), /^weights: .*no number "epsilon"/],
    [
      'a batchnorm of three arrays',
      file([{ ...batchnorm, weights: batchnorm.weights.slice(1) }]),
      /^weights: .*has 3 arrays, expected 2 or 4/,
    ],
    [
      'an activation layer without activation',
      file([dense, { type: 'activation', activation: '', shape: [null, 2], weights: [] }]),
      /^activation: .*names no activation/,
    ],
    ['a shape of four axes', file([{ ...dense, shape: [null, 1, 1, 2] }]), /^shape: .*list of 1 to 3/],
  ])('%s', (_, text, message) => expect(fault(text)).toMatch(message))
})

describe('computes by hand', () => {
  const run = (text: string, x: number[], shape: number[]) =>
    Array.from(predict(parseRtneural(text, 'm.json'), [{ name: 'x', shape, data: Float32Array.from(x) }]).data)

  it('dense with [in][out] weights, and without bias', () => {
    expect(run(file([dense]), [1, 10, 100], [1, 3])).toEqual([531.5, 641.5])
    expect(run(file([{ ...dense, weights: [dense.weights[0]] }]), [1, 10, 100], [1, 3])).toEqual([531, 642])
  })

  it('prelu with one alpha and with one each', () => {
    const prelu = (alpha: number[]) => file([{ type: 'prelu', shape: [null, 2], weights: [[alpha]] }], [null, 2])
    expect(run(prelu([0.5]), [-2, 4], [1, 2])).toEqual([-1, 4])
    expect(run(prelu([0.25, 3]), [-2, -2], [1, 2])).toEqual([-0.5, -6])
  })

  it('batchnorm without gamma and beta', () => {
    const norm = {
      type: 'batchnorm',
      epsilon: 0,
      shape: [null, 2],
      weights: [
        [1, 2],
        [4, 16],
      ],
    }
    expect(run(file([norm], [null, 2]), [5, 10], [1, 2])).toEqual([2, 2])
  })

  it('a dilated convolution over time, kernels in the order of time, and its warm-up', () => {
    const layer = {
      type: 'conv1d',
      kernel_size: 2,
      dilation: 2,
      shape: [null, null, 1],
      weights: [[[[10]], [[1]]], [0.5]],
    }
    const text = JSON.stringify({
      in_shape: [null, null, 1],
      layers: [layer],
      kpipe: { output: { per_step: true, warm_up_steps: 2 } },
    })
    // y[t] = 10 x[t-2] + x[t] + 0.5
    expect(run(text, [1, 2, 3, 4], [1, 4, 1])).toEqual([13.5, 24.5])
  })

  it('one lstm unit over two steps, state cleared between rows', () => {
    const layer = {
      type: 'lstm',
      shape: [null, null, 1],
      weights: [[[0.5, -0.3, 0.8, 0.2]], [[0.1, 0.4, -0.6, 0.7]], [0, 1, 0, -0.5]],
    }
    const s = (v: number) => 1 / (1 + Math.exp(-v))
    const step = (x: number, h: number, c: number) => {
      const cell = s(-0.3 * x + 0.4 * h + 1) * c + s(0.5 * x + 0.1 * h) * Math.tanh(0.8 * x - 0.6 * h)
      return [s(0.2 * x + 0.7 * h - 0.5) * Math.tanh(cell), cell] as const
    }
    const [h1, c1] = step(1, 0, 0)
    const [h2] = step(2, h1, c1)
    const got = run(file([layer], [null, null, 1]), [1, 2, 1, 2], [2, 2, 1])
    expect(got[0]).toBeCloseTo(h2, 6)
    expect(got[1]).toBe(got[0])
  })

  it('softmax without a shift: NaN beyond float32, and a warning before that (R7)', () => {
    const text = file([{ type: 'activation', activation: 'softmax', shape: [null, 2], weights: [] }], [null, 2])
    const at = (top: number) =>
      predict(parseRtneural(text, 'm.json'), [{ name: 'x', shape: [1, 2], data: Float32Array.of(top, 0) }])
    expect(at(79).warnings).toEqual([])
    expect(at(85).warnings[0]).toContain('largest logit of 85.0')
    expect(at(85).data[0]).toBeCloseTo(1, 6)
    expect(at(200).data[0]).toBeNaN()
  })

  it('refuses inputs of another size', () => {
    expect(() => run(file([dense]), [1, 2], [1, 2])).toThrow('the file takes 3 numbers per step')
  })
})
