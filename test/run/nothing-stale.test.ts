/** Ways in which something untrue could come to be believed or something true be lost, each once, through the real command line. */
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { kellyFiles } from '../kelly-folder.ts'
import { events, outcomes, Project, until } from '../rig.ts'

let project: Project
beforeEach(() => {
  project = new Project()
})
afterEach(() => project.dispose())

const pipeline = (stages: object) => ({ 'pipelines/p.yaml': JSON.stringify({ stages }) })

/** One item a file; waits for `go <file>` before it reads it, so that a test can edit in between. */
const SLOW_MAP = `import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineStage } from 'kpipe'
export default defineStage<{ root: string; careful: boolean }>({
  kind: 'map',
  summary: 'copies item by item',
  options: {
    type: 'object',
    properties: { root: { type: 'string' }, careful: { type: 'boolean', default: false } },
  },
  inputs: { data: { about: 'a folder' } },
  run: async (ctx) => {
    const { root, careful } = ctx.options
    const { path } = ctx.inputs.data
    const files = ctx.inputs.data.files()
    const items = files.map((file) => ({
      id: file.path,
      key: file.hash,
      ...(careful ? { reads: [{ path: join(path, file.path), hash: file.hash }] } : {}),
    }))
    const { values } = await ctx.each('copy', items, async (item) => {
      writeFileSync(join(root, 'started'), '')
      while (!existsSync(join(root, 'go ' + item.id))) await new Promise((resolve) => setTimeout(resolve, 10))
      return readFileSync(join(path, item.id))
    })
    files.forEach((file, i) => writeFileSync(ctx.out(file.path), values[i]))
  },
})
`

const copyStage = (careful: boolean) =>
  pipeline({ copy: { kind: 'map', inputs: { data: { file: 'data' } }, with: { root: project.root, careful } } })

for (const careful of [false, true]) {
  test(`an item computed from a file that was edited meanwhile is not kept (${careful ? 'reads given' : 'plain'})`, async () => {
    project.write({ 'stages/map.ts': SLOW_MAP, ...copyStage(careful), 'data/a.txt': 'before\n' })
    const running = project.start('run', '--json')
    await until(() => project.exists('started'))
    project.write({ 'data/a.txt': 'edited\n', 'go a.txt': '' })
    const first = await running.done
    expect(first.code).toBe(1)
    expect(outcomes(first.out)).toEqual({ copy: careful ? 'failed' : 'moved' })
    if (careful) expect(first.out).toContain('data/a.txt changed while a.txt was computed from it')
    // The key speaks of the text that was there before: it must not give the edited one.
    project.write({ 'data/a.txt': 'before\n' })
    expect(project.run()).toEqual({ copy: 'ran' })
    expect(project.read('cache/out/p/copy/a.txt')).toBe('before\n')
  })

  test(`items of a killed run are ${careful ? 'kept where their reads are given' : 'computed again'}`, async () => {
    project.write({ 'stages/map.ts': SLOW_MAP, ...copyStage(careful) })
    project.write({ 'data/a.txt': 'a\n', 'data/b.txt': 'b\n', 'data/c.txt': 'c\n', 'go a.txt': '', 'go b.txt': '' })
    const running = project.start('run')
    const table = project.path('cache/items/map.copy')
    const stored = () => (existsSync(table) ? readdirSync(table) : []).map((name) => statSync(join(table, name)).size)
    const record = 40 + 'a\n'.length
    await until(() => stored().includes(2 * record))
    running.child.kill('SIGKILL')
    await running.done
    project.write({ 'go c.txt': '' })
    const done = project.kpipe('run', '--json')
    const [end] = events(done.out).flatMap((event) => (event.type === 'stage-finished' ? [event] : []))
    expect(end).toMatchObject({
      outcome: 'ran',
      items: careful ? { computed: 1, reused: 2 } : { computed: 3, reused: 0 },
    })
    expect(readdirSync(table).filter((name) => name.endsWith('.part'))).toEqual([])
  })
}

