/** `kpipe gc`: says what could go, deletes only when told to, and never what something still needs. */
import { readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Project } from '../rig.ts'

let project: Project
beforeEach(() => {
  project = new Project()
})
afterEach(() => project.dispose())

const MEGABYTE = 1 << 20

/** One stage that makes a file of a megabyte which depends on `version`, and one that reads it. */
const pipeline = (version: number) => `
name: p
params: { version: ${version} }
stages:
  big: { run: 'head -c ${MEGABYTE} /dev/zero | tr "\\\\0" "\${version}" > big.bin', outs: [big.bin] }
  small: { run: 'head -c 8 big.bin > small.txt', deps: [big.bin], outs: [small.txt] }
`

/** Results of versions 1, 2, …: the last one is the current one. */
function versions(count: number): void {
  for (let version = 1; version <= count; version++) {
    project.write({ 'pipelines/p.yaml': pipeline(version) })
    expect(project.run()).toEqual({ big: 'ran', small: 'ran' })
  }
}

interface Report {
  readonly applied: boolean
  readonly freed: number
  readonly total: number
  readonly kept: readonly { readonly stage: string; readonly key: string; readonly why: string }[]
  readonly removed: readonly { readonly what: string; readonly bytes: number; readonly ageDays: number }[]
}

function gc(...args: string[]): Report {
  const done = project.kpipe('gc', '--json', ...args)
  expect(done.err).toBe('')
  expect(done.code).toBe(0)
  return JSON.parse(done.out) as Report
}

const cacheFiles = () => readdirSync(project.path('cache'), { recursive: true }).map(String).sort()

/** As if everything in the cache had been used last so long ago. */
function age(days: number): void {
  const then = new Date(Date.now() - days * 86_400_000)
  for (const name of project.list('cache/results')) {
    const text = project.read(`cache/results/${name}`)
    project.write({
      [`cache/results/${name}`]: text
        .replaceAll(/"createdAt":"[^"]*"/g, `"createdAt":"${then.toISOString()}"`)
        .replaceAll(/"at":\d+/g, `"at":${then.getTime()}`),
    })
  }
  for (const name of cacheFiles()) utimesSync(project.path(`cache/${name}`), then, then)
}

describe('without --apply', () => {
  test('nothing is deleted, and with it the same goes', () => {
    versions(2)
    const before = cacheFiles()
    const dry = gc('--max-age', '0m')
    expect(dry.applied).toBe(false)
    expect(dry.freed).toBeGreaterThan(MEGABYTE)
    const said = project.kpipe('gc')
    expect(said.out).toContain('would free 1.0 MB: 2 of 4 results; 2 are needed by current pipelines or the registry')
    expect(said.out).toContain('(nothing was deleted; --apply with --max-age or --budget deletes)')
    expect(cacheFiles()).toEqual(before)
    expect(gc('--apply', '--max-age', '0m').freed).toBe(dry.freed)
    expect(gc('--max-age', '0m')).toMatchObject({ freed: 0, removed: [] })
  })

  test('an empty cache', () => {
    project.write({ 'pipelines/p.yaml': pipeline(1) })
    expect(project.kpipe('gc').out).toMatch(/^would free 0 B: 0 of 0 results;/)
  })

  test('--apply wants a limit, limits want to be readable', () => {
    project.write({ 'pipelines/p.yaml': pipeline(1) })
    for (const args of [['--apply'], ['--budget', 'much'], ['--max-age', '30'], ['kelly']]) {
      const refused = project.kpipe('gc', ...args)
      expect([args, refused.code]).toEqual([args, 2])
      expect(refused.err).toMatch(/^kpipe: /)
    }
  })
})

