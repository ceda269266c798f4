/**
 * What each layer kind computes, in plain typed arrays; weights come in the order of shapes.ts. Recurrent layers and
 * attention are in sequence-layers.ts, pooling in pooling.ts.
 */
import { UserError } from '../lib/errors.ts'
import type { Layer } from '../network.ts'
import { activate } from './activations.ts'
import { multiply, multiplyTransposed } from './multiply.ts'
import { averageAll, maximumOfAll, padBefore, pool } from './pooling.ts'
import { causalAttention, gru, lstm } from './sequence-layers.ts'
import { type LayerShape, sizeOf } from './shapes.ts'

type Arrays = readonly Float32Array[]

/** Computes one layer for `batch` examples into `out` ([batch, ...shape] flat). */
export function runLayer(at: LayerShape, weights: Arrays, inputs: Arrays, batch: number, out: Float32Array): void {
  const { layer, shape } = at
  const x = inputs[0]!
  const inShape = at.inputs[0]!
  const channels = shape[shape.length - 1] ?? 1
  switch (layer.kind) {
    case 'dense':
      multiply(x, weights[0]!, layer.useBias ? weights[1]! : null, out, inShape[inShape.length - 1]!, layer.units)
      return activate(layer.activation, out, 0, out.length, channels)
    case 'dropout':
    case 'flatten':
      return out.set(x)
    case 'activation':
      out.set(x)
      return activate(layer.activation, out, 0, out.length, channels)
    case 'batch_norm':
      return batchNorm(x, weights, layer.epsilon, channels, out)
    case 'layer_norm':
      return layerNorm(x, weights, layer.epsilon, channels, out)
    case 'conv1d':
      return conv1d(layer, at, weights, x, batch, out)
    case 'conv2d':
      return conv2d(layer, at, weights, x, batch, out)
    case 'max_pool1d':
    case 'avg_pool1d':
    case 'max_pool2d':
    case 'avg_pool2d':
      return pool(layer, at, x, batch, out)
    case 'global_avg_pool':
      return averageAll(x, sizeOf(inShape) / channels, channels, batch, out)
    case 'global_max_pool':
      return maximumOfAll(x, sizeOf(inShape) / channels, channels, batch, out)
    case 'embedding':
      return embed(layer, x, weights[0]!, out)
    case 'position_embedding': {
      const table = weights[0]!
      const size = sizeOf(shape)
      for (let i = 0; i < out.length; i++) out[i] = x[i]! + table[i % size]!
      return
    }
    case 'tied_dense':
      multiplyTransposed(x, weights[0]!, out, inShape[inShape.length - 1]!, channels)
      return activate(layer.activation, out, 0, out.length, channels)
    case 'concat':
      return concat(inputs, at.inputs, channels, out)
    case 'add':
      out.set(x)
      for (const other of inputs.slice(1)) for (let i = 0; i < out.length; i++) out[i] = out[i]! + other[i]!
      return
    case 'repeat':
      for (let b = 0; b < batch; b++) {
        const row = x.subarray(b * channels, (b + 1) * channels)
        for (let t = 0; t < layer.times; t++) out.set(row, (b * layer.times + t) * channels)
      }
      return
    case 'lstm':
      return lstm(layer, inShape, weights, x, batch, out)
    case 'gru':
      return gru(layer, inShape, weights, x, batch, out)
    case 'causal_attention':
      return causalAttention(layer, inShape, weights, x, batch, out)
  }
}

function batchNorm(x: Float32Array, weights: Arrays, epsilon: number, channels: number, out: Float32Array): void {
  const [gamma, beta, mean, variance] = weights
  for (let i = 0; i < out.length; i++) {
    const c = i % channels
    out[i] = ((x[i]! - mean![c]!) / Math.sqrt(variance![c]! + epsilon)) * gamma![c]! + beta![c]!
  }
}

function layerNorm(x: Float32Array, weights: Arrays, epsilon: number, channels: number, out: Float32Array): void {
  const [gamma, beta] = weights
  for (let row = 0; row < out.length; row += channels) {
    let mean = 0
    for (let c = 0; c < channels; c++) mean += x[row + c]!
    mean /= channels
    let variance = 0
    for (let c = 0; c < channels; c++) variance += (x[row + c]! - mean) ** 2
    const scale = 1 / Math.sqrt(variance / channels + epsilon)
    for (let c = 0; c < channels; c++) out[row + c] = (x[row + c]! - mean) * scale * gamma![c]! + beta![c]!
  }
}

