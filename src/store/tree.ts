/**
 * Content hash of files and folders. A folder is a Merkle tree: one canonical text a folder, sorted by name,
 *
 *   F <hash> <bytes> <name>      file            X  executable file
 *   D <hash> <files> <name>      folder          L  link to a folder: walked through, only its content counts
 *
 * so that one changed file rewrites one folder's text, and two texts can be compared into "2 files added".
 */
import { type Dirent, lstatSync, readdirSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../lib/errors.ts'
import { sha256 } from '../lib/files.ts'
import { sharded, type Layout } from './layout.ts'
import type { StatIndex } from './stat-index.ts'
import { escapeName, FOLDER, isRegular, LINK, type StatRows } from './stat-rows.ts'

const MAY_BE_GONE = { throwIfNoEntry: false } as const

/** Never part of any input or output. */
const IGNORED = new Set(['.DS_Store', 'Thumbs.db', '__pycache__', '.git', '.ipynb_checkpoints'])

export interface TreeEntry {
  readonly type: 'F' | 'X' | 'D' | 'L'
  readonly hash: string
  /** Bytes of a file, number of files below a folder. */
  readonly size: number
  readonly name: string
}

/** `F:<sha256>` for a file, `D:<hash>` for a folder, `-` where there is nothing. */
export type ContentHash = string

export interface TreeFile {
  readonly path: string
  readonly hash: string
  readonly bytes: number
}

export class Trees {
  readonly #layout: Layout
  readonly #index: StatIndex
  readonly #cwd = process.cwd()
  /** folder hash → its text; every tree seen in this process. */
  readonly #texts = new Map<string, string>()
  /** folder hash → the rows it was known by, for its text if somebody asks. */
  readonly #rows = new Map<string, StatRows>()
  readonly #memo = new Map<string, ContentHash>()
  readonly #links = new Map<string, string>()

  constructor(layout: Layout, index: StatIndex) {
    this.#layout = layout
    this.#index = index
  }

  /** Hash of what stands at `path` (absolute) now; remembered until `forget`. `-` where there is nothing. */
  hash(path: string): ContentHash {
    const known = this.#memo.get(path)
    if (known !== undefined) return known
    const stats = statSync(path, { throwIfNoEntry: false })
    let result: ContentHash
    if (!stats) result = '-'
    else if (stats.isDirectory()) result = `D:${this.#folder(path, [realpathSync(path)]).hash}`
    else if (stats.isFile()) result = `F:${this.#index.hashFile(path, stats)}`
    else
      throw new UserError(`${path} is neither a file nor a folder`, {
        hint: 'sockets, pipes and devices cannot be inputs; take it out of the folder',
      })
    this.#memo.set(path, result)
    return result
  }

  /** Look again at everything next time. */
  forget(): void {
    this.#memo.clear()
  }

  /** The caller has just put `hash` there itself. */
  prime(path: string, hash: ContentHash): void {
    this.#memo.set(path, hash)
  }

  /** A tree made of chosen files (the matches of a glob), named by their paths from `root`. */
  ofFiles(root: string, paths: readonly string[]): ContentHash {
    let text = ''
    for (const path of paths) {
      const stats = statSync(join(root, path), { throwIfNoEntry: false })
      if (stats?.isFile())
        text += `F ${this.#index.hashFile(join(root, path), stats)} ${stats.size} ${escapeName(path)}\n`
    }
    const hash = sha256(text)
    this.#texts.set(hash, text)
    return `D:${hash}`
  }

  /** Look at `path` anew, whatever was remembered. */
  current(path: string): ContentHash {
    this.#memo.delete(path)
    return this.hash(path)
  }

  /** Links to folders met below a path hashed by this object: absolute path of the link → its target. */
  linksBelow(path: string): Record<string, string> {
    const found: Record<string, string> = {}
    for (const [link, target] of this.#links)
      if (link.startsWith(`${path}/`)) found[link.slice(path.length + 1)] = target
    return found
  }

  /** Entries of a folder hash seen before or stored. Throws where the text is in neither place. */
  entries(hash: string): TreeEntry[] {
    return parseTree(this.text(hash))
  }

  text(hash: string): string {
    let text = this.#texts.get(hash)
    if (text === undefined) {
      const rows = this.#rows.get(hash)
      text = rows?.tree.hash === hash ? rows.treeText() : readTree(this.#layout.trees, hash)
      this.#texts.set(hash, text)
    }
    return text
  }

  /** True if the folder's text and those of all folders below it can be had. */
  has(hash: string): boolean {
    try {
      return this.entries(hash).every((entry) =>
        entry.type === 'D' || entry.type === 'L' ? this.has(entry.hash) : true,
      )
    } catch {
      return false
    }
  }

  /** Every file below, sorted by path, links walked through. For a file hash: that one file with path ''. */
  files(content: ContentHash, prefix = ''): TreeFile[] {
    if (content === '-') return []
    if (content.startsWith('F:')) return [{ path: prefix, hash: content.slice(2), bytes: 0 }]
    const found: TreeFile[] = []
    const walk = (hash: string, below: string) => {
      for (const entry of this.entries(hash)) {
        const path = below ? `${below}/${entry.name}` : entry.name
        if (entry.type === 'D' || entry.type === 'L') walk(entry.hash, path)
        else found.push({ path, hash: entry.hash, bytes: entry.size })
      }
    }
    walk(content.slice(2), prefix)
    return found
  }

  /** Texts of a folder hash and all below it, for storing. */
  *textsOf(hash: string): Generator<readonly [string, string]> {
    yield [hash, this.text(hash)]
    for (const entry of this.entries(hash))
      if (entry.type === 'D' || entry.type === 'L') yield* this.textsOf(entry.hash)
  }

  /** Only what differs from the last walk is read; where nothing does, the hash of the whole folder is known. */
  #folder(path: string, above: readonly string[]): { readonly hash: string; readonly files: number } {
    const rows = this.#index.folder(path)
    const names = readdirSync(path).filter((name) => !IGNORED.has(name))
    let same = !rows.list(names)
    // The kernel walks every part of a path anew for each file: from the working folder there are fewer.
    const near = path.startsWith(`${this.#cwd}/`) ? path.slice(this.#cwd.length + 1) : path
    for (let row = 0; row < names.length; row++) {
      if (!this.#entry(path, near, rows, row, names[row]!, above)) same = false
    }
    if (same) {
      const { tree } = rows
      if (!this.#texts.has(tree.hash)) rows.keepText((text) => this.#texts.set(tree.hash, text))
      this.#rows.set(tree.hash, rows)
      return tree
    }
    this.#index.changed()
    const { text, hash, files } = rows.walked()
    this.#texts.set(hash, text)
    return { hash, files }
  }

  /** True if this entry is what it was at the last walk. */
  #entry(folder: string, near: string, rows: StatRows, row: number, name: string, above: readonly string[]): boolean {
    let stats = lstatSync(`${near}/${name}`, MAY_BE_GONE)
    const linked = stats?.isSymbolicLink() ?? false
    const path = `${folder}/${name}`
    if (linked) {
      stats = statSync(path, MAY_BE_GONE)
      if (!stats)
        throw new UserError(`${path} is a link to something that is not there`, { hint: 'remove it or mend it' })
    }
    if (stats && isRegular(stats)) {
      if (rows.vouches(row, stats)) return rows.isKind(row, stats)
      this.#index.read(rows, name, path, stats)
      return false
    }
    if (stats?.isDirectory()) {
      const below = linked ? this.#linkedFolder(path, above) : this.#folder(path, above)
      return rows.isFolder(row, linked ? LINK : FOLDER, below.hash, below.files)
    }
    // Node reads names as UTF-8; one that is not cannot be opened, and must not be left out in silence.
    if (!stats && name.includes('\uFFFD'))
      throw new UserError(`${path}: the name is not UTF-8`, { hint: 'rename the file' })
    return rows.isKind(row, 0) // vanished meanwhile, a socket, a pipe
  }

  #linkedFolder(path: string, above: readonly string[]): { readonly hash: string; readonly files: number } {
    const target = realpathSync(path)
    if (above.includes(target))
      throw new UserError(`${path} is a link to a folder it lies in`, { hint: 'remove the link' })
    this.#links.set(path, target)
    return this.#folder(target, [...above, target])
  }
}

/** Stored text of a folder hash. A damaged one is removed, so that the next save writes it anew. @throws where it is not there or damaged */
export function readTree(folder: string, hash: string): string {
  const text = readFileSync(sharded(folder, hash), 'utf8')
  if (sha256(text) === hash) return text
  rmSync(sharded(folder, hash), { force: true })
  throw new Error(`${sharded(folder, hash)} is damaged; it is removed`)
}

export function parseTree(text: string): TreeEntry[] {
  const entries: TreeEntry[] = []
  for (const line of text.split('\n')) {
    if (!line) continue
    const sizeEnd = line.indexOf(' ', 67)
    entries.push({
      type: line[0] as TreeEntry['type'],
      hash: line.slice(2, 66),
      size: Number(line.slice(67, sizeEnd)),
      name: unescapeName(line.slice(sizeEnd + 1)),
    })
  }
  return entries
}

/** Content hash of `sub` below a folder hash, `-` where there is nothing. */
export function hashBelow(trees: Trees, content: ContentHash, sub: string): ContentHash {
  let at = content
  for (const part of sub.split('/').filter(Boolean)) {
    if (!at.startsWith('D:')) return '-'
    const entry = trees.entries(at.slice(2)).find((candidate) => candidate.name === part)
    if (!entry) return '-'
    at = entry.type === 'D' || entry.type === 'L' ? `D:${entry.hash}` : `F:${entry.hash}`
  }
  return at
}

const unescapeName = (name: string) =>
  name.includes('\\') ? name.replace(/\\(n|\\)/g, (_, char) => (char === 'n' ? '\n' : '\\')) : name

/** Every file name pattern of a glob expanded against a folder: `*`, `**`, `?`; sorted, relative to `root`. */
export function expandGlob(root: string, pattern: string): string[] {
  const parts = pattern.split('/')
  const fixed = parts.findIndex((part) => /[*?]/.test(part))
  const base = parts.slice(0, fixed).join('/')
  const matcher = globPattern(pattern)
  const found: string[] = []
  const walk = (below: string) => {
    let entries: Dirent[]
    try {
      entries = readdirSync(join(root, below), { withFileTypes: true })
    } catch {
      return
    }
    for (const entry of entries) {
      if (IGNORED.has(entry.name)) continue
      const path = below ? `${below}/${entry.name}` : entry.name
      const isFolder =
        entry.isDirectory() ||
        (entry.isSymbolicLink() && statSync(join(root, path), { throwIfNoEntry: false })?.isDirectory())
      if (isFolder) walk(path)
      else if (matcher.test(path)) found.push(path)
    }
  }
  walk(base)
  return found.sort()
}

function globPattern(pattern: string): RegExp {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*\*\/|\*\*|\*|\?/g, (token) =>
      token === '**/' ? '(?:.*/)?' : token === '**' ? '.*' : token === '*' ? '[^/]*' : '[^/]',
    )
  return new RegExp(`^${source}$`)
}
