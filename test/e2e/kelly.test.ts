/**
 * The copied pipelines/kelly.yaml and configs/ on a little generated music, from the first run to what each later edit costs:
 * only what it touches. One project, edited step by step in the order of the tests.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { composeDemo, type DemoSize } from '../../src/data/demo/index.ts'
import type { ValidationReport } from '../../src/data/manifest.ts'
import type { TimedEvent } from '../../src/events.ts'
import { readRegistry } from '../../src/registry/registry.ts'
import { events, outcomes, Project, repository } from '../rig.ts'

const MODELS = ['emotion_recognizer', 'melody_transformer', 'harmony_predictor', 'dynamics_engine', 'groove_predictor']
/** Of what comes after the first run: as telling as five, and quicker. */
const FEW = ['emotion_recognizer', 'dynamics_engine', 'groove_predictor']
const PER_MODEL = ['featurize', 'augment', 'train', 'evaluate', 'export']
const SIZE: DemoSize = { audio: 12, midi: 12, chords: 12, drums: 12 }
/** Latencies are measured beside other tests here: few calls, and no gate on them. */
const QUICK = ['--set', 'epochs=2', '--set', 'stages.evaluate.with.latency_calls=20']
const OWN = [...QUICK, '--set', 'data=./music', '--set', `models=[${FEW.join(', ')}]`]

let project: Project
/** More of the same music: a larger demo only adds to a smaller one. */
let more: string

beforeAll(async () => {
  project = new Project()
  more = mkdtempSync(join(tmpdir(), 'kpipe-music-'))
  await composeDemo(more, { seed: 42, size: { ...SIZE, audio: SIZE.audio + 1 } })
  cpSync(join(repository, 'configs'), project.path('configs'), { recursive: true })
  const pipeline = readFileSync(join(repository, 'pipelines/kelly.yaml'), 'utf8')
  expect(pipeline).toContain('max: 10 }')
  project.write({ 'pipelines/kelly.yaml': pipeline.replace('max: 10 }', 'max: 10000 }') })
})
afterAll(() => {
  project.dispose()
  rmSync(more, { recursive: true, force: true })
})

interface Told {
  readonly outcomes: Readonly<Record<string, string>>
  readonly events: readonly TimedEvent[]
  /** Items computed anew by each stage that works item by item. */
  readonly computed: Readonly<Record<string, number>>
}

function run(...args: string[]): Told {
  const done = project.kpipe('run', '--json', ...OWN, ...args)
  expect(done.code, done.err + done.out).toBe(0)
  return told(done.out)
}

function told(out: string): Told {
  const all = events(out)
  const computed = all.flatMap((event) =>
    event.type === 'stage-finished' && event.items && event.outcome !== 'fresh' && event.outcome !== 'restored'
      ? [[event.stage, event.items.computed] as const]
      : [],
  )
  return { outcomes: outcomes(out), events: all, computed: Object.fromEntries(computed) }
}

/** Stages by outcome; those that are fresh are left out. */
function notFresh({ outcomes: all }: Told): Record<string, string> {
  return Object.fromEntries(Object.entries(all).filter(([, outcome]) => outcome !== 'fresh'))
}

/** Stages that made another output than before. */
const changed = (run: Told) =>
  Object.entries(run.outcomes)
    .flatMap(([stage, outcome]) => (outcome === 'ran' ? [stage] : []))
    .sort()

const of = (model: string, ...groups: string[]) => groups.map((group) => `${group}@${model}`)

const isZero = (computed: Readonly<Record<string, number>>) => Object.values(computed).every((count) => count === 0)

test('the demo: every stage runs, five models are exported and registered', () => {
  const size = `stages.download.with.size={audio: ${SIZE.audio}, midi: ${SIZE.midi}, chords: ${SIZE.chords}, drums: ${SIZE.drums}}`
  const done = project.kpipe('run', '--json', ...QUICK, '--set', size)
  expect(done.code, done.err + done.out).toBe(0)
  const stages = [
    'download',
    'validate',
    ...PER_MODEL.flatMap((group) => MODELS.map((model) => `${group}@${model}`)),
    'register',
  ]
  expect(outcomes(done.out)).toEqual(Object.fromEntries(stages.map((stage) => [stage, 'ran'])))
  const registry = readRegistry(project.path('models/registry.json'))
  expect(registry.models.map(({ id }) => id).sort()).toEqual([
    'dynamicsengine',
    'emotionrecognizer',
    'groovepredictor',
    'harmonypredictor',
    'melodytransformer',
  ])
  for (const { file } of registry.models) expect(JSON.parse(project.read(`models/${file}`))).toHaveProperty('layers')
})

test('the same music as a folder of the user: not one item is computed again', () => {
  cpSync(project.path('cache/out/kelly/download/data'), project.path('music'), { recursive: true })
  const again = run()
  expect(again.outcomes['download']).toBe('ran')
  expect(Object.keys(again.computed)).toEqual(
    expect.arrayContaining(['validate', ...of('emotion_recognizer', 'featurize')]),
  )
  expect(again.computed).toSatisfy(isZero)
})

