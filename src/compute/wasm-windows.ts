/** Gradient kernels that slide a window: convolution filters and max-pooling. Layout NHWC, no dilation. */
import { floats, type Info, type KernelFunction, size, type WasmBackend } from './wasm-heap.ts'

/** dL/dkernel of conv2d (NHWC): patches of x, transposed, times dy. */
export function conv2dBackpropFilter(product: KernelFunction): KernelFunction {
  return ({ inputs, backend, attrs }) => {
    const wasm = backend as WasmBackend
    const { strides, pad, filterShape } = attrs as unknown as ConvAttributes
    const [x, dy] = [inputs['x']!, inputs['dy']!]
    const [kh, kw, channels, filters] = filterShape
    const columns = patches(x, dy, filterShape, strides, pad, wasm)
    const cells = size(dy.shape) / filters
    // dy is read as a matrix: same data under another shape.
    const b = { dataId: dy.dataId, dtype: dy.dtype, shape: [1, cells, filters] }
    const result = product({ inputs: { a: columns, b }, backend, attrs: { transposeA: false, transposeB: false } })
    wasm.disposeData(columns.dataId)
    return { ...result, shape: [kh, kw, channels, filters] }
  }
}

interface ConvAttributes {
  readonly strides: number | [number, number]
  readonly pad: string | number
  readonly filterShape: [number, number, number, number]
}

/** [1, kh·kw·channels, batch·rows·columns]: im2col, already transposed. */
function patches(
  x: Info,
  dy: Info,
  [kh, kw, channels]: readonly number[],
  strides: number | [number, number],
  pad: string | number,
  backend: WasmBackend,
): Info {
  const [batch, height, width] = x.shape as [number, number, number]
  const [, rows, columns] = dy.shape as [number, number, number]
  const [sy, sx] = pair(strides)
  const top = padBefore(pad, height, rows, kh!, sy)
  const left = padBefore(pad, width, columns, kw!, sx)
  const cells = batch * rows * columns
  const out = backend.makeOutput([1, kh! * kw! * channels!, cells], 'float32')
  const to = floats(backend, out)
  const from = floats(backend, x)
  for (let line = 0; line < kh! * kw! * channels!; line++) {
    const c = line % channels!
    const tapX = Math.floor(line / channels!) % kw!
    const tapY = Math.floor(line / (channels! * kw!))
    for (let cell = 0; cell < cells; cell++) {
      const y = (Math.floor(cell / columns) % rows) * sy + tapY - top
      const z = (cell % columns) * sx + tapX - left
      const b = Math.floor(cell / (rows * columns))
      const inside = y >= 0 && y < height && z >= 0 && z < width
      to[line * cells + cell] = inside ? from[((b * height + y) * width + z) * channels! + c]! : 0
    }
  }
  return out
}

function padBefore(pad: string | number, length: number, frames: number, reach: number, stride: number): number {
  if (typeof pad === 'number') return pad
  return pad === 'valid' ? 0 : Math.floor(Math.max(0, (frames - 1) * stride + reach - length) / 2)
}

/** Every output's gradient goes to the first largest number of its window, as on the cpu backend. */
export const maxPoolGrad: KernelFunction = ({ inputs, backend, attrs }) => {
  const wasm = backend as WasmBackend
  const { filterSize, strides, pad } = attrs as unknown as PoolAttributes
  const [x, dy] = [inputs['input']!, inputs['dy']!]
  const [, height, width, channels] = x.shape as [number, number, number, number]
  const [, rows, columns] = dy.shape as [number, number, number]
  const [[kh, kw], [sy, sx]] = [pair(filterSize), pair(strides)]
  const top = padBefore(pad, height, rows, kh, sy)
  const left = padBefore(pad, width, columns, kw, sx)
  const out = wasm.makeOutput(x.shape, 'float32')
  const to = floats(wasm, out).fill(0)
  const [from, gradient] = [floats(wasm, x), floats(wasm, dy)]
  for (let i = 0; i < gradient.length; i++) {
    const channel = i % channels
    const cell = (i - channel) / channels
    const image = Math.floor(cell / (rows * columns)) * height * width
    const y0 = (Math.floor(cell / columns) % rows) * sy - top
    const x0 = (cell % columns) * sx - left
    let winner = -1
    for (let y = Math.max(0, y0); y < Math.min(height, y0 + kh); y++) {
      for (let z = Math.max(0, x0); z < Math.min(width, x0 + kw); z++) {
        const at = (image + y * width + z) * channels + channel
        if (winner < 0 || from[at]! > from[winner]!) winner = at
      }
    }
    if (winner >= 0) to[winner] = to[winner]! + gradient[i]!
  }
  return out
}

interface PoolAttributes {
  readonly filterSize: number | [number, number]
  readonly strides: number | [number, number]
  readonly pad: string | number
}

function pair(value: number | [number, number]): [number, number] {
  return typeof value === 'number' ? [value, value] : value
}
