import { afterEach, beforeEach, expect, it } from 'vitest'
import { Project, until } from '../rig.ts'

let project: Project
beforeEach(() => {
  project = new Project()
})
afterEach(() => project.dispose())

const PIPELINE = `
name: p
params: { rate: 0.1, empty: }
stages:
  measure: { run: 'echo "{\\"val_loss\\": \${rate}, \\"deep\\": {\\"ms\\": 7}}" > m.json', outs: [m.json], metrics: m.json }
  after: { run: 'cp m.json n.json; test $(cat fail) = no', deps: [m.json, fail], outs: [n.json] }
`

const runs = (...words: string[]) => JSON.parse(project.kpipe('runs', ...words, '--json').out) as Record<string, any>[]

it('lists runs, newest first, with params, outcome and key metric', () => {
  project.write({ 'pipelines/p.yaml': PIPELINE, fail: 'no' })
  expect(project.kpipe('runs').out).toBe('no run has been logged yet: kpipe run makes one\n')
  project.run()
  project.run('--set', 'rate=0.5')
  expect(project.run('--set', 'rate=0.5')).toEqual({ measure: 'fresh', after: 'fresh' }) // leaves no log
  project.write({ fail: 'yes' })
  expect(project.kpipe('run', '--set', 'rate=0.5').code).toBe(1)

  const lines = project.kpipe('runs').out.trimEnd().split('\n')
  expect(lines).toHaveLength(4)
  expect(lines[0]).toMatch(/^run +pipeline +outcome +time +stages +set +key metric$/)
  expect(lines[1]).toMatch(/ p +failed +[\d.]+ s +1 fresh, 1 failed +rate=0.5$/)
  expect(lines[2]).toMatch(/ p +ok +[\d.]+ s +2 ran +rate=0.5 +val_loss: measure 0.5$/)
  expect(lines[3]).toMatch(/ p +ok +[\d.]+ s +2 ran +val_loss: measure 0.1$/)

  const [failed, second, first] = runs()
  expect([failed!.outcome, second!.outcome, first!.outcome]).toEqual(['failed', 'ok', 'ok'])
  expect([first!.params, second!.params.rate, second!.set]).toEqual([{ rate: 0.1, empty: null }, 0.5, ['rate=0.5']])
  expect(second!.stages[0]).toMatchObject({
    stage: 'measure',
    outcome: 'ran',
    metrics: { val_loss: 0.5, 'deep.ms': 7 },
  })
  expect(second!.stages[0].key).toMatch(/^[0-9a-f]{64}$/)
  expect(runs('--limit', '1')).toEqual([failed])
  expect(runs('p')).toHaveLength(3)
})

it('shows chosen metrics as columns, and one run in full', () => {
  project.write({ 'pipelines/p.yaml': PIPELINE, fail: 'no' })
  project.run()
  const table = project.kpipe('runs', '-m', 'measure:deep.ms', '-m', 'val_loss', '-m', 'nothing').out
  expect(table).toMatch(/set +measure:deep\.ms +val_loss +nothing\n.* 7 +0\.1\n$/)
  const one = project.kpipe('runs', 'last').out
  expect(one).toMatch(
    /^run: \d{8}-\d{6}-[0-9a-f]{4}\npipeline: p\nstarted: .*\noutcome: ok in .*\nparams:\n {2}rate: 0.1\n\nstage/,
  )
  const id = /^run: (\S+)/.exec(one)![1]!
  for (const word of [id, id.slice(0, 15), id.slice(-4)]) expect(project.kpipe('runs', word).out).toBe(one)
})

it('tells a run that never ended, and lines that were torn', () => {
  project.write({ 'pipelines/p.yaml': PIPELINE, fail: 'no' })
  project.run()
  const [run] = runs()
  const log = `cache/runs/${run!.run}/events.jsonl`
  const lines = project.read(log).trimEnd().split('\n')
  project.write({ [log]: `${lines.slice(0, -1).join('\n')}\n{"type":"run-fin` })
  expect(runs()[0]).toMatchObject({ outcome: 'unfinished', set: [] })
  project.write({ [log]: 'nothing at all\n' })
  expect(runs()).toEqual([])
})

it('a run that works, one that was killed, and both at once', async () => {
  const waits = 'touch started; while ! test -f go; do sleep 0.02; done; echo > a.txt'
  project.write({ 'pipelines/p.yaml': `name: p\nstages: { a: { run: '${waits}', outs: [a.txt] } }\n` })
  const first = project.start('run')
  await until(() => project.exists('started'))
  expect(runs()[0]!.outcome).toBe('running')
  expect(project.kpipe('status').out).toMatch(/a run is working here now \(process \d+\): kpipe attach shows it\n$/)
  first.child.kill('SIGKILL')
  await first.done
  const killed = runs()[0]!.run
  expect(runs()[0]!.outcome).toBe('unfinished')
  project.remove('started')
  const second = project.start('run')
  await until(() => project.exists('started'))
  expect(runs().map((run) => run.outcome)).toEqual(['running', 'unfinished'])
  // The lock is alive, but it is not that run's.
  expect(project.kpipe('attach', killed).err).toContain('ended without saying how')
  project.write({ go: '' })
  const { code, err } = await second.done
  expect([code, err]).toEqual([0, expect.not.stringContaining('waiting for it')])
  expect(runs()[0]!.outcome).toBe('ok')
  expect(project.kpipe('status').out).not.toContain('is working here')
})

it('names what is meant by a wrong name', () => {
  project.write({ 'pipelines/pipe.yaml': PIPELINE, fail: 'no' })
  project.run()
  const done = project.kpipe('runs', 'pie')
  expect([done.code, done.err]).toEqual([2, 'kpipe: there is no run and no pipeline pie\n       did you mean pipe?\n'])
})
