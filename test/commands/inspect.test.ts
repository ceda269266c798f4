/** `list`, `show`, `why`, `status` and `job`: what they say, in words and as JSON, and that looking changes nothing. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Project, repository } from '../rig.ts'

let project: Project
beforeEach(() => {
  project = new Project()
})
afterEach(() => project.dispose())

const PIPELINE = `
name: p
about: two little stages
params: { rate: 0.001 }
stages:
  upper:
    about: everything in capitals
    run: tr a-z A-Z < in.txt > upper.txt
    deps: [in.txt]
    outs: [upper.txt]
    params: [rate]
  copy:
    foreach: [one, two]
    run: cp upper.txt \${item}.txt
    deps: [upper.txt]
    outs: ["\${item}.txt"]
`

const write = () => project.write({ 'pipelines/p.yaml': PIPELINE, 'in.txt': 'text\n' })

describe('list', () => {
  test('stages of a pipeline', () => {
    write()
    expect(
      project
        .kpipe('list', 'stages')
        .out.split('\n')
        .map((line) => line.trim().split(/ {2,}/)),
    ).toEqual([
      ['upper', 'command', 'everything in capitals'],
      ['copy@one', 'command', 'upper'],
      ['copy@two', 'command', 'upper'],
      [''],
    ])
    expect(project.kpipe('list', 'stages', 'p').code).toBe(0)
    expect(project.kpipe('list', 'stages', 'q').code).toBe(0) // a stage of the only pipeline: it lists all the same
  })

  test('everything, also where one pipeline has mistakes and none is the default', () => {
    write()
    project.write({ 'pipelines/q.yaml': 'stages:\n  x: { rnu: y }\n' })
    const done = project.kpipe('list')
    expect(done.code).toBe(0)
    expect(done.out).toMatch(/^ {2}q +pipelines\/q\.yaml +has mistakes; kpipe run shows them$/m)
    expect(done.out).toMatch(/^ {2}copy@two +command +upper/m)
    for (const title of ['pipelines', 'stages', 'models', 'kinds', 'formats', 'datasets'])
      expect(done.out.split('\n')).toContain(title)
    const json = JSON.parse(project.kpipe('list', '--json').out) as Record<string, { name: string }[]>
    expect(json['models']!.map((row) => row.name)).toContain('groove_predictor')
    expect(json['formats']!.map((row) => row.name)).toContain('rtneural')
    expect(json['datasets']!.map((row) => row.name)).toEqual(expect.arrayContaining(['groove', 'maestro', 'deam']))
    expect(json['kinds']!.map((row) => row.name)).toEqual(expect.arrayContaining(['download', 'register', 'command']))
  })

  test('what kpipe has is listed outside of a project, too', () => {
    const nowhere = mkdtempSync(join(tmpdir(), 'kpipe-nowhere-'))
    try {
      const list = (...words: string[]) =>
        spawnSync(process.execPath, [join(repository, 'src/bin.cjs'), 'list', ...words], {
          cwd: nowhere,
          encoding: 'utf8',
        })
      expect(list('datasets').stdout).toMatch(/^groove /m)
      expect(list('kinds').stdout).toMatch(/^download /m)
      expect(list().status).toBe(0)
      expect(list('stages').status).toBe(2)
      expect(existsSync(join(nowhere, 'cache'))).toBe(false)
    } finally {
      rmSync(nowhere, { recursive: true })
    }
  })
})

describe('show', () => {
  test('a stage that never ran, then one that did', () => {
    write()
    const before = project.kpipe('show', 'upper').out
    expect(before).toContain(
      'stage: upper\nkind: command\nabout: everything in capitals\ndefined: pipelines/p.yaml:6\n',
    )
    expect(before).toContain('run: tr a-z A-Z < in.txt > upper.txt')
    expect(before).toContain('rate: 0.001')
    expect(before).not.toContain('last:')
    project.run()
    const after = project.kpipe('show', 'upper').out
    expect(after).toMatch(/^last:\n {2}key: [0-9a-f]{64}\n {2}createdAt: \d{4}-/m)
    expect(after).toContain('reason: never ran before')
  })

  test('a whole group, as JSON that can be read', () => {
    write()
    project.run()
    const { out } = project.kpipe('show', 'copy', '--json')
    const facts = JSON.parse(out) as { stage: string; outputs: string[]; last: { key: string }; key: string }[]
    expect(facts.map((one) => [one.stage, one.outputs])).toEqual([
      ['copy@one', ['one.txt']],
      ['copy@two', ['two.txt']],
    ])
    for (const one of facts) expect(one.last.key).toBe(one.key)
  })
})

describe('looking changes nothing', () => {
  const LOOKS = [['status'], ['why', 'upper'], ['show', 'upper'], ['run', '--dry-run'], ['list', 'stages']]

  test('no output, no result, no journal', () => {
    write()
    project.run()
    project.write({ 'in.txt': 'other\n' })
    const state = () => ['cache/results', 'cache/runs', 'cache/blobs', '.'].map((folder) => project.list(folder))
    const before = [state(), project.read('cache/state/journal.jsonl')]
    for (const look of LOOKS) expect([look, project.kpipe(...look).code]).toEqual([look, 0])
    expect([state(), project.read('cache/state/journal.jsonl')]).toEqual(before)
  })

  test('and works where nothing can be written', () => {
    write()
    project.write({ cache: 'a file in the way' })
    for (const look of LOOKS) {
      const done = project.kpipe(...look)
      expect([look, done.code, done.err]).toEqual([look, 0, ''])
    }
    expect(project.read('cache')).toBe('a file in the way')
  })

  test('while another run works', async () => {
    project.write({
      'pipelines/p.yaml':
        'name: p\nstages:\n  a: { run: "touch started; while ! test -f go; do sleep 0.02; done; echo x > a.txt", outs: [a.txt] }\n',
    })
    const running = project.start('run')
    while (!project.exists('started')) await new Promise((resolve) => setTimeout(resolve, 10))
    for (const look of [['status'], ['why', 'a'], ['show', 'a'], ['gc']]) expect(project.kpipe(...look).code).toBe(0)
    project.write({ go: '' })
    expect((await running.done).code).toBe(0)
  })
})

describe('job', () => {
  const job = (changes: object) => {
    const out = project.path('made')
    const base = {
      type: 'kind',
      pipeline: 'p',
      stage: 'a',
      kind: 'download',
      kindFile: '',
      code: 'c',
      options: {},
      inputs: {},
      out,
      scratch: project.path('scratch'),
      checkpoints: null,
      items: '',
      trees: project.path('trees'),
      command: '',
      cwd: project.root,
      env: { PATH: process.env['PATH'] },
      log: project.path('log.txt'),
    }
    project.write({ 'job.json': JSON.stringify({ ...base, ...changes }) })
    return project.kpipe('job', 'job.json')
  }

  test('does one job described in a file, and answers with one line of JSON', () => {
    const done = job({
      type: 'command',
      kind: 'command',
      command: 'echo hello && echo $KPIPE_X > x.txt',
      env: { KPIPE_X: '7' },
    })
    expect(JSON.parse(done.out)).toEqual({ ok: true, result: {}, items: null })
    expect(done.code).toBe(0)
    expect(project.read('x.txt')).toBe('7\n')
    expect(project.read('log.txt')).toBe('hello\n')
  })

  test('a failing one answers, too, with exit code 1', () => {
    const done = job({ type: 'command', kind: 'command', command: 'echo no >&2; exit 255' })
    expect(done.code).toBe(1)
    expect(JSON.parse(done.out)).toEqual({
      ok: false,
      cause: 'failed',
      error: 'command ended with exit code 255',
      hint: 'no',
    })
    const signal = job({ type: 'command', kind: 'command', command: 'exit 137' })
    expect(JSON.parse(signal.out)).toMatchObject({ error: 'command ended with exit code 137 (SIGKILL)' })
  })

  test('a kind runs the same way as in a worker', () => {
    const done = job({ kind: 'validate', options: {}, inputs: {} })
    expect(done.code).toBe(1)
    expect(JSON.parse(done.out)).toMatchObject({ ok: false, cause: 'failed' })
  })

  test('what is no job is said with its cause', () => {
    for (const [text, message] of [
      ['{', 'is not a job description'],
      ['{"type":"dance"}', 'its type is "dance", not "kind" or "command"'],
    ] as const) {
      project.write({ 'job.json': text })
      const done = project.kpipe('job', 'job.json')
      expect([done.code, done.err]).toEqual([2, expect.stringContaining(message)])
    }
    expect(project.kpipe('job').code).toBe(2)
    expect(project.kpipe('job', 'none.json').code).toBe(2)
    expect(job({ kind: 'dance' }).err).toContain('there is no stage kind dance')
  })
})
