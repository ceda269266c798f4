/** Where the arrays of a training lie: weights, gradients and slots as equal regions, kernels before biases, then the batch. */
import type { Network } from '../../network.ts'
import { inferShapes, outputSpecs, sizeOf, type WeightSpec, weightSpecs } from '../../network/shapes.ts'
import { names } from '../compile.ts'
import { dropoutSpecs } from '../dropout.ts'
import type { TrainingConfig } from '../engine.ts'
import { weightShape } from '../weights.ts'
import type { WasmMemory } from '../../lib/wasm/api.ts'
import { Arena } from '../../lib/wasm/arena.ts'
import { type Regions, slotNames } from '../wasm/optimizer.ts'

type View = Float32Array<ArrayBuffer>
type Views = Readonly<Record<string, View>>

export interface Memory {
  readonly memory: WasmMemory
  readonly regions: Regions
  /** By weight name, moving averages included. */
  readonly weights: Views
  /** All gradients. */
  readonly gradients: View
  /** New moving averages by weight name. */
  readonly updates: Views
  /** `weight:slot` → shape and view. */
  readonly slots: Readonly<Record<string, { readonly shape: readonly number[]; readonly view: View }>>
  /** By the names of the programs' inputs and outputs. */
  readonly named: Views
}

export function layOut(config: TrainingConfig): Memory {
  const specs = weightSpecs(config.network)
  const arena = new Arena('the model and its optimiser', 'use a smaller model or batch')
  const decayed = (spec: WeightSpec) => spec.shape.length >= 2
  const trainable = specs.filter((spec) => spec.trainable)
  const ordered = [...trainable.filter(decayed), ...trainable.filter((spec) => !decayed(spec))]
  const rest = specs.filter((spec) => !spec.trainable)
  const averages = movingAverages(config.network)

  const start = arena.take(0)
  const offsets = new Map(ordered.map((spec) => [spec.name, arena.take(sizeOf(spec.shape))]))
  const end = arena.take(0)
  const firstBias = ordered.find((spec) => !decayed(spec))
  const boundary = firstBias ? offsets.get(firstBias.name)! : end
  const distances = ['gradients', ...slotNames(config.optimizer.name)].map(() => arena.take((end - start) / 4) - start)
  const others = [
    ...rest.map((spec) => [names.weight(spec.name), sizeOf(spec.shape)] as const),
    ...averages.map((spec) => [names.update(spec.name), sizeOf(spec.shape)] as const),
    ...batchArrays(config),
  ].map(([name, length]) => [name, arena.take(length), length] as const)

  const region = (spec: WeightSpec, distance: number) =>
    arena.view(offsets.get(spec.name)! + distance, sizeOf(spec.shape))
  const named = {
    ...Object.fromEntries(others.map(([name, at, length]) => [name, arena.view(at, length)])),
    ...Object.fromEntries(ordered.map((spec) => [names.weight(spec.name), region(spec, 0)])),
    ...Object.fromEntries(ordered.map((spec) => [names.gradient(spec.name), region(spec, distances[0]!)])),
  }
  const slots = slotNames(config.optimizer.name).flatMap((slot, i) =>
    ordered.map(
      (spec) => [`${spec.name}:${slot}`, { shape: spec.shape, view: region(spec, distances[i + 1]!) }] as const,
    ),
  )
  return {
    memory: arena.memory,
    regions: {
      spans: [
        { from: start, to: boundary, decay: config.optimizer.weightDecay },
        { from: boundary, to: end, decay: 0 },
      ],
      gradients: distances[0]!,
      slots: distances.slice(1),
    },
    weights: Object.fromEntries(specs.map((spec) => [spec.name, named[names.weight(spec.name)]!])),
    gradients: arena.view(start + distances[0]!, (end - start) / 4),
    updates: Object.fromEntries(averages.map((spec) => [spec.name, named[names.update(spec.name)]!])),
    slots: Object.fromEntries(slots),
    named,
  }
}

/** Weights that a step moves without a gradient. */
function movingAverages(network: Network): readonly WeightSpec[] {
  return inferShapes(network).flatMap(({ layer, weights }) =>
    layer.kind === 'batch_norm' && !layer.frozen ? weights.filter((spec) => !spec.trainable) : [],
  )
}

/** Everything whose size follows the batch, by name. */
function batchArrays(config: TrainingConfig): (readonly [string, number])[] {
  const { network, batchSize, loss } = config
  const outputs = outputSpecs(network)
  const target = (shape: readonly number[]) => sizeOf(loss === 'sparse_cross_entropy' ? shape.slice(0, -1) : shape)
  return [
    ...network.inputs.map((spec, i) => [names.x(i), batchSize * sizeOf(spec.shape)] as const),
    ...outputs.map((spec, i) => [names.y(i), batchSize * target(spec.shape)] as const),
    ...outputs.map((spec, i) => [names.output(i), batchSize * sizeOf(spec.shape)] as const),
    ...dropoutSpecs(network).map((spec) => [names.mask(spec.layer), batchSize * sizeOf(spec.shape)] as const),
    [names.share, batchSize],
    [names.weights, sizeOf(weightShape(config))],
    [names.loss, 1],
  ]
}
