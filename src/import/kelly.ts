/**
 * training_config.json of the Kelly training pipe → configs/*.yaml and what to put on the command line. The file has the values
 * for all models at the top (or under `training`) and blocks by model; every key that kpipe has no option for is told by line.
 */
import { checkSchema } from '../lib/schema.ts'
import { nearest } from '../lib/nearest.ts'
import type { Diagnostic } from '../plan.ts'
import { type Catalog, configFileSchema } from '../plan/configs.ts'
import { collectProblems, type Problems } from '../plan/diagnostic.ts'
import { openFiles } from '../plan/load.ts'
import { type Entry, type MapNode, type Node, toValue } from '../plan/node.ts'
import { emitEntry, type Value } from './emit.ts'

export interface KellyImport {
  /** configs/<model>.yaml → text; only what differs from the model's defaults. */
  readonly files: Readonly<Record<string, string>>
  /** `epochs=100`, to give to `kpipe run`. */
  readonly sets: readonly string[]
  readonly notes: readonly Diagnostic[]
  readonly mistakes: readonly Diagnostic[]
}

/** Other words for our options, without case, `_` and `-`. */
const SYNONYMS: Readonly<Record<string, string>> = {
  lr: 'learning_rate',
  numepochs: 'epochs',
  nepochs: 'epochs',
  maxepochs: 'epochs',
  batch: 'batch_size',
  patience: 'early_stopping_patience',
  earlystopping: 'early_stopping_patience',
  validationsplit: 'val_split',
  valratio: 'val_split',
  validationratio: 'val_split',
  testratio: 'test_split',
  randomseed: 'seed',
  hiddensizes: 'hidden_layers',
  hiddendims: 'hidden_layers',
  hiddenunits: 'hidden_layers',
  inputdim: 'input_size',
  outputdim: 'output_size',
  inputdimension: 'input_size',
  outputdimension: 'output_size',
  lossfunction: 'loss',
  criterion: 'loss',
  dropoutrate: 'dropout',
  gradclip: 'clip_norm',
  gradientclip: 'clip_norm',
  checkpointinterval: 'checkpoint_every',
  saveevery: 'checkpoint_every',
  maxlatencyms: 'latency_target_ms',
  targetlatencyms: 'latency_target_ms',
}

/** Values by other names: PyTorch's classes. */
const VALUES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  loss: {
    mseloss: 'mse',
    l1loss: 'mae',
    bceloss: 'bce',
    kldivloss: 'kl',
    kldiv: 'kl',
    crossentropyloss: 'cross_entropy',
    crossentropy: 'cross_entropy',
  },
  optimizer: {},
}

/** Blocks whose keys count as if they stood at the top. */
const GLOBAL_BLOCKS = new Set([
  'training',
  'global',
  'default',
  'defaults',
  'common',
  'hyperparameters',
  'data',
  'paths',
])
/** Params of pipelines/kelly.yaml: these belong on the command line. */
const PARAMS = [
  'epochs',
  'batch_size',
  'learning_rate',
  'val_split',
  'test_split',
  'seed',
  'early_stopping_patience',
  'checkpoint_every',
  'device',
  'engine',
]
const DATA_KEYS = new Set(['datadir', 'datasetsdir', 'datasetdir', 'datapath', 'datasets', 'dataset'])
const OUTPUT_KEYS = new Set(['output', 'outputdir', 'modelsdir', 'modeldir', 'savedir'])

const plain = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, '')

export function importTrainingConfig(root: string, file: string, catalog: Catalog): KellyImport {
  const mistakes = collectProblems()
  const notes = collectProblems()
  const loaded = openFiles(root, mistakes).read(file)
  const top = loaded?.node
  if (loaded && top?.type !== 'map' && mistakes.count === 0)
    mistakes.add({ source: loaded.source, start: 0, end: 1 }, '', 'is no training configuration: not a map')
  if (top?.type !== 'map' || mistakes.count > 0)
    return { files: {}, sets: [], notes: [], mistakes: mistakes.list(file) }
  const reader = new Reader(catalog, notes)
  reader.readTop(top)
  return { ...reader.result(), notes: notes.list(file), mistakes: [] }
}

class Reader {
  readonly #catalog: Catalog
  readonly #notes: Problems
  readonly #options: readonly string[]
  readonly #sets = new Map<string, string>()
  /** Said of all models, and a param of the pipeline. */
  readonly #params: Record<string, Value> = {}
  readonly #all: Record<string, Value> = {}
  readonly #models = new Map<string, Record<string, Value>>()

  constructor(catalog: Catalog, notes: Problems) {
    this.#catalog = catalog
    this.#notes = notes
    this.#options = Object.keys((configFileSchema(catalog)['properties'] as object) ?? {})
  }

  readTop(top: MapNode, label = ''): void {
    for (const [key, entry] of top.entries) {
      const model = this.#modelOf(key, entry.value)
      const name = plain(key)
      const place = label ? `${label}.${key}` : key
      if (model && entry.value.type === 'map') this.#readModel(model, entry.value, place)
      else if (name === 'models') this.#readModels(entry, place)
      else if (GLOBAL_BLOCKS.has(name) && entry.value.type === 'map') this.readTop(entry.value, place)
      else if (DATA_KEYS.has(name) && entry.value.type === 'scalar') this.#sets.set('data', entry.value.text)
      else if (OUTPUT_KEYS.has(name) && entry.value.type === 'scalar') this.#sets.set('output', entry.value.text)
      else this.#readOption(key, entry, place, null)
    }
  }

