/** The program that train-kill.test.ts kills: trains a small model with a checkpoint each second epoch, prints its weights' hash. */
import { eager } from '../../src/compute/engines/eager.ts'
import { sha256 } from '../../src/lib/files.ts'
import { random } from '../../src/lib/random.ts'
import { buildNetwork, initialWeights, modelDefaults } from '../../src/models/index.ts'
import { writeSafetensors } from '../../src/network/safetensors.ts'
import { createCallback } from '../../src/train/callbacks.ts'
import { fit } from '../../src/train/fit.ts'

const checkpoints = process.argv[2] || null
const config = { ...modelDefaults['harmony_predictor']!, dropout: 0.2 }
const network = buildNetwork(config)
const rng = random('killed')
const rows = 300
const x = new Float32Array(rows * config.input_size).map(() => rng.next())
const y = new Float32Array(rows * config.output_size)
for (let row = 0; row < rows; row++) y[row * config.output_size + rng.below(config.output_size)] = 1
const optimizer = { name: 'adam', learningRate: 0.001, weightDecay: 0, momentum: 0.9, clipNorm: 0 } as const
const trainer = await eager.create(
  { network, loss: config.loss, optimizer, batchSize: 32, seed: 1 },
  initialWeights(network, 1),
)
const result = await fit({
  trainer,
  data: {
    x,
    y,
    xSize: config.input_size,
    ySize: config.output_size,
    ids: Array.from({ length: rows }, (_, i) => `${i}`),
  },
  train: Array.from({ length: 250 }, (_, i) => i),
  validation: Array.from({ length: 50 }, (_, i) => 250 + i),
  options: {
    loss: config.loss,
    epochs: 24,
    batchSize: 32,
    seed: 1,
    learningRate: 0.001,
    schedule: { name: 'cosine', warmupEpochs: 2, stepEpochs: 1, stepFactor: 1 },
    restoreBest: false,
  },
  callbacks: () => [createCallback({ name: 'ModelCheckpoint', every: 2 }, { out: (name) => name })],
  checkpoints,
  identity: 'killed',
  signal: new AbortController().signal,
  onEpoch: ({ epoch }) => void process.stdout.write(`epoch ${epoch}\n`),
  log: () => {},
})
process.stdout.write(`weights ${sha256(writeSafetensors(result.weights))}\n`)
