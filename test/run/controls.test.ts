/** What somebody at a dashboard may ask of a run: pause, cancel one stage, retry; in this process, with real commands. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openPipeline, select } from '../../src/commands/project.ts'
import type { KpipeEvent } from '../../src/events.ts'
import { executors } from '../../src/executors/index.ts'
import { Controls } from '../../src/run/controls.ts'
import type { RunRequest } from '../../src/run/request.ts'
import { run } from '../../src/run/run.ts'
import type { RunEnd } from '../../src/run/progress.ts'
import { Project, until } from '../rig.ts'

let project: Project
beforeEach(() => {
  project = new Project()
})
afterEach(() => project.dispose())

type React = (event: KpipeEvent, controls: Controls) => void

async function walk(
  yaml: string,
  react: React,
  more: {
    controls?: Controls
    jobs?: number
    failures?: NonNullable<RunRequest['failures']>
    abort?: AbortController
  } = {},
): Promise<{ end: RunEnd; outcomes: string[]; events: KpipeEvent[] }> {
  project.write({ 'pipelines/p.yaml': yaml })
  const session = await openPipeline(select([], project.root), [])
  const controls = more.controls ?? new Controls(5)
  const events: KpipeEvent[] = []
  const jobs = more.jobs ?? 2
  const end = await run(session, {
    selected: new Set(session.plan.stages.map((stage) => stage.id)),
    forced: new Set(),
    jobs,
    keepGoing: false,
    runId: 'test',
    signal: (more.abort ?? new AbortController()).signal,
    emit: (event) => {
      events.push(event)
      react(event, controls)
    },
    executor: async () => executors.local({ jobs, worker: 'never' }),
    controls,
    ...(more.failures ? { failures: more.failures } : {}),
  })
  const outcomes = events.flatMap((event) =>
    event.type === 'stage-finished' ? [`${event.stage} ${event.outcome}`] : [],
  )
  return { end, outcomes, events }
}

const isEnd = (event: KpipeEvent, stage: string) => event.type === 'stage-finished' && event.stage === stage

const CHAIN = `
name: p
stages:
  a: { run: 'test -f go && echo a > a.txt', outs: [a.txt] }
  b: { run: 'cp a.txt b.txt', deps: [a.txt], outs: [b.txt] }
  c: { run: 'echo c > c.txt', outs: [c.txt] }
`

test('a failed stage is tried again, and all that was skipped because of it', async () => {
  const { end, outcomes } = await walk(
    CHAIN,
    (event, controls) => {
      if (event.type !== 'ending') return
      project.write({ go: '' })
      controls.ask({ type: 'retry', stage: 'a' })
    },
    { jobs: 1 },
  )
  expect(outcomes).toEqual(['a failed', 'b skipped', 'c skipped', 'a ran', 'c ran', 'b ran'])
  expect(end).toEqual({ outcome: 'ok', counts: { ran: 3 } })
})

test('nobody retries: the run ends as failed when its time is over, or at once when asked', async () => {
  const short = await walk(CHAIN, () => undefined, { controls: new Controls(0.01) })
  expect(short.end.outcome).toBe('failed')
  expect(short.events.filter((event) => event.type === 'ending')).toEqual([{ type: 'ending', seconds: 0.01 }])
  const asked = await walk(CHAIN, (event, controls) => event.type === 'ending' && controls.ask({ type: 'end' }), {
    controls: new Controls(3600),
  })
  expect(asked.end.outcome).toBe('failed')
  const never = await walk(CHAIN, () => undefined, { controls: new Controls(0) })
  expect(never.events.some((event) => event.type === 'ending')).toBe(false)
})

test('one running stage is cancelled; the others go on, its followers end with it, and it can be retried', async () => {
  const yaml = `
name: p
stages:
  long: { run: 'touch started; test -f go || sleep 60; echo 1 > long.txt', outs: [long.txt] }
  after: { run: 'cp long.txt after.txt', deps: [long.txt], outs: [after.txt] }
  other: { run: 'while ! test -f started; do sleep 0.02; done; echo 2 > other.txt', outs: [other.txt] }
  last: { run: 'cp other.txt last.txt', deps: [other.txt], outs: [last.txt] }
`
  let retried = false
  const { end, outcomes } = await walk(yaml, (event, controls) => {
    if (isEnd(event, 'other')) controls.ask({ type: 'cancel', stage: 'long' })
    if (event.type !== 'ending' || retried) return
    retried = true
    project.write({ go: '' })
    controls.ask({ type: 'retry', stage: 'long' })
  })
  expect(outcomes.filter((one) => !one.startsWith('other') && !one.startsWith('last'))).toEqual([
    'long cancelled',
    'after cancelled',
    'long ran',
    'after ran',
  ])
  expect(outcomes).toContain('last ran')
  expect(end).toEqual({ outcome: 'ok', counts: { ran: 4 } })
})

test('a waiting stage is cancelled before it starts, with those that need it', async () => {
  const yaml = `
name: p
stages:
  a: { run: 'echo a > a.txt', outs: [a.txt] }
  b: { run: 'cp a.txt b.txt', deps: [a.txt], outs: [b.txt] }
  c: { run: 'cp b.txt c.txt', deps: [b.txt], outs: [c.txt] }
`
  const { end, outcomes } = await walk(
    yaml,
    (event, controls) =>
      event.type === 'stage-started' && event.stage === 'a' && controls.ask({ type: 'cancel', stage: 'b' }),
    { controls: new Controls(0) },
  )
  expect(outcomes.sort()).toEqual(['a ran', 'b cancelled', 'c cancelled'])
  expect(end.outcome).toBe('cancelled')
})

test('paused: what runs goes on, nothing new starts, and the run waits until somebody goes on', async () => {
  const yaml = `
name: p
stages:
  a: { run: 'echo a > a.txt', outs: [a.txt] }
  b: { run: 'cp a.txt b.txt', deps: [a.txt], outs: [b.txt] }
`
  const controls = new Controls(5)
  const done = walk(
    yaml,
    (event) => {
      if (event.type === 'stage-started' && event.stage === 'a') controls.ask({ type: 'pause', paused: true })
      if (isEnd(event, 'a')) setTimeout(() => project.write({ seen: '' }), 0)
    },
    { controls },
  )
  await until(() => project.exists('seen'))
  expect(project.exists('b.txt')).toBe(false)
  controls.ask({ type: 'pause', paused: false })
  const { outcomes, events } = await done
  expect(outcomes).toEqual(['a ran', 'b ran'])
  expect(events.filter((event) => event.type === 'paused').map((event) => event.paused)).toEqual([true, false])
})

test('ctrl-c ends a paused run', async () => {
  const abort = new AbortController()
  const controls = new Controls(5)
  controls.paused = true
  const done = walk(CHAIN, () => undefined, { controls, abort })
  setTimeout(() => abort.abort('cancelled'), 20)
  expect((await done).end).toEqual({ outcome: 'cancelled', counts: { cancelled: 3 } })
})

test('what failed under a key is not tried again under the same key, until something changes or somebody asks', async () => {
  const failures = new Map()
  const yaml = `
name: p
stages:
  a: { run: 'echo x >> tries; grep good in.txt > a.txt', deps: [in.txt], outs: [a.txt] }
`
  project.write({ 'in.txt': 'bad\n' })
  const none = { controls: new Controls(0), failures }
  expect((await walk(yaml, () => undefined, none)).outcomes).toEqual(['a failed'])
  const again = await walk(yaml, () => undefined, none)
  expect(again.outcomes).toEqual(['a failed'])
  expect(again.events.find((event) => isEnd(event, 'a'))).toMatchObject({
    reason: 'nothing it depends on changed since it failed',
    error: expect.stringContaining('exit code 1'),
  })
  expect(project.count('tries')).toBe(1)
  let asked = false
  const retry: React = (event, controls) => {
    if (event.type === 'ending' && !asked) controls.ask({ type: 'retry', stage: 'a' })
    asked ||= event.type === 'ending'
  }
  await walk(yaml, retry, { controls: new Controls(0.05), failures })
  expect(project.count('tries')).toBe(2)
  project.write({ 'in.txt': 'good\n' })
  expect((await walk(yaml, () => undefined, none)).outcomes).toEqual(['a ran'])
  expect(failures.size).toBe(0)
})