describe('what is needed stays', () => {
  test('the current result of every stage: fresh afterwards, and restorable when its output is lost', () => {
    versions(2)
    const report = gc('--apply', '--max-age', '0m')
    expect(report.kept.map((one) => one.why).sort()).toEqual(['current result of p/big', 'current result of p/small'])
    expect(project.run()).toEqual({ big: 'fresh', small: 'fresh' })
    project.remove('big.bin')
    project.remove('small.txt')
    expect(project.run()).toEqual({ big: 'restored', small: 'restored' })
    project.write({ 'pipelines/p.yaml': pipeline(1) })
    expect(project.run()).toEqual({ big: 'ran', small: 'ran' })
  })

  test('what the next run would restore', () => {
    versions(2)
    project.write({ 'pipelines/p.yaml': pipeline(1) }) // went back, not run yet
    const report = gc('--apply', '--max-age', '0m')
    expect(report.kept.map((one) => one.why)).toContain('p/big would restore it now')
    expect(project.run()['big']).toBe('restored')
  })

  test('what a published file names', () => {
    project.write({
      'stages/note.ts': `
import { defineStage } from 'kpipe'
import { writeFileSync } from 'node:fs'
export const note = defineStage({
  kind: 'note', summary: 's', options: { type: 'object', properties: {} }, inputs: { from: { about: 'a file' } },
  run: async ({ inputs, out }) => writeFileSync(out('entry.json'), JSON.stringify({ made_from: inputs.from!.hash })),
})
`,
    })
    const whole = (version: number) =>
      `${pipeline(version)}  note: { inputs: { from: "big:big.bin" }, to: published }\n`
    project.write({ 'pipelines/p.yaml': whole(1) })
    project.run()
    // somebody keeps what version 1 was, as a registry keeps its history
    writeFileSync(project.path('published/history.json'), project.read('published/entry.json'))
    project.write({ 'pipelines/p.yaml': whole(2) })
    project.run()
    const report = gc('--apply', '--max-age', '0m')
    expect(report.kept.map((one) => one.why)).toContain('named by a published file')
    project.write({ 'pipelines/p.yaml': whole(1) })
    expect(project.run()).toMatchObject({ big: 'restored', small: 'ran' })
  })

  test('everything of a pipeline that has mistakes just now', () => {
    versions(1)
    project.write({ 'pipelines/p.yaml': `${pipeline(1)}  oops\n` })
    expect(gc('--apply', '--max-age', '0m').kept).toHaveLength(2)
    project.write({ 'pipelines/p.yaml': pipeline(1) })
    project.remove('big.bin')
    expect(project.run()).toEqual({ big: 'restored', small: 'fresh' })
  })
})

describe('limits', () => {
  test('a budget takes the oldest first and stops when it is met', () => {
    versions(3)
    const { total } = gc()
    gc('--apply', '--budget', String(total - MEGABYTE / 2))
    project.write({ 'pipelines/p.yaml': pipeline(2) })
    expect(project.run()).toEqual({ big: 'restored', small: 'restored' })
    project.write({ 'pipelines/p.yaml': pipeline(1) })
    expect(project.run()['big']).toBe('ran')
  })

  test('a budget that is met deletes nothing', () => {
    versions(2)
    expect(gc('--apply', '--budget', '1G')).toMatchObject({ applied: true, freed: 0, removed: [] })
  })

  test('an age counts from the last use', () => {
    versions(2)
    age(40)
    project.write({ 'pipelines/p.yaml': pipeline(1) })
    expect(project.run()).toEqual({ big: 'restored', small: 'restored' })
    project.write({ 'pipelines/p.yaml': pipeline(3) })
    project.run()
    const report = gc('--apply', '--max-age', '30d')
    expect(report.removed.filter((one) => one.what.startsWith('result of'))).toHaveLength(2)
    project.write({ 'pipelines/p.yaml': pipeline(1) }) // used just now
    expect(project.run()).toEqual({ big: 'restored', small: 'restored' })
    project.write({ 'pipelines/p.yaml': pipeline(2) }) // not for 40 days
    expect(project.run()['big']).toBe('ran')
  })
})

describe('what is left behind', () => {
  test('logs, items and plans of long ago, bytes of a run that was killed', () => {
    versions(1)
    project.write({ [`cache/blobs/ab/${'c'.repeat(62)}`]: 'of nobody', 'cache/items/gone.table/x.seg': 'x' })
    project.kpipe('status', '--set', 'version=9')
    age(40)
    project.write({ 'pipelines/p.yaml': pipeline(2) })
    project.run()
    const recent = project.list('cache/runs').at(-1)
    const what = gc('--apply', '--max-age', '30d').removed.map((one) => one.what)
    expect(what).toEqual(
      expect.arrayContaining(['log of an old run', 'item results not used for long', 'a plan of long ago']),
    )
    expect(project.list('cache/runs')).toEqual([recent])
    expect(project.exists(`cache/blobs/ab/${'c'.repeat(62)}`)).toBe(false)
    expect(project.run()).toEqual({ big: 'fresh', small: 'fresh' })
  })

  test('outputs of a kind stage that is gone; of pipelines it knows only', () => {
    const stage = (name: string) => `  ${name}: { kind: probe }\n`
    project.write({
      'stages/probe.ts': `
import { defineStage } from 'kpipe'
export const probe = defineStage({ kind: 'probe', summary: 's', options: { type: 'object', properties: {} },
  run: async ({ out }) => void out('x/y') })
`,
      'pipelines/p.yaml': `name: p\nstages:\n${stage('a')}${stage('b')}`,
    })
    project.run()
    project.write({ 'pipelines/p.yaml': `name: p\nstages:\n${stage('a')}`, 'cache/out/other/z/file': 'x' })
    expect(gc('--apply', '--max-age', '0m').removed.map((one) => one.what)).toContain('output of a stage that is gone')
    expect(project.list('cache/out/p')).toEqual(['a'])
    expect(project.exists('cache/out/other/z/file')).toBe(true)
    expect(project.run()).toEqual({ a: 'fresh' })
  })
})
