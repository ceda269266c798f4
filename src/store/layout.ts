/** Where everything lies below the project's cache folder. Nothing outside this file spells a cache path. */
import { join } from 'node:path'

export interface Layout {
  /** Project folder, absolute. */
  readonly root: string
  readonly cache: string
  readonly blobs: string
  readonly trees: string
  readonly results: string
  readonly items: string
  readonly checkpoints: string
  /** Output folders of the current results, `<out>/<pipeline>/<stage>`. */
  readonly out: string
  readonly runs: string
  readonly temp: string
  /** Last good outputs of command stages that are running, moved aside. */
  readonly aside: string
  readonly plans: string
  readonly kinds: string
  readonly statIndex: string
  readonly journal: string
  readonly lock: string
}

export function layoutOf(root: string): Layout {
  const cache = join(root, 'cache')
  return {
    root,
    cache,
    blobs: join(cache, 'blobs'),
    trees: join(cache, 'trees'),
    results: join(cache, 'results'),
    items: join(cache, 'items'),
    checkpoints: join(cache, 'checkpoints'),
    out: join(cache, 'out'),
    runs: join(cache, 'runs'),
    temp: join(cache, 'tmp'),
    aside: join(cache, 'aside'),
    plans: join(cache, 'plans'),
    kinds: join(cache, 'kinds'),
    statIndex: join(cache, 'state', 'index.bin'),
    journal: join(cache, 'state', 'journal.jsonl'),
    lock: join(cache, 'state', 'lock'),
  }
}

/** `ab/cdef…` of a hash, so that no folder grows past a few thousand entries. */
export const sharded = (folder: string, hash: string): string => `${folder}/${hash.slice(0, 2)}/${hash.slice(2)}`

/** A stage id as one file name: `train@a,b` stays readable, anything that a file system may refuse is escaped. */
export const fileName = (id: string): string =>
  id.replace(/[^\w@.,+=-]/g, (char) => `%${char.codePointAt(0)!.toString(16)}`)
