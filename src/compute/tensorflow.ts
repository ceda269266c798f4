/**
 * The one door to TensorFlow itself: the native addon of @tensorflow/tfjs-node, the package's own or the one that `npm run
 * setup:tensorflow` built, described by the few calls used here. The package's JavaScript, which Node 23 broke, stays out.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { UserError } from '../lib/errors.ts'

/** binding/tfjs_binding.cc of tfjs-node 4.22. */
interface Addon {
  createTensor(shape: readonly number[], dtype: number, data: Float32Array): number
  deleteTensor(id: number): void
  tensorDataSync(id: number): Float32Array
  loadSavedModel(folder: string, tags: string): number
  deleteSavedModel(id: number): void
  /** @param inputs, outputs `node:0`, joined by commas */
  runSavedModel(id: number, tensors: readonly number[], inputs: string, outputs: string): readonly { id: number }[]
}

export interface TensorFeed {
  readonly value: string
  readonly shape: readonly number[]
  readonly data: Float32Array
}

export interface TensorFlowSession {
  /** Waits for the result; the values are copies. @throws UserError where TensorFlow cannot */
  run(feeds: readonly TensorFeed[], fetches: readonly string[]): readonly Float32Array[]
  release(): void
}

const FLOAT = 1
const PACKAGE = '@tensorflow/tfjs-node'
const FILE = 'tfjs_binding.node'

/** Path of the addon, '' where there is none. The package wins over what the setup built. */
function findAddon(): string {
  const folders = [import.meta.url, join(process.cwd(), 'package.json')].flatMap((from) => {
    try {
      return [dirname(createRequire(from).resolve(`${PACKAGE}/package.json`))]
    } catch {
      return []
    }
  })
  for (const folder of [...folders, join(packageFolder(), '.tensorflow')]) {
    const lib = join(folder, 'lib')
    const versions = existsSync(lib) ? readdirSync(lib).sort() : []
    const found = versions.map((version) => join(lib, version, FILE)).find((file) => existsSync(file))
    if (found) return found
  }
  return ''
}

/** '' if the addon loads, else what is wrong. Tried in a process of its own: the library is large and greets on stderr. */
export function addonTrouble(): string {
  const file = findAddon()
  if (!file) return 'tfjs-node is not installed'
  const { status, signal, stderr } = spawnSync(process.execPath, ['-e', 'require(process.argv[1])', file], {
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  if (status === 0) return ''
  const said = stderr.split('\n').find((line) => /^\w*Error: /.test(line)) ?? signal ?? `exit code ${status}`
  return `${file} does not load (${said.replace(/^\w*Error: /, '')})`
}

function loadAddon(): Addon {
  const file = findAddon()
  if (!file)
    throw new UserError('tfjs-node is not installed', { hint: 'npm run setup:tensorflow in the folder of kpipe' })
  // Read while the library loads; else every step of loading a graph is told on stderr.
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2'
  return createRequire(import.meta.url)(file) as Addon
}

/**
 * @param model saved_model.pb
 * @param threads of TensorFlow's pools, which the first session of a process fixes
 */
export function openSession(model: Uint8Array, threads: number): TensorFlowSession {
  for (const name of ['TF_NUM_INTRAOP_THREADS', 'TF_NUM_INTEROP_THREADS']) process.env[name] ??= `${threads}`
  const addon = loadAddon()
  const session = load(addon, model)
  return {
    run: (feeds, fetches) => run(addon, session, feeds, fetches),
    release: () => addon.deleteSavedModel(session),
  }
}

function load(addon: Addon, model: Uint8Array): number {
  const folder = mkdtempSync(join(tmpdir(), 'kpipe-tensorflow-'))
  try {
    writeFileSync(join(folder, 'saved_model.pb'), model)
    return addon.loadSavedModel(folder, 'serve')
  } catch (error) {
    throw failed(error)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function run(
  addon: Addon,
  session: number,
  feeds: readonly TensorFeed[],
  fetches: readonly string[],
): readonly Float32Array[] {
  const made: number[] = []
  try {
    for (const { shape, data } of feeds) made.push(addon.createTensor(shape, FLOAT, copied(data)))
    const inputs = feeds.map(({ value }) => port(value)).join(',')
    const outputs = addon.runSavedModel(session, made.slice(), inputs, fetches.map(port).join(','))
    for (const { id } of outputs) made.push(id)
    return outputs.map(({ id }) => addon.tensorDataSync(id))
  } catch (error) {
    throw failed(error)
  } finally {
    for (const id of made) addon.deleteTensor(id)
  }
}

function port(value: string): string {
  return value.includes(':') ? value : `${value}:0`
}

/**
 * At an odd place in memory, which makes TensorFlow take a copy at once. It would share aligned memory, and a variable set
 * from it would go on changing JavaScript's array.
 */
function copied(data: Float32Array): Float32Array {
  const copy = new Float32Array(new ArrayBuffer(4 + data.byteLength), 4, data.length)
  copy.set(data)
  return copy
}

function failed(error: unknown): UserError {
  const said = (error instanceof Error ? error.message : String(error)).split('\n')[0]!
  return new UserError(`TensorFlow could not run the training graph: ${said}`, {
    hint: 'engine: onnxruntime runs the same training; a smaller batch_size needs less memory',
  })
}

/** The folder of kpipe's package, from src/compute as from dist/m. */
function packageFolder(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); folder !== dirname(folder); folder = dirname(folder)) {
    const file = join(folder, 'package.json')
    if (existsSync(file) && (JSON.parse(readFileSync(file, 'utf8')) as { name?: string }).name === 'kpipe')
      return folder
  }
  return process.cwd()
}
