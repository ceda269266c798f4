/**
 * SIGKILL at every numbered place of a run and at hundreds of random moments: the next run ends with the outputs of an
 * undisturbed one, the one after it has nothing to do, and nothing that is not so was called fresh.
 */
import { spawn } from 'node:child_process'
import { afterAll, describe, expect, test } from 'vitest'
import { type Random, random } from '../../src/lib/random.ts'
import { bin, events, outcomes, Project } from '../rig.ts'
import { sorted, type State, type TextStage, treeAt, writeState, wrongOutputs } from './texts.ts'

const projects: Project[] = []
afterAll(() => {
  for (const project of projects.splice(0)) project.dispose()
})

function newProject(): Project {
  const project = new Project()
  projects.push(project)
  return project
}

interface Killed {
  /** null: it was killed. */
  readonly code: number | null
  readonly out: string
  readonly err: string
  readonly seconds: number
}

/** `kpipe run --json`, killed by itself at its n-th place or by us after some milliseconds. */
function run(project: Project, kill: { at?: number; afterMs?: number } = {}, ...args: string[]): Promise<Killed> {
  const started = performance.now()
  const child = spawn(process.execPath, [bin, 'run', '--json', '--jobs', '2', ...args], {
    cwd: project.root,
    env: { ...process.env, KPIPE_CRASH_AT: String(kill.at ?? 0) },
  })
  const text = { out: '', err: '' }
  child.stdout.on('data', (bytes: Buffer) => (text.out += bytes.toString()))
  child.stderr.on('data', (bytes: Buffer) => (text.err += bytes.toString()))
  const timer = kill.afterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), kill.afterMs)
  // 'exit', not 'close': what the killed run had started may hold the pipes for a while.
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code) => {
      clearTimeout(timer)
      setImmediate(() => resolve({ code, ...text, seconds: (performance.now() - started) / 1000 }))
    })
  })
}

/** Eight stages, five deep, two or three side by side: commands with one out, with folders, stage kinds, a map, two copies. */
function stagesOf(param: string): TextStage[] {
  return [
    { name: 'all', work: 'upper', reads: ['data'], out: 'all', param },
    { name: 'parts', work: 'sorted', reads: ['data'], out: 'parts', param, wait: 0.01 },
    { name: 'turned', work: 'lines', reads: ['data'], out: 'turned', param },
    { name: 'size', work: 'count', reads: ['@all'], out: 'size', param },
    { name: 'some', work: 'head', reads: ['@parts', '@turned'], out: 'some', param: '5' },
    { name: 'woven', work: 'weave', reads: ['@size', '@turned', '@parts'], out: 'woven', param },
    { name: 'joined', work: 'concat', reads: ['@woven', '@some'], out: 'joined', param, wait: 0.01 },
    { name: 'last', work: 'weave', reads: ['@joined', '@woven'], out: 'last', param: 'end' },
  ]
}

/** Fewer of every sort, for the tests that go through all numbered places. */
function shortStages(param: string): TextStage[] {
  return [
    { name: 'parts', work: 'sorted', reads: ['data'], out: 'parts', param },
    { name: 'turned', work: 'lines', reads: ['data'], out: 'turned', param },
    { name: 'joined', work: 'upper', reads: ['@parts', '@turned'], out: 'joined', param },
    { name: 'last', work: 'weave', reads: ['@joined', '@turned'], out: 'last', param: 'end' },
  ]
}

const dataOf = (salt: string, rng = random(salt)): Record<string, string> =>
  Object.fromEntries(
    ['a.txt', 'b.txt', 'c d.txt', 'below/e.txt'].map((name) => {
      const lines = Array.from({ length: 3 + rng.below(4) }, () => `${name[0]}${rng.below(1e6)} ${salt}\n`)
      return [name, lines.join('')]
    }),
  )

/** The run after a kill mends everything, and the one after that has nothing to do. */
async function expectMended(project: Project, state: State, what: string): Promise<void> {
  const mended = await run(project)
  expect(mended.code, `${what}: ${mended.err}${mended.out}`).toBe(0)
  expect(wrongOutputs(project, state), what).toEqual([])
  const again = await run(project)
  const notFresh = Object.entries(outcomes(again.out)).filter(([, outcome]) => outcome !== 'fresh')
  expect(notFresh, `${what}: ${again.out}`).toEqual([])
  expect(Object.keys(outcomes(again.out))).toHaveLength(state.stages.length)
  expect(wrongOutputs(project, state), what).toEqual([])
}

