/**
 * Tells that something changed in folders of many files, without asking about each file: one watcher a folder, set before
 * the folder is listed, so that nothing falls between the two. An event only says "look again"; what changed is found by the
 * stat index. Where watchers cannot be had (their number is limited, network disks send no events) folders are listed anew
 * every two seconds, or less often where listing them takes long; what has changed then is told as an event would be.
 */
import { type Dirent, type FSWatcher, lstatSync, readdirSync, realpathSync, statfsSync, statSync, watch } from 'node:fs'
import { basename, dirname, join, sep } from 'node:path'

export interface FolderWatchOptions {
  /** Absolute path that was made, changed or removed. */
  readonly onChange: (path: string) => void
  /** Paths that are not looked at, nor anything below them. */
  readonly ignore: (path: string) => boolean
  /** Told once, where folders have to be polled. */
  readonly onPoll?: (folder: string, why: string) => void
  /** How a folder is watched; tests put one here that refuses. */
  readonly watchFolder?: (folder: string, listener: Listener) => FSWatcher
  readonly pollMs?: number
}

type Listener = (event: string, name: string | null) => void

const POLL_MS = 2000
/** Polling takes at most one part in so many of the time. */
const POLL_SHARE = 10
/** File systems whose changes by others arrive as no event (statfs(2) magic numbers): NFS, SMB, CIFS, FUSE, 9P. */
const REMOTE: ReadonlySet<number> = new Set([0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x65735546, 0x01021997])

export class FolderWatch {
  readonly #options: FolderWatchOptions
  readonly #watchers = new Map<string, FSWatcher>()
  /** Watched trees; a folder made below one of them is watched too. */
  readonly #trees = new Set<string>()
  /** Single paths, by the folder they lie in: their file may be replaced or not be there yet. */
  readonly #singles = new Map<string, Set<string>>()
  /** Real path of a folder → the name it is watched under, so that a circle of links ends. */
  readonly #seen = new Map<string, string>()
  /** Polled folder → what lies in it: name → what changes when it is written or replaced. */
  readonly #polled = new Map<string, ReadonlyMap<string, string>>()
  #poll: NodeJS.Timeout | null = null

  constructor(options: FolderWatchOptions) {
    this.#options = options
  }

  get folders(): number {
    return this.#watchers.size + this.#polled.size
  }

  /** A folder with all below it, or a single file; either may not exist yet. */
  add(path: string): void {
    const stats = statSync(path, { throwIfNoEntry: false })
    // The folder around it tells when it is replaced, or made.
    this.#addSingle(path)
    if (!stats?.isDirectory()) return
    this.#trees.add(path)
    this.#addTree(path, false)
  }

