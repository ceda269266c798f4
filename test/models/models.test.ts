import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { Ajv } from 'ajv'
import {
  buildNetwork,
  configSchema,
  initialWeights,
  modelDefaults,
  optionSchema,
  startAtMean,
} from '../../src/models/index.ts'
import type { Activation, Network } from '../../src/network.ts'
import { forward } from '../../src/network/forward.ts'
import { countParameters } from '../../src/network/shapes.ts'

const ajv = new Ajv({ strict: true, allErrors: true })

describe('the five Kelly models', () => {
  it('have the documented sizes, losses, latency targets and training defaults', () => {
    const rows = Object.entries(modelDefaults).map(([name, c]) => {
      const sizes = [c.input_size, ...c.hidden_layers, c.output_size].join('-')
      return [
        name,
        c.model_id,
        sizes,
        c.loss,
        c.output_activation,
        c.latency_target_ms,
        countParameters(buildNetwork(c)).total,
      ]
    })
    expect(rows).toEqual([
      ['emotion_recognizer', 'emotionrecognizer', '128-512-256-128-64', 'mse', expect.any(String), 5, 238528],
      ['melody_transformer', 'melodytransformer', '64-256-256-256-128', 'bce', 'sigmoid', 5, 181120],
      ['harmony_predictor', 'harmonypredictor', '128-256-128-64', 'kl', 'softmax', 3, 74176],
      ['dynamics_engine', 'dynamicsengine', '32-128-64-16', 'mse', expect.any(String), 1, 13520],
      ['groove_predictor', 'groovepredictor', '64-128-64-32', 'mse', expect.any(String), 2, 18656],
    ])
    for (const config of Object.values(modelDefaults)) {
      expect(config).toMatchObject({
        epochs: 50,
        batch_size: 64,
        val_split: 0.2,
        learning_rate: 0.001,
        optimizer: 'adam',
        seed: 42,
      })
      expect(ajv.validate(configSchema, config), ajv.errorsText()).toBe(true)
    }
  })

  it('put dropout after every hidden layer, none after the last', () => {
    const network = buildNetwork({ ...modelDefaults['groove_predictor']!, dropout: 0.2 })
    expect(network.layers.map((layer) => layer.name)).toEqual([
      'dense_1',
      'dropout_1',
      'dense_2',
      'dropout_2',
      'output',
    ])
    expect(countParameters(network)).toEqual(countParameters(buildNetwork(modelDefaults['groove_predictor']!)))
  })

  it('an unknown architecture is refused by name', () => {
    const config = { ...modelDefaults['groove_predictor']!, architecture_type: 'cnm' }
    expect(() => buildNetwork(config)).toThrow('there is no architecture_type "cnm"')
  })
})

