// Our side of the bench `train`, on the engine named: reads a case's name a line, trains it for one round, answers
// { ms, mb }; to `available`, { missing }.
// The Kelly models run through the product's own loop (src/train/fit.ts), the others step by step, as the peer does.
import { createInterface } from 'node:readline'
import type { Batch, Engine, LossName, Trainer } from '../src/compute/engine.ts'
import { engines } from '../src/compute/engines/index.ts'
import { random } from '../src/lib/random.ts'
import { buildNetwork, initialWeights, modelDefaults } from '../src/models/index.ts'
import type { Layer, Network } from '../src/network.ts'
import { outputSpecs, sizeOf } from '../src/network/shapes.ts'
import { fit } from '../src/train/fit.ts'

interface Case {
  readonly network: Network
  readonly loss: LossName
  readonly batchSize: number
  readonly steps: number
  /** The last value of sparse targets, or of ids. */
  readonly classes?: number
  readonly epoch?: boolean
}

const kelly = Object.entries(modelDefaults).map(([name, defaults]): [string, Case] => [
  name,
  { network: buildNetwork(defaults), loss: defaults.loss, batchSize: 64, steps: 100, epoch: true },
])
const cases: Record<string, Case> = {
  ...Object.fromEntries(kelly),
  'chord LSTM': { network: chordLstm(), loss: 'sparse_cross_entropy', batchSize: 32, steps: 8, classes: 279 },
  'GPT-2 blocks, context 256': {
    network: gpt2(256),
    loss: 'sparse_cross_entropy',
    batchSize: 2,
    steps: 2,
    classes: 512,
  },
  'GPT-2 blocks, context 512': {
    network: gpt2(512),
    loss: 'sparse_cross_entropy',
    batchSize: 2,
    steps: 1,
    classes: 512,
  },
  'emotion CNN': { network: emotionCnn(), loss: 'mse', batchSize: 16, steps: 6 },
}

const engine: Engine = engines[process.argv[2] as keyof typeof engines]
const ready = new Map<string, () => Promise<number>>()
for await (const name of createInterface({ input: process.stdin })) {
  if (name === 'available') {
    console.log(JSON.stringify({ missing: await engine.available() }))
    continue
  }
  if (!ready.has(name)) ready.set(name, await prepare(cases[name]!))
  const ms = await ready.get(name)!()
  console.log(JSON.stringify({ ms, mb: process.resourceUsage().maxRSS / 1024 }))
}

/** @returns one round: its milliseconds */
async function prepare(one: Case): Promise<() => Promise<number>> {
  const { network, loss, batchSize } = one
  const optimizer = { name: 'adam', learningRate: 1e-3, weightDecay: 0, momentum: 0, clipNorm: 0 } as const
  const trainer = await engine.create({ network, loss, optimizer, batchSize, seed: 1 }, initialWeights(network, 1))
  const round = one.epoch ? wholeEpochs(trainer, one) : bareSteps(trainer, one)
  await round()
  return async () => {
    const start = performance.now()
    await round()
    return performance.now() - start
  }
}

/** A training of one epoch over 100 batches, shuffled and put together by the product. */
function wholeEpochs(trainer: Trainer, { network, loss, batchSize, steps }: Case): () => Promise<unknown> {
  const rows = batchSize * steps
  const [xSize, ySize] = [sizeOf(network.inputs[0]!.shape), sizeOf(outputSpecs(network)[0]!.shape)]
  const rng = random('data')
  const fill = (size: number) => new Float32Array(rows * size).map(() => rng.next())
  const y = fill(ySize)
  if (loss === 'kl') normalize(y, ySize)
  const ids = Array.from({ length: rows }, (_, i) => `${i}`)
  const data = { x: fill(xSize), y, xSize, ySize, ids }
  const schedule = { name: 'constant', warmupEpochs: 0, stepEpochs: 1, stepFactor: 1 } as const
  return () =>
    fit({
      trainer,
      data,
      train: ids.map(Number),
      validation: [],
      options: { loss, epochs: 1, batchSize, seed: 1, learningRate: 1e-3, schedule, restoreBest: false },
      callbacks: () => [],
      checkpoints: null,
      identity: 'bench',
      signal: new AbortController().signal,
      onEpoch: () => {},
      log: () => {},
    })
}

