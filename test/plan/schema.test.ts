/**
 * The JSON Schema that editors use: it takes what `loadPlan` takes, underlines what it can see, and the committed files are
 * what the code makes (`npx vitest run test/plan/schema.test.ts -u` writes them anew).
 */
import { parse } from 'yaml'
import { describe, expect, test } from 'vitest'
import { checkSchema } from '../../src/lib/schema.ts'
import { configCatalog } from '../../src/models/catalog.ts'
import { configFileSchema, pipelineSchema } from '../../src/plan/index.ts'
import { kinds as builtIn } from '../../stages/index.ts'
import { kinds } from './rig.ts'

const schema = pipelineSchema(kinds)
const problems = (yaml: string) =>
  checkSchema(schema, parse(yaml, { merge: true })).map(({ path, message }) => `${path.join('.')}: ${message}`)

describe('takes', () => {
  test.each([
    'stages: { download: { with: { data: demo } } }',
    'stages: { download: }',
    'params: { a: { b: [1] } }\nresources: { gpu: 1, memory: 4G, disk: 2 }\nname: x\nabout: y\nstages: { a: { run: x } }',
    'stages: { train: { foreach: [a], config: "${item}", inputs: { features: x }, with: { epochs: "${epochs}", hidden_layers: ["${n}", 3], shuffle: , activation: tanh } } }',
    'stages: { mine: { kind: train, inputs: { features: { stage: x, path: y } }, with: { epochs: 3 } } }',
    'stages: { train: { run: python train.py, deps: x, outs: [y], params: [z], metrics: y } }',
    'stages: { a: { kind: command, run: x, params: { z: 1 }, env: { A: 1, B: , pass: [C] }, timeout: 1h30m, retries: 2, when: "${x} > 3" } }',
    'stages: { a: { kind: my_own, with: { anything: 1 }, inputs: { x: [a, { file: b }] }, matrix: { lr: [1], exclude: [{ lr: 1 }] } } }',
    'stages: { export: { gate: [{ metric: "evaluate:p99", max: 10 }], resources: { cpu: 2, memory: 512M }, after: [a], to: models, inputs: { model: x } } }',
    'stages: { featurize: { with: { feature: mel, augmentation: { copies: "${n}" } }, inputs: { data: x } } }',
  ])('%s', (yaml) => {
    expect(problems(yaml)).toEqual([])
  })
})

describe('underlines', () => {
  test.each([
    ['nmae: x\nstages: { download: }', ': unknown key "nmae"'],
    ['stages: { download: { wiht: { data: demo } } }', 'stages.download: unknown key "wiht"'],
    ['stages: { train: { with: { epoch: 3 } } }', 'stages.train.with: unknown key "epoch"'],
    ['stages: { mine: { kind: train, with: { epoch: 3 } } }', 'stages.mine.with: unknown key "epoch"'],
    ['stages: { train: { inputs: { model: x } } }', 'stages.train.inputs: unknown key "model"'],
    ['stages: { train: { with: { epochs: ten } } }', 'stages.train.with.epochs: must match \\$\\{, got "ten"'],
    ['stages: { a: { run: x, retries: -1 } }', 'stages.a.retries: must be at least 0, got -1'],
    ['params: {}', ': "stages" is missing'],
  ])('%s', (yaml, message) => {
    expect(problems(yaml)).toContain(message)
  })

  test('keys of commands in other stages, and the other way round', () => {
    expect(problems('stages: { train: { deps: [x] } }')).not.toEqual([])
    expect(problems('stages: { a: { run: x, with: { b: 1 } } }')).not.toEqual([])
  })
})

test('every key and every option is explained', () => {
  const unexplained: string[] = []
  const walk = (value: unknown, path: string) => {
    if (typeof value !== 'object' || value === null) return
    const { properties } = value as { properties?: Record<string, unknown> }
    for (const [name, property] of Object.entries(properties ?? {})) {
      const mentionsOnly =
        typeof property !== 'object' || /\.(if|then|else|allOf|anyOf)\b|(commandStage|notCommand)/.test(path)
      if (!mentionsOnly && !('description' in (property as object)) && !('allOf' in (property as object)))
        unexplained.push(`${path}.${name}`)
    }
    for (const [key, part] of Object.entries(value)) walk(part, `${path}.${key}`)
  }
  walk(pipelineSchema(builtIn), '')
  expect(unexplained).toEqual([])
})

test('schemas/pipeline.schema.json and schemas/config.schema.json are what the code makes', async () => {
  await expect(`${JSON.stringify(pipelineSchema(builtIn), null, 2)}\n`).toMatchFileSnapshot(
    '../../schemas/pipeline.schema.json',
  )
  await expect(`${JSON.stringify(configFileSchema(configCatalog), null, 2)}\n`).toMatchFileSnapshot(
    '../../schemas/config.schema.json',
  )
})
