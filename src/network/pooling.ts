/** Pooling in plain typed arrays: windows over one or two axes, and over all positions at once. Layout: channels last. */
import type { Layer } from '../network.ts'
import type { LayerShape } from './shapes.ts'

export type PoolLayer = Extract<Layer, { kind: 'max_pool1d' | 'avg_pool1d' | 'max_pool2d' | 'avg_pool2d' }>

/** A one-dimensional window is one that is a single column wide. */
export function windowOf(layer: PoolLayer): {
  readonly size: readonly [number, number]
  readonly strides: readonly [number, number]
} {
  return layer.kind === 'max_pool1d' || layer.kind === 'avg_pool1d'
    ? { size: [layer.poolSize, 1], strides: [layer.stride, 1] }
    : { size: layer.poolSize, strides: layer.strides }
}

export function pool(layer: PoolLayer, at: LayerShape, x: Float32Array, batch: number, out: Float32Array): void {
  const plane = (shape: readonly number[]) => (shape.length === 2 ? [shape[0]!, 1, shape[1]!] : shape)
  const [height, width, channels] = plane(at.inputs[0]!) as [number, number, number]
  const [rows, columns] = plane(at.shape) as [number, number]
  const { size, strides } = windowOf(layer)
  const top = padBefore(height, rows, size[0], strides[0], layer.padding)
  const left = padBefore(width, columns, size[1], strides[1], layer.padding)
  const largest = layer.kind === 'max_pool1d' || layer.kind === 'max_pool2d'
  for (let i = 0; i < batch * rows * columns * channels; i++) {
    const c = i % channels
    const cell = (i - c) / channels
    const image = Math.floor(cell / (rows * columns)) * height
    const y0 = (Math.floor(cell / columns) % rows) * strides[0] - top
    const x0 = (cell % columns) * strides[1] - left
    let [best, sum, count] = [-Infinity, 0, 0]
    for (let y = Math.max(0, y0); y < Math.min(height, y0 + size[0]); y++) {
      for (let z = Math.max(0, x0); z < Math.min(width, x0 + size[1]); z++) {
        const value = x[((image + y) * width + z) * channels + c]!
        // Not Math.max: NaN must stay NaN.
        if (!(value <= best)) best = value
        sum += value
        count++
      }
    }
    out[i] = largest ? best : sum / count
  }
}

export function averageAll(
  x: Float32Array,
  positions: number,
  channels: number,
  batch: number,
  out: Float32Array,
): void {
  for (let b = 0; b < batch; b++) {
    for (let c = 0; c < channels; c++) {
      let sum = 0
      for (let p = 0; p < positions; p++) sum += x[(b * positions + p) * channels + c]!
      out[b * channels + c] = sum / positions
    }
  }
}

export function maximumOfAll(
  x: Float32Array,
  positions: number,
  channels: number,
  batch: number,
  out: Float32Array,
): void {
  for (let b = 0; b < batch; b++) {
    for (let c = 0; c < channels; c++) {
      let best = -Infinity
      for (let p = 0; p < positions; p++) {
        const value = x[(b * positions + p) * channels + c]!
        if (!(value <= best)) best = value
      }
      out[b * channels + c] = best
    }
  }
}

/** Zeros before the first frame; TensorFlow's SAME puts the odd one after the last. */
export function padBefore(
  length: number,
  frames: number,
  reach: number,
  stride: number,
  padding: 'valid' | 'same',
): number {
  return padding === 'valid' ? 0 : Math.floor(Math.max(0, (frames - 1) * stride + reach - length) / 2)
}
