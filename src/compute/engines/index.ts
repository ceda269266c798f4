/** Training engines by name, fastest first: `auto` takes the first that runs here. Light: each loads its library on use. */
import type { Engine } from '../engine.ts'
import { eager } from './eager.ts'
import { onnxruntime } from './onnxruntime.ts'
import { tensorflow } from './tensorflow.ts'

export const engines = { onnxruntime, tensorflow, eager } satisfies Record<string, Engine>
