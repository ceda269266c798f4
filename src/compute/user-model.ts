/**
 * Any ONNX file of the user's as a function from rows of numbers to rows of numbers: opened, looked at, run in batches.
 * One float32 input with the batch axis first; one of its outputs. Leaves out weights in files beside the model.
 */
import { UserError } from '../lib/errors.ts'
import { loadRuntime, type ModelSession, type Port, type Runtime } from './onnxruntime.ts'

export interface UserModel {
  /** Axes of the input after the batch; null where the file leaves the length open. */
  readonly inputShape: readonly (number | null)[]
  /**
   * @param rows each as long as `shape` says
   * @returns one output a row, and the shape of each
   * @throws UserError where the model fails on them or gives no row a row
   */
  run(
    rows: readonly Float32Array[],
    shape: readonly number[],
  ): Promise<{ readonly rows: readonly Float32Array[]; readonly shape: readonly number[] }>
  close(): Promise<void>
}

/** Rows in one call, where the file leaves it open. */
const BATCH = 32

/**
 * @param name of the file, for messages
 * @param output which output to take; '' = the first
 * @throws UserError where ONNX Runtime is missing or cannot open the file, or inputs and outputs are not as above
 */
export async function openUserModel(bytes: Uint8Array, name: string, output = ''): Promise<UserModel> {
  const runtime = runtimeOrHint()
  const session = await runtime.openModel(bytes).catch((error: unknown) => {
    const why = (error instanceof Error ? error.message : String(error)).split('\n')[0]
    throw new UserError(`${name} is no model that ONNX Runtime can open: ${why}`, {
      hint: 'export it again as one .onnx file, weights included',
    })
  })
  const input = checkInput(session.inputs, name)
  const wanted = checkOutput(session.outputs, name, output)
  const [batch, ...inputShape] = input.shape.map((axis) => (typeof axis === 'number' && axis > 0 ? axis : null))
  return {
    inputShape,
    close: () => session.release(),
    run: async (rows, shape) => {
      const made: Float32Array[] = []
      let outShape: readonly number[] = []
      for (let start = 0; start < rows.length; start += batch ?? BATCH) {
        const some = rows.slice(start, start + (batch ?? BATCH))
        const count = batch ?? some.length
        const tensor = runtime.tensor(stacked(some, count, shape), [count, ...shape])
        const { data, dims } = await runBatch(session, { [input.name]: tensor }, wanted, name)
        if (dims[0] !== count || dims.length < 2 || !(data instanceof Float32Array))
          throw noRows(name, wanted, dims, count)
        outShape = dims.slice(1)
        const size = data.length / count
        for (let i = 0; i < some.length; i++) made.push(data.slice(i * size, (i + 1) * size))
      }
      return { rows: made, shape: outShape }
    },
  }
}

function runtimeOrHint(): Runtime {
  try {
    return loadRuntime()
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error)
    throw new UserError(`onnxruntime-node did not load: ${why}`, {
      hint: 'npm install --ignore-scripts onnxruntime-node@1.30.0',
    })
  }
}

function checkInput(inputs: readonly Port[], name: string): Port {
  const [input, ...others] = inputs
  const hint = 'export it with one float32 input, the batch axis first'
  if (!input || others.length > 0)
    throw new UserError(`${name} has ${inputs.length} inputs (${inputs.map(described).join(', ')}), expected one`, {
      hint,
    })
  if (input.type !== 'float32' || input.shape.length < 2)
    throw new UserError(`the input of ${name} is ${described(input)}, expected float32 with two axes or more`, { hint })
  return input
}

function checkOutput(outputs: readonly Port[], name: string, wanted: string): string {
  const found = wanted === '' ? outputs[0] : outputs.find((port) => port.name === wanted)
  const all = outputs.map(described).join(', ')
  if (!found) throw new UserError(`${name} has no output "${wanted}"; it has ${all}`, { hint: 'write one of them' })
  if (found.type === 'float32') return found.name
  throw new UserError(`the output of ${name} is ${described(found)}, expected float32`, {
    hint: `write onnx_output with one that is; it has ${all}`,
  })
}

/** `mel float32 [batch, 64, 100]` */
function described({ name, type, shape }: Port): string {
  return `${name} ${type} [${shape.map((axis) => axis || '?').join(', ')}]`
}

/** [count, ...shape], the rows that are missing left at 0. */
function stacked(rows: readonly Float32Array[], count: number, shape: readonly number[]): Float32Array {
  const size = shape.reduce((product, axis) => product * axis, 1)
  const all = new Float32Array(count * size)
  for (const [i, row] of rows.entries()) {
    if (row.length !== size)
      throw new Error(`a row of ${row.length} numbers for a model that takes [${shape.join(', ')}]`)
    all.set(row, i * size)
  }
  return all
}

async function runBatch(
  session: ModelSession,
  feeds: Parameters<ModelSession['run']>[0],
  output: string,
  name: string,
) {
  try {
    return (await session.run(feeds))[output]!
  } catch (error) {
    const why = (error instanceof Error ? error.message : String(error)).split('\n')[0]
    const shapes = Object.entries(feeds).map(([input, { dims }]) => `${input} [${dims.join(', ')}]`)
    throw new UserError(`${name} failed on ${shapes.join(', ')}: ${why}`, {
      hint: 'onnx_input, onnx_layout, sample_rate, n_mels and clip_seconds decide what it is given',
    })
  }
}

function noRows(name: string, output: string, dims: readonly number[], count: number): UserError {
  const message = `output ${output} of ${name} is [${dims.join(', ')}] for ${count} rows, expected [${count}, …] of float32`
  return new UserError(message, { hint: 'its batch axis must be the first one; onnx_output chooses another output' })
}
