/**
 * The graph of a training for TensorFlow: weights and optimiser slots as variables, and what can be asked for over them (a
 * step, parts of an accumulated one, the loss, the outputs, the state). One graph, because variables belong to a session.
 */
import { outputSpecs, type WeightSpec, weightSpecs } from '../../network/shapes.ts'
import { TensorFlowBuilder } from '../../lib/tensorflow.ts'
import { lossProgram, names, predictProgram, stepProgram } from '../compile.ts'
import type { TrainingConfig } from '../engine.ts'
import { addToGraph } from '../graphdef.ts'
import type { Program, ValueType } from '../ir.ts'
import { productWork } from '../passes.ts'
import type { Tf } from '../tfjs.ts'
import { slotNames } from '../wasm/optimizer.ts'
import { addUpdate, assign, read, type Scalars } from './tensorflow-update.ts'

/** A placeholder. */
export interface Feed {
  readonly value: string
  readonly shape: readonly number[]
}

export interface Stored {
  readonly shape: readonly number[]
  /** Fetched for its value. */
  readonly value: string
  /** Fed to set it, where `set` of the graph is fetched. */
  readonly feed: Feed
}

export interface TrainingGraph {
  /** saved_model.pb */
  readonly model: Uint8Array
  /** Multiplications of one step. */
  readonly work: number
  /** By the names of the programs' inputs, and those of the scalars. */
  readonly feeds: Readonly<Record<string, Feed>>
  readonly weights: Readonly<Record<string, Stored>>
  /** `weight:slot` */
  readonly slots: Readonly<Record<string, Stored>>
  /** Names of weights that a step moves without a gradient. */
  readonly averages: readonly string[]
  /** What to fetch. `step` and `apply` are the loss, NaN where nothing moved; the others are done when they are there. */
  readonly fetch: Readonly<Record<'step' | 'clear' | 'part' | 'apply' | 'loss' | 'set', string>> & {
    readonly outputs: readonly string[]
  }
}

/** Scalars of the update; the share of a part in an accumulated step, and that step's loss. */
export type ScalarName = keyof Scalars | 'weight' | 'total'
const scalarNames: readonly ScalarName[] = ['rate', 'epsilon', 'shrink', 'weight', 'total']

export function trainingGraph(tf: Tf, config: TrainingConfig): TrainingGraph {
  const b = new TensorFlowBuilder()
  const { network, optimizer } = config
  const specs = weightSpecs(network)
  const trainable = specs.filter((spec) => spec.trainable)
  const weights = variables(
    b,
    specs.map((spec) => [spec.name, spec.shape] as const),
  )
  const slots = variables(
    b,
    trainable.flatMap(({ name, shape }) =>
      slotNames(optimizer.name).map((slot) => [`${name}:${slot}`, shape] as const),
    ),
  )
  const feeds: Record<string, Feed> = {}
  for (const name of scalarNames) feeds[name] = { value: b.placeholder('float32', []), shape: [] }
  const values = new Map(specs.map(({ name }) => [names.weight(name), weights[name]!.value]))
  const given = (name: string, { shape, dtype }: ValueType) =>
    values.get(name) ?? (feeds[name] ??= { value: b.placeholder(dtype, shape), shape }).value

  const program = stepProgram(tf, config)
  const step = addToGraph(program, b, given)
  const moving = movingParts(b, config, { program, step, weights, slots, trainable, feeds })
  const everything = [...Object.values(weights), ...Object.values(slots)]
  const predicted = addToGraph(predictProgram(tf, config), b, given)
  return {
    fetch: {
      ...moving.fetch,
      loss: addToGraph(lossProgram(tf, config), b, given)[names.loss]!,
      set: done(
        b,
        everything.map(({ handle, feed }) => assign(b, handle, feed.value)),
      ),
      outputs: outputSpecs(network).map((_, i) => predicted[names.output(i)]!),
    },
    averages: moving.averages,
    work: productWork(program),
    feeds,
    weights,
    slots,
    model: b.encode(),
  }
}

interface Variable extends Stored {
  readonly handle: string
}

function variables(
  b: TensorFlowBuilder,
  entries: readonly (readonly [name: string, shape: readonly number[]])[],
): Readonly<Record<string, Variable>> {
  return Object.fromEntries(
    entries.map(([name, shape]) => {
      const handle = b.variable(shape)
      return [name, { handle, shape, value: read(b, handle), feed: { value: b.placeholder('float32', shape), shape } }]
    }),
  )
}

interface Parts {
  readonly program: Program
  /** Outputs of the program by name. */
  readonly step: Readonly<Record<string, string>>
  readonly weights: Readonly<Record<string, Variable>>
  readonly slots: Readonly<Record<string, Variable>>
  readonly trainable: readonly WeightSpec[]
  readonly feeds: Readonly<Record<string, Feed>>
}

/** The step, and the same in parts: gradients summed in variables of their own, then one update by the sums. */
function movingParts(
  b: TensorFlowBuilder,
  { optimizer, network }: TrainingConfig,
  { step, weights, slots, trainable, feeds }: Parts,
): { fetch: Record<'step' | 'clear' | 'part' | 'apply', string>; averages: readonly string[] } {
  const averages = weightSpecs(network).flatMap(({ name }) => (step[names.update(name)] ? [name] : []))
  const blended = averages.map((name) => [weights[name]!.handle, step[names.update(name)]!] as const)
  const sums = trainable.map(({ shape }) => ({ shape, handle: b.variable(shape) }))
  const update = (loss: string, gradientOf: (i: number) => string, moved: typeof blended) =>
    addUpdate(b, {
      config: optimizer,
      weights: trainable.map(({ name, shape }, i) => ({
        handle: weights[name]!.handle,
        value: weights[name]!.value,
        slots: slotNames(optimizer.name).map((slot) => slots[`${name}:${slot}`]!.handle),
        gradient: gradientOf(i),
        kernel: shape.length >= 2,
      })),
      loss,
      averages: moved,
      scalars: { rate: feeds['rate']!.value, epsilon: feeds['epsilon']!.value, shrink: feeds['shrink']!.value },
    })
  const loss = step[names.loss]!
  const gradient = (i: number) => step[names.gradient(trainable[i]!.name)]!
  const float = { T: { type: 'float32' } } as const
  const added = sums.map(({ handle }, i) => {
    const part = b.op('Mul', [gradient(i), feeds['weight']!.value], float)
    return b.op('AssignAddVariableOp', [handle, part], { dtype: { type: 'float32' } })
  })
  return {
    averages,
    fetch: {
      step: update(loss, gradient, blended),
      clear: done(
        b,
        sums.map(({ handle, shape }) => assign(b, handle, b.fill(0, shape))),
      ),
      part: b.op('Identity', [loss], float, [...added, ...blended.map(([handle, value]) => assign(b, handle, value))]),
      apply: update(feeds['total']!.value, (i) => read(b, sums[i]!.handle), []),
    },
  }
}

/** Something to fetch that is there when the nodes have run. */
function done(b: TensorFlowBuilder, after: readonly string[]): string {
  return b.op('Identity', [b.scalar(0)], { T: { type: 'float32' } }, after)
}
