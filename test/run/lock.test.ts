/** The run lock: one at a time, dead owners do not block, and nobody takes it from a live one. */
import { execFile, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { beforeEach, describe, expect, test } from 'vitest'
import { processStart } from '../../src/lib/processes.ts'
import { acquireLock } from '../../src/run/lock.ts'
import { tempDir } from '../store/rig.ts'

const temp = tempDir()
const FILE = 'cache/state/lock'
const never = new AbortController().signal
let said: string[]
beforeEach(() => {
  said = []
})
const acquire = (signal = never) => acquireLock(temp.at(FILE), (reason) => said.push(reason), signal)
const owner = () => JSON.parse(readFileSync(temp.at(FILE), 'utf8')) as { token: string; pid: number; space: string }

/** A lock file as a process would have left it. */
function leave(changes: Record<string, unknown>): void {
  mkdirSync(temp.at('cache/state'), { recursive: true })
  const { pid } = process
  const mine = { token: 'x', host: hostname(), space: '', pid, started: processStart(pid), ...changes }
  writeFileSync(temp.at(FILE), JSON.stringify(mine))
}

/** This process's own number space, as the lock writes it. */
async function ownSpace(): Promise<string> {
  const lock = await acquire()
  const { space } = owner()
  lock.release()
  return space
}

async function deadProcess(): Promise<{ pid: number; started: string }> {
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'])
  const started = processStart(child.pid!)
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await gone
  return { pid: child.pid!, started }
}

test('taken, held, released', async () => {
  const lock = await acquire()
  expect(lock.held()).toBe(true)
  expect(owner().pid).toBe(process.pid)
  lock.release()
  expect(lock.held()).toBe(false)
  expect(readdirSync(temp.at('cache/state'))).toEqual([])
  expect(said).toEqual([])
})

test('a second one waits, says for whom once, and goes on when the first lets go', async () => {
  const first = await acquire()
  let second = false
  const waiting = acquire().then((lock) => {
    second = true
    return lock
  })
  await new Promise((resolve) => setTimeout(resolve, 250))
  expect(second).toBe(false)
  expect(said).toEqual([`another kpipe run (process ${process.pid}) is working in this project; waiting for it`])
  first.release()
  const lock = await waiting
  expect(lock.held()).toBe(true)
  expect(first.held()).toBe(false)
  first.release() // a second release must not take it from the new holder
  expect(lock.held()).toBe(true)
  lock.release()
})

test('a stop while waiting ends the waiting', async () => {
  const first = await acquire()
  const abort = new AbortController()
  const waiting = acquire(abort.signal)
  abort.abort('cancelled')
  await expect(waiting).rejects.toMatchObject({ name: 'AbortError' })
  expect(first.held()).toBe(true)
  first.release()
})

describe('stale locks', () => {
  test('of a process that was killed: taken at once', async () => {
    leave({ ...(await deadProcess()), space: await ownSpace() })
    const lock = await acquire()
    expect(lock.held()).toBe(true)
    expect(said).toEqual([])
    lock.release()
    expect(readdirSync(temp.at('cache/state'))).toEqual([])
  })

  test('of a process whose number another one has now', async () => {
    const space = await ownSpace()
    leave({ pid: process.pid, started: 'before the flood', space })
    const lock = await acquire()
    expect(owner().token).not.toBe('x')
    lock.release()
  })

  test.each([
    ['on another host', { host: 'elsewhere' }],
    ['in another container', { space: 'pid:[1]' }],
  ])('%s a number says nothing: only silence does', async (_, changes) => {
    leave({ space: await ownSpace(), pid: 2 ** 22 + 1, started: 'x', ...changes })
    const abort = new AbortController()
    setTimeout(() => abort.abort(), 300)
    await expect(acquire(abort.signal)).rejects.toMatchObject({ name: 'AbortError' })
    expect(owner().token).toBe('x')
  })

  test('a torn file that stays torn does not block for ever, a young one is left alone', async () => {
    mkdirSync(temp.at('cache/state'), { recursive: true })
    writeFileSync(temp.at(FILE), '{"token":')
    const abort = new AbortController()
    setTimeout(() => abort.abort(), 250)
    await expect(acquire(abort.signal)).rejects.toMatchObject({ name: 'AbortError' })
    const longAgo = new Date(Date.now() - 60_000)
    utimesSync(temp.at(FILE), longAgo, longAgo)
    const lock = await acquire()
    expect(lock.held()).toBe(true)
    lock.release()
  })
})

test('a holder who lost it knows', async () => {
  const lock = await acquire()
  leave({ token: 'somebody else' })
  expect(lock.held()).toBe(false)
  lock.release()
  expect(owner().token).toBe('somebody else')
})

test('many processes at a dead lock: it is stolen once, and never two are inside', async () => {
  const script = temp.at('taker.mjs')
  await build({
    stdin: {
      contents: `
        import { mkdirSync, rmdirSync } from 'node:fs'
        import { acquireLock } from './src/run/lock.ts'
        for (let i = 0; i < 3; i++) {
          const lock = await acquireLock(process.argv[2], () => {}, new AbortController().signal)
          mkdirSync(process.argv[3]) // throws where another one is inside
          if (!lock.held()) throw new Error('inside without the lock')
          rmdirSync(process.argv[3])
          lock.release()
        }
        console.log('done')`,
      resolveDir: fileURLToPath(new URL('../..', import.meta.url)),
      loader: 'ts',
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: script,
    logLevel: 'silent',
  })
  leave({ ...(await deadProcess()), space: await ownSpace() })
  const run = promisify(execFile)
  const takers = Array.from({ length: 5 }, () => run(process.execPath, [script, temp.at(FILE), temp.at('inside')]))
  for (const { stdout } of await Promise.all(takers)) expect(stdout).toBe('done\n')
  expect(existsSync(temp.at(FILE))).toBe(false)
})
