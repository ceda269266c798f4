/**
 * The one door to TensorFlow.js: loads it on first use with the wasm backend (files from node_modules, no network) and
 * the kernels that backend lacks. Falls back to the plain cpu backend only with a reason.
 */
import { createRequire } from 'node:module'
import { dirname, join, sep } from 'node:path'
import { addWasmKernels } from './wasm-kernels.ts'

export type Tf = typeof import('@tensorflow/tfjs')

export interface LoadedTf {
  readonly tf: Tf
  /** '' with wasm, else why the slower cpu backend is used. */
  readonly fallback: string
}

let loaded: Promise<LoadedTf> | undefined

export function loadTf(): Promise<LoadedTf> {
  loaded ??= load()
  return loaded
}

/** Without starting a backend: for tracing, which brings its own. Waits for one that is being started. */
export async function loadTfForTracing(): Promise<Tf> {
  return loaded ? (await loaded).tf : importTf()
}

async function load(): Promise<LoadedTf> {
  const tf = await importTf()
  try {
    const wasm = await import('@tensorflow/tfjs-backend-wasm')
    const entry = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm/package.json')
    wasm.setWasmPaths(join(dirname(entry), 'dist') + sep)
    if (!(await tf.setBackend('wasm'))) throw new Error('the wasm backend did not start')
    addWasmKernels(tf)
    return { tf, fallback: '' }
  } catch (error) {
    await tf.setBackend('cpu')
    return { tf, fallback: error instanceof Error ? error.message : String(error) }
  }
}

async function importTf(): Promise<Tf> {
  const module = await import('@tensorflow/tfjs')
  const tf = 'default' in module ? (module.default as Tf) : module
  // Without this it greets Node users with an advertisement for tfjs-node on stderr, which is not ours to print.
  tf.enableProdMode()
  return tf
}
