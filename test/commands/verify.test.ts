/** `kpipe verify`: runs a stage again from nothing, says how its outputs compare, and leaves everything as it was. */
import { readdirSync, statSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Project } from '../rig.ts'

let project: Project
beforeEach(() => {
  project = new Project()
})
afterEach(() => project.dispose())

/** A command whose output is the number in `next`, which is no input: a stage that is not what it seems. */
const COMMAND = `
name: p
stages:
  measure: { run: 'cat next > loss.json && echo text > fixed.txt', outs: [loss.json, fixed.txt] }
  after: { run: 'cp loss.json copy.json', deps: [loss.json], outs: [copy.json] }
`

function ranWith(next: string): void {
  project.write({ 'pipelines/p.yaml': COMMAND, next })
  project.run()
}

describe('a command', () => {
  test('equal', () => {
    ranWith('{"loss": 0.5}')
    const done = project.kpipe('verify', 'measure')
    expect(done.code).toBe(0)
    expect(done.out).toBe('measure: equal (2 of 2 files byte for byte)\n')
    expect(done.err).toBe('measure: running again …\n')
  })

  test('within tolerance, or not', () => {
    ranWith('{"loss": 0.5}')
    project.write({ next: '{"loss": 0.50000001}' })
    const near = project.kpipe('verify', 'measure')
    expect(near.code).toBe(0)
    expect(near.out).toBe(`measure: within tolerance (1 of 2 files byte for byte)
  loss.json  within tolerance  largest difference 1.00e-8
`)
    expect(project.kpipe('verify', 'measure', '--tolerance', '1e-9').code).toBe(1)
    project.write({ next: '{"loss": 0.75}' })
    const far = project.kpipe('verify', 'measure')
    expect(far.code).toBe(1)
    expect(far.out).toContain('measure: different (1 of 2 files byte for byte)')
    expect(far.out).toMatch(/loss\.json +different +largest difference 2\.50e-1/)
    expect(project.kpipe('verify', 'measure', '--tolerance', '0.3').code).toBe(0)
  })

  test('leaves outputs, journal and results alone, also when the command fails', () => {
    ranWith('{"loss": 0.5}')
    const outputs = () => ['loss.json', 'fixed.txt', 'copy.json'].map((path) => [path, project.read(path)])
    const before = outputs()
    const { mtimeMs } = statSync(project.path('loss.json'))
    const state = ['results', 'blobs', 'runs'].map((folder) => project.list(`cache/${folder}`))
    const journal = project.read('cache/state/journal.jsonl')
    project.write({ next: '{"loss": 9}' })
    expect(project.kpipe('verify', 'measure').code).toBe(1)
    project.remove('next')
    const failed = project.kpipe('verify', 'measure')
    expect(failed.code).toBe(1)
    expect(failed.err).toContain('measure failed when run again: command ended with exit code')
    expect(failed.err).toContain('next')
    expect(outputs()).toEqual(before)
    expect(statSync(project.path('loss.json')).mtimeMs).toBe(mtimeMs)
    expect(['results', 'blobs', 'runs'].map((folder) => project.list(`cache/${folder}`))).toEqual(state)
    expect(project.read('cache/state/journal.jsonl')).toBe(journal)
    expect(project.remainingTemp()).toEqual([])
    expect(project.list('cache/aside')).toEqual([])
    expect(project.run()).toEqual({ measure: 'fresh', after: 'fresh' })
  })

  test('an output that is not written the second time, and one that is new', () => {
    project.write({
      'pipelines/p.yaml': `name: p\nstages:\n  a: { run: 'cp -r source made', outs: [made] }\n`,
      'source/x.txt': '1',
      'source/y.txt': '1',
    })
    project.run()
    project.remove('source/x.txt')
    project.write({ 'source/z.txt': '1' })
    const done = project.kpipe('verify', 'a', '--json')
    expect(done.code).toBe(1)
    expect(JSON.parse(done.out)).toEqual([
      {
        stage: 'a',
        verdict: 'different',
        tolerance: 1e-6,
        files: [
          { path: 'made/x.txt', verdict: 'missing', maxDiff: 0 },
          { path: 'made/y.txt', verdict: 'equal', maxDiff: 0 },
          { path: 'made/z.txt', verdict: 'new', maxDiff: 0 },
        ],
      },
    ])
    expect(readdirSync(project.path('made')).sort()).toEqual(['x.txt', 'y.txt'])
  })
})

test('a kind: no item and no checkpoint of before is used, and what tells of the machine is not compared', () => {
  project.write({
    'stages/fit.ts': `
import { defineStage } from 'kpipe'
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
export const fit = defineStage({
  kind: 'fit', summary: 's', options: { type: 'object', properties: {} }, resume: { ignore: [] }, volatile: ['speed.json'],
  run: async ({ out, each, checkpoints }) => {
    const state = checkpoints + '/state'
    const { values, computed } = await each('t', [{ id: 'a', key: 'a' }], () => Buffer.from(readFileSync('noise')))
    appendFileSync('said', [computed, existsSync(state)].join() + '\\n')
    writeFileSync(state, '1')
    writeFileSync(out('model.json'), values[0]!)
    writeFileSync(out('speed.json'), String(process.pid))
  },
})
`,
    'pipelines/p.yaml': 'name: p\nstages:\n  fit: {}\n  again: { kind: fit, after: fit }\n',
    noise: '[1]',
  })
  project.run()
  const same = project.kpipe('verify', 'fit', 'again')
  expect(same.out).toBe('fit: equal (1 of 1 files byte for byte)\nagain: equal (1 of 1 files byte for byte)\n')
  expect(project.read('said').trim().split('\n').slice(-2)).toEqual(['1,false', '1,false'])
  project.write({ noise: '[1.25]' })
  expect(project.kpipe('verify', 'fit').out).toContain('largest difference 2.50e-1')
  expect(project.run()).toEqual({ fit: 'fresh', again: 'fresh' })
})

test('only what is fresh can be verified, and the words are checked first', () => {
  project.write({ 'pipelines/p.yaml': COMMAND, next: '1' })
  const never = project.kpipe('verify', 'measure')
  expect(never.code).toBe(1)
  expect(never.err).toContain('measure is not fresh (never ran before), so there is nothing to compare with')
  expect(never.err).toContain('kpipe run measure')
  for (const args of [[], ['measrue'], ['measure', '--tolerance', 'small'], ['measure', '--tolerance', '-1']])
    expect([args, project.kpipe('verify', ...args).code]).toEqual([args, 2])
})