function bareSteps(trainer: Trainer, { network, batchSize, steps, classes = 0 }: Case): () => Promise<void> {
  const rng = random('data')
  const spec = network.inputs[0]!
  const output = outputSpecs(network)[0]!.shape
  const x = new Float32Array(batchSize * sizeOf(spec.shape)).map(() =>
    spec.dtype === 'int32' ? rng.below(classes) : rng.next(),
  )
  const y = classes
    ? new Float32Array(batchSize * sizeOf(output.slice(0, -1))).map(() => rng.below(classes))
    : new Float32Array(batchSize * sizeOf(output)).map(() => rng.next())
  const batch: Batch = { x: [x], y: [y], count: batchSize }
  return async () => {
    for (let i = 0; i < steps; i++) await trainer.step(batch)
  }
}

function normalize(values: Float32Array, size: number): void {
  for (let row = 0; row < values.length; row += size) {
    const sum = values.subarray(row, row + size).reduce((a, b) => a + b)
    for (let i = row; i < row + size; i++) values[i] = values[i]! / sum
  }
}

function chordLstm(): Network {
  return {
    name: 'chord',
    inputs: [{ name: 'x', shape: [12, 128], dtype: 'float32' }],
    layers: [
      { kind: 'lstm', name: 'one', inputs: ['x'], units: 256, returnSequences: true },
      { kind: 'lstm', name: 'two', inputs: ['one'], units: 256, returnSequences: false },
      { kind: 'dense', name: 'out', inputs: ['two'], units: 279, activation: 'softmax', useBias: true },
    ],
    outputs: ['out'],
  }
}

/** Two blocks, 512 wide, 8 heads, 512 tokens. */
function gpt2(context: number): Network {
  const layers: Layer[] = [{ kind: 'embedding', name: 'tokens', inputs: ['x'], vocabulary: 512, dimensions: 512 }]
  let from = 'tokens'
  for (const block of ['a', 'b']) {
    const name = (part: string) => `${block}_${part}`
    const dense = { kind: 'dense', useBias: true } as const
    layers.push(
      { kind: 'layer_norm', name: name('norm1'), inputs: [from], epsilon: 1e-5 },
      { kind: 'causal_attention', name: name('attention'), inputs: [name('norm1')], heads: 8 },
      { kind: 'add', name: name('sum1'), inputs: [from, name('attention')] },
      { kind: 'layer_norm', name: name('norm2'), inputs: [name('sum1')], epsilon: 1e-5 },
      { ...dense, name: name('up'), inputs: [name('norm2')], units: 2048, activation: 'gelu' },
      { ...dense, name: name('down'), inputs: [name('up')], units: 512, activation: 'linear' },
      { kind: 'add', name: name('sum2'), inputs: [name('sum1'), name('down')] },
    )
    from = name('sum2')
  }
  layers.push(
    { kind: 'layer_norm', name: 'norm', inputs: [from], epsilon: 1e-5 },
    { kind: 'dense', name: 'head', inputs: ['norm'], units: 512, activation: 'softmax', useBias: false },
  )
  return { name: 'gpt2', inputs: [{ name: 'x', shape: [context], dtype: 'int32' }], layers, outputs: ['head'] }
}

/** 128 mel bands x 64 frames (2 s), three convolutions with pooling, the 64 numbers of the emotion grid. */
function emotionCnn(): Network {
  const layers: Layer[] = []
  let from = 'x'
  for (const [i, filters] of [16, 32, 64].entries()) {
    const [conv, pool] = [`conv_${i}`, `pool_${i}`]
    layers.push(
      {
        kind: 'conv2d',
        name: conv,
        inputs: [from],
        filters,
        kernelSize: [3, 3],
        strides: [1, 1],
        padding: 'same',
        activation: 'relu',
        useBias: true,
      },
      { kind: 'max_pool2d', name: pool, inputs: [conv], poolSize: [2, 2], strides: [2, 2], padding: 'valid' },
    )
    from = pool
  }
  layers.push(
    { kind: 'global_avg_pool', name: 'average', inputs: [from] },
    { kind: 'dense', name: 'out', inputs: ['average'], units: 64, activation: 'linear', useBias: true },
  )
  return { name: 'cnn', inputs: [{ name: 'x', shape: [128, 64, 1], dtype: 'float32' }], layers, outputs: ['out'] }
}
