/** The one wasm module of the audio kernels, compiled at first use and instantiated over the memory of each plan. */
import { UserError } from '../../lib/errors.ts'
import { wasm, type WasmMemory } from '../../lib/wasm/api.ts'
import { assemble } from '../../lib/wasm/assembler.ts'
import { forwardKernels, inverseKernels, loadFrames } from './fft-kernels.ts'
import { bank, decibels, power, root } from './mel-kernels.ts'
import { filter, interpolate, unload, unloadPairs } from './resample-kernels.ts'

const fourier = [loadFrames, ...forwardKernels, ...inverseKernels]
const bands = [power, root, bank, decibels]
const rates = [filter, unload, unloadPairs, interpolate]

/** By name; what each takes is said where it is defined. Numbers in, nothing out. */
export type Kernels = Readonly<Record<string, (...numbers: number[]) => void>>

let compiled: object | undefined

/** @throws UserError where this Node has no WebAssembly SIMD */
export function kernelsIn(memory: WasmMemory): Kernels {
  if (!compiled) {
    const bytes = assemble([...fourier, ...bands, ...rates])
    if (!wasm.validate(bytes))
      throw new UserError('this Node has no WebAssembly SIMD, which audio needs', { hint: 'use Node 20.19 or later' })
    compiled = new wasm.Module(bytes)
  }
  return new wasm.Instance(compiled, { env: { memory } }).exports as Kernels
}
