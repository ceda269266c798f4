/**
 * Kernels for the wasm backend of TensorFlow.js 4.22, which has no gradient of embeddings and convolutions, loses parts of
 * the max-pooling gradient at padded edges, and multiplies transposed matrices ten times slower than plain ones.
 * Each is a loop over the wasm heap or goes back to the fast product.
 */
import type { Tf } from './tfjs.ts'
import { floats, type Info, type KernelFunction, size, type WasmBackend } from './wasm-heap.ts'
import { conv2dBackpropFilter, maxPoolGrad } from './wasm-windows.ts'

/** Registers them; once in a process. */
export function addWasmKernels(tf: Tf): void {
  const product = tf.getKernel('BatchMatMul', 'wasm').kernelFunc as unknown as KernelFunction
  const register = (kernelName: string, kernelFunc: KernelFunction) => {
    if (tf.getKernel(kernelName, 'wasm')) tf.unregisterKernel(kernelName, 'wasm')
    tf.registerKernel({ kernelName, backendName: 'wasm', kernelFunc: kernelFunc as never })
  }
  register('BatchMatMul', matMul(product))
  register('UnsortedSegmentSum', unsortedSegmentSum)
  register('Conv2DBackpropFilter', conv2dBackpropFilter(product))
  register('MaxPoolGrad', maxPoolGrad)
}

/** Only untransposed products reach XNNPACK: transpose by hand first (a copy costs a tenth of the slow product). */
function matMul(product: KernelFunction): KernelFunction {
  return ({ inputs, backend, attrs }) => {
    const flags = attrs as { transposeA?: boolean; transposeB?: boolean }
    const wasm = backend as WasmBackend
    const made: Info[] = []
    const plain = (info: Info, transposed: boolean | undefined) => {
      if (!transposed) return info
      const copy = transpose(info, wasm)
      made.push(copy)
      return copy
    }
    const a = plain(inputs['a']!, flags.transposeA)
    const b = plain(inputs['b']!, flags.transposeB)
    const result = product({ inputs: { a, b }, backend, attrs: { transposeA: false, transposeB: false } })
    for (const info of made) wasm.disposeData(info.dataId)
    return result
  }
}

/** [..., rows, columns] → [..., columns, rows], in tiles so that both sides stay in the processor's cache. */
function transpose(info: Info, backend: WasmBackend): Info {
  const rows = info.shape[info.shape.length - 2]!
  const columns = info.shape[info.shape.length - 1]!
  const out = backend.makeOutput([...info.shape.slice(0, -2), columns, rows], info.dtype)
  const from = floats(backend, info)
  const to = floats(backend, out)
  const tile = 16
  for (let matrix = 0; matrix < from.length; matrix += rows * columns) {
    for (let r0 = 0; r0 < rows; r0 += tile) {
      const r1 = Math.min(rows, r0 + tile)
      for (let c0 = 0; c0 < columns; c0 += tile) {
        const c1 = Math.min(columns, c0 + tile)
        for (let c = c0; c < c1; c++) {
          for (let r = r0; r < r1; r++) to[matrix + c * rows + r] = from[matrix + r * columns + c]!
        }
      }
    }
  }
  return out
}

/** The gradient of gather: rows of x are added up by their segment. Ids below zero are dropped, as TensorFlow does. */
const unsortedSegmentSum: KernelFunction = ({ inputs, backend, attrs }) => {
  const wasm = backend as WasmBackend
  const segments = attrs!['numSegments'] as number
  const x = inputs['x']!
  const ids = inputs['segmentIds']!
  const count = size(ids.shape)
  const out = wasm.makeOutput([segments, ...x.shape.slice(ids.shape.length)], 'float32')
  const width = size(out.shape) / segments
  const to = floats(wasm, out).fill(0)
  const from = floats(wasm, x)
  const at = wasm.dataIdMap.get(ids.dataId).memoryOffset / 4
  const idValues = wasm.wasm.HEAP32.subarray(at, at + count)
  for (let row = 0; row < count; row++) {
    const segment = idValues[row]!
    if (segment < 0) continue
    for (let i = 0; i < width; i++) to[segment * width + i] = to[segment * width + i]! + from[row * width + i]!
  }
  return out
}
