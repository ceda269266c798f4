/** Pipelines written to a temp folder and loaded with small made-up kinds: what the language can say, without the music. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { formatDiagnostics, type KindEntry, loadPlan, type LoadResult } from '../../src/plan/index.ts'
import type { Plan, StagePlan } from '../../src/plan.ts'
import type { JsonSchema, StageKind } from '../../src/stage.ts'

const run = () => Promise.resolve()

const properties = {
  feature: { type: 'string', enum: ['mel', 'melody', 'groove'], description: 'Name of the feature.' },
  n_mels: { type: 'integer', minimum: 1, default: 128, description: 'Mel bands.' },
  epochs: { type: 'integer', minimum: 1, default: 50, description: 'Epochs.' },
  learning_rate: { type: 'number', exclusiveMinimum: 0, default: 0.001, description: 'Step size.' },
  hidden_layers: {
    type: 'array',
    items: { type: 'integer', minimum: 1 },
    minItems: 1,
    default: [64],
    description: 'Units.',
  },
  shuffle: { type: 'boolean', default: true, description: 'Shuffle the examples.' },
  activation: { enum: ['relu', 'tanh', 'gelu'], default: 'relu', description: 'Activation.' },
  formats: {
    type: 'array',
    items: { enum: ['rtneural', 'onnx'] },
    default: ['rtneural'],
    description: 'Export formats.',
  },
  augmentation: {
    type: 'object',
    additionalProperties: false,
    properties: {
      copies: { type: 'integer', minimum: 0, default: 1 },
      noise_snr_db: { anyOf: [{ type: 'number' }, { type: 'null' }] },
    },
    default: { copies: 1, noise_snr_db: 20 },
    description: 'Augmentation.',
  },
  log_every: { type: 'integer', default: 1, description: 'Progress interval.' },
} as const

const pick = (...names: (keyof typeof properties)[]): JsonSchema => ({
  type: 'object',
  additionalProperties: false,
  properties: Object.fromEntries(names.map((name) => [name, properties[name]])),
})

export const kinds: Record<string, StageKind> = {
  download: {
    kind: 'download',
    summary: 'Fetches data',
    options: {
      type: 'object',
      additionalProperties: false,
      required: ['data'],
      properties: { data: { type: 'string', description: 'Folder or demo.' } },
    },
    external: ({ data }) => (data === 'demo' ? [] : [{ name: 'data', path: data }]),
    run,
  },
  featurize: {
    kind: 'featurize',
    summary: 'Computes features',
    options: { ...pick('feature', 'n_mels', 'augmentation'), required: ['feature'] },
    inputs: { data: { about: 'the data' }, extra: { about: 'more data', required: false } },
    env: ['FEATURE_HOME'],
    run,
  },
  train: {
    kind: 'train',
    summary: 'Trains a model',
    options: pick('epochs', 'learning_rate', 'hidden_layers', 'shuffle', 'activation', 'log_every'),
    inputs: { features: { about: 'features to learn from' } },
    unkeyed: ['log_every'],
    keyed: ({ shuffle }) => ({ shuffle: Number(shuffle) }),
    cores: ({ epochs }) => (epochs > 1000 ? 'all' : 'one'),
    resume: { ignore: ['epochs'] },
    run,
  },
  evaluate: {
    kind: 'evaluate',
    summary: 'Evaluates a model',
    options: pick(),
    inputs: { model: { about: 'the model' } },
    run,
  },
  export: {
    kind: 'export',
    summary: 'Exports a model',
    options: pick('formats', 'activation'),
    inputs: { model: { about: 'the model' } },
    check: ({ formats, activation }) =>
      formats.includes('rtneural') && activation === 'gelu'
        ? [{ path: ['activation'], message: 'the rtneural exporter cannot take gelu', hint: 'relu and tanh it can' }]
        : [],
    run,
  },
  register: {
    kind: 'register',
    summary: 'Registers models',
    options: pick(),
    inputs: {
      models: { about: 'trained models', many: true },
      exports: { about: 'exports', many: true, required: false },
    },
    publish: { check: () => true, apply: () => {} },
    run,
  },
}

export const catalog = {
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      model_id: { type: 'string', description: 'Id.' },
      ...Object.fromEntries(
        Object.entries(properties).map(([name, property]) => [name, { ...property, default: undefined }]),
      ),
    },
  },
  defaults: {
    emotion: { model_id: 'emotionrecognizer', feature: 'mel', hidden_layers: [512, 256], epochs: 40 },
    groove: { model_id: 'groovepredictor', feature: 'groove', hidden_layers: [128], learning_rate: 0.01 },
  },
}

const entries: Record<string, KindEntry> = Object.fromEntries(
  Object.entries(kinds).map(([name, kind]) => [name, { kind, code: `hash-of-${name}`, file: '' }]),
)

export interface Project {
  /** Further files by path, e.g. 'configs/emotion.yaml'. */
  readonly files?: Readonly<Record<string, string>>
  readonly set?: readonly string[]
  readonly kinds?: Readonly<Record<string, KindEntry>>
}

/** Loads `pipelines/test.yaml` with this text. */
export async function load(
  pipeline: string,
  project: Project = {},
): Promise<{ result: LoadResult; format: () => string }> {
  const root = mkdtempSync(join(tmpdir(), 'kpipe-plan-'))
  const files: Record<string, string> = { 'pipelines/test.yaml': pipeline, ...project.files }
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  const set = project.set ?? []
  const result = await loadPlan({
    root,
    file: join(root, 'pipelines/test.yaml'),
    kinds: { ...entries, ...project.kinds },
    catalog,
    set,
  })
  const sourceOf = (file: string) => (file === '--set' ? set.join('\n') : readFileSync(join(root, file), 'utf8'))
  const text = 'diagnostics' in result ? formatDiagnostics(result.diagnostics, sourceOf, { color: false }) : ''
  rmSync(root, { recursive: true })
  return { result, format: () => text }
}

/** Everything kpipe says about a wrong pipeline. */
export async function mistakes(pipeline: string, project: Project = {}): Promise<string> {
  const { result, format } = await load(pipeline, project)
  if ('plan' in result) throw new Error('this pipeline has no mistake')
  return `\n${format()}`
}

export async function planOf(pipeline: string, project: Project = {}): Promise<Plan> {
  const { result, format } = await load(pipeline, project)
  if ('diagnostics' in result) throw new Error(`this pipeline was refused:\n${format()}`)
  return result.plan
}

export function stage(plan: Plan, id: string): StagePlan {
  const found = plan.stages.find((one) => one.id === id)
  if (!found) throw new Error(`no stage ${id}; there is ${plan.stages.map((one) => one.id).join(', ')}`)
  return found
}
