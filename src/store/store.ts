/**
 * The content store: blobs named by the sha256 of their bytes, trees named by the hash of their text, and one manifest a key
 * saying what a stage with that key produced. The manifest is written last; without it nothing counts as stored.
 */
import {
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { sha256, writeAtomic } from '../lib/files.ts'
import type { Metrics } from '../stage.ts'
import type { KeyDocument } from './fingerprint.ts'
import { type Layout, sharded } from './layout.ts'
import { Results } from './results.ts'
import type { StatIndex } from './stat-index.ts'
import type { ContentHash, Trees } from './tree.ts'

export interface StoredResult {
  readonly v: 1
  readonly key: string
  readonly doc: KeyDocument
  /** Stage that made it first; another stage with the same key may use it. */
  readonly stage: string
  /** '' = the output folder; else a path of a command's out. */
  readonly outs: Readonly<Record<string, ContentHash>>
  /** Links to folders inside the outputs (`<out>/<path>` → target): their content stays where it is. */
  readonly links: Readonly<Record<string, string>>
  /** Outputs that are single small files, by hash, in base64: a file of its own would cost more than it holds. */
  readonly inline?: Readonly<Record<string, string>>
  readonly metrics: Metrics
  readonly headline: string
  readonly notes: readonly string[]
  readonly seconds: number
  readonly createdAt: string
  readonly items: { readonly computed: number; readonly reused: number } | null
  /** Why the stage ran then. */
  readonly reason: string
}

let tempCounter = 0

export class Store {
  readonly results: Results
  readonly #layout: Layout
  readonly #trees: Trees
  readonly #index: StatIndex

  constructor(layout: Layout, trees: Trees, index: StatIndex) {
    this.results = new Results(layout.results)
    this.#layout = layout
    this.#trees = trees
    this.#index = index
  }

  blobPath(hash: string): string {
    return sharded(this.#layout.blobs, hash)
  }

  /** Store the bytes at `path` (which hash to `content`) and every tree text; links' content stays outside. */
  put(path: string, content: ContentHash): void {
    if (content.startsWith('F:')) return this.#putBlob(path, content.slice(2))
    for (const [hash, text] of this.#trees.textsOf(content.slice(2))) this.putTree(hash, text)
    this.#putFolder(path, content.slice(2))
  }

  putTree(hash: string, text: string): void {
    const target = sharded(this.#layout.trees, hash)
    if (statSync(target, { throwIfNoEntry: false })?.size !== Buffer.byteLength(text)) writeAtomic(target, text)
  }

  /** Texts of all trees of an input, so that `why` can name files later and a job can list them. */
  keepTrees(content: ContentHash): void {
    if (!content.startsWith('D:')) return
    // Each is looked at: parts of the store may have been deleted.
    for (const [hash, text] of this.#trees.textsOf(content.slice(2))) this.putTree(hash, text)
  }

  /** Keep the bytes of a small text file of the user's, so that `why` can compare rows later. */
  keepBlob(path: string, hash: string): void {
    this.#putBlob(path, hash)
  }

  hasBlob(hash: string): boolean {
    return existsSync(this.blobPath(hash))
  }

  blob(hash: string): Buffer | undefined {
    try {
      return readFileSync(this.blobPath(hash))
    } catch {
      return undefined
    }
  }

  /** Every blob there with the right size, every tree readable, every link still pointing at the same content? */
  complete(result: StoredResult): boolean {
    return Object.entries(result.outs).every(([out, content]) =>
      content.startsWith('F:')
        ? content.slice(2) in (result.inline ?? {}) || existsSync(this.blobPath(content.slice(2)))
        : this.#folderComplete(content.slice(2), out, result),
    )
  }

  /**
   * Build the output `out` of a result at `target`, which must not exist. Every byte is hashed on the way; false = it has no
   * such output, or a blob was missing or damaged (it is removed, so that the next save writes it anew).
   */
  restore(result: Pick<StoredResult, 'outs' | 'links' | 'inline'>, out: string, target: string): boolean {
    const content = result.outs[out]
    if (content === undefined) return false
    mkdirSync(dirname(target), { recursive: true })
    const inline = result.inline?.[content.slice(2)]
    if (inline !== undefined) {
      const bytes = Buffer.from(inline, 'base64')
      if (sha256(bytes) !== content.slice(2)) return false
      writeFileSync(target, bytes)
      return true
    }
    const links = (path: string) => result.links[path]
    if (content.startsWith('F:')) return this.#restoreFile(content.slice(2), target, null)
    return this.#restoreFolder(content.slice(2), target, out, links)
  }

  #putBlob(path: string, hash: string): void {
    const target = this.blobPath(hash)
    const standing = statSync(target, { throwIfNoEntry: false })
    if (standing && standing.size === statSync(path).size) return // another size: damaged, written anew
    const temp = `${target}.tmp-${process.pid}-${tempCounter++}`
    try {
      copyFileSync(path, temp, constants.COPYFILE_FICLONE)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      mkdirSync(dirname(target), { recursive: true })
      copyFileSync(path, temp, constants.COPYFILE_FICLONE)
    }
    renameSync(temp, target)
  }

  #putFolder(path: string, hash: string): void {
    for (const entry of this.#trees.entries(hash)) {
      if (entry.type === 'D') this.#putFolder(`${path}/${entry.name}`, entry.hash)
      else if (entry.type !== 'L') this.#putBlob(`${path}/${entry.name}`, entry.hash)
    }
  }

  #folderComplete(hash: string, path: string, result: StoredResult): boolean {
    try {
      return this.#trees.entries(hash).every((entry) => {
        const below = path ? `${path}/${entry.name}` : entry.name
        if (entry.type === 'D') return this.#folderComplete(entry.hash, below, result)
        if (entry.type === 'L') {
          const target = result.links[below]
          return target !== undefined && this.#trees.hash(target) === `D:${entry.hash}`
        }
        return statSync(this.blobPath(entry.hash), { throwIfNoEntry: false })?.size === entry.size
      })
    } catch {
      return false
    }
  }

  #restoreFolder(hash: string, target: string, path: string, links: (path: string) => string | undefined): boolean {
    mkdirSync(target, { recursive: true })
    return this.#trees.entries(hash).every((entry) => {
      const to = `${target}/${entry.name}`
      const below = path ? `${path}/${entry.name}` : entry.name
      if (entry.type === 'D') return this.#restoreFolder(entry.hash, to, below, links)
      if (entry.type === 'L') {
        const link = links(below)
        if (link === undefined) return false
        symlinkSync(link, to)
        return true
      }
      return this.#restoreFile(entry.hash, to, entry.type === 'X')
    })
  }

  /** @param executable null: as the blob is, of whose file nobody hashed the mode */
  #restoreFile(hash: string, target: string, executable: boolean | null): boolean {
    const blob = this.blobPath(hash)
    try {
      copyFileSync(blob, target, constants.COPYFILE_FICLONE)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
      throw error
    }
    // Files of equal content share a blob, whatever their modes.
    if (executable !== null && (lstatSync(target).mode & 0o100) !== (executable ? 0o100 : 0))
      chmodSync(target, executable ? 0o755 : 0o644)
    const found = this.#index.hashFile(target, lstatSync(target))
    if (found === hash) return true
    rmSync(blob, { force: true })
    rmSync(target, { force: true })
    return false
  }
}
