/** Runs one traced program on a compiled engine's library, without a trainer around it. */
import { engines } from '../../src/compute/engines/index.ts'
import { addToGraph } from '../../src/compute/graphdef.ts'
import type { Program } from '../../src/compute/ir.ts'
import { toOnnx } from '../../src/compute/onnx.ts'
import { loadRuntime } from '../../src/compute/onnxruntime.ts'
import { openSession } from '../../src/compute/tensorflow.ts'
import { sizeOf } from '../../src/network/shapes.ts'
import { TensorFlowBuilder } from '../../src/lib/tensorflow.ts'

export interface Runner {
  /** '' or why it cannot run here. */
  readonly missing: string
  /** @param inputs in the order of the program's. @returns its outputs by name */
  run(program: Program, inputs: readonly Float32Array[]): Promise<Record<string, Float32Array>>
}

export async function onnxruntime(): Promise<Runner> {
  return {
    missing: await engines.onnxruntime.available(),
    run: async (program, inputs) => {
      const runtime = loadRuntime()
      const session = await runtime.createSession(toOnnx(program, 'test'), 1)
      const made = Object.fromEntries(
        program.outputs.map(({ name, value }) => [name, new Float32Array(sizeOf(value.shape))]),
      )
      await session.run(
        Object.fromEntries(program.inputs.map(({ name, value }, i) => [name, runtime.tensor(inputs[i]!, value.shape)])),
        Object.fromEntries(program.outputs.map(({ name, value }) => [name, runtime.tensor(made[name]!, value.shape)])),
      )
      await session.release()
      return made
    },
  }
}

export async function tensorflow(): Promise<Runner> {
  return {
    missing: await engines.tensorflow.available(),
    run: async (program, inputs) => {
      const b = new TensorFlowBuilder()
      const feeds = program.inputs.map(({ value }, i) => ({
        value: b.placeholder(value.dtype, value.shape),
        shape: value.shape,
        data: inputs[i]!,
      }))
      const values = addToGraph(
        program,
        b,
        (name) => feeds[program.inputs.findIndex((port) => port.name === name)]!.value,
      )
      const session = openSession(b.encode(), 1)
      const made = session.run(
        feeds,
        program.outputs.map(({ name }) => values[name]!),
      )
      session.release()
      return Object.fromEntries(program.outputs.map(({ name }, i) => [name, made[i]!]))
    },
  }
}
