/**
 * `kpipe run --watch`: run, wait until something that matters has changed and come to rest, run again. Data folders are
 * watched folder by folder (watch-folders.ts), the few files of pipelines, configs and code by chokidar. What changes while
 * a run works is noted and gives one more run. A change of kpipe's own code (in a checkout) starts a new process.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, join, relative } from 'node:path'
import { type FSWatcher, watch as watchFew } from 'chokidar'
import type { Io } from '../io.ts'
import { packageRoot } from '../kinds.ts'
import { Changes } from '../run/quiet.ts'
import { FolderWatch } from '../run/watch-folders.ts'
import { isBelow, type WatchPaths, watchPaths } from '../run/watch-paths.ts'
import { loadProjectPlan, select, type Selection } from './project.ts'
import type { RunMemory, RunOptions } from './run.ts'
import { stopSignals } from './signals.ts'

/** Says what went wrong, as the command line does. */
export type Tell = (error: unknown) => void
type RunOnce = (options: RunOptions, io: Io, memory: RunMemory) => Promise<number>

/** Exit code with which a watch asks to be started anew. */
const RESTART = 75
const RESTARTED = 'KPIPE_WATCH_CHILD'
/** `0`: kpipe's own code is left alone, for tests and for people who edit it while another watch works. */
const WATCH_CODE = 'KPIPE_WATCH_CODE'

/** Ends by ctrl-c only. */
export async function watchCommand(options: RunOptions, io: Io, runOnce: RunOnce, tell: Tell): Promise<number> {
  const code = await watchHere(options, io, runOnce, tell)
  if (code !== RESTART || process.env[RESTARTED]) return code
  for (;;) {
    const next = await again()
    if (next !== RESTART) return next
  }
}

async function watchHere(options: RunOptions, io: Io, runOnce: RunOnce, tell: Tell): Promise<number> {
  const selection = select(options.words, io.cwd)
  const changes = new Changes()
  const stop = stopSignal()
  const watched = new Watched(selection, changes, io)
  const memory: RunMemory = { failures: new Map() }
  try {
    for (let first = true; ; first = false) {
      // Before the run: what changes while it works is not lost.
      await watched.follow(await planPaths(selection, options))
      changes.take()
      // `--force` means the first run.
      const code = await runOnce({ ...options, force: options.force && first }, io, memory).catch((error: unknown) => {
        if ((error as Error)?.name === 'AbortError') return 130
        tell(error) // mended in the editor: the watch goes on
        return 2
      })
      if (stop.signal.aborted || code === 130) return 130
      // The pipeline may have been saved between the two looks at it.
      await watched.follow(await planPaths(selection, options))
      if (!changes.dirty) io.err(`${watched.describe()}\n`)
      if (!(await changes.settled(stop.signal))) return 130
      const changed = changes.take()
      if (changed.some((path) => watched.isOwnCode(path))) {
        io.err('\nchanged: kpipe itself; starting anew\n')
        return RESTART
      }
      io.err(`\n${describe(changed, selection)}\n`)
    }
  } finally {
    stop.release()
    await watched.close()
  }
}

/** null where the pipeline has mistakes: what was watched before stays watched. */
async function planPaths(selection: Selection, options: RunOptions): Promise<WatchPaths | null> {
  const { project, file } = selection
  try {
    const plan = await loadProjectPlan(project, file, options.set)
    return watchPaths(plan, project.layout, process.env['HOME'] ?? homedir())
  } catch {
    return null // runOnce meets the same mistake and says it
  }
}

