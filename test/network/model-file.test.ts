import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { buildNetwork, initialWeights, modelDefaults } from '../../src/models/index.ts'
import type { ModelFile } from '../../src/network.ts'
import { readModel, writeModel } from '../../src/network/model-file.ts'
import { countParameters, inferShapes, outputSpecs } from '../../src/network/shapes.ts'
import { summarize } from '../../src/network/summary.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'kpipe-model-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const network = buildNetwork({ ...modelDefaults['dynamics_engine']!, dropout: 0.1 })
const model: ModelFile = {
  format: 'kpipe-model/1',
  id: 'dynamicsengine',
  task: 'expression',
  network,
  loss: 'mse',
  normalizer: null,
  labels: [],
  feature: { name: 'dynamics', options: {}, generated: false },
  latencyTargetMs: 1,
  training: {
    epochs: 1,
    bestEpoch: 1,
    trainLoss: 0.1,
    valLoss: null,
    seed: 42,
    examples: { train: 1, val: 0, test: 0 },
  },
}

describe('model files', () => {
  it('come back whole, and equal models give equal bytes', () => {
    const weights = initialWeights(network, 1)
    writeModel(dir, model, weights)
    const bytes = ['model.json', 'weights.safetensors'].map((name) => readFileSync(join(dir, name), 'hex'))
    const back = readModel(dir)
    expect(back.model).toEqual(model)
    expect(back.weights).toEqual(weights)
    writeModel(dir, back.model, back.weights)
    expect(['model.json', 'weights.safetensors'].map((name) => readFileSync(join(dir, name), 'hex'))).toEqual(bytes)
  })

  it('are refused where the weights are not those of the network', () => {
    const { 'output/bias': _, ...less } = initialWeights(network, 1)
    writeModel(dir, model, less)
    expect(() => readModel(dir)).toThrow('weight "output/bias" is missing')
    writeModel(dir, model, { ...initialWeights(network, 1), 'x/y': { shape: [1], data: new Float32Array(1) } })
    expect(() => readModel(dir)).toThrow('weight "x/y" belongs to no layer')
    writeModel(dir, model, { ...initialWeights(network, 1), 'output/bias': { shape: [2], data: new Float32Array(2) } })
    expect(() => readModel(dir)).toThrow('weight "output/bias" is [2], model.json says [16]')
    writeFileSync(join(dir, 'model.json'), '{"format": "kpipe-model/9"}')
    expect(() => readModel(dir)).toThrow('format is "kpipe-model/9", expected "kpipe-model/1"')
    rmSync(join(dir, 'model.json'))
    expect(() => readModel(dir)).toThrow('cannot be read (ENOENT)')
  })
})

describe('shapes', () => {
  it('summarises like Keras', () => {
    expect(summarize(network)).toMatchInlineSnapshot(`
      "Network "dynamicsengine"

      Layer (kind)              Shape  Parameters  Reads
      features (input float32)  32              0
      dense_1 (dense relu)      128         4,224  features
      dropout_1 (dropout 0.1)   128             0  dense_1
      dense_2 (dense relu)      64          8,256  dropout_1
      dropout_2 (dropout 0.1)   64              0  dense_2
      output (dense sigmoid)    16          1,040  dropout_2

      Parameters: 13,520 (13,520 trainable)
      Size: 54,080 bytes as float32
      Outputs: output"
    `)
  })

  it('counts moving averages apart', () => {
    const normed = {
      ...network,
      layers: [
        ...network.layers,
        { kind: 'batch_norm', name: 'n', inputs: ['output'], epsilon: 1e-3, momentum: 0.9 } as const,
      ],
      outputs: ['n'],
    }
    expect(countParameters(normed)).toEqual({ trainable: 13520 + 32, total: 13520 + 64 })
    expect(summarize(normed)).toContain('13,584 (13,552 trainable, 32 moving averages)')
    expect(outputSpecs(normed)).toEqual([{ name: 'n', shape: [16], dtype: 'float32' }])
  })

  const x = { name: 'x', shape: [4, 6], dtype: 'float32' } as const
  const layer = (rest: object) => ({ name: 'a', inputs: ['x'], ...rest }) as never
  it.each([
    [
      'an unknown input',
      [layer({ kind: 'flatten', inputs: ['y'] })],
      'layer "a" (flatten) reads "y", which is no input and no layer before it',
    ],
    [
      'a layer used before it',
      [layer({ kind: 'add', inputs: ['b'] }), layer({ kind: 'flatten', name: 'b' })],
      'reads "b"',
    ],
    [
      'a name given twice',
      [layer({ kind: 'flatten', name: 'x' })],
      'layer "x" (flatten) has a name that is already taken',
    ],
    ['no input', [layer({ kind: 'add', inputs: [] })], 'has no input'],
    [
      'too long a kernel',
      [layer({ kind: 'conv1d', filters: 2, kernelSize: 9, stride: 1, dilation: 1, padding: 'valid' })],
      'would give the shape [-4,2] from [4,6]',
    ],
    [
      'stride with dilation',
      [layer({ kind: 'conv1d', filters: 2, kernelSize: 2, stride: 2, dilation: 2, padding: 'valid' })],
      'has both a stride and a dilation',
    ],
    ['wrong axes', [layer({ kind: 'repeat', times: 2 })], 'layer "a" (repeat) needs [features], got [4,6]'],
    [
      'heads that do not divide',
      [layer({ kind: 'causal_attention', heads: 4 })],
      'cannot split 6 features into 4 heads',
    ],
    [
      'sums of different shapes',
      [layer({ kind: 'flatten' }), layer({ kind: 'add', name: 'b', inputs: ['x', 'a'] })],
      'adds different shapes: [4,6], [24]',
    ],
    [
      'joins of different shapes',
      [layer({ kind: 'flatten' }), layer({ kind: 'concat', name: 'b', inputs: ['x', 'a'] })],
      'joins shapes that differ before the last axis',
    ],
  ])('name the layer with %s', (_, layers, message) => {
    expect(() => inferShapes({ name: 'n', inputs: [x], layers, outputs: ['a'] })).toThrow(message)
  })

  it('refuses an output that is no layer', () => {
    expect(() => inferShapes({ name: 'n', inputs: [x], layers: [], outputs: ['z'] })).toThrow(
      'network "n": output "z" is not one of its layers',
    )
  })
})
