/**
 * Runs one stage kind in a temp folder without the runner: options checked and defaulted by the kind's schema, inputs
 * hashed for real, an item cache in memory that lives as long as the rig and counts what was computed.
 * Leaves out fingerprints, staging, retries and worker processes: those are the runner's own tests.
 */
import { Ajv } from 'ajv'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { canonical, sha256 } from '../src/lib/files.ts'
import type { InputFile, Metrics, Progress, StageContext, StageInput, StageKind, StageResult } from '../src/stage.ts'

export interface RigRun {
  /** Absolute path of the output folder, kept until the rig is disposed. */
  readonly out: string
  /** What the kind returned ({} for nothing). */
  readonly result: StageResult
  /** Item ids `each` had to compute, in order, over all tables. */
  readonly computed: readonly string[]
  /** Item ids `each` found in the cache. */
  readonly reused: readonly string[]
  readonly logs: readonly { readonly level: 'info' | 'warn'; readonly message: string }[]
  readonly progress: readonly Progress[]
  /** The output as an input of the next stage, with this run's metrics. */
  readonly asInput: StageInput
}

export interface RigRequest {
  /** As in `with:`; checked against the kind's schema, defaults filled in. */
  readonly options?: Record<string, unknown>
  /** Folders, files, or the `asInput` of another run. */
  readonly inputs?: Record<string, string | StageInput>
  readonly lists?: Record<string, readonly (string | StageInput)[]>
  readonly stage?: string
  readonly signal?: AbortSignal
  /** A folder to offer as `ctx.checkpoints`; made if missing. */
  readonly checkpoints?: string
}

export interface Rig {
  /** Temp folder of this rig. */
  readonly dir: string
  /** Writes a file below `dir` (parents are made) and returns its absolute path. */
  write(path: string, data: string | Uint8Array): string
  run(kind: StageKind, request?: RigRequest): Promise<RigRun>
  /** Removes the temp folder. */
  dispose(): void
}

export function stageRig(): Rig {
  const dir = mkdtempSync(join(tmpdir(), 'kpipe-rig-'))
  const items = new Map<string, Uint8Array>()
  let runs = 0
  return {
    dir,
    write: (path, data) => {
      const target = join(dir, path)
      mkdirSync(dirname(target), { recursive: true })
      writeFileSync(target, data)
      return target
    },
    run: async (kind, request = {}) => {
      const out = folder(join(dir, `out-${++runs}`))
      const computed: string[] = []
      const reused: string[] = []
      const logs: { level: 'info' | 'warn'; message: string }[] = []
      const progress: Progress[] = []
      const ctx: StageContext = {
        stage: request.stage ?? kind.kind,
        pipeline: 'rig',
        options: withDefaults(kind, request.options ?? {}),
        inputs: mapValues(request.inputs ?? {}, input),
        lists: mapValues(request.lists ?? {}, (list) => list.map(input)),
        out: (name) => {
          const path = name ? join(out, name) : out
          mkdirSync(name ? dirname(path) : path, { recursive: true })
          return path
        },
        scratch: folder(join(dir, `scratch-${runs}`)),
        checkpoints: request.checkpoints ? folder(request.checkpoints) : null,
        each: async (table, list, compute, { take } = {}) => {
          const values: Uint8Array[] = []
          const before = computed.length
          for (let index = 0; index < list.length; index++) {
            const item = list.at(index)!
            const key = canonical([kind.kind, table, item.id, item.key])
            let value = items.get(key)
            if (value) reused.push(item.id)
            else {
              value = Uint8Array.from(await compute(item, index))
              items.set(key, value)
              computed.push(item.id)
            }
            if (take) take(value, index)
            else values.push(value)
          }
          const fresh = computed.length - before
          return { values, computed: fresh, reused: list.length - fresh }
        },
        progress: (step) => void progress.push(step),
        log: (level, message) => void logs.push({ level, message }),
        signal: request.signal ?? new AbortController().signal,
      }
      const result = (await kind.run(ctx)) ?? {}
      return { out, result, computed, reused, logs, progress, asInput: folderInput(out, kind.kind, result.metrics) }
    },
    dispose: () => rmSync(dir, { recursive: true, force: true }),
  }
}

/** A folder or file as a stage sees it. Hashes are of the content when this is called. */
export function folderInput(path: string, stage: string | null = null, metrics: Metrics = {}): StageInput {
  const files = listFiles(path)
  const hash = sha256(canonical(files.map((file) => [file.path, file.hash])))
  return { stage, path, hash, metrics, createdAt: null, files: () => files }
}

function input(value: string | StageInput): StageInput {
  return typeof value === 'string' ? folderInput(value) : value
}

/** Every file below `path`, sorted; walks through links to folders. */
function listFiles(path: string): InputFile[] {
  const found: InputFile[] = []
  const walk = (absolute: string, relative: string) => {
    if (statSync(absolute).isDirectory()) {
      for (const name of readdirSync(absolute)) walk(join(absolute, name), relative ? `${relative}/${name}` : name)
      return
    }
    const bytes = readFileSync(absolute)
    found.push({ path: relative, hash: sha256(bytes), bytes: bytes.length })
  }
  walk(path, '')
  return found.sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** The options as the plan would hand them over; throws on options the schema refuses, so that no test relies on one. */
export function withDefaults(kind: StageKind, options: Record<string, unknown>): Record<string, unknown> {
  const ajv = new Ajv({ useDefaults: true, allErrors: true, strict: false })
  const filled = structuredClone(options)
  const check = ajv.compile(kind.options)
  if (!check(filled)) throw new Error(`options of ${kind.kind}: ${ajv.errorsText(check.errors)}`)
  return filled
}

function folder(path: string): string {
  mkdirSync(path, { recursive: true })
  return path
}

function mapValues<A, B>(record: Record<string, A>, change: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]))
}