test('a copy whose file is no longer made goes; what others put there, or changed, stays', () => {
  const kind = `import { writeFileSync } from 'node:fs'
import { defineStage } from 'kpipe'
export default defineStage<{ names: string[] }>({
  kind: 'names',
  summary: 'one file a name',
  options: { type: 'object', properties: { names: { type: 'array' } } },
  run: async (ctx) => ctx.options.names.forEach((name) => writeFileSync(ctx.out(name), name)),
})
`
  const stage = (...names: string[]) => pipeline({ make: { kind: 'names', with: { names }, to: 'shared' } })
  project.write({ 'stages/names.ts': kind, ...stage('a', 'below/b', 'c', 'd') })
  project.run()
  project.write({ 'shared/theirs': 'x', 'shared/c': 'edited', ...stage('a', 'e') })
  project.run()
  expect(readdirSync(project.path('shared')).sort()).toEqual(['a', 'c', 'e', 'theirs'])
  project.write(stage('a', 'below/b', 'c', 'd'))
  expect(project.run()).toEqual({ make: 'restored' })
  expect(project.read('shared/c')).toBe('c')
  expect(readdirSync(project.path('shared')).sort()).toEqual(['a', 'below', 'c', 'd', 'theirs'])
})

test('metrics are not lost with the stored results: what a gate asks for is made again', () => {
  project.write(
    pipeline({
      measure: { run: `echo '{"size": 3}' > m.json`, outs: ['m.json'], metrics: 'm.json' },
      ship: { run: 'cp m.json s.json', deps: ['m.json'], outs: ['s.json'], gate: { metric: 'measure:size', max: 5 } },
      plain: { run: 'echo x > x.txt', outs: ['x.txt'] },
    }),
  )
  project.run()
  project.remove('cache/results')
  expect(project.run()).toEqual({ measure: 'same', ship: 'fresh', plain: 'fresh' })
})

test('an executable output is executable when it is restored, small or large, alone or in a folder', () => {
  const large = 'x'.repeat(5000)
  const command = (text: string) =>
    `mkdir -p f && echo '#!/bin/sh\necho ${text}' > small.sh && echo '# ${large}' > large.sh && cp large.sh f/run.sh && cp large.sh f/plain && chmod +x small.sh large.sh f/run.sh`
  const stage = (text: string) =>
    pipeline({
      make: { run: command(text), outs: ['small.sh', 'large.sh', 'f'] },
      use: { run: './small.sh > o.txt && test -x large.sh', deps: ['small.sh', 'large.sh'], outs: ['o.txt'] },
    })
  project.write(stage('one'))
  project.run()
  project.write(stage('two'))
  project.run()
  project.write(stage('one'))
  for (const path of ['small.sh', 'large.sh', 'f']) project.remove(path)
  project.run()
  const modes = ['small.sh', 'large.sh', 'f/run.sh', 'f/plain'].map((path) => statSync(project.path(path)).mode & 0o111)
  expect(modes.map((mode) => mode > 0)).toEqual([true, true, true, false])
  expect(Object.values(project.run())).toEqual(['fresh', 'fresh'])
})

test('damaged stored bytes are found out, and healed by the next run that makes them', () => {
  const text = (word: string) => `${word} ${'y'.repeat(5000)}`
  const stage = (word: string) => pipeline({ make: { run: `echo '${text(word)}' > o.txt`, outs: ['o.txt'] } })
  for (const word of ['one', 'two']) {
    project.write(stage(word))
    project.run()
  }
  for (const shard of readdirSync(project.path('cache/blobs')))
    for (const name of readdirSync(project.path(`cache/blobs/${shard}`)))
      project.append(`cache/blobs/${shard}/${name}`, 'rot')
  project.write(stage('one'))
  expect(project.run()).toEqual({ make: 'ran' })
  expect(project.read('o.txt')).toBe(`${text('one')}\n`)
  project.write(stage('two'))
  expect(project.run()).toEqual({ make: 'ran' })
  project.write(stage('one'))
  expect(project.run()).toEqual({ make: 'restored' })
})