/** Cross-correlation, as Keras' Conv1D. kernel [k, in, out]. */
function conv1d(
  layer: Extract<Layer, { kind: 'conv1d' }>,
  at: LayerShape,
  weights: Arrays,
  x: Float32Array,
  batch: number,
  out: Float32Array,
): void {
  const [length, size] = [at.inputs[0]![0]!, at.inputs[0]![1]!]
  const [frames, filters] = [at.shape[0]!, layer.filters]
  const reach = (layer.kernelSize - 1) * layer.dilation + 1
  const left = padBefore(length, frames, reach, layer.stride, layer.padding)
  const sums = new Float64Array(filters)
  for (let b = 0; b < batch; b++) {
    for (let t = 0; t < frames; t++) {
      startSums(sums, layer.useBias ? weights[1]! : null)
      for (let k = 0; k < layer.kernelSize; k++) {
        const frame = t * layer.stride + k * layer.dilation - left
        if (frame < 0 || frame >= length) continue
        addProduct(sums, x, (b * length + frame) * size, weights[0]!, k * size * filters, size)
      }
      out.set(sums, (b * frames + t) * filters)
    }
  }
  activate(layer.activation, out, 0, out.length, filters)
}

/** kernel [kh, kw, in, out], input [height, width, in]. */
function conv2d(
  layer: Extract<Layer, { kind: 'conv2d' }>,
  at: LayerShape,
  weights: Arrays,
  x: Float32Array,
  batch: number,
  out: Float32Array,
): void {
  const [height, width, size] = at.inputs[0]! as [number, number, number]
  const [rows, columns, filters] = at.shape as [number, number, number]
  const [kh, kw] = layer.kernelSize
  const top = padBefore(height, rows, kh, layer.strides[0], layer.padding)
  const left = padBefore(width, columns, kw, layer.strides[1], layer.padding)
  const sums = new Float64Array(filters)
  for (let cell = 0; cell < batch * rows * columns; cell++) {
    const b = Math.floor(cell / (rows * columns))
    const row = Math.floor(cell / columns) % rows
    const column = cell % columns
    startSums(sums, layer.useBias ? weights[1]! : null)
    for (let tap = 0; tap < kh * kw; tap++) {
      const y = row * layer.strides[0] + Math.floor(tap / kw) - top
      const z = column * layer.strides[1] + (tap % kw) - left
      if (y < 0 || y >= height || z < 0 || z >= width) continue
      addProduct(sums, x, ((b * height + y) * width + z) * size, weights[0]!, tap * size * filters, size)
    }
    out.set(sums, cell * filters)
  }
  activate(layer.activation, out, 0, out.length, filters)
}

function embed(
  layer: Extract<Layer, { kind: 'embedding' }>,
  ids: Float32Array,
  table: Float32Array,
  out: Float32Array,
): void {
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i]!
    if (!Number.isInteger(id) || id < 0 || id >= layer.vocabulary) {
      throw new UserError(
        `layer "${layer.name}" got the id ${id}; ids are whole numbers from 0 to ${layer.vocabulary - 1}`,
      )
    }
    out.set(table.subarray(id * layer.dimensions, (id + 1) * layer.dimensions), i * layer.dimensions)
  }
}

function concat(inputs: Arrays, shapes: readonly (readonly number[])[], channels: number, out: Float32Array): void {
  const rows = out.length / channels
  let offset = 0
  for (const [i, input] of inputs.entries()) {
    const size = shapes[i]![shapes[i]!.length - 1]!
    for (let row = 0; row < rows; row++) out.set(input.subarray(row * size, (row + 1) * size), row * channels + offset)
    offset += size
  }
}

function startSums(sums: Float64Array, bias: Float32Array | null): void {
  if (bias) sums.set(bias)
  else sums.fill(0)
}

/** sums[filters] += x[from, from + size) · kernel[at …][size, filters] */
function addProduct(
  sums: Float64Array,
  x: Float32Array,
  from: number,
  kernel: Float32Array,
  at: number,
  size: number,
): void {
  const filters = sums.length
  for (let i = 0; i < size; i++) {
    const value = x[from + i]!
    const row = at + i * filters
    for (let j = 0; j < filters; j++) sums[j] = sums[j]! + value * kernel[row + j]!
  }
}