  close(): void {
    for (const watcher of this.#watchers.values()) watcher.close()
    if (this.#poll) clearTimeout(this.#poll)
    this.#poll = null
    for (const all of [this.#watchers, this.#trees, this.#singles, this.#seen, this.#polled]) all.clear()
  }

  #addSingle(path: string): void {
    let folder = dirname(path)
    let name = basename(path)
    // Where the folder is not there either, its making is waited for.
    while (!statSync(folder, { throwIfNoEntry: false })?.isDirectory() && folder !== dirname(folder)) {
      name = basename(folder)
      folder = dirname(folder)
    }
    const names = this.#singles.get(folder)
    if (names) names.add(name)
    else this.#singles.set(folder, new Set([name]))
    this.#watch(folder)
  }

  /** @param tell everything found is new: say so, it may have been made before the watcher was set */
  #addTree(folder: string, tell: boolean): void {
    if (this.#options.ignore(folder)) return
    let real: string
    let entries: Dirent[]
    try {
      real = realpathSync(folder)
      if (this.#seen.has(real)) return
      this.#seen.set(real, folder)
      this.#watch(folder)
      entries = readdirSync(folder, { withFileTypes: true })
    } catch {
      return // gone again; its parent tells
    }
    for (const entry of entries) {
      const path = join(folder, entry.name)
      if (isFolder(entry, path)) this.#addTree(path, tell)
      else if (tell) this.#tell(path)
    }
  }

  #watch(folder: string): void {
    if (this.#watchers.has(folder) || this.#polled.has(folder)) return
    if (isRemote(folder)) return this.#pollInstead(folder, 'it lies on a network disk')
    try {
      const listener: Listener = (event, name) => this.#happened(folder, event, name)
      const watcher = (this.#options.watchFolder ?? watch)(folder, listener)
      watcher.on('error', () => this.#failed(folder))
      this.#watchers.set(folder, watcher)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOENT') return
      this.#pollInstead(
        folder,
        code === 'ENOSPC' ? 'the system has no watchers left' : `it cannot be watched (${code})`,
      )
    }
  }

  #happened(folder: string, event: string, name: string | null): void {
    const inTree = this.#isInTree(folder)
    if (name === null) return this.#tell(folder)
    const path = join(folder, name)
    if (!inTree && !this.#singles.get(folder)?.has(name)) return
    const stats = lstatSync(path, { throwIfNoEntry: false })
    // A watched folder that goes tells of itself under its own name; the one around it has told already.
    if (!stats && name === basename(folder) && !lstatSync(folder, { throwIfNoEntry: false })) return this.#drop(folder)
    this.#tell(path)
    if (!stats) return this.#drop(path)
    const folderNow = stats.isSymbolicLink() ? statSync(path, { throwIfNoEntry: false }) : stats
    if (event !== 'rename' || !folderNow?.isDirectory()) return
    // It may be another folder under an old name, which the old watcher knows nothing of.
    this.#drop(path)
    if (inTree || this.#trees.has(path)) this.#addTree(path, true)
    else this.#appeared(path)
  }

  /** On the way to a path that was not there: go on from here. */
  #appeared(path: string): void {
    this.#trees.add(path)
    this.#addTree(path, true)
  }

  #isInTree(folder: string): boolean {
    for (let at = folder; ; at = dirname(at)) {
      if (this.#trees.has(at)) return true
      if (at === dirname(at)) return false
    }
  }

  #tell(path: string): void {
    if (!this.#options.ignore(path)) this.#options.onChange(path)
  }

  /** A folder is gone or was moved: so are those below. Its name may come back as another folder. */
  #drop(path: string): void {
    for (const [folder, watcher] of this.#watchers) {
      if (folder !== path && !folder.startsWith(path + sep)) continue
      watcher.close()
      this.#watchers.delete(folder)
    }
    const isGone = (folder: string) => folder === path || folder.startsWith(path + sep)
    for (const [real, folder] of this.#seen) if (isGone(folder)) this.#seen.delete(real)
    for (const folder of this.#polled.keys()) if (isGone(folder)) this.#polled.delete(folder)
  }

  /** A watcher that stops working; where its folder is still there, it is polled from now on. */
  #failed(folder: string): void {
    this.#watchers.get(folder)?.close()
    this.#watchers.delete(folder)
    if (!lstatSync(folder, { throwIfNoEntry: false })) return this.#drop(folder)
    this.#pollInstead(folder, 'its watcher failed')
    this.#tell(folder) // what it missed nobody knows
  }

  #pollInstead(folder: string, why: string): void {
    if (this.#polled.size === 0) this.#options.onPoll?.(folder, why)
    this.#polled.set(folder, contents(folder))
    if (!this.#poll) this.#pollIn(this.#options.pollMs ?? POLL_MS)
  }

  #pollIn(milliseconds: number): void {
    this.#poll = setTimeout(() => {
      const start = performance.now()
      for (const [folder, before] of this.#polled) this.#lookAgain(folder, before)
      const took = performance.now() - start
      // Nothing is polled any more where the folders went, or `close` was called by who was told.
      this.#poll = null
      if (this.#polled.size > 0) this.#pollIn(Math.max(this.#options.pollMs ?? POLL_MS, took * POLL_SHARE))
    }, milliseconds)
  }

  #lookAgain(folder: string, before: ReadonlyMap<string, string>): void {
    const now = contents(folder)
    this.#polled.set(folder, now)
    for (const [name, was] of now) {
      const had = before.get(name)
      if (had !== was) this.#happened(folder, had === undefined || was.startsWith(FOLDER) ? 'rename' : 'change', name)
    }
    for (const name of before.keys()) if (!now.has(name)) this.#happened(folder, 'rename', name)
  }
}

function isFolder(entry: Dirent, path: string): boolean {
  if (entry.isDirectory()) return true
  return entry.isSymbolicLink() && statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

function isRemote(folder: string): boolean {
  try {
    return REMOTE.has(statfsSync(folder).type)
  } catch {
    return false
  }
}

const FOLDER = 'folder '

/** Of a file size, time and inode; of a folder only which one it is, as it is looked into by itself. */
function contents(folder: string): Map<string, string> {
  const found = new Map<string, string>()
  try {
    for (const name of readdirSync(folder)) {
      const stats = lstatSync(join(folder, name), { throwIfNoEntry: false })
      if (stats?.isDirectory()) found.set(name, `${FOLDER}${stats.ino}`)
      else if (stats) found.set(name, `${stats.size} ${stats.mtimeMs} ${stats.ctimeMs} ${stats.ino}`)
    }
  } catch {
    // gone; the folder around it tells
  }
  return found
}
