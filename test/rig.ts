/**
 * A project in a temp folder and the real command line to drive it: `write`, `kpipe`, and stage kinds that count how often
 * they ran. Every test gets a folder of its own; nothing outside it is touched.
 */
import { spawn, spawnSync } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TimedEvent } from '../src/events.ts'

export const repository = fileURLToPath(new URL('..', import.meta.url))
/** The command line's script. */
export const bin = join(repository, 'src', 'bin.cjs')

export interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
  /** Signal that ended it, or null. */
  readonly signal: NodeJS.Signals | null
}

export class Project {
  readonly root = mkdtempSync(join(tmpdir(), 'kpipe-test-'))

  write(files: Readonly<Record<string, string | Uint8Array>>): void {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(this.path(path)), { recursive: true })
      writeFileSync(this.path(path), content)
    }
  }

  path(path: string): string {
    return join(this.root, path)
  }

  read(path: string): string {
    return readFileSync(this.path(path), 'utf8')
  }

  /** Names in a folder, sorted; none where there is no folder. */
  list(path: string): string[] {
    return this.exists(path) ? readdirSync(this.path(path)).sort() : []
  }

  append(path: string, text: string): void {
    appendFileSync(this.path(path), text)
  }

  exists(path: string): boolean {
    return existsSync(this.path(path))
  }

  remove(path: string): void {
    rmSync(this.path(path), { recursive: true, force: true })
  }

  /** The command line, to its end. */
  kpipe(...args: string[]): Ran {
    return this.kpipeWith({}, ...args)
  }

  kpipeWith(env: Readonly<Record<string, string>>, ...args: string[]): Ran {
    const done = spawnSync(process.execPath, [bin, ...args], {
      cwd: this.root,
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1', COLUMNS: '120', ...env },
    })
    return { code: done.status, out: done.stdout, err: done.stderr, signal: done.signal }
  }

  /** Outcome of every stage of one run; throws with what was said if the run was not as expected. */
  run(...args: string[]): Record<string, string> {
    const done = this.kpipe('run', '--json', ...args)
    if (done.code !== 0)
      throw new Error(`kpipe run ${args.join(' ')} ended with ${done.code}\n${done.out}\n${done.err}`)
    return outcomes(done.out)
  }

  /** Stages that really worked in one run, in the order of their ends. */
  worked(...args: string[]): string[] {
    return Object.entries(this.run(...args))
      .filter(([, outcome]) => outcome === 'ran' || outcome === 'same')
      .map(([stage]) => stage)
  }

  /** The command line in the background. */
  start(...args: string[]): { child: ReturnType<typeof spawn>; done: Promise<Ran> } {
    const child = spawn(process.execPath, [bin, ...args], { cwd: this.root, env: { ...process.env, NO_COLOR: '1' } })
    const text = { out: '', err: '' }
    child.stdout.on('data', (bytes: Buffer) => (text.out += bytes.toString()))
    child.stderr.on('data', (bytes: Buffer) => (text.err += bytes.toString()))
    const done = new Promise<Ran>((resolve) => child.on('close', (code, signal) => resolve({ code, signal, ...text })))
    return { child, done }
  }

  /** Lines a stage appended to a file outside its outputs: how often it ran. */
  count(path: string): number {
    return this.exists(path) ? this.read(path).split('\n').filter(Boolean).length : 0
  }

  remainingTemp(): string[] {
    return this.list('cache/tmp')
  }

  dispose(): void {
    rmSync(this.root, { recursive: true, force: true })
  }
}

export function events(json: string): TimedEvent[] {
  return json
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as TimedEvent)
}

export function outcomes(json: string): Record<string, string> {
  return Object.fromEntries(
    events(json).flatMap((event) => (event.type === 'stage-finished' ? [[event.stage, event.outcome]] : [])),
  )
}

/** Waits until a condition on the file system holds: for tests that meet a running kpipe, never for timing. */
export async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 3000; i++) {
    if (condition()) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error('the condition never came true')
}