  result(): Pick<KellyImport, 'files' | 'sets'> {
    const files: Record<string, string> = {}
    // --set wins over every config: what one model says differently must not stand there.
    const said = new Set([...this.#models.values()].flatMap(Object.keys))
    const onLine = Object.fromEntries(Object.entries(this.#params).filter(([name]) => !said.has(name)))
    const inFiles = Object.fromEntries(Object.entries(this.#params).filter(([name]) => said.has(name)))
    for (const model of Object.keys(this.#catalog.defaults)) {
      const own = { ...inFiles, ...this.#all, ...this.#models.get(model) }
      const defaults = this.#catalog.defaults[model]!
      const differing = Object.entries(own).filter(
        ([key, value]) => JSON.stringify(value) !== JSON.stringify(defaults[key]),
      )
      if (differing.length === 0) continue
      const lines = differing.flatMap(([key, value]) => emitEntry(key, value, ''))
      files[`configs/${model}.yaml`] =
        `# yaml-language-server: $schema=../schemas/config.schema.json\n# Only what differs from the model's defaults.\n${lines.join('\n')}\n`
    }
    const sets = [...Object.entries(onLine), ...this.#sets].map(([name, value]) => `${name}=${String(value)}`)
    return { files, sets }
  }

  #modelOf(key: string, value: Node): string | undefined {
    const id = value.type === 'map' ? value.entries.get('model_id')?.value : undefined
    const words = [key, ...(id?.type === 'scalar' ? [id.text] : [])].map(plain)
    return Object.keys(this.#catalog.defaults).find((name) => words.includes(plain(name)))
  }

  /** A map from model to block, or a list of blocks with a name. */
  #readModels({ key, value }: Entry, label: string): void {
    const blocks: [string, Node][] =
      value.type === 'map'
        ? [...value.entries].map(([name, entry]) => [name, entry.value])
        : value.type === 'list'
          ? value.items.map((item) => [nameOf(item), item])
          : []
    if (blocks.length === 0) this.#notes.add(key, label, 'names no model and was left out')
    for (const [name, block] of blocks) {
      const model = this.#modelOf(name, block)
      const known = Object.keys(this.#catalog.defaults)
      if (!model) {
        const near = nearest(name, known)
        const at = value.type === 'map' ? value.entries.get(name)!.key : block
        this.#notes.add(
          at,
          label,
          `there is no model ${JSON.stringify(name)}; its block was left out`,
          near ? `did you mean ${JSON.stringify(near)}?` : `there is ${known.join(', ')}`,
        )
      } else if (block.type === 'map') this.#readModel(model, block, `${label}.${name}`)
      else if (block.type !== 'scalar')
        this.#notes.add(block, `${label}.${name}`, 'is no map of options and was left out')
    }
  }

  #readModel(model: string, block: MapNode, label: string): void {
    for (const [key, entry] of block.entries)
      if (!['name', 'model_id', 'description'].includes(key)) this.#readOption(key, entry, `${label}.${key}`, model)
  }

  /** `model` null: for all of them. */
  #readOption(key: string, { key: at, value }: Entry, label: string, model: string | null): void {
    if (plain(key) === 'layers' && this.#readLayers(value, model)) return
    if (plain(key) === 'earlystopping' && value.type === 'map') return this.#readEarlyStopping(value, label, model)
    const option = this.#options.find((one) => plain(one) === plain(key)) ?? SYNONYMS[plain(key)]
    if (option === undefined || option === 'model') {
      const near = nearest(key, this.#options)
      this.#notes.add(
        at,
        label,
        'kpipe has no such option; it was left out',
        near ? `did you mean ${JSON.stringify(near)}?` : '',
      )
      return
    }
    const plainValue = toValue(value)
    const found =
      typeof plainValue === 'string'
        ? (VALUES[option]?.[plain(plainValue)] ?? (VALUES[option] ? plain(plainValue) : plainValue))
        : plainValue
    if (option === 'device' && ['cuda', 'mps', 'gpu'].includes(String(found))) {
      this.#notes.add(
        value,
        label,
        `${String(found)} was left out: kpipe trains on the processor unless it is told otherwise`,
        'device: gpu trains on a graphics card through WebGPU',
      )
      return
    }
    const [problem] = checkSchema(configFileSchema(this.#catalog), { [option]: found })
    if (problem) this.#notes.add(value, label, `${problem.message}; it was left out`, problem.hint)
    else this.#take(option, found as Value, model)
  }

  #take(option: string, value: Value, model: string | null): void {
    if (model === null && PARAMS.includes(option)) this.#params[option] = value
    else if (model === null) this.#all[option] = value
    else this.#models.set(model, { ...this.#models.get(model), [option]: value })
  }

  /** `[128, 512, 256, 128, 64]`: input, hidden layers, output. */
  #readLayers(value: Node, model: string | null): boolean {
    const sizes = toValue(value)
    if (!Array.isArray(sizes) || sizes.length < 2 || !sizes.every((size) => Number.isInteger(size) && size > 0))
      return false
    this.#take('input_size', sizes[0], model)
    this.#take('hidden_layers', sizes.slice(1, -1), model)
    this.#take('output_size', sizes.at(-1), model)
    return true
  }

  #readEarlyStopping(block: MapNode, label: string, model: string | null): void {
    const off = toValue(block.entries.get('enabled')?.value ?? block) === false
    for (const [key, entry] of block.entries) {
      if (plain(key) === 'enabled') continue
      if (plain(key) !== 'patience') this.#readOption(key, entry, `${label}.${key}`, model)
      else if (!off) this.#readOption('patience', entry, `${label}.${key}`, model)
    }
    if (off) this.#take('early_stopping_patience', 0, model)
  }
}

function nameOf(node: Node): string {
  const name = node.type === 'map' ? (node.entries.get('name') ?? node.entries.get('model_id'))?.value : node
  return name?.type === 'scalar' ? name.text : ''
}
