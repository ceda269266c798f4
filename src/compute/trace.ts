/**
 * Records TensorFlow.js operations instead of running them: a backend whose kernels know only shapes. Gradients that
 * TensorFlow.js takes while it is the backend are recorded too, so a training step becomes one graph. Shapes are fixed.
 */
import type { Tensor } from '@tensorflow/tfjs'
import { UserError } from '../lib/errors.ts'
import { type Attrs, type DType, Graph, type OpRow, type Program, type Value, type ValueType } from './ir.ts'
import { ops } from './ops/index.ts'
import type { Tf } from './tfjs.ts'

const BACKEND = 'kpipe-symbolic'

/** What a data id of this backend holds. */
interface Recorded {
  readonly value: Value
}

interface TensorInfo {
  readonly dataId: object
  readonly shape: number[]
  readonly dtype: string
}

interface KernelCall {
  readonly inputs: Readonly<Record<string, TensorInfo>>
  readonly attrs?: Attrs
}

/** The graph being recorded; null between traces. Tracing never waits, so there is one at a time. */
let current: Graph | null = null

/**
 * @param inputs by name; handed to `build` as tensors
 * @param build pure: makes the wanted tensors from the inputs; TensorFlow.js' gradients may be taken in it
 * @throws UserError where build reads a tensor's values or uses an operation that is not in the table
 */
export function trace(
  tf: Tf,
  inputs: Readonly<Record<string, ValueType>>,
  build: (tensors: Readonly<Record<string, Tensor>>) => Readonly<Record<string, Tensor>>,
): Program {
  prepare(tf)
  const engine = tf.engine()
  const before = engine.backendName
  const graph = new Graph(ops)
  // Switching to a backend that is there takes effect at once; the promise says nothing more.
  void tf.setBackend(BACKEND)
  current = graph
  try {
    const declared = Object.entries(inputs).map(([name, type]) => ({ name, value: graph.input(name, type) }))
    const outputs: { name: string; value: Value }[] = []
    tf.tidy(() => {
      const tensors = Object.fromEntries(declared.map(({ name, value }) => [name, tensorOf(tf, value)]))
      for (const [name, tensor] of Object.entries(build(tensors))) {
        outputs.push({ name, value: (tensor.dataId as Recorded).value })
      }
    })
    return { graph, inputs: declared, outputs }
  } catch (error) {
    throw explained(error)
  } finally {
    current = null
    if (before) void tf.setBackend(before)
  }
}

function tensorOf(tf: Tf, value: Value): Tensor {
  const engine = tf.engine()
  const info = { dataId: { value }, shape: [...value.shape], dtype: value.dtype }
  return engine.makeTensorFromTensorInfo(info, engine.backend)
}

/** Tells TensorFlow.js of the backend and its kernels, once. */
function prepare(tf: Tf): void {
  if (tf.engine().findBackendFactory(BACKEND)) return
  const symbolic = makeBackend(tf)
  // The lowest priority: never chosen by itself.
  tf.registerBackend(BACKEND, () => symbolic, -1)
  for (const [kernelName, row] of Object.entries(ops)) {
    tf.registerKernel({ kernelName, backendName: BACKEND, kernelFunc: recorder(kernelName, row) as never })
  }
}

function recorder(op: string, row: OpRow): (call: KernelCall) => TensorInfo | TensorInfo[] {
  return ({ inputs, attrs = {} }) => {
    const infos = row.inputs ? row.inputs.map((name) => inputs[name]!) : Object.values(inputs)
    const values = infos.map(valueOf)
    const made = current!.addAll(op, values, row.attrs ? row.attrs(attrs, values) : attrs).map(infoOf)
    return listOps.has(op) ? made : made[0]!
  }
}

/** Operations that give a list, even of one. */
const listOps = new Set(['SplitV', 'Unpack'])

function infoOf(value: Value): TensorInfo {
  return { dataId: { value }, shape: [...value.shape], dtype: value.dtype }
}

function valueOf(info: TensorInfo): Value {
  const value = (info.dataId as Partial<Recorded>).value
  if (!value) throw new UserError('a tensor made before tracing was used while tracing; make it an input of the trace')
  return value
}

/** Holds no data: a written constant goes into the graph, everything else is a value of it. */
function makeBackend(tf: Tf): InstanceType<Tf['KernelBackend']> {
  class SymbolicBackend extends tf.KernelBackend {
    override write(values: unknown, shape: number[], dtype: string): object {
      if (!current) throw new UserError('a tensor was made on the tracing backend outside a trace')
      return { value: current.constant(numbers(values, dtype), { shape, dtype: dtype as DType }) }
    }
    override readSync(): never {
      throw valueRead()
    }
    override read(): never {
      throw valueRead()
    }
    override numDataIds = () => 0
    override disposeData = () => true
    override incRef = () => {}
    override refCount = () => 1
    override floatPrecision = () => 32 as const
    override epsilon = () => 1e-7
    override memory = () => ({ unreliable: true })
    override dispose = () => {}
    override timerAvailable = () => false
  }
  return new SymbolicBackend()
}

function numbers(values: unknown, dtype: string): Float32Array | Int32Array {
  if (dtype !== 'float32' && dtype !== 'int32' && dtype !== 'bool') {
    throw new UserError(`a constant of type ${dtype} cannot be traced`)
  }
  const list = values as ArrayLike<number>
  return dtype === 'float32' ? Float32Array.from(list) : Int32Array.from(list)
}

function valueRead(): UserError {
  return new UserError("a tensor's values were read while the model was traced to a graph", {
    hint: 'dataSync, arraySync, print and branches on values cannot be compiled: use tf operations, or engine eager',
  })
}

function explained(error: unknown): unknown {
  const kernel = error instanceof Error ? /Kernel '(\w+)' not registered/.exec(error.message)?.[1] : undefined
  if (!kernel) return error
  return new UserError(`the operation ${kernel} cannot be compiled: it is not in the table of src/compute/ops`, {
    hint: 'use other operations, or engine eager',
  })
}
