// Our side of the bench `inference`: reads a model's name a line, answers the latency of single samples through the product's
// prediction path (src/network/forward.ts), and once writes the model as ONNX for the peers.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { OnnxBuilder } from '../src/lib/onnx.ts'
import { random } from '../src/lib/random.ts'
import { buildNetwork, initialWeights, modelDefaults } from '../src/models/index.ts'
import type { Network, Weights } from '../src/network.ts'
import { type ForwardPass, prepareForward } from '../src/network/forward.ts'

const folder = process.argv[2]!
const CALLS = 3000
const passes = new Map<string, { pass: ForwardPass; size: number }>()

for await (const name of createInterface({ input: process.stdin })) {
  if (!passes.has(name)) passes.set(name, prepare(name))
  const { pass, size } = passes.get(name)!
  const rng = random('x')
  const x = new Float32Array(size).map(() => rng.next())
  const times: number[] = []
  for (let i = 0; i < CALLS; i++) {
    const start = performance.now()
    pass([x])
    times.push(performance.now() - start)
  }
  times.sort((a, b) => a - b)
  console.log(JSON.stringify({ p99: times[Math.floor(CALLS * 0.99)], median: times[CALLS / 2] }))
}

function prepare(name: string): { pass: ForwardPass; size: number } {
  const config = modelDefaults[name]!
  const network = buildNetwork(config)
  const weights = initialWeights(network, 1)
  writeFileSync(join(folder, `${name}.onnx`), denseOnnx(network, weights))
  const pass = prepareForward(network, weights, 1)
  const warm = new Float32Array(config.input_size)
  for (let i = 0; i < CALLS; i++) pass([warm])
  return { pass, size: config.input_size }
}

/** The dense layers with their activations, batch 1. */
function denseOnnx(network: Network, weights: Weights): Uint8Array {
  const builder = new OnnxBuilder()
  const [input] = network.inputs
  let value = builder.input({ name: 'x', type: 'float32', shape: [1, ...input!.shape] })
  let units = 0
  for (const layer of network.layers) {
    if (layer.kind !== 'dense') continue
    const [kernel, bias] = [weights[`${layer.name}/kernel`]!, weights[`${layer.name}/bias`]!]
    value = builder.op('Gemm', [
      value,
      builder.tensor(kernel.data, kernel.shape),
      builder.tensor(bias.data, bias.shape),
    ])
    if (layer.activation === 'relu') value = builder.op('Relu', [value])
    if (layer.activation === 'sigmoid') value = builder.op('Sigmoid', [value])
    if (layer.activation === 'softmax') value = builder.op('Softmax', [value], { axis: 1 })
    units = layer.units
  }
  builder.output({ name: 'y', type: 'float32', shape: [1, units] }, value)
  return builder.encode(network.name)
}
