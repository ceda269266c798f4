/**
 * What a plug-in author must know beyond the weights, for the file's `kpipe` key and the header's comments: meaning of
 * inputs and outputs, preprocessing, normaliser, version, and whether the model was trained on generated music.
 */
import type { ExportOptions, FoldNormalizer } from '../../exporter.ts'
import type { ModelFile } from '../../network.ts'
import type { Chain } from './chain.ts'

const appliedBy: Readonly<Record<FoldNormalizer, string>> = {
  layer: 'the first layer of this file',
  weights: 'the weights of the first layer of this file',
  none: 'the host, before forward',
}

export function rtneuralFacts(
  model: ModelFile,
  chain: Chain,
  options: ExportOptions,
): Readonly<Record<string, unknown>> {
  return {
    format: 'kpipe-rtneural/1',
    id: model.id,
    task: model.task,
    model_version: options.modelHash,
    trained_on_generated_data: model.feature.generated,
    feature: { name: model.feature.name, ...model.feature.options },
    input: {
      size: chain.inputSize,
      meaning: inputMeaning(model, chain, options.foldNormalizer),
      ...(chain.head.length > 0 ? { layout: headLayout(chain) } : {}),
    },
    output: { size: chain.outputSize, per_step: chain.perStep, warm_up_steps: chain.warmUp, labels: model.labels },
    normalizer: model.normalizer ? { ...model.normalizer, applied_by: appliedBy[options.foldNormalizer] } : null,
    training: { loss: model.loss, ...model.training },
  }
}

/** Sentences for the head of the .hpp. */
export function authorNotes(model: ModelFile, chain: Chain, fold: FoldNormalizer): readonly string[] {
  const notes = [`Input: ${inputMeaning(model, chain, fold)}.`]
  if (model.feature.generated)
    notes.push('Trained on music that kpipe generated, not on recordings: for trying things out.')
  if (chain.sequence) notes.push('One call of forward is one time step. Call reset() before each new sequence.')
  if (chain.warmUp > 0) notes.push(`The first ${chain.warmUp} outputs after reset() are warm-up: throw them away.`)
  if (chain.sequence && !chain.perStep)
    notes.push('The answer is the output after the last step; earlier ones mean nothing.')
  return notes
}

function inputMeaning(model: ModelFile, chain: Chain, fold: FoldNormalizer): string {
  if (chain.head.length > 0) return 'one-hot blocks side by side, as listed under kpipe.input.layout in the JSON file'
  const features = `${model.feature.name} features${chain.sequence ? ' per step' : ''}`
  if (!model.normalizer) return `${chain.inputSize} ${features}, as they are`
  const { kind } = model.normalizer
  if (fold === 'layer') return `${chain.inputSize} raw ${features}; the first layer is the ${kind} normaliser`
  if (fold === 'weights') return `${chain.inputSize} raw ${features}; the ${kind} normaliser is part of the first layer`
  return `${chain.inputSize} ${features}, each normalised by (x - offset) / scale with the numbers under kpipe.normalizer in the JSON file`
}

/** Where each block of the input lies. */
function headLayout(chain: Chain): readonly object[] {
  let offset = 0
  return chain.head.map((block) => {
    const place = {
      input: block.input.name,
      offset,
      width: block.width,
      meaning: block.embedding === null ? 'numbers as they are' : `one-hot of an id from 0 to ${block.width - 1}`,
      every_step: block.perStep ? 'own value' : 'same value',
    }
    offset += block.width
    return place
  })
}
