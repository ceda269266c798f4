/** How a kernel of ours sees the wasm backend of TensorFlow.js: its memory and the tensors in it. */

/** The parts of the backend used here; it does not export its type. */
export interface WasmBackend {
  readonly wasm: { readonly HEAPF32: Float32Array; readonly HEAP32: Int32Array }
  readonly dataIdMap: { get(id: object): { readonly memoryOffset: number } }
  makeOutput(shape: number[], dtype: string): Info
  disposeData(id: object): boolean
}

export interface Info {
  readonly dataId: object
  readonly shape: number[]
  readonly dtype: string
}

export interface Call {
  readonly inputs: Record<string, Info>
  readonly backend: unknown
  readonly attrs?: Record<string, unknown>
}

export type KernelFunction = (call: Call) => Info

/** A view of the heap: valid until the next allocation, so always taken after the last makeOutput. */
export function floats(backend: WasmBackend, info: Info): Float32Array {
  const at = backend.dataIdMap.get(info.dataId).memoryOffset / 4
  return backend.wasm.HEAPF32.subarray(at, at + size(info.shape))
}

export function size(shape: readonly number[]): number {
  return shape.reduce((product, axis) => product * axis, 1)
}
