/**
 * `kpipe run --watch` through the real command line. No sleeps: a test waits for what the watch says, and the watch stands
 * still (SIGSTOP) while a test changes files, so that a busy machine cannot make two changes of one.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
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

/** All at once, as the watch sees it. */
function change(work: () => void): void {
  child!.kill('SIGSTOP')
  try {
    work()
  } finally {
    child!.kill('SIGCONT')
  }
}
const save = (files: Record<string, string>) => change(() => project.write(files))

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
  save({ 'pipelines/p.yaml': PIPELINE.replace('cat labels.csv', 'sort labels.csv') })
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
  save(Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`data/set/${i % 10}/${i % 3}/${i}.wav`, 'x'])))
  await waits(2)
  expect(outcomesOf(2)).toEqual({ list: 'ran', count: 'ran', other: 'fresh' })
  expect(project.read('count.txt').trim()).toBe('501')
  expect(runs()).toBe(2)
})

const git = (...args: string[]) => {
  const done = spawnSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@x', '-c', 'gc.auto=0', ...args], {
    cwd: project.root,
    encoding: 'utf8',
  })
  expect(done.stderr + done.error, args.join(' ')).toSatisfy(() => done.status === 0)
}
const hasGit = !spawnSync('git', ['--version']).error
if (!hasGit) console.warn('SKIPPED: the watch of a git checkout, because there is no git here')

test.runIf(hasGit)(
  'git checkout of a branch with other data is one run; a file deep in a new folder is the next',
  async () => {
    project.write({ '.gitignore': 'cache\n*.txt\n', 'data/branch/x/1.wav': '1', 'data/branch/y/2.wav': '2' })
    project.write({ 'pipelines/p.yaml': PIPELINE, 'data/a.wav': 'a', 'labels.csv': 'x\n' })
    git('init', '-q', '-b', 'one')
    git('add', '.')
    git('commit', '-qm', 'one')
    git('checkout', '-q', '-b', 'two')
    project.remove('data/branch')
    project.write({ 'data/branch/x/3.wav': '3', 'data/branch/z/4.wav': '4', 'labels.csv': 'y\n' })
    git('add', '.')
    git('commit', '-qm', 'two')
    git('checkout', '-q', 'one')
    watch()
    await waits(1)
    change(() => git('checkout', '-q', 'two'))
    await waits(2)
    expect(project.read('list.txt')).toBe('data/a.wav\ndata/branch/x/3.wav\ndata/branch/z/4.wav\n')
    expect(outcomesOf(2)).toEqual({ list: 'ran', count: 'same', other: 'ran' })
    save({ 'data/branch/x/5.wav': '5' })
    await waits(3)
    expect(project.read('count.txt').trim()).toBe('4')
    expect(runs()).toBe(3)
  },
)

test('a file dropped into the data folder is one run, also where it replaces another', async () => {
  start()
  await waits(1)
  save({ 'data/b.wav': 'b' })
  await waits(2)
  expect(outcomesOf(2)).toEqual({ list: 'ran', count: 'ran', other: 'fresh' })
  change(() => {
    writeFileSync(project.path('new.csv'), 'z\n')
    renameSync(project.path('new.csv'), project.path('labels.csv'))
  })
  await waits(3)
  expect(outcomesOf(3)).toEqual({ list: 'fresh', count: 'fresh', other: 'ran' })
  expect(runs()).toBe(3)
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
  save({ 'data/b.wav': 'b' })
  save({ 'data/c.wav': 'c' })
  save({ go: '' })
  await waits(1, 2)
  expect(runs()).toBe(2)
  expect(outcomesOf(2)).toEqual({ list: 'ran', count: 'ran', other: 'fresh' })
})

test('a broken YAML says what is wrong and waits; the mended one runs', async () => {
  start()
  await waits(1)
  save({ 'pipelines/p.yaml': PIPELINE.replace('deps: [labels.csv]', 'dpes: [labels.csv]') })
  await waits(2, 1)
  expect(err).toContain('unknown key "dpes", did you mean "deps"?')
  expect(runs()).toBe(1)
  save({ 'data/b.wav': 'b', 'pipelines/p.yaml': PIPELINE })
  await waits(3, 2)
  expect(outcomesOf(2)).toEqual({ list: 'ran', count: 'ran', other: 'fresh' })
})

test('started on a broken YAML it waits as well', async () => {
  project.write({ 'pipelines/p.yaml': 'name: p\nstages: [', 'data/a.wav': 'a', 'labels.csv': 'x\n' })
  watch()
  await waits(1, 0)
  expect(err).toContain('p.yaml:')
  save({ 'pipelines/p.yaml': PIPELINE })
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
  save({ 'data/b.wav': 'b' })
  await waits(2)
  expect(outcomesOf(2)).toEqual({ bad: 'failed', list: 'ran' })
  expect(project.count('tries')).toBe(1)
  save({ 'labels.csv': 'good\n' })
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
  save({
    'pipelines/.p.yaml.swp': 'x',
    'cache/x': 'x',
    'data/made/list.txt': 'vandal',
    'unrelated.txt': 'x',
    'data/b.wav': 'b',
  })
  await waits(2)
  expect(err.split('\n').filter((line) => line.startsWith('changed:'))).toEqual(['changed: data/b.wav'])
  expect(events(out).filter((event) => event.type === 'run-started')).toHaveLength(2)
  change(() => renameSync(project.path('data/b.wav'), project.path('data/c.wav')))
  await waits(3)
  expect(project.read('data/made/list.txt')).toBe('data/a.wav\ndata/c.wav\n')
})
