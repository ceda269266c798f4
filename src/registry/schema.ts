/**
 * What models/registry.json may hold: version 1.1 of the format, as a draft-07 schema and as types. The documented fields
 * are all there under their documented names; fields of ours come on top, and unknown ones are kept.
 * schemas/registry.schema.json is this object as text; a copy stands beside every registry.json.
 */

export const statuses = ['stub', 'training', 'trained', 'production', 'deprecated'] as const

/** stub: placeholder · training: being trained · trained: ready for testing · production: deployed · deprecated: replaced. */
export type Status = (typeof statuses)[number]

export interface Registry {
  readonly registry_version: '1.1'
  readonly models: readonly RegistryEntry[]
  readonly [key: string]: unknown
}

export interface RegistryEntry {
  readonly id: string
  /** Relative to registry.json, `/`-separated. */
  readonly file: string
  /** e.g. `rtneural-json`. */
  readonly format: string
  readonly task: string
  readonly status: Status
  /** Whole numbers from 1; a new one for every model file with another content. */
  readonly version?: number
  /** Of `file`. */
  readonly sha256?: string
  readonly bytes?: number
  readonly training?: TrainingFacts
  /** `rtneural_path`, `header_path`, `onnx_path`, …: relative to registry.json. */
  readonly exports?: Readonly<Record<string, string>>
  readonly history?: readonly VersionRecord[]
  readonly [key: string]: unknown
}

export interface TrainingFacts {
  readonly epochs: number
  readonly train_loss: number
  readonly val_loss: number | null
  readonly git_commit?: string | null
  /** ISO 8601. */
  readonly training_date?: string | null
  readonly [key: string]: unknown
}

/** A version that is listed no longer: what was known of it, without files. */
export interface VersionRecord {
  readonly version: number
  readonly status: Status
  readonly sha256?: string
  readonly training?: TrainingFacts
  readonly [key: string]: unknown
}

const text = { type: 'string', minLength: 1 }
const relativePath = {
  ...text,
  pattern: '^(?!/)(?!.*\\.\\.(/|$))(?!.*\\\\)[^:]+$',
  description: 'Relative to registry.json, with / between folders.',
}
const hash = { type: 'string', pattern: '^[0-9a-f]{64}$' }
const version = { type: 'integer', minimum: 1 }
const status = {
  enum: statuses,
  description:
    'stub: placeholder; training: being trained; trained: ready for testing; production: deployed; deprecated: replaced.',
}
const facts = { type: 'object', additionalProperties: { type: ['number', 'string', 'boolean', 'null'] } }

const training = {
  type: 'object',
  required: ['epochs', 'train_loss', 'val_loss'],
  properties: {
    epochs: { type: 'integer', minimum: 0, description: 'Epochs that were trained.' },
    best_epoch: { type: 'integer', minimum: 0, description: 'Epoch whose weights the model has.' },
    train_loss: { type: 'number', description: 'At the best epoch.' },
    val_loss: { type: ['number', 'null'], description: 'At the best epoch; null without a validation split.' },
    git_commit: {
      type: ['string', 'null'],
      description: 'HEAD of the repository around the registry when this version was added.',
    },
    training_date: { type: ['string', 'null'], description: 'When the training ended, ISO 8601.' },
    seed: { type: 'integer' },
    examples: { type: 'object', additionalProperties: { type: 'integer', minimum: 0 } },
  },
}

const record = {
  type: 'object',
  required: ['version', 'status'],
  properties: { version, status, sha256: hash, training },
}

const entry = {
  type: 'object',
  required: ['id', 'file', 'format', 'task', 'status'],
  properties: {
    id: { ...text, pattern: '^[a-z0-9][a-z0-9_-]*$' },
    file: relativePath,
    format: { ...text, description: 'Format of `file`, e.g. rtneural-json.' },
    task: { type: 'string' },
    status,
    version: { ...version, description: 'Grows by 1 with every new content of `file`.' },
    sha256: { ...hash, description: 'Of `file`.' },
    bytes: { type: 'integer', minimum: 0 },
    parameters: { type: 'integer', minimum: 0 },
    input_size: { type: 'integer', minimum: 1 },
    output_size: { type: 'integer', minimum: 1 },
    trained_on_generated_data: { type: 'boolean', description: 'The music was composed by kpipe, not recorded.' },
    training,
    metrics: { ...facts, description: 'As measured by the evaluate stage on held-out data.' },
    latency: {
      ...facts,
      description: 'Of the plain forward pass in Node, in ms; not of the exported file in its host.',
    },
    exports: {
      type: 'object',
      additionalProperties: relativePath,
      description: 'rtneural_path, header_path, probe_path, onnx_path, coreml_path, …',
    },
    card: relativePath,
    warnings: { type: 'array', items: { type: 'string' } },
    kpipe: {
      type: 'object',
      required: ['pipeline', 'stages'],
      properties: {
        pipeline: text,
        stages: {
          type: 'object',
          additionalProperties: {
            type: 'object',
            required: ['stage', 'hash'],
            properties: {
              stage: { type: ['string', 'null'] },
              hash: { ...hash, description: 'Of the output the stage left.' },
            },
          },
        },
      },
    },
    history: {
      type: 'array',
      items: record,
      description: 'Earlier and other versions, oldest first; nothing is taken out.',
    },
  },
}

export const registrySchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'kpipe model registry 1.1',
  type: 'object',
  required: ['registry_version', 'models'],
  properties: {
    $schema: { type: 'string' },
    registry_version: { const: '1.1' },
    models: { type: 'array', items: entry },
  },
} as const

/** schemas/registry.schema.json. */
export function registrySchemaText(): string {
  return `${JSON.stringify(registrySchema, null, 2)}\n`
}
