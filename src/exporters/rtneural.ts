/**
 * RTNeural JSON: the file that the Kelly plug-in loads (`emotionrecognizer.json`), and the C++ header with its type.
 * What can be in one: a single chain of dense, conv1d (valid, stride 1), lstm, gru, batch_norm and activation layers;
 * embeddings and joined inputs at its start become one linear layer over one-hot vectors. Everything else is refused.
 * Heavy parts load when a file is written or read: this file is also imported while a pipeline is checked.
 */
import { join } from 'node:path'
import type { ConfigRefusal, ExportConfig, Exporter, ExportOptions, ExportReader, NamedTensor } from '../exporter.ts'
import { UserError } from '../lib/errors.ts'
import { writeAtomic } from '../lib/files.ts'
import type { ModelFile, Weights } from '../network.ts'
import { chainOf, type HeadBlock, refuseNetwork } from './rtneural/chain.ts'

export const rtneural: Exporter = {
  format: 'rtneural',
  registryFormat: 'rtneural-json',
  about: 'RTNeural JSON for C++ audio plug-ins, with a .hpp that holds the exact ModelT type',
  fileName: (id) => `${id}.json`,
  refuse: refuseNetwork,
  refuseConfig,
  write,
  fileInputs,
  read,
}

const activations = ['linear', 'relu', 'leaky_relu', 'tanh', 'sigmoid', 'softmax', 'elu']

/** Architectures whose networks cannot be one plain chain, and why. */
const architectures: Readonly<Record<string, string>> = {
  cnn: 'it has no pooling and runs one time step per call',
  transformer: 'it has no attention',
  gpt: 'it has no attention',
  gpt2: 'it has no attention',
}

function refuseConfig(config: ExportConfig): readonly ConfigRefusal[] {
  const refusals: ConfigRefusal[] = []
  const why = architectures[config.architecture_type ?? '']
  if (why) {
    const message = `RTNeural cannot load a ${config.architecture_type}: ${why}`
    refusals.push({ field: 'architecture_type', message, hint: 'use mlp, or leave rtneural out of formats' })
  }
  for (const field of ['activation', 'output_activation'] as const) {
    const name = config[field]
    if (name === undefined || activations.includes(name)) continue
    refusals.push({ field, message: `RTNeural has no ${name}`, hint: `use one of ${activations.join(', ')}` })
  }
  if (config.normalization_layer === 'layer_norm') {
    const message = 'RTNeural skips layer normalisation without a word'
    refusals.push({ field: 'normalization_layer', message, hint: 'use batch_norm, or leave rtneural out of formats' })
  }
  if (config.architecture_type === 'cnn1d') refusals.push(...refuseConvolutions(config))
  return refusals
}

/** Convolutions along time stream, as long as nothing looks ahead or joins steps. */
function refuseConvolutions(config: ExportConfig): ConfigRefusal[] {
  const needed = { pooling: 'none', global_pooling: 'none', padding: 'valid' } as const
  const reasons = {
    pooling: 'RTNeural has no pooling',
    global_pooling: 'RTNeural has no pooling',
    padding: 'RTNeural convolves what it has seen so far',
  }
  return (['pooling', 'global_pooling', 'padding'] as const).flatMap((field) =>
    config[field] === needed[field]
      ? []
      : [{ field, message: reasons[field], hint: `write ${field}: ${needed[field]}` }],
  )
}

async function write(
  model: ModelFile,
  weights: Weights,
  dir: string,
  options: ExportOptions,
): Promise<readonly string[]> {
  const reasons = refuseNetwork(model.network)
  if (reasons.length > 0) {
    throw new UserError(`rtneural cannot take ${model.id}:\n  ${reasons.join('\n  ')}`, {
      hint: 'leave rtneural out of formats',
    })
  }
  const [{ foldNormalizer }, { rtneuralJson }, { rtneuralHeader }, { rtneuralFacts, authorNotes }] = await Promise.all([
    import('./rtneural/fold.ts'),
    import('./rtneural/file.ts'),
    import('./rtneural/header.ts'),
    import('./rtneural/facts.ts'),
  ])
  const chain = chainOf(model.network)
  const how = options.foldNormalizer
  const inFile =
    model.normalizer && how !== 'none' ? foldNormalizer(chain, weights, model.normalizer, how) : { chain, weights }
  const names = [rtneural.fileName(model.id), `${model.id}.hpp`] as const
  const facts = rtneuralFacts(model, chain, options)
  writeAtomic(join(dir, names[0]), rtneuralJson(inFile.chain, inFile.weights, facts))
  const notes = authorNotes(model, chain, how)
  writeAtomic(join(dir, names[1]), rtneuralHeader(model.id, names[0], inFile.chain, notes))
  return names
}

/** One input: the only one of the network, or one-hot blocks side by side ([rows, (steps,) numbers]). */
function fileInputs(
  model: ModelFile,
  inputs: readonly Float32Array[],
  rows: number,
  options: ExportOptions,
): readonly NamedTensor[] {
  const chain = chainOf(model.network)
  if (chain.head.length === 0) {
    const spec = model.network.inputs[0]!
    const normalizer = options.foldNormalizer === 'none' ? model.normalizer : null
    const shape = [rows, ...spec.shape]
    const data = inputs[0]!.map((value, i) => {
      if (!normalizer) return value
      const feature = i % normalizer.offset.length
      return (value - normalizer.offset[feature]!) / normalizer.scale[feature]!
    })
    return [{ name: spec.name, shape, data }]
  }
  const steps = Math.max(...chain.head.map((block) => (block.perStep ? block.input.shape[0]! : 1)))
  const data = new Float32Array(rows * steps * chain.inputSize)
  let column = 0
  for (const block of chain.head) {
    const values = inputs[model.network.inputs.indexOf(block.input)]!
    const width = block.embedding === null ? block.width : 1
    for (let row = 0; row < rows * steps; row++) {
      const from = (block.perStep ? row : Math.floor(row / steps)) * width
      const to = row * chain.inputSize + column
      if (block.embedding === null) data.set(values.subarray(from, from + width), to)
      else data[to + checkedId(values[from]!, block)] = 1
    }
    column += block.width
  }
  return [{ name: 'one_hot', shape: chain.sequence ? [rows, steps, chain.inputSize] : [rows, chain.inputSize], data }]
}

function checkedId(id: number, block: HeadBlock): number {
  if (Number.isInteger(id) && id >= 0 && id < block.width) return id
  throw new UserError(
    `input "${block.input.name}" got the id ${id}; ids are whole numbers from 0 to ${block.width - 1}`,
  )
}

async function read(path: string): Promise<ExportReader> {
  const { readRtneural } = await import('./rtneural/reader.ts')
  const { predict } = await import('./rtneural/predict.ts')
  const model = await readRtneural(path)
  return { name: 'kpipe strict RTNeural reader (model_loader.h 1fb1f07)', predict: (inputs) => predict(model, inputs) }
}
