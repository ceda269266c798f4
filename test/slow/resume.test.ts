/**
 * Real training through the command line, killed at several epochs: the run that goes on ends with the very bits of one that
 * was never disturbed. More epochs continue where fewer ended; another learning rate starts fresh and says why.
 */
import { cpSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { random } from '../../src/lib/random.ts'
import { events, outcomes, Project, repository, until } from '../rig.ts'

const MODEL = 'melody_transformer'
const TRAIN = `train@${MODEL}`
const WEIGHTS = `cache/out/kelly/${TRAIN}/weights.safetensors`
const SIZE = 'stages.download.with.size={audio: 0, midi: 60, chords: 0, drums: 0}'

const projects: Project[] = []
afterAll(() => {
  for (const project of projects.splice(0)) project.dispose()
})

/** Everything before `train` done once; each test starts from a copy. */
let prepared: Project
beforeAll(() => {
  prepared = new Project()
  projects.push(prepared)
  prepared.write({ 'pipelines/kelly.yaml': readFileSync(join(repository, 'pipelines/kelly.yaml')) })
  // A checkpoint each epoch; no early end. A large batch would be over before it can be killed.
  prepared.write({
    [`configs/${MODEL}.yaml`]:
      'checkpoint_every: 1\nearly_stopping_patience: 0\nrestore_best: false\nbatch_size: 4\ndropout: 0.2\nseed: 7\n',
  })
  const done = prepared.kpipe('run', 'augment', ...options(1))
  expect(done.code, done.err + done.out).toBe(0)
})

function options(epochs: number, ...set: string[]): string[] {
  const all = [`models=[${MODEL}]`, SIZE, `epochs=${epochs}`, ...set]
  return all.flatMap((one) => ['--set', one])
}

function copy(): Project {
  const project = new Project()
  projects.push(project)
  cpSync(prepared.root, project.root, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true })
  return project
}

function train(project: Project, epochs: number, ...set: string[]): { weights: Buffer; said: string } {
  const done = project.kpipe('run', TRAIN, '--json', ...options(epochs, ...set))
  expect(done.code, done.err + done.out).toBe(0)
  expect(outcomes(done.out)[TRAIN]).toBe('ran')
  const said = events(done.out).flatMap((event) => (event.type === 'stage-log' ? [event.text] : []))
  return { weights: readFileSync(project.path(WEIGHTS)), said: said.join('\n') }
}

/** The furthest epoch a checkpoint says. */
function furthest(project: Project): number {
  if (!project.exists('cache/checkpoints')) return 0
  const names = readdirSync(project.path('cache/checkpoints')).flatMap((key) =>
    readdirSync(project.path(`cache/checkpoints/${key}`)),
  )
  return Math.max(0, ...names.map((name) => Number(/^checkpoint-(\d+)-\d+\.kpc$/.exec(name)?.[1] ?? 0)))
}

/** SIGKILL once a checkpoint of that epoch stands, and a little later. */
async function killAt(project: Project, epoch: number, laterMs: number, ...args: string[]): Promise<boolean> {
  const running = project.start('run', TRAIN, ...args)
  let ended = false
  void running.done.then(() => (ended = true))
  await until(() => ended || furthest(project) >= epoch)
  await new Promise((resolve) => setTimeout(resolve, laterMs))
  running.child.kill('SIGKILL')
  const { signal } = await running.done
  return signal === 'SIGKILL'
}

test('killed at several epochs, the weights are those of an undisturbed training, bit for bit', async () => {
  const whole = train(copy(), 30)
  const rng = random('kill')
  for (let round = 0; round < 3; round++) {
    const project = copy()
    const reached: number[] = []
    for (let epoch = 2 + rng.below(5); epoch < 26; epoch += 4 + rng.below(6)) {
      expect(await killAt(project, epoch, rng.below(40), ...options(30))).toBe(true)
      reached.push(furthest(project))
      expect(project.exists(WEIGHTS)).toBe(false)
    }
    expect(reached.length).toBeGreaterThan(1)
    expect(reached).toEqual([...reached].sort((a, b) => a - b))
    const resumed = train(project, 30)
    expect(resumed.said).toContain(`continues from epoch ${furthestBefore(resumed.said)}`)
    expect(furthestBefore(resumed.said)).toBeGreaterThanOrEqual(reached.at(-1)!)
    expect(resumed.weights.equals(whole.weights), `killed at ${reached.join(', ')}`).toBe(true)
  }
})

const furthestBefore = (said: string) => Number(/continues from epoch (\d+)/.exec(said)?.[1] ?? NaN)

test('20 epochs, then 30: goes on from 20, to the bits of 30 at once; back to 20: restored', () => {
  const whole = train(copy(), 30)
  const project = copy()
  const short = train(project, 20)
  expect(short.weights.equals(whole.weights)).toBe(false)
  const longer = train(project, 30)
  expect(longer.said).toContain('continues from epoch 20')
  expect(longer.weights.equals(whole.weights)).toBe(true)
  const back = project.kpipe('run', TRAIN, '--json', ...options(20))
  expect(outcomes(back.out)[TRAIN]).toBe('restored')
  expect(readFileSync(project.path(WEIGHTS)).equals(short.weights)).toBe(true)
})

test('another learning rate starts fresh and says why; its own training is not touched by the old one', async () => {
  const whole = train(copy(), 12, 'learning_rate=0.002')
  const project = copy()
  expect(await killAt(project, 5, 0, ...options(12, 'learning_rate=0.001'))).toBe(true)
  const other = train(project, 12, 'learning_rate=0.002')
  expect(other.said).toContain('starts fresh')
  expect(other.said).toMatch(/learning_rate 0\.001 -> 0\.002/)
  expect(other.said).not.toContain('continues from')
  expect(other.weights.equals(whole.weights)).toBe(true)
  // The first one was interrupted: it goes on from its own checkpoint.
  const first = train(project, 12, 'learning_rate=0.001')
  expect(first.said).toMatch(/continues from epoch [5-9]/)
  expect(first.weights.equals(train(copy(), 12, 'learning_rate=0.001').weights)).toBe(true)
})