/** Swap files, backups and probes that editors leave beside what they save. */
const EDITOR_FILES = /^(\.#.*|\..*\.sw.?|4913|.*~|#.*#)$/

class Watched {
  readonly #selection: Selection
  readonly #changes: Changes
  readonly #io: Io
  readonly #few: FSWatcher
  readonly #ready: Promise<void>
  #data: FolderWatch | null = null
  #paths: WatchPaths | null = null
  readonly #ownCode: readonly string[]

  constructor(selection: Selection, changes: Changes, io: Io) {
    this.#selection = selection
    this.#changes = changes
    this.#io = io
    const { root } = selection.project.layout
    const inCheckout = existsSync(join(packageRoot, 'scripts', 'build.mjs')) && process.env[WATCH_CODE] !== '0'
    this.#ownCode = inCheckout ? [join(packageRoot, 'src'), join(packageRoot, 'stages')] : []
    const folders = ['pipelines', 'configs', 'stages'].map((name) => join(root, name))
    this.#few = watchFew([...folders, selection.file, ...this.#ownCode], {
      ignoreInitial: true,
      atomic: false,
      ignored: (path) => EDITOR_FILES.test(basename(path)),
    })
    this.#ready = new Promise((resolve) => this.#few.once('ready', () => resolve()))
    this.#few.on('all', (_, path) => this.#changes.add(path)).on('error', (error) => this.#io.err(`watch: ${error}\n`))
  }

  /** Watch what this plan reads. The same paths again change nothing. */
  async follow(paths: WatchPaths | null): Promise<void> {
    await this.#ready
    if (!paths) return
    this.#few.add(paths.sources.filter((path) => !this.#paths?.sources.includes(path)))
    if (JSON.stringify(paths) === JSON.stringify(this.#paths)) return
    this.#paths = paths
    const { layout } = this.#selection.project
    const ignored = new Set([
      ...paths.outputs,
      layout.cache,
      join(layout.root, '.git'),
      join(layout.root, 'node_modules'),
    ])
    const before = this.#data
    this.#data = new FolderWatch({
      // A stage makes the folders its outputs lie in; that is no change of the data around them.
      onChange: (path) => {
        if (!(isBelowAny(paths.outputs, path) && existsSync(path))) this.#changes.add(path)
      },
      ignore: (path) => isBelow(path, ignored),
      onPoll: (folder, why) => this.#io.err(`watch: ${folder} is looked at every 2 s, because ${why}\n`),
    })
    for (const path of paths.data) this.#data.add(path)
    before?.close()
  }

  isOwnCode(path: string): boolean {
    return isBelow(path, this.#ownCode)
  }

  describe(): string {
    const { root } = this.#selection.project.layout
    const folders = this.#data?.folders ?? 0
    const data = this.#paths?.data.map((path) => relative(root, path) || '.') ?? []
    const names = ['pipelines', 'configs', 'stages', ...data.slice(0, 3)].join(', ')
    const more = data.length > 3 ? ` and ${data.length - 3} more` : ''
    return `watching ${names}${more}${folders > 0 ? ` (${folders} data folder${folders === 1 ? '' : 's'})` : ''}; ctrl-c ends`
  }

  async close(): Promise<void> {
    this.#data?.close()
    await this.#few.close()
  }
}

const isBelowAny = (paths: readonly string[], folder: string) => paths.some((path) => isBelow(path, [folder]))

function describe(changed: readonly string[], { project }: Selection): string {
  const names = changed.slice(0, 3).map((path) => relative(project.layout.root, path))
  const more = changed.length > 3 ? ` and ${changed.length - 3} more` : ''
  return `changed: ${names.join(', ')}${more}`
}

/** ctrl-c while nothing runs; a run hears it itself. */
function stopSignal(): { signal: AbortSignal; release: () => void } {
  const abort = new AbortController()
  const stop = () => {
    if (abort.signal.aborted) process.exit(130)
    abort.abort()
  }
  const signals = stopSignals()
  for (const signal of signals) process.on(signal, stop)
  const release = () => {
    for (const signal of signals) process.off(signal, stop)
  }
  return { signal: abort.signal, release }
}

/** The same command in a new process, which builds and loads the changed code. */
function again(): Promise<number> {
  return new Promise((resolve) => {
    const args = [...process.execArgv, ...process.argv.slice(1)]
    const child = spawn(process.execPath, args, { stdio: 'inherit', env: { ...process.env, [RESTARTED]: '1' } })
    const pass = (signal: NodeJS.Signals) => child.kill(signal)
    // ctrl-c reaches the child by itself; we only wait for it.
    const wait = () => undefined
    process.on('SIGINT', wait).on('SIGTERM', pass)
    child.on('exit', (code, signal) => {
      process.off('SIGINT', wait).off('SIGTERM', pass)
      resolve(code ?? (signal === 'SIGINT' ? 130 : 143))
    })
  })
}