test('a damaged list of files in the cache is found out', () => {
  const stage = (word: string) => pipeline({ make: { run: `mkdir -p f && echo ${word} > f/${word}.txt`, outs: ['f'] } })
  for (const word of ['one', 'two']) {
    project.write(stage(word))
    project.run()
  }
  for (const shard of readdirSync(project.path('cache/trees')))
    for (const name of readdirSync(project.path(`cache/trees/${shard}`))) {
      const path = `cache/trees/${shard}/${name}`
      project.write({ [path]: project.read(path).replace(/one\.txt|two\.txt/, 'bad.txt') })
    }
  project.write(stage('one'))
  expect(project.run()).toEqual({ make: 'ran' })
  expect(readdirSync(project.path('f'))).toEqual(['one.txt'])
  expect(project.run()).toEqual({ make: 'fresh' })
})

test('music that moved to another place, even where it was is gone: linked anew, and nothing else runs', () => {
  for (const [path, bytes] of Object.entries(kellyFiles())) project.write({ [`here/music/${path}`]: bytes })
  project.write({
    'pipelines/p.yaml':
      'params: { data: ./here/music }\nstages:\n  download: { with: { source: "${data}" } }\n  validate: { inputs: { data: download } }\n',
  })
  expect(project.run()).toEqual({ download: 'ran', validate: 'ran' })
  renameSync(project.path('here'), project.path('there'))
  const moved = project.run('--set', 'data=./there/music')
  expect(moved['validate']).toBe('fresh')
  expect(['same', 'ran', 'restored']).toContain(moved['download'])
  expect(project.run('--set', 'data=./there/music')).toEqual({ download: 'fresh', validate: 'fresh' })
  expect(readdirSync(project.path('cache/out/p/download/data/audio')).length).toBeGreaterThan(0)
  // Gone for good: said in a sentence, not with a stack.
  project.remove('there')
  const gone = project.kpipe('run', '--set', 'data=./there/music')
  expect(gone.code).toBeGreaterThan(0)
  expect(gone.err).toMatch(/there/)
  expect(gone.err + gone.out).not.toMatch(/unexpected|at .*\.js:\d/)
})

test('links to nowhere, links in circles and things that are no files are named in a sentence', () => {
  project.write({
    ...pipeline({ list: { run: 'ls data > o.txt', deps: ['data'], outs: ['o.txt'] } }),
    'data/a.txt': 'a',
  })
  mkdirSync(project.path('data/below'))
  symlinkSync('..', project.path('data/below/up'))
  const circle = project.kpipe('run')
  expect(circle.code).toBe(1)
  expect(circle.err + circle.out).toContain('data/below/up')
  expect(circle.err + circle.out).not.toMatch(/unexpected|at .*\.js:\d/)
  rmSync(project.path('data/below/up'))
  symlinkSync('gone', project.path('data/nowhere'))
  const nowhere = project.kpipe('run')
  expect(nowhere.err + nowhere.out).not.toMatch(/unexpected|at .*\.js:\d/)
  rmSync(project.path('data/nowhere'))
  expect(project.run()).toEqual({ list: 'ran' })
})

test('a project that was copied with its cache is fresh in its new place', () => {
  project.write({ ...pipeline({ a: { run: 'cp in.txt a.txt', deps: ['in.txt'], outs: ['a.txt'] } }), 'in.txt': 'x\n' })
  project.run()
  const other = new Project()
  try {
    cpSync(project.root, other.root, { recursive: true })
    expect(other.run()).toEqual({ a: 'fresh' })
    writeFileSync(join(other.root, 'in.txt'), 'y\n')
    expect(other.run()).toEqual({ a: 'ran' })
    expect(project.run()).toEqual({ a: 'fresh' })
  } finally {
    other.dispose()
  }
})

test('outputs that cannot be written to are replaced all the same', () => {
  const stage = (word: string) =>
    pipeline({
      make: {
        run: `mkdir -p f && echo ${word} > f/a.txt && chmod 444 f/a.txt && echo ${word} > o.txt && chmod 444 o.txt`,
        outs: ['f', 'o.txt'],
      },
    })
  for (const word of ['one', 'two', 'one']) {
    project.write(stage(word))
    project.run()
    expect([project.read('f/a.txt'), project.read('o.txt')]).toEqual([`${word}\n`, `${word}\n`])
  }
  chmodSync(project.path('o.txt'), 0o644)
  expect(project.run()).toEqual({ make: 'fresh' })
})
