/**
 * Is there a GPU that ONNX Runtime can compute on? Found out by computing, because nothing else tells; in a process of its
 * own, because drivers print and sometimes end the process they are loaded into.
 */
import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { promisify } from 'node:util'
import { OnnxBuilder, TYPE_CODE } from '../lib/onnx.ts'
import type { Precision } from './engine.ts'

/** What to do where there is none. */
export const GPU_HINT =
  'install the Vulkan driver of your card (Linux: with libvulkan1; macOS and Windows have what is needed), or write device: cpu'

const found = new Map<Precision, Promise<string>>()

/** '' or why not. Tried once. */
export function missingGpu(precision: Precision): Promise<string> {
  if (!found.has(precision)) found.set(precision, tryGpu(precision))
  return found.get(precision)!
}

/** Doubles four numbers. Ends without waiting for what drivers do at the end of a process. */
const PROGRAM = `
const [ort, model] = [require(process.argv[1]), Buffer.from(process.argv[2], 'base64')]
ort.InferenceSession.create(model, { executionProviders: ['webgpu', 'cpu'], logSeverityLevel: 4 })
  .then((session) => session.run({ x: new ort.Tensor('float32', Float32Array.of(1, 2, 3, 4), [4]) }))
  .then(({ y }) => [...y.data].join(), (error) => error.message)
  .then((text) => (require('node:fs').writeSync(1, text), process.exit(0)))
`

async function tryGpu(precision: Precision): Promise<string> {
  try {
    const ort = createRequire(import.meta.url).resolve('onnxruntime-node')
    const model = Buffer.from(doubling(precision)).toString('base64')
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', PROGRAM, ort, model], { timeout: 60_000 })
    return stdout === '2,4,6,8' ? '' : reason(stdout)
  } catch (error) {
    return reason(error instanceof Error ? error.message : String(error))
  }
}

function doubling(precision: Precision): Uint8Array {
  const builder = new OnnxBuilder({ portable: true })
  const x = builder.input({ name: 'x', type: 'float32', shape: [4] })
  const inside = builder.op('Cast', [x], { to: TYPE_CODE[precision] })
  const sum = builder.op('Add', [inside, inside])
  builder.output({ name: 'y', type: 'float32', shape: [4] }, builder.op('Cast', [sum], { to: TYPE_CODE.float32 }))
  return builder.encode('try')
}

/** ONNX Runtime's message is a path in its sources, a condition and then the matter. */
function reason(text: string): string {
  if (/requires f16/.test(text)) return 'this GPU or its driver has no half precision'
  if (/adapter/i.test(text)) return 'no GPU with a Vulkan, Metal or Direct3D 12 driver was found'
  return `the GPU cannot be used (${text.trim().split('\n')[0]})`
}
