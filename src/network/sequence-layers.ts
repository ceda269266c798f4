/** LSTM, GRU and causal self-attention in plain typed arrays. Weights in Keras' layouts (gates i f c o; z r h). */
import type { Layer } from '../network.ts'
import { sigmoid, softmax } from './activations.ts'
import { multiply } from './multiply.ts'

type Arrays = readonly Float32Array[]

/** x [batch, time, features] → [batch, time, units] or the last [batch, units]. Gates are sigmoid, candidate and output tanh. */
export function lstm(
  layer: Extract<Layer, { kind: 'lstm' }>,
  inShape: readonly number[],
  weights: Arrays,
  x: Float32Array,
  batch: number,
  out: Float32Array,
): void {
  const [time, features] = [inShape[0]!, inShape[1]!]
  const units = layer.units
  const [kernel, recurrent, bias] = weights
  const fromInput = new Float32Array(time * 4 * units)
  const gates = new Float32Array(4 * units)
  for (let b = 0; b < batch; b++) {
    multiply(x.subarray(b * time * features, (b + 1) * time * features), kernel!, bias!, fromInput, features, 4 * units)
    const hidden = new Float32Array(units)
    const cell = new Float64Array(units)
    for (let t = 0; t < time; t++) {
      multiply(hidden, recurrent!, null, gates, units, 4 * units)
      const at = t * 4 * units
      for (let u = 0; u < units; u++) {
        const input = sigmoid(gates[u]! + fromInput[at + u]!)
        const forget = sigmoid(gates[units + u]! + fromInput[at + units + u]!)
        const candidate = Math.tanh(gates[2 * units + u]! + fromInput[at + 2 * units + u]!)
        const output = sigmoid(gates[3 * units + u]! + fromInput[at + 3 * units + u]!)
        cell[u] = forget * cell[u]! + input * candidate
        hidden[u] = output * Math.tanh(cell[u]!)
      }
      if (layer.returnSequences) out.set(hidden, (b * time + t) * units)
    }
    if (!layer.returnSequences) out.set(hidden, b * units)
  }
}

/** The reset_after form: h' = tanh(xW + b0 + r (hU + b1)), h = z h + (1 - z) h'. */
export function gru(
  layer: Extract<Layer, { kind: 'gru' }>,
  inShape: readonly number[],
  weights: Arrays,
  x: Float32Array,
  batch: number,
  out: Float32Array,
): void {
  const [time, features] = [inShape[0]!, inShape[1]!]
  const units = layer.units
  const [kernel, recurrent, bias] = weights
  const [inputBias, stateBias] = [bias!.subarray(0, 3 * units), bias!.subarray(3 * units)]
  const fromInput = new Float32Array(time * 3 * units)
  const gates = new Float32Array(3 * units)
  for (let b = 0; b < batch; b++) {
    multiply(
      x.subarray(b * time * features, (b + 1) * time * features),
      kernel!,
      inputBias,
      fromInput,
      features,
      3 * units,
    )
    const hidden = new Float32Array(units)
    for (let t = 0; t < time; t++) {
      multiply(hidden, recurrent!, stateBias, gates, units, 3 * units)
      const at = t * 3 * units
      for (let u = 0; u < units; u++) {
        const update = sigmoid(gates[u]! + fromInput[at + u]!)
        const reset = sigmoid(gates[units + u]! + fromInput[at + units + u]!)
        const candidate = Math.tanh(fromInput[at + 2 * units + u]! + reset * gates[2 * units + u]!)
        hidden[u] = update * hidden[u]! + (1 - update) * candidate
      }
      if (layer.returnSequences) out.set(hidden, (b * time + t) * units)
    }
    if (!layer.returnSequences) out.set(hidden, b * units)
  }
}

/** Multi-head self-attention in which step t sees steps 0..t (GPT-2: one q|k|v product, scale 1/sqrt(head size)). */
export function causalAttention(
  layer: Extract<Layer, { kind: 'causal_attention' }>,
  inShape: readonly number[],
  weights: Arrays,
  x: Float32Array,
  batch: number,
  out: Float32Array,
): void {
  const [time, width] = [inShape[0]!, inShape[1]!]
  const [qkvKernel, qkvBias, projKernel, projBias] = weights
  const size = width / layer.heads
  const qkv = new Float32Array(time * 3 * width)
  const mixed = new Float32Array(time * width)
  for (let b = 0; b < batch; b++) {
    multiply(x.subarray(b * time * width, (b + 1) * time * width), qkvKernel!, qkvBias!, qkv, width, 3 * width)
    for (let head = 0; head < layer.heads; head++) {
      for (let t = 0; t < time; t++) attend(qkv, t, head * size, size, width, mixed)
    }
    const part = out.subarray(b * time * width, (b + 1) * time * width)
    multiply(mixed, projKernel!, projBias!, part, width, width)
  }
}

/** One query of one head against all keys up to it. */
function attend(qkv: Float32Array, t: number, from: number, size: number, width: number, mixed: Float32Array): void {
  const scores = new Float32Array(t + 1)
  const query = t * 3 * width + from
  for (let s = 0; s <= t; s++) {
    const key = s * 3 * width + width + from
    let sum = 0
    for (let i = 0; i < size; i++) sum += qkv[query + i]! * qkv[key + i]!
    scores[s] = sum / Math.sqrt(size)
  }
  softmax(scores, 0, t + 1)
  for (let i = 0; i < size; i++) {
    let sum = 0
    for (let s = 0; s <= t; s++) sum += scores[s]! * qkv[s * 3 * width + 2 * width + from + i]!
    mixed[t * width + from + i] = sum
  }
}
