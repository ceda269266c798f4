/** `kpipe doctor` on sound and on damaged projects; what it says must be so, and its fix must mend it. */
import { hostname } from 'node:os'
import { chmodSync, readdirSync, readlinkSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { checkNode, checkPackages } from '../../src/commands/doctor/machine.ts'
import { Project } from '../rig.ts'

let project: Project
beforeEach(() => {
  project = new Project()
})
afterEach(() => project.dispose())

interface Report {
  readonly ok: boolean
  readonly checks: readonly { name: string; state: string; found: string; fix: string }[]
}

function doctor(...args: string[]): { code: number | null; states: Record<string, string>; report: Report } {
  const done = project.kpipe('doctor', '--json', ...args)
  const report = JSON.parse(done.out) as Report
  return { code: done.code, report, states: Object.fromEntries(report.checks.map(({ name, state }) => [name, state])) }
}

const PIPELINE = `name: p
stages:
  big: { run: mkdir -p out && cat in.txt > out/copy.txt, deps: [in.txt], outs: [out] }
`

function ran(): void {
  project.write({ 'pipelines/p.yaml': PIPELINE, 'in.txt': 'x'.repeat(20_000) })
  project.run()
}

const filesBelow = (folder: string): string[] =>
  readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    return statSync(path).isDirectory() ? filesBelow(path) : [path]
  })

test('a sound project', () => {
  ran()
  const { code, states } = doctor('--deep')
  expect(code).toBe(0)
  expect(new Set(Object.values(states))).toEqual(new Set(['ok']))
  expect(Object.keys(states)).toEqual(
    expect.arrayContaining([
      'node',
      'packages',
      'audio codecs',
      'disk',
      'pipeline p',
      'data of p',
      'stored files',
      'lock',
    ]),
  )
})

test('outside a project it looks at the machine', () => {
  const { code, states } = doctor()
  expect(code).toBe(0)
  expect(states['audio codecs']).toBe('ok')
  expect(states).not.toHaveProperty('journal')
  expect(project.kpipe('doctor').out).toContain('no project here')
})

test('every check that is not ok has a fix', () => {
  ran()
  project.write({ 'cache/state/index.bin': 'junk', 'cache/tmp/left': 'half', 'pipelines/bad.yaml': 'stages: []' })
  project.remove('in.txt')
  const { code, report, states } = doctor()
  expect(code).toBe(1)
  expect(states).toMatchObject({ 'file index': 'warn', leftovers: 'warn', 'pipeline bad': 'bad', 'data of p': 'bad' })
  for (const check of report.checks) expect([check.name, check.fix !== '']).toEqual([check.name, check.state !== 'ok'])
})

test('a damaged stored file is found, removed by --fix and made anew', () => {
  ran()
  const [blob] = filesBelow(project.path('cache/blobs'))
  writeFileSync(blob!, 'damaged')
  expect(doctor()).toMatchObject({ code: 1, states: { 'stored files': 'bad' } })
  expect(doctor('--fix')).toMatchObject({ code: 0, states: { 'stored files': 'warn' } })
  project.remove('out')
  project.run()
  expect(project.read('out/copy.txt')).toHaveLength(20_000)
  expect(doctor('--deep')).toMatchObject({ code: 0, states: { 'stored files': 'ok' } })
})

test('a folder listing that is damaged is found', () => {
  ran()
  const [tree] = filesBelow(project.path('cache/trees'))
  writeFileSync(tree!, 'damaged')
  expect(doctor()).toMatchObject({ code: 1, states: { results: 'bad' } })
  expect(doctor('--fix').states['results']).toBe('warn')
  expect(doctor().states['results']).toBe('ok')
})

test('the lock of a dead run', () => {
  ran()
  let space = ''
  try {
    space = readlinkSync('/proc/self/ns/pid')
  } catch {
    // not Linux
  }
  const owner = { token: 'x', host: hostname(), space, pid: 999_999_999, started: 'never' }
  project.write({ 'cache/state/lock': JSON.stringify(owner) })
  const { report, states } = doctor()
  expect(states['lock']).toBe('warn')
  expect(report.checks.find(({ name }) => name === 'lock')!.found).toContain('left by a run that died')
})

test('a torn last line of the journal', () => {
  ran()
  project.append('cache/state/journal.jsonl', '{"stage": "p/b')
  expect(doctor().states['journal']).toBe('warn')
})

test('an old Node and missing packages', () => {
  expect(checkNode('18.20.0')).toMatchObject({ state: 'bad', fix: expect.stringContaining('nodejs.org') })
  expect(checkNode('22.1.0').state).toBe('ok')
  project.write({
    'package.json': '{ "dependencies": { "kpipe-no-such-package": "1.0.0", "yaml": "0.0.1" } }',
    'node_modules/yaml/package.json': '{ "version": "9.9.9" }',
  })
  expect(checkPackages(project.root)).toMatchObject({
    state: 'bad',
    found: 'not installed: kpipe-no-such-package',
    fix: expect.stringContaining('npm ci'),
  })
  project.write({ 'package.json': '{ "dependencies": { "yaml": "0.0.1" } }' })
  expect(checkPackages(project.root)).toMatchObject({ state: 'warn', found: 'yaml 9.9.9 (tested with 0.0.1)' })
})

const isRoot = process.getuid?.() === 0
if (isRoot) console.warn('SKIPPED: doctor in a folder that may not be written to, because root may write anywhere')
test.skipIf(isRoot)('a folder that may not be written to', () => {
  project.write({ 'pipelines/p.yaml': PIPELINE, 'in.txt': 'x' })
  chmodSync(project.root, 0o555)
  const { code, report } = doctor()
  expect(project.kpipe('run').err).toContain('make it yours to write (chmod u+w, chown)')
  chmodSync(project.root, 0o755)
  expect(code).toBe(1)
  expect(report.checks.find(({ name }) => name === 'disk')).toMatchObject({
    state: 'bad',
    fix: `chmod -R u+w ${project.root}`,
  })
})