describe('configs/*.yaml', () => {
  const folder = new URL('../../configs/', import.meta.url)
  it.each(Object.keys(modelDefaults))('%s is a diff against the defaults, with a reason on each line', (name) => {
    const text = readFileSync(new URL(`${name}.yaml`, folder), 'utf8')
    const config = parse(text) as Record<string, unknown>
    expect(ajv.validate(configSchema, config), ajv.errorsText()).toBe(true)
    const defaults = modelDefaults[name] as unknown as Record<string, unknown>
    for (const [key, value] of Object.entries(config)) expect([key, value]).not.toEqual([key, defaults[key]])
    for (const line of text.trim().split('\n')) expect(line).toMatch(/^#|^\w+: \S+ # .{20}/)
  })
})

describe('option schemas', () => {
  it('the config schema describes every key and has no default that could hide a model’s', () => {
    const properties = configSchema['properties'] as Record<string, Record<string, unknown>>
    for (const [name, property] of Object.entries(properties)) {
      expect([name, typeof property['description'], 'default' in property]).toEqual([name, 'string', false])
    }
    expect(ajv.validate(configSchema, { epochs: 0 })).toBe(false)
    expect(ajv.validate(configSchema, { epoch: 5 })).toBe(false)
  })

  it('a kind gets its share with defaults that its own schema accepts', () => {
    const schema = optionSchema(['epochs', 'loss', 'model_id'], ['model_id'])
    expect(Object.keys(schema['properties'] as object)).toEqual(['epochs', 'loss', 'model_id'])
    const filled: Record<string, unknown> = { model_id: 'x' }
    expect(new Ajv({ useDefaults: true }).validate(schema, filled)).toBe(true)
    expect(filled).toEqual({ model_id: 'x', epochs: 50, loss: 'mse' })
    expect(() => optionSchema(['epoch'])).toThrow('there is no option "epoch"')
  })
})

describe('first weights', () => {
  const lstm: Network = {
    name: 'l',
    inputs: [{ name: 'x', shape: [3, 4], dtype: 'float32' }],
    layers: [{ kind: 'lstm', name: 'l', inputs: ['x'], units: 5, returnSequences: false }],
    outputs: ['l'],
  }

  it('are the same for one seed, others for another, and do not depend on other layers', () => {
    const config = modelDefaults['groove_predictor']!
    const weights = initialWeights(buildNetwork(config), 1)
    expect(initialWeights(buildNetwork(config), 1)).toEqual(weights)
    expect(initialWeights(buildNetwork(config), 2)['dense_1/kernel']).not.toEqual(weights['dense_1/kernel'])
    expect(initialWeights(buildNetwork({ ...config, hidden_layers: [128, 99] }), 1)['dense_1/kernel']).toEqual(
      weights['dense_1/kernel'],
    )
  })

  it('lie within the limits of He before relu and Glorot elsewhere', () => {
    const weights = initialWeights(buildNetwork(modelDefaults['groove_predictor']!), 1)
    const spread = (name: string) => Math.max(...weights[name]!.data.map(Math.abs))
    for (const [name, limit] of [
      ['dense_1/kernel', Math.sqrt(6 / 64)],
      ['output/kernel', Math.sqrt(6 / (64 + 32))],
    ] as const) {
      expect(spread(name)).toBeLessThanOrEqual(limit)
      expect(spread(name)).toBeGreaterThan(0.99 * limit)
    }
    expect([...weights['dense_1/bias']!.data].every((value) => value === 0)).toBe(true)
  })

  it('of an LSTM: orthonormal recurrent rows and a forget bias of 1', () => {
    const weights = initialWeights(lstm, 1)
    const kernel = weights['l/recurrent_kernel']!.data
    for (let a = 0; a < 5; a++) {
      for (let b = 0; b < 5; b++) {
        let sum = 0
        for (let i = 0; i < 20; i++) sum += kernel[a * 20 + i]! * kernel[b * 20 + i]!
        expect(sum).toBeCloseTo(a === b ? 1 : 0, 6)
      }
    }
    expect([...weights['l/bias']!.data]).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
  })

  it.each([
    ['linear', [-2, 0.5, 3]],
    ['sigmoid', [0.01, 0.5, 0.9]],
    ['tanh', [-0.5, 0, 0.5]],
    ['softmax', [0.2, 0.7, 0.1]],
    ['elu', [-0.5, 0, 2]],
    ['relu', [0.1, 1, 2]],
    ['leaky_relu', [-0.5, 0, 2]],
    ['selu', [-0.5, 0, 2]],
    ['softplus', [0.1, 1, 2]],
  ] as [Activation, number[]][])('start at the mean of the targets after %s', (activation, means) => {
    const network = buildNetwork({
      ...modelDefaults['groove_predictor']!,
      output_size: 3,
      output_activation: activation,
    })
    const weights = startAtMean(network, initialWeights(network, 1), [Float32Array.from(means)])
    const predicted = forward(network, weights, [new Float32Array(64)], 1)[0]!
    for (const [i, mean] of means.entries()) expect(predicted[i]).toBeCloseTo(mean, 4)
  })

  it('start where they are when there is no output bias to set', () => {
    const weights = initialWeights(lstm, 1)
    expect(startAtMean(lstm, weights, [new Float32Array(5)])).toEqual(weights)
  })
})
