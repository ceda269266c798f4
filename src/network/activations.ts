/** Activation functions on plain arrays, by name; gelu is the erf form (Keras' and tfjs' default), gelu_tanh GPT-2's. */
import type { Activation } from '../network.ts'

/** Applies in place to values[from, from + count); softmax works on rows of `channels`. */
export function activate(name: Activation, values: Float32Array, from: number, count: number, channels: number): void {
  const end = from + count
  switch (name) {
    case 'linear':
      return
    case 'relu':
      // A comparison, not Math.max: NaN must stay NaN.
      for (let i = from; i < end; i++) if (values[i]! < 0) values[i] = 0
      return
    case 'tanh':
      for (let i = from; i < end; i++) values[i] = Math.tanh(values[i]!)
      return
    case 'sigmoid':
      for (let i = from; i < end; i++) values[i] = sigmoid(values[i]!)
      return
    case 'leaky_relu':
      for (let i = from; i < end; i++) if (values[i]! < 0) values[i] = LEAK * values[i]!
      return
    case 'softplus':
      for (let i = from; i < end; i++) values[i] = softplus(values[i]!)
      return
    case 'silu':
      for (let i = from; i < end; i++) values[i] = values[i]! * sigmoid(values[i]!)
      return
    case 'selu':
      for (let i = from; i < end; i++) {
        const x = values[i]!
        values[i] = SELU_SCALE * (x < 0 ? SELU_ALPHA * Math.expm1(x) : x)
      }
      return
    case 'elu':
      for (let i = from; i < end; i++) if (values[i]! < 0) values[i] = Math.expm1(values[i]!)
      return
    case 'gelu':
      for (let i = from; i < end; i++) values[i] = 0.5 * values[i]! * (1 + erf(values[i]! * Math.SQRT1_2))
      return
    case 'gelu_tanh':
      for (let i = from; i < end; i++) {
        const x = values[i]!
        values[i] = 0.5 * x * (1 + Math.tanh(GELU_SCALE * (x + 0.044715 * x * x * x)))
      }
      return
    case 'softmax':
      for (let row = from; row < end; row += channels) softmax(values, row, channels)
  }
}

/** sqrt(2 / pi), of gelu's tanh form (Hendrycks & Gimpel 2016). */
export const GELU_SCALE = Math.sqrt(2 / Math.PI)

/** Slope of leaky_relu below zero (Keras 3 and TensorFlow; PyTorch's is 0.01). */
export const LEAK = 0.2

/** Klambauer et al. 2017, appendix A: what keeps mean 0 and variance 1. */
export const SELU_ALPHA = 1.6732632423543772
export const SELU_SCALE = 1.0507009873554805

/** log(1 + exp(x)) that neither overflows nor loses small values. */
export function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))
}

export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x))
}

/** Error function by Abramowitz and Stegun 7.1.26 (absolute error below 1.5e-7, the formula tfjs uses). */
export function erf(x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x))
  const poly = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t
  return Math.sign(x) * (1 - poly * Math.exp(-x * x))
}

/** In place over values[from, from + count), shifted by the maximum so that nothing overflows. */
export function softmax(values: Float32Array, from: number, count: number): void {
  let top = -Infinity
  for (let i = from; i < from + count; i++) if (values[i]! > top) top = values[i]!
  let sum = 0
  for (let i = from; i < from + count; i++) sum += values[i] = Math.exp(values[i]! - top)
  for (let i = from; i < from + count; i++) values[i] = values[i]! / sum
}
