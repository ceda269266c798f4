/**
 * Extractions of many items, in worker threads once there is enough to do: the first ones are done at once, because most runs
 * compute a few items and a thread takes a tenth of a second to start. Order and results do not depend on threads.
 */
import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { readDataFile } from '../data/data-folder.ts'
import type { Room } from '../data/manifest.ts'
import { UserError } from '../lib/errors.ts'
import type { Change } from './changes.ts'
import type { FEATURE_NAMES, FeatureItem, FeatureOptions } from './feature.ts'
import { storeExtract } from './stored.ts'

/** One extraction in plain data, so that a thread can be told. */
export interface Extraction {
  readonly feature: (typeof FEATURE_NAMES)[number]
  readonly options: FeatureOptions
  readonly change?: Change | undefined
  readonly item: {
    readonly room: Room
    readonly path: string
    readonly repair?: boolean
    readonly chords: readonly string[]
  }
  /** The data folder that `item.path` lies in. */
  readonly root: string
  /** Folder of the user's room responses. */
  readonly impulses?: string | undefined
}

export type FromThread =
  | { readonly id: number; readonly bytes: Uint8Array }
  | { readonly id: number; readonly error: { name: string; message: string; stack: string; hint: string } }

/**
 * What `extract` gives, as bytes of the item cache, or the fault in its place.
 * @throws what is no fault of the item: a file that is gone, a mistake of ours
 */
export async function runExtraction(work: Extraction, model?: Pick<FeatureItem, 'model'>): Promise<Uint8Array> {
  const { features } = await import('./index.ts')
  const { item, root, impulses } = work
  const read = () => readDataFile(root, item.path)
  const impulse = impulses === undefined ? {} : { impulse: (file: string) => readFileSync(join(impulses, file)) }
  return storeExtract(() =>
    features[work.feature].extract({ ...item, read, ...impulse, ...model }, work.options, work.change),
  )
}

export interface Pool {
  /** Extractions worth having under way at a time. */
  readonly atOnce: number
  /** @param model of a recipe that needs one, which no thread can be given: for pools of 1 */
  run(work: Extraction, model?: Pick<FeatureItem, 'model'>): Promise<Uint8Array>
  /** Ends the threads. */
  close(): Promise<void>
}

/** As many threads as there are cores, where nothing else is said; more than this would want more memory than help. */
const MOST_THREADS = 8
/** So long extractions are done without threads. */
const ALONE_MS = 300

/** @param threads 0 = as many as there are cores; 1 = none besides this one */
export function extractionPool(threads: number, aloneMs = ALONE_MS): Pool {
  const count = threads || Math.min(MOST_THREADS, availableParallelism())
  const team: Member[] = []
  let alone = 0
  return {
    atOnce: count > 1 ? 2 * count : 1,
    run: async (work, model) => {
      if (count === 1 || alone < aloneMs) {
        const start = performance.now()
        const bytes = await runExtraction(work, model)
        alone += performance.now() - start
        return bytes
      }
      while (team.length < count) team.push(hire())
      return team.reduce((a, b) => (b.busy() < a.busy() ? b : a)).run(work)
    },
    close: async () => {
      await Promise.all(team.map((member) => member.end()))
    },
  }
}

interface Member {
  busy(): number
  run(work: Extraction): Promise<Uint8Array>
  end(): Promise<unknown>
}

function hire(): Member {
  const worker = new Worker(threadFile())
  const waiting = new Map<number, { done: (bytes: Uint8Array) => void; fail: (error: Error) => void }>()
  let next = 0
  let broken: Error | null = null
  const giveUp = (error: Error) => {
    broken = error
    for (const { fail } of waiting.values()) fail(error)
    waiting.clear()
  }
  worker.on('message', (message: FromThread) => {
    const asker = waiting.get(message.id)!
    waiting.delete(message.id)
    if ('bytes' in message) asker.done(message.bytes)
    else asker.fail(errorOf(message.error))
  })
  worker.on('error', giveUp)
  worker.on('exit', (code) => giveUp(new Error(`a worker thread of featurize ended with ${code}`)))
  return {
    busy: () => waiting.size,
    run: (work) =>
      new Promise((done, fail) => {
        if (broken) return fail(broken)
        waiting.set(next, { done, fail })
        worker.postMessage({ id: next++, work })
      }),
    end: () => worker.terminate(),
  }
}

function errorOf({
  name,
  message,
  stack,
  hint,
}: {
  name: string
  message: string
  stack: string
  hint: string
}): Error {
  if (name === 'UserError') return new UserError(message, { hint })
  return Object.assign(new Error(message), { name, stack })
}

/** dist/extract.js of this package, from wherever this code lies: in src/, or in one of the files of dist/. */
function threadFile(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const file = join(folder, 'dist', 'extract.js')
    if (existsSync(file)) return file
    if (folder === dirname(folder)) throw new Error('dist/extract.js is missing: npm run build makes it')
  }
}
