/**
 * Every key of the pipeline language with its JSON Schema: the list that "unknown key" is checked against and that the
 * published schema is made of. Only data.
 */
type Key = Readonly<Record<string, unknown>> & { readonly description: string }

const template = { type: 'string', pattern: '\\$\\{' }
const texts = { type: 'array', items: { type: 'string' } }
const textOrTexts = { anyOf: [{ type: 'string' }, texts] }
const amount = { anyOf: [{ type: 'number', minimum: 0 }, template] }
const size = {
  anyOf: [
    { type: 'number', minimum: 0 },
    { type: 'string', pattern: '^\\d+(\\.\\d+)?\\s*[kKmMgGtT]?([iI]?[bB])?$' },
    template,
  ],
}

const pools = (description: string): Key => ({
  type: 'object',
  description,
  properties: {
    cpu: { ...amount, description: 'CPU cores.' },
    memory: { ...size, description: 'Memory: 512M, 4G.', examples: ['4G'] },
    gpu: { ...amount, description: 'Graphics cards.' },
  },
  additionalProperties: { ...amount, description: 'A pool of your own.' },
})

export const PIPELINE_KEYS: Readonly<Record<string, Key>> = {
  name: { type: 'string', description: 'Name of the pipeline; the file name without .yaml where left out.' },
  about: { type: 'string', description: 'What the pipeline is for, in a sentence or two.' },
  params: {
    type: 'object',
    description:
      'Values used below as ${name} and changed from the command line by --set name=value. They may refer to each other.',
    examples: [{ data: 'demo', epochs: 50 }],
  },
  resources: pools(
    'How much of each resource running stages may take together. cpu and memory default to what the machine has; every other pool that a stage uses is sized here.',
  ),
  stages: {
    type: 'object',
    description: 'The stages by name. Their order in the file does not matter; what they need does.',
  },
}

const ref = {
  anyOf: [
    { type: 'string' },
    {
      type: 'object',
      properties: { file: { type: 'string', description: 'File, folder or glob, relative to the project folder.' } },
      required: ['file'],
      additionalProperties: false,
    },
    {
      type: 'object',
      properties: {
        stage: { type: 'string' },
        path: { type: 'string', description: 'Below the output folder of that stage.' },
      },
      required: ['stage'],
      additionalProperties: false,
    },
  ],
}

const gate = {
  type: 'object',
  properties: {
    metric: {
      type: 'string',
      description: 'stage:metric, e.g. evaluate:latency.p99_ms. In a foreach the same item is meant.',
      examples: ['evaluate:latency.p99_ms'],
    },
    max: { ...amount, anyOf: [{ type: 'number' }, template], description: 'Most the metric may be.' },
    min: { ...amount, anyOf: [{ type: 'number' }, template], description: 'Least the metric must be.' },
  },
  required: ['metric'],
  anyOf: [{ required: ['max'] }, { required: ['min'] }],
  additionalProperties: false,
}

/** Keys every stage may have. */
export const STAGE_KEYS: Readonly<Record<string, Key>> = {
  kind: {
    type: 'string',
    description:
      'What the stage does. May be left out where the stage is named like a kind, and where there is `run:` (a command).',
  },
  about: { type: 'string', description: 'What the stage is for.' },
  inputs: {
    type: 'object',
    description:
      'What the stage reads, by input name: a stage (train), one of a group (train@emotion_recognizer), a part of an output (train:model.json), or a file or glob of yours (data/*.csv).',
    additionalProperties: { anyOf: [...ref.anyOf, { type: 'array', items: ref }] },
  },
  foreach: {
    description:
      'One stage for each item, named stage@item. ${item} is the item (of a map: the value), ${key} its name.',
    anyOf: [{ type: 'array', minItems: 1 }, { type: 'object', minProperties: 1 }, template],
    examples: [['emotion_recognizer', 'groove_predictor']],
  },
  matrix: {
    description:
      'One stage for each combination, named stage@a,b. Use ${matrix.name}. `exclude` leaves combinations out, `include` adds some.',
    type: 'object',
    properties: {
      exclude: {
        type: 'array',
        items: { type: 'object' },
        description: 'Combinations to leave out; a map may name some of the axes only.',
      },
      include: { type: 'array', items: { type: 'object' }, description: 'Combinations to add; each names all axes.' },
    },
    additionalProperties: { anyOf: [{ type: 'array', minItems: 1 }, template] },
    examples: [{ learning_rate: [0.001, 0.0005], batch_size: [32, 64] }],
  },
  when: {
    description: 'The stage runs only if this is true: true, false, ${param}, or a comparison.',
    anyOf: [{ type: 'boolean' }, { type: 'string' }],
    examples: ['${epochs} > 10 and not ${quick}'],
  },
  gate: {
    description: 'Bounds on metrics of earlier stages. Where one does not hold, the stage is held, with the reason.',
    anyOf: [gate, { type: 'array', items: gate }],
    examples: [[{ metric: 'evaluate:latency.p99_ms', max: 10 }]],
  },
  after: { description: 'Stages that must be done first though nothing of theirs is read.', ...textOrTexts },
  resources: pools('What the stage takes while it runs. cpu is 1 where left out.'),
  timeout: {
    description: 'Longest time a try may take: seconds, or 90s, 10m, 1h30m.',
    anyOf: [{ type: 'number', exclusiveMinimum: 0 }, { type: 'string' }],
    examples: ['10m', '1h30m'],
  },
  retries: {
    description: 'How often a failed stage is tried again.',
    anyOf: [{ type: 'integer', minimum: 0 }, template],
    default: 0,
  },
  env: {
    type: 'object',
    description:
      'Environment variables: a value, or nothing to take the one of the caller. Both are part of the key. `pass` lists variables that are passed on without being part of it.',
    properties: {
      pass: {
        ...texts,
        description: 'Variables of the caller passed on; they do not change what comes out (tokens, proxies).',
      },
    },
    additionalProperties: { type: ['string', 'number', 'boolean', 'null'] },
    examples: [{ OMP_NUM_THREADS: 1, pass: ['HF_TOKEN'] }],
  },
}

/** Keys of stages that are not commands. */
export const KIND_KEYS: Readonly<Record<string, Key>> = {
  with: {
    type: ['object', 'null', 'string'],
    description: 'Options of the kind. An empty value leaves the option to the config and the defaults.',
  },
  config: {
    type: 'string',
    description:
      'Model config: a file (configs/groove_predictor.yaml) or the name of a model. Its options stand below those in `with`.',
    examples: ['configs/emotion_recognizer.yaml'],
  },
  to: {
    type: 'string',
    description: 'Where a copy of the output goes, outside the cache; relative to the project folder.',
    examples: ['models'],
  },
}

/** Keys of command stages. */
export const COMMAND_KEYS: Readonly<Record<string, Key>> = {
  run: {
    type: 'string',
    description: 'Shell command, run in the project folder. $${NAME} leaves ${NAME} to the shell.',
    examples: ['python scripts/prepare.py --out data/clean'],
  },
  deps: {
    description: 'Files, folders and globs the command reads. One that another command makes puts that one first.',
    ...textOrTexts,
  },
  outs: {
    description: 'Files and folders the command makes. No other stage may make them, or parts of them.',
    ...textOrTexts,
  },
  params: {
    description: 'Params that are part of the key: a list of names, or a map name → value.',
    anyOf: [texts, { type: 'object' }],
    examples: [['epochs', 'train.lr']],
  },
  metrics: {
    type: 'string',
    description: 'A JSON file among the outs whose numbers are the metrics of the stage.',
    examples: ['metrics.json'],
  },
}
