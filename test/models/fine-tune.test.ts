import { describe, expect, it } from 'vitest'
import { freezeLayers, startFrom, withoutFrozen } from '../../src/models/fine-tune.ts'
import { buildNetwork, initialWeights, otherModels } from '../../src/models/index.ts'
import { countParameters, weightSpecs } from '../../src/network/shapes.ts'

const base = {
  model_id: 'small',
  architecture_type: 'mlp',
  input_size: 6,
  output_size: 3,
  hidden_layers: [16, 8],
  activation: 'relu',
  output_activation: 'linear',
  dropout: 0.1,
} as const
const network = buildNetwork(base)

describe('starting from another model', () => {
  it('takes layers of the same name and shape, and lists the others with the reason', () => {
    const other = buildNetwork({ ...base, hidden_layers: [16, 9, 4] })
    const [own, from] = [initialWeights(network, 1), initialWeights(other, 2)]
    const { weights, taken, kept, unused } = startFrom(network, own, from)
    expect(taken).toEqual(['dense_1'])
    expect(kept).toEqual([
      'dense_2: kernel is [16, 9], not [16, 8], bias is [9], not [8]',
      'output: kernel is [4, 3], not [8, 3]',
    ])
    expect(unused).toEqual(['dense_3'])
    expect(weights['dense_1/kernel']).toEqual(from['dense_1/kernel'])
    expect(weights['dense_2/kernel']).toEqual(own['dense_2/kernel'])
    // A layer is taken whole or not at all.
    expect(weights['output/bias']).toEqual(own['output/bias'])
  })

  it('takes everything of its like, as copies', () => {
    const from = initialWeights(network, 2)
    const { weights, kept, unused } = startFrom(network, initialWeights(network, 1), from)
    expect([weights, kept, unused]).toEqual([from, [], []])
    expect(weights['dense_1/kernel']!.data).not.toBe(from['dense_1/kernel']!.data)
  })

  it('says which layers the other model has not', () => {
    const { 'output/bias': _, ...from } = initialWeights(network, 2)
    expect(startFrom(network, initialWeights(network, 1), from).kept).toEqual(['output: not in the model'])
  })
})

describe('freezing', () => {
  const trainable = (patterns: readonly string[], of = network) =>
    weightSpecs(freezeLayers(of, patterns)).flatMap((spec) => (spec.trainable ? [spec.name] : []))

  it.each([
    [['dense_1'], ['dense_2/kernel', 'dense_2/bias', 'output/kernel', 'output/bias']],
    [['dense_*'], ['output/kernel', 'output/bias']],
    [
      ['dense_?', 'dense_1'],
      ['output/kernel', 'output/bias'],
    ],
    [['*put'], ['dense_1/kernel', 'dense_1/bias', 'dense_2/kernel', 'dense_2/bias']],
  ])('%j leaves %j to train', (patterns, names) => expect(trainable(patterns)).toEqual(names))

  it('counts what is left, and all of it as before', () => {
    const { total } = countParameters(network)
    expect(countParameters(freezeLayers(network, ['dense_1']))).toEqual({ total, trainable: total - (6 * 16 + 16) })
  })

  it('freezes a token table for both ends of a GPT', () => {
    const gpt = buildNetwork({ ...otherModels['solo_gpt']!, blocks: 1, embedding_size: 16, heads: 2 })
    const left = trainable(['token_embedding', 'block_*'], gpt)
    expect(left).toEqual(['position_embedding/embeddings', 'norm/gamma', 'norm/beta'])
  })

  it.each([
    [['dens_1'], 'freeze: no layer with weights is called "dens_1"'],
    [['dropout_1'], 'freeze: no layer with weights is called "dropout_1"'],
    [['dense.1'], 'freeze: no layer with weights is called "dense.1"'],
    [['*'], 'freeze: every layer is frozen, so there is nothing to train'],
  ])('%j is refused', (patterns, message) => expect(() => freezeLayers(network, patterns)).toThrow(message))

  it('is no part of a model file', () => {
    expect(withoutFrozen(freezeLayers(network, ['dense_*']))).toEqual(network)
    expect(freezeLayers(network, [])).toBe(network)
  })
})