describe.concurrent('killed at each numbered place', () => {
  test('of a first run', async () => {
    const project = newProject()
    const passed = await atEveryPlace(async (n) => {
      for (const path of ['cache', 'build', 'published', 'data']) project.remove(path)
      const state = { data: dataOf(`first ${n}`), stages: shortStages(`p${n}`), comment: '' }
      writeState(project, state)
      return [project, state]
    })
    expect(passed).toBeGreaterThan(30)
  })

  test('of a run after an edit, where outputs stand already', async () => {
    const project = newProject()
    writeState(project, { data: dataOf('edit 0'), stages: shortStages('p0'), comment: '' })
    expect((await run(project)).code).toBe(0)
    const passed = await atEveryPlace(async (n) => {
      // The number of files changes, too: what was published and is no longer made must go.
      const { 'b.txt': b, ...others } = dataOf(`edit ${n}`)
      const state = { data: n % 2 ? others : { ...others, 'b.txt': b! }, stages: shortStages(`p${n}`), comment: '' }
      writeState(project, state)
      return [project, state]
    })
    expect(passed).toBeGreaterThan(35)
  })

  test('of a restore of an earlier result', async () => {
    const project = newProject()
    const states = [0, 1].map((n) => ({ data: dataOf(`old ${n}`), stages: shortStages(`p${n}`), comment: '' }))
    for (const state of states) {
      writeState(project, state)
      expect((await run(project)).code).toBe(0)
    }
    const passed = await atEveryPlace(async (n) => {
      const state = states[(n + 1) % 2]!
      writeState(project, state)
      return [project, state]
    }, 'restored')
    expect(passed).toBeGreaterThan(20)
  })

  test('of a run that fails: the last good outputs are not lost', async () => {
    const project = newProject()
    const good = { data: dataOf('good'), stages: shortStages('good'), comment: '' }
    writeState(project, good)
    expect((await run(project)).code).toBe(0)
    const before = ['build', 'published', 'cache/out'].map((path) => sorted(treeAt(project.path(path))))
    for (let n = 1; ; n++) {
      const yaml = project.read('pipelines/texts.yaml')
      project.write({ 'pipelines/texts.yaml': yaml.replaceAll("echo 'good' >", "exit 7; echo 'good' >") })
      const killed = await run(project, { at: n })
      if (killed.code === null) {
        // Nothing else than looking at what is there: the failing pipeline run again puts it back.
        expect((await run(project)).code).toBe(1)
      } else expect(killed.code).toBe(1)
      expect(['build', 'published', 'cache/out'].map((path) => sorted(treeAt(project.path(path))))).toEqual(before)
      writeState(project, good)
      await expectMended(project, good, `failing run, place ${n}`)
      if (killed.code !== null) {
        expect(n).toBeGreaterThan(4)
        return
      }
    }
  })

  test('and killed once more at each place of the run that mends', async () => {
    const project = newProject()
    const rng = random('twice')
    let most = 0
    for (let n = 1; n <= 45; n += 2) {
      const state = { data: dataOf(`twice ${n}`), stages: shortStages(`p${n}`), comment: '' }
      writeState(project, state)
      const first = await run(project, { at: 1 + rng.below(25) })
      const second = await run(project, { at: n })
      if (first.code === null && second.code === null) most = n
      await expectMended(project, state, `second kill at ${n}`)
    }
    expect(most).toBeGreaterThan(10)
  })
})

/** Kills at place 1, 2, … of a run that `prepare` sets up, until the run survives. @returns the places it passes */
async function atEveryPlace(
  prepare: (n: number) => Promise<readonly [Project, State]>,
  survivors?: string,
): Promise<number> {
  for (let n = 1; ; n++) {
    const [project, state] = await prepare(n)
    const killed = await run(project, { at: n })
    if (killed.code === 0) {
      expect(wrongOutputs(project, state)).toEqual([])
      if (survivors) expect(new Set(Object.values(outcomes(killed.out)))).toEqual(new Set([survivors]))
      return n - 1
    }
    expect(killed.code, killed.err).toBeNull()
    await expectMended(project, state, `place ${n}`)
  }
}

describe.concurrent('killed at random moments', () => {
  for (const part of [1, 2]) {
    test(`100 times and more (${part})`, async () => {
      const rng = random(`moments ${part}`)
      const project = newProject()
      let kills = 0
      let survived = 0
      let seconds = await measure(project, rng)
      for (let round = 0; kills < 100; round++) {
        const state = nextState(project, rng, round)
        const ends: string[] = []
        // Some are killed several times before they may end.
        for (let times = 1 + (rng.below(4) === 0 ? rng.below(3) : 0); times > 0; times--) {
          const killed = await run(project, { afterMs: rng.next() * seconds * 1000 })
          if (killed.code === null) kills++
          else survived++
          ends.push(`${killed.code ?? 'killed'} after ${killed.seconds.toFixed(3)} s`)
          if (killed.code !== null) seconds = 0.8 * seconds + 0.2 * killed.seconds
        }
        await expectMended(project, state, `part ${part}, round ${round}: ${ends.join(', ')}`)
      }
      // Spread over the run's length, most hit it.
      expect(survived).toBeLessThan(kills)
    })
  }
})

