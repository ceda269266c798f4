/** `kpipe run --watch` through the real command line. No fixed sleeps: a test waits for what the watch says. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { events, outcomes, Project, repository, until } from '../rig.ts'

let project: Project
let child: ChildProcess | null = null
let out = ''
let err = ''

beforeEach(() => {
  project = new Project()
  out = ''
  err = ''
})
afterEach(async () => {
  if (child && child.exitCode === null) {
    const gone = new Promise((resolve) => child!.once('exit', resolve))
    child.kill('SIGINT')
    const killer = setTimeout(() => child!.kill('SIGKILL'), 3000)
    await gone
    clearTimeout(killer)
  }
  child = null
  project.dispose()
})

function watch(...args: string[]): void {
  child = spawn(process.execPath, [join(repository, 'src', 'bin.cjs'), 'run', '--watch', '--json', ...args], {
    cwd: project.root,
    env: { ...process.env, NO_COLOR: '1', KPIPE_WATCH_CODE: '0' },
  })
  child.stdout!.on('data', (bytes: Buffer) => (out += bytes.toString()))
  child.stderr!.on('data', (bytes: Buffer) => (err += bytes.toString()))
}

const runs = () => out.split('\n').filter((line) => line.startsWith('{"type":"run-finished"')).length
const idle = () => err.split('\n').filter((line) => line.startsWith('watching')).length
/** Until the watch waits for the n-th time, and all that so many runs said has arrived. */
const waits = (times: number, ran = times) => sees(() => idle() >= times && runs() >= ran)
/** A watch that never comes there shows what it said. */
const sees = (condition: () => boolean) =>
  until(condition).catch((error: Error) => {
    throw new Error(`${error.message}\n${out}\n${err}`)
  })
/** Outcomes of the n-th run, from 1. */
const outcomesOf = (run: number) => {
  const all = out.split('\n')
  const ends = all.flatMap((line, i) => (line.startsWith('{"type":"run-finished"') ? [i] : []))
  return outcomes(all.slice(run === 1 ? 0 : ends[run - 2]! + 1, ends[run - 1]! + 1).join('\n'))
}

const PIPELINE = `
name: p
stages:
  list: { run: 'find -L data -type f | sort > list.txt', deps: [data], outs: [list.txt] }
  count: { run: 'wc -l < list.txt > count.txt', deps: [list.txt], outs: [count.txt] }
  other: { run: 'cat labels.csv > other.txt', deps: [labels.csv], outs: [other.txt] }
`

function start(): void {
  project.write({ 'pipelines/p.yaml': PIPELINE, 'data/a.wav': 'a', 'labels.csv': 'x\n' })
  watch()
}

test('saving the YAML runs once what it changes, ctrl-c ends the watch', async () => {
  start()
  await waits(1)
  expect(outcomesOf(1)).toEqual({ list: 'ran', count: 'ran', other: 'ran' })
  project.write({ 'pipelines/p.yaml': PIPELINE.replace('cat labels.csv', 'sort labels.csv') })
  await waits(2)
  expect(outcomesOf(2)).toEqual({ list: 'fresh', count: 'fresh', other: 'same' })
  expect(err).toContain('changed: pipelines/p.yaml')
  const ended = new Promise((resolve) => child!.once('exit', resolve))
  child!.kill('SIGINT')
  expect(await ended).toBe(130)
  expect(runs()).toBe(2)
})

test('500 files unpacked in nested folders are one run, which sees them all', async () => {
  start()
  await waits(1)
  for (let i = 0; i < 500; i++) {
    const path = project.path(`data/set/${i % 10}/${i % 3}/${i}.wav`)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, 'x')
  }
  await waits(2)
  expect(outcomesOf(2)).toEqual({ list: 'ran', count: 'ran', other: 'fresh' })
  expect(project.read('count.txt').trim()).toBe('501')
  expect(runs()).toBe(2)
})

test('a checkout that replaces folders is one run; a file deep in a new folder is the next', async () => {
  project.write({ 'data/branch/x/1.wav': '1', 'data/branch/y/2.wav': '2' })
  start()
  await waits(1)
  rmSync(project.path('data/branch'), { recursive: true })
  project.write({ 'data/branch/x/3.wav': '3', 'data/branch/z/4.wav': '4' })
  await waits(2)
  expect(project.read('list.txt')).toBe('data/a.wav\ndata/branch/x/3.wav\ndata/branch/z/4.wav\n')
  project.write({ 'data/branch/x/5.wav': '5' })
  await waits(3)
  expect(project.read('count.txt').trim()).toBe('4')
  expect(runs()).toBe(3)
})