test('nothing changed: all fresh, and no process but kpipe itself', () => {
  project.write({
    'starts.mjs': `import { appendFileSync } from 'node:fs'
appendFileSync(${JSON.stringify(project.path('starts.log'))}, process.argv[1] + '\\n')
`,
  })
  const watch = { NODE_OPTIONS: `--import ${project.path('starts.mjs')}` }
  const args = ['run', '--json', ...OWN]
  const idle = project.kpipeWith(watch, ...args)
  expect(notFresh(told(idle.out))).toEqual({})
  expect(told(idle.out).events.filter((event) => event.type === 'stage-started')).toEqual([])
  expect(project.count('starts.log')).toBe(1)
  // The watch would have seen a worker.
  project.kpipeWith(watch, ...args, '--force', '--only', 'export@groove_predictor')
  expect(project.count('starts.log')).toBe(3)
})

test('a comment in the pipeline or in a config: nothing runs', () => {
  project.append('pipelines/kelly.yaml', '\n# a comment\n')
  project.append('configs/dynamics_engine.yaml', '\n# another\n')
  expect(notFresh(run())).toEqual({})
})

test('one label edited: no audio is decoded again, and only its model is trained', () => {
  const labels = project.read('music/audio/labels.csv').split('\n')
  const [file, , ...rest] = labels[1]!.split(',')
  project.write({
    'music/audio/labels.csv': [labels[0], [file, '0.99', ...rest].join(','), ...labels.slice(2)].join('\n'),
  })
  const why = project.kpipe('why', 'download', ...OWN)
  expect(why.out).toContain(`1 of ${SIZE.audio} rows of audio/labels.csv changed (valence)`)
  const edited = run()
  expect(edited.computed).toSatisfy(isZero)
  expect(changed(edited)).toEqual(
    ['download', 'validate', 'register', ...PER_MODEL.flatMap((group) => of('emotion_recognizer', group))].sort(),
  )
})

test('one recording added: one item validated, one featurized', () => {
  const name = readdirSync(join(more, 'audio')).find((file) => !project.exists(`music/audio/${file}`))!
  cpSync(join(more, 'audio', name), project.path(`music/audio/${name}`))
  const row = readFileSync(join(more, 'audio/labels.csv'), 'utf8')
    .split('\n')
    .find((line) => line.startsWith(`${name},`))
  project.append('music/audio/labels.csv', `${row}\n`)
  const { computed, outcomes: all } = run()
  expect(computed['validate']).toBe(1)
  expect(computed['featurize@emotion_recognizer']).toBe(1)
  for (const model of FEW.slice(1)) {
    expect(computed[`featurize@${model}`]).toBe(0)
    expect(all[`train@${model}`]).toBe('fresh')
  }
})

test('another learning rate for one model: that model’s train, evaluate, export and register; back again: restored', () => {
  const config = project.read('configs/dynamics_engine.yaml')
  project.write({ 'configs/dynamics_engine.yaml': `${config}\nlearning_rate: 0.02\n` })
  const slower = run()
  expect(Object.keys(notFresh(slower)).sort()).toEqual(
    ['register', ...of('dynamics_engine', 'train', 'evaluate', 'export')].sort(),
  )
  expect(changed(slower)).toContain('train@dynamics_engine')
  expect(slower.events).toContainEqual(
    expect.objectContaining({
      type: 'stage-started',
      stage: 'train@dynamics_engine',
      reason: 'learning_rate 0.001 -> 0.02',
    }),
  )
  const registered = readRegistry(project.path('models/registry.json'))
  project.write({ 'configs/dynamics_engine.yaml': config })
  const back = run()
  expect(back.events.filter((event) => event.type === 'stage-started')).toEqual([])
  expect(notFresh(back)).toEqual(
    Object.fromEntries(
      ['register', ...of('dynamics_engine', 'train', 'evaluate', 'export')].map((stage) => [stage, 'restored']),
    ),
  )
  const model = (registry: typeof registered) => registry.models.find(({ id }) => id === 'dynamicsengine')!
  expect(model(readRegistry(project.path('models/registry.json'))).sha256).not.toBe(model(registered).sha256)
})

test('one damaged file of many: named and left out, the run goes on', () => {
  const [name] = readdirSync(project.path('music/midi')).filter((file) => file.endsWith('.mid'))
  const bytes = readFileSync(project.path(`music/midi/${name}`))
  writeFileSync(project.path(`music/midi/${name}`), bytes.subarray(0, 40))
  const { outcomes: all, events: told } = run()
  expect(Object.values(all)).not.toContain('failed')
  const warned = told.flatMap((event) => (event.type === 'stage-log' && event.level === 'warn' ? [event.text] : []))
  expect(warned).toContainEqual(expect.stringMatching(new RegExp(`midi/${name}.*byte \\d+`, 's')))
  const report = JSON.parse(project.read('cache/out/kelly/validate/validation.json')) as ValidationReport
  expect(report.dropped.map(({ id }) => id)).toEqual([`midi/${name}`])
})

test('more than 5 % damaged: stops, names them, and leaves what stands', () => {
  const registry = project.read('models/registry.json')
  const names = readdirSync(project.path('music/audio'))
    .filter((file) => file.endsWith('.wav'))
    .slice(0, 4)
  for (const name of names) writeFileSync(project.path(`music/audio/${name}`), `RIFF no more ${name}`)
  const done = project.kpipe('run', ...OWN)
  expect(done.code).toBe(1)
  for (const name of names) expect(done.err).toContain(`audio/${name}`)
  expect(done.err).toMatch(/5 of 49 items are bad \(10\.2 %\), more than max_bad 5% lets pass/)
  expect(project.read('models/registry.json')).toBe(registry)
})