async function measure(project: Project, rng: Random): Promise<number> {
  nextState(project, rng, 0)
  const done = await run(project)
  expect(done.code, done.err + done.out).toBe(0)
  return done.seconds
}

/** A first run, an edit of some data, another param (every stage), or back to an earlier state. */
function nextState(project: Project, rng: Random, round: number): State {
  const states = (earlier[project.root] ??= [])
  const last = states.at(-1) ?? { data: dataOf('0'), stages: stagesOf('0'), comment: '' }
  const way = round === 0 ? 'first' : rng.pick(['first', 'data', 'data', 'param', 'back'])
  if (way === 'first') for (const path of ['cache', 'build', 'published']) project.remove(path)
  const data = { ...last.data, [rng.pick(Object.keys(last.data))]: `${round} ${rng.next()}\nmore ${round}\n` }
  const state =
    way === 'back'
      ? rng.pick(states)
      : way === 'data'
        ? { ...last, data }
        : { ...last, stages: stagesOf(`p${round}`), comment: String(round) }
  states.push(state)
  writeState(project, state)
  return state
}
const earlier: Record<string, State[]> = {}

describe('what a killed run leaves running', () => {
  test('a command goes on writing to its output: it is ended before the next run touches anything', async () => {
    const project = newProject()
    const slow = 'for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do cat in.txt >> out.txt; sleep 0.1; done'
    project.write({
      'pipelines/p.yaml': JSON.stringify({ stages: { slow: { run: slow, deps: ['in.txt'], outs: ['out.txt'] } } }),
      'in.txt': 'old\n',
    })
    await run(project, { afterMs: 900 })
    expect(project.read('out.txt')).toMatch(/^(old\n)+$/)
    project.write({
      'pipelines/p.yaml': JSON.stringify({
        stages: { slow: { run: 'cat in.txt >> out.txt', deps: ['in.txt'], outs: ['out.txt'] } },
      }),
      'in.txt': 'new\n',
    })
    expect((await run(project)).code).toBe(0)
    expect(project.read('out.txt')).toBe('new\n')
    await new Promise((resolve) => setTimeout(resolve, 400))
    expect(project.read('out.txt')).toBe('new\n')
    expect(Object.values(outcomes((await run(project)).out))).toEqual(['fresh'])
  })

  test('a stage kind that does not listen writes into a folder that nobody reads', async () => {
    const project = newProject()
    project.write({
      'stages/deaf.ts': `import { writeFileSync } from 'node:fs'
import { defineStage } from 'kpipe'
export default defineStage<{ seconds: number; text: string }>({
  kind: 'deaf',
  summary: 'works without a pause',
  options: { type: 'object', properties: { seconds: { type: 'number' }, text: { type: 'string' } } },
  run: async (ctx) => {
    const end = Date.now() + ctx.options.seconds * 1000
    for (let i = 0; Date.now() < end; i++) writeFileSync(ctx.out('part-' + (i % 50)), ctx.options.text + i)
    writeFileSync(ctx.out('text'), ctx.options.text)
  },
})
`,
      'pipelines/p.yaml': 'stages:\n  deaf: { with: { seconds: 3, text: old } }\n',
    })
    await run(project, { afterMs: 1200 })
    project.write({ 'pipelines/p.yaml': 'stages:\n  deaf: { with: { seconds: 0, text: new } }\n' })
    const done = await run(project)
    expect(done.code, done.out + done.err).toBe(0)
    expect(treeAt(project.path('cache/out/p/deaf'))).toEqual({ text: 'new' })
    await new Promise((resolve) => setTimeout(resolve, 2500))
    expect(treeAt(project.path('cache/out/p/deaf'))).toEqual({ text: 'new' })
    expect(Object.values(outcomes((await run(project)).out))).toEqual(['fresh'])
  })

  test('and its lock is taken over at once', async () => {
    const project = newProject()
    project.write({ 'pipelines/p.yaml': 'stages:\n  a: { run: "sleep 0.2; echo a > a.txt", outs: [a.txt] }\n' })
    await run(project, { at: 2 })
    expect(project.exists('cache/state/lock')).toBe(true)
    const done = await run(project)
    expect(outcomes(done.out)).toEqual({ a: 'ran' })
    expect(events(done.out).filter((event) => event.type === 'waiting').length).toBeLessThanOrEqual(1)
    expect(done.seconds).toBeLessThan(5)
    expect(project.exists('cache/state/lock')).toBe(false)
  })
})