test('a half-written file is waited for', async () => {
  start()
  await waits(1)
  const path = project.path('data/long.wav')
  writeFileSync(path, '')
  for (let piece = 1; piece <= 10; piece++) {
    await new Promise((resolve) => setTimeout(resolve, 70))
    writeFileSync(path, 'x'.repeat(piece * 1000))
  }
  await waits(2)
  expect(outcomesOf(2)).toMatchObject({ list: 'ran' })
  expect(runs()).toBe(2)
})

test('edits during a run queue one more run', async () => {
  const slow = PIPELINE.replace(
    "run: 'cat labels.csv > other.txt'",
    "run: 'touch started; while ! test -f go; do sleep 0.02; done; cat labels.csv > other.txt'",
  )
  project.write({ 'pipelines/p.yaml': slow, 'data/a.wav': 'a', 'labels.csv': 'x\n' })
  watch('--jobs', '3')
  await sees(() => project.exists('started'))
  await sees(() => 'count' in outcomes(out))
  project.write({ 'data/b.wav': 'b' })
  project.write({ 'data/c.wav': 'c' })
  project.write({ go: '' })
  await waits(1, 2)
  expect(runs()).toBe(2)
  expect(outcomesOf(2)).toEqual({ list: 'ran', count: 'ran', other: 'fresh' })
})

test('a broken YAML says what is wrong and waits; the mended one runs', async () => {
  start()
  await waits(1)
  project.write({ 'pipelines/p.yaml': PIPELINE.replace('deps: [labels.csv]', 'dpes: [labels.csv]') })
  await waits(2, 1)
  expect(err).toContain('unknown key "dpes", did you mean "deps"?')
  expect(runs()).toBe(1)
  project.write({ 'data/b.wav': 'b', 'pipelines/p.yaml': PIPELINE })
  await waits(3, 2)
  expect(outcomesOf(2)).toEqual({ list: 'ran', count: 'ran', other: 'fresh' })
})

test('started on a broken YAML it waits as well', async () => {
  project.write({ 'pipelines/p.yaml': 'name: p\nstages: [', 'data/a.wav': 'a', 'labels.csv': 'x\n' })
  watch()
  await waits(1, 0)
  expect(err).toContain('p.yaml:')
  project.write({ 'pipelines/p.yaml': PIPELINE })
  await waits(2, 1)
  expect(outcomesOf(1)).toEqual({ list: 'ran', other: 'ran', count: 'ran' })
})

test('what failed is not tried again before something it depends on changes', async () => {
  project.write({
    'pipelines/p.yaml': `
name: p
stages:
  bad: { run: 'echo x >> tries; grep good labels.csv > bad.txt', deps: [labels.csv], outs: [bad.txt] }
  list: { run: 'ls data > list.txt', deps: [data], outs: [list.txt] }
`,
    'data/a.wav': 'a',
    'labels.csv': 'x\n',
  })
  watch('--keep-going')
  await waits(1)
  expect(project.count('tries')).toBe(1)
  project.write({ 'data/b.wav': 'b' })
  await waits(2)
  expect(outcomesOf(2)).toEqual({ bad: 'failed', list: 'ran' })
  expect(project.count('tries')).toBe(1)
  project.write({ 'labels.csv': 'good\n' })
  await waits(3)
  expect(outcomesOf(3)).toEqual({ bad: 'ran', list: 'fresh' })
})

test('its own outputs, the cache and editors’ swap files start nothing, even inside a watched folder', async () => {
  project.write({
    'pipelines/p.yaml': `
name: p
stages:
  list: { run: 'mkdir -p data/made; find data -name "*.wav" | sort > data/made/list.txt', deps: ['data/*.wav'], outs: [data/made/list.txt] }
`,
    'data/a.wav': 'a',
  })
  watch()
  await waits(1)
  project.write({ 'pipelines/.p.yaml.swp': 'x', 'cache/x': 'x', 'data/made/list.txt': 'vandal', 'unrelated.txt': 'x' })
  project.write({ 'data/b.wav': 'b' })
  await waits(2)
  expect(err.split('\n').filter((line) => line.startsWith('changed:'))).toEqual(['changed: data/b.wav'])
  expect(events(out).filter((event) => event.type === 'run-started')).toHaveLength(2)
  renameSync(project.path('data/b.wav'), project.path('data/c.wav'))
  await waits(3)
  expect(project.read('data/made/list.txt')).toBe('data/a.wav\ndata/c.wav\n')
})
