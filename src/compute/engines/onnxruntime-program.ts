/** A program as a session of ONNX Runtime on a device: compiled on its first run, fed by name with what it asks for. */
import type { Program } from '../ir.ts'
import { toOnnx } from '../onnx.ts'
import type { OrtTensor, Provider, Runtime, Session, Tensors } from '../onnxruntime.ts'

/** Values by the names of programs' inputs; arrays are ours and lie in our memory. */
export type Given = Readonly<Record<string, Float32Array | OrtTensor>>

export interface DeviceProgram {
  /** Takes what it needs of `given`. */
  run(given: Given): Promise<Tensors>
  release(): void
}

export interface ProgramOptions {
  readonly name: string
  readonly provider: Provider
  readonly precision?: 'float32' | 'float16' | undefined
  /** Outputs that come back into our memory; the others stay on the device. */
  readonly back: readonly string[] | 'all'
}

export function deviceProgram(runtime: Runtime, make: () => Program, options: ProgramOptions): DeviceProgram {
  const { name, provider, precision = 'float32', back } = options
  let ready: Promise<{ session: Session; inputs: Program['inputs'] }> | undefined
  const load = async () => {
    const program = make()
    const outputs = program.outputs.map((output) => output.name)
    const stay = back === 'all' ? [] : outputs.filter((output) => !back.includes(output))
    const model = toOnnx(program, name, { portable: true, precision, rounding: provider === 'cpu' })
    return { session: await runtime.createDeviceSession(model, { provider, stay }), inputs: program.inputs }
  }
  return {
    run: async (given) => {
      ready ??= load()
      const { session, inputs } = await ready
      const feeds = inputs.map(({ name: input, value }) => {
        const from = given[input]!
        return [input, from instanceof Float32Array ? runtime.tensor(from, value.shape) : from] as const
      })
      return session.run(Object.fromEntries(feeds))
    },
    release: () => {
      void ready?.then(({ session }) => session.release())
      ready = undefined
    },
  }
}

/** Frees what lies on the device. */
export function dispose(tensors: Tensors): void {
  for (const tensor of Object.values(tensors)) tensor.dispose()
}
