// What benches share: a work folder, peers in a venv of the bench's own, and timing ours and the peer in turn.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export const repository = fileURLToPath(new URL('..', import.meta.url))
/** What the benches of models measure against. */
export const torchPeers = ['torch==2.15.*', 'numpy', 'onnxruntime==1.31.*']
export const kpipeBin = join(repository, 'src', 'bin.cjs')

export async function tools(name, only) {
  const work = join(repository, 'bench', '.work', name)
  mkdirSync(work, { recursive: true })
  return {
    work,
    /** Run this case? (all, or those whose name contains a word of the command line) */
    wants: (label) => only.length === 0 || only.some((word) => label.includes(word)),
    say: (text) => console.error(text),
    /** An empty folder. */
    folder: (label) => {
      const path = join(work, label)
      rmSync(path, { recursive: true, force: true })
      mkdirSync(path, { recursive: true })
      return path
    },
    /** `room` names the environment where several benches share one. */
    python: (packages, room = name) => venv(join(repository, 'bench', '.venv', room), packages),
  }
}

/** Path of a Python that has the packages; installs them once. */
function venv(folder, packages) {
  const python = join(folder, 'bin', 'python')
  const marker = join(folder, `.${packages.join('+').replace(/[^\w.+=-]/g, '_')}`)
  if (!existsSync(marker)) {
    must('python3', ['-m', 'venv', folder])
    must(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages])
    mkdirSync(marker)
  }
  return python
}

export function must(command, args, options = {}) {
  const done = spawnSync(command, args, { encoding: 'utf8', ...options })
  if (done.status !== 0)
    throw new Error(`${command} ${args.join(' ')} ended with ${done.status}\n${done.stdout}\n${done.stderr}`)
  return done.stdout
}

/** Wall seconds of one command. */
export function time(command, args, options = {}) {
  const start = process.hrtime.bigint()
  must(command, args, options)
  return Number(process.hrtime.bigint() - start) / 1e9
}

/** Wall seconds of one command, while other work of this process goes on. */
export async function timeAsync(command, args, options = {}) {
  const start = process.hrtime.bigint()
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'], ...options })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}`)
  return Number(process.hrtime.bigint() - start) / 1e9
}

/** Wall seconds of a command and the most memory that one of its processes held, asked of Linux 20 times a second. */
export async function peakMemory(command, args, options = {}) {
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'], ...options })
  let bytes = 0
  const timer = setInterval(() => {
    for (const pid of familyOf(child.pid)) bytes = Math.max(bytes, peakOf(pid))
  }, 50)
  const start = process.hrtime.bigint()
  const [code] = await once(child, 'exit')
  clearInterval(timer)
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}`)
  return { seconds: Number(process.hrtime.bigint() - start) / 1e9, bytes }
}

function familyOf(pid) {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(/\s+/).filter(Boolean)
    return [pid, ...children.flatMap((child) => familyOf(Number(child)))]
  } catch {
    return [] // it has ended
  }
}

function peakOf(pid) {
  try {
    return 1024 * Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
  } catch {
    return 0
  }
}

export const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]

/** Medians of several functions measured in turn, so that a noisy minute hits all of them. */
export function inTurn(times, measures) {
  const found = Object.fromEntries(Object.keys(measures).map((name) => [name, []]))
  for (let i = 0; i < times; i++) for (const [name, measure] of Object.entries(measures)) found[name].push(measure(i))
  return Object.fromEntries(Object.entries(found).map(([name, values]) => [name, median(values)]))
}

/** One TypeScript file with all of ours that it imports, as a script for a Node of its own. */
export async function bundle(entry, outfile) {
  const { build } = await import('esbuild')
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
  })
  return outfile
}

/** A process that answers one line with one line. */
export function conversation(command, args, env = {}) {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })
  const ended = once(child, 'exit').then(([code]) =>
    Promise.reject(new Error(`${command} ${args.join(' ')} ended with ${code}`)),
  )
  ended.catch(() => {}) // Only of interest while an answer is awaited.
  return {
    ask: async (question) => {
      child.stdin.write(`${question}\n`)
      const [answer] = await Promise.race([once(lines, 'line'), ended])
      return answer
    },
    end: () => child.stdin.end(),
  }
}

/** kpipe as npm installs it: the published files, without the sources' build step. */
export function installedKpipe(work) {
  const target = join(work, 'installed', 'node_modules', 'kpipe')
  const { files } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'))
  must(process.execPath, [join(repository, 'scripts', 'build.mjs')])
  rmSync(target, { recursive: true, force: true })
  const copied = files.filter((name) => !name.startsWith('!'))
  for (const name of ['package.json', ...copied])
    cpSync(join(repository, name), join(target, name), { recursive: true })
  for (const name of readdirSync(join(repository, 'node_modules'))) {
    const link = join(work, 'installed', 'node_modules', name)
    if (name !== 'kpipe' && !existsSync(link)) symlinkSync(join(repository, 'node_modules', name), link)
  }
  return join(target, 'src', 'bin.cjs')
}
