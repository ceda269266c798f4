/** The one door to onnxruntime-node: loaded on first use, described by the few types used here. */
import { createRequire } from 'node:module'

export interface OrtTensor {
  readonly dims: readonly number[]
  /** Only of a tensor that lies in our memory; asking one of the device for it ends the process. */
  readonly data: Float32Array
  /** Frees memory of the device, at once. */
  dispose(): void
}

export type Tensors = Readonly<Record<string, OrtTensor>>

export interface Session {
  /** @returns the outputs; with `fetches` they are written into its tensors */
  run(feeds: Tensors, fetches?: Tensors): Promise<Tensors>
  release(): Promise<void>
}

/** An input or output of a model file. */
export interface Port {
  readonly name: string
  /** `float32`, `int64`, …; `` for what is no tensor. */
  readonly type: string
  /** A text is an axis that the file leaves open. */
  readonly shape: readonly (number | string)[]
}

/** A model of somebody else's, outputs allocated by ONNX Runtime. */
export interface ModelSession {
  readonly inputs: readonly Port[]
  readonly outputs: readonly Port[]
  run(feeds: Tensors): Promise<Readonly<Record<string, { readonly dims: readonly number[]; readonly data: unknown }>>>
  release(): Promise<void>
}

/** webgpu: Vulkan, Metal or Direct3D 12; what it cannot do runs on the CPU. */
export type Provider = 'cpu' | 'webgpu'

export interface DeviceOptions {
  readonly provider: Provider
  /** Outputs that stay in the device's memory; the others come back into ours. */
  readonly stay?: readonly string[]
}

export interface Runtime {
  /** One thread, so that a model gives the same bits on every machine of a kind. */
  openModel(model: Uint8Array): Promise<ModelSession>
  createSession(model: Uint8Array, threads: number): Promise<Session>
  createDeviceSession(model: Uint8Array, options: DeviceOptions): Promise<Session>
  /** Over the array, not a copy. */
  tensor(data: Float32Array, shape: readonly number[]): OrtTensor
}

interface OrtModule {
  readonly InferenceSession: { create(model: Uint8Array, options: object): Promise<Session & Foreign> }
  readonly Tensor: new (type: 'float32', data: Float32Array, dims: readonly number[]) => OrtTensor
}

interface Foreign extends Pick<ModelSession, 'run'> {
  readonly inputMetadata: readonly Metadata[]
  readonly outputMetadata: readonly Metadata[]
}

interface Metadata extends Partial<Port> {
  readonly name: string
}

const portOf = ({ name, type = '', shape = [] }: Metadata): Port => ({ name, type, shape })

/** @throws where the package is not installed or has no library for this machine */
export function loadRuntime(): Runtime {
  const ort = createRequire(import.meta.url)('onnxruntime-node') as OrtModule
  return {
    createSession: (model, threads) =>
      ort.InferenceSession.create(model, { ...common, executionProviders: ['cpu'], intraOpNumThreads: threads }),
    createDeviceSession: (model, { provider, stay = [] }) =>
      ort.InferenceSession.create(model, {
        ...common,
        executionProviders: provider === 'cpu' ? ['cpu'] : [provider, 'cpu'],
        intraOpNumThreads: 1,
        ...(provider === 'cpu' ? {} : { preferredOutputLocation: locations(stay) }),
      }),
    openModel: async (model) => {
      const options = { executionProviders: ['cpu'], intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 }
      const session = await ort.InferenceSession.create(model, options)
      return {
        inputs: session.inputMetadata.map(portOf),
        outputs: session.outputMetadata.map(portOf),
        run: (feeds) => session.run(feeds),
        release: () => session.release(),
      }
    },
    tensor: (data, shape) => new ort.Tensor('float32', data, shape),
  }
}

const common = {
  // The graph comes optimised; ONNX Runtime's own rewrites made no model faster and convolutions slower.
  graphOptimizationLevel: 'disabled',
  interOpNumThreads: 1,
  executionMode: 'sequential',
  logSeverityLevel: 3,
  // Threads wait for the next piece of work awake, by default for so long that trainings beside others (or beside anything
  // else that works) are two to three times slower. This is enough from one operation to the next.
  extra: { session: { intra_op: { spin_duration_us: '20' } } },
} as const

/** Unnamed outputs come back. */
function locations(names: readonly string[]): Record<string, 'gpu-buffer'> {
  return Object.fromEntries(names.map((name) => [name, 'gpu-buffer']))
}
