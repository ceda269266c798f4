/**
 * The optimisers of ../optimizer.ts as nodes of a TensorFlow graph that move variables, behind a switch: where the loss or a
 * gradient is not finite none of them runs. TensorFlow's own fused update is used where its formula is ours.
 */
import type { TensorFlowBuilder } from '../../lib/tensorflow.ts'
import type { OptimizerConfig } from '../engine.ts'

const BETA1 = 0.9
const BETA2 = 0.999
const RMS_DECAY = 0.99
const EPSILON = 1e-8
const FLOAT = { T: { type: 'float32' } } as const

/** A weight with what moves it. */
export interface Moving {
  readonly handle: string
  /** Its value before the update. */
  readonly value: string
  /** Handles, in the order of slotNames. */
  readonly slots: readonly string[]
  readonly gradient: string
  /** Of two or more axes. */
  readonly kernel: boolean
}

/** Numbers that change from step to step, by the names of their placeholders. */
export type Scalars = Readonly<Record<'rate' | 'epsilon' | 'shrink', number>>

/** What `rate`, `epsilon` and `shrink` are fed with: Adam's corrections of step `step` are in them. */
export function scalarsOf({ name, weightDecay }: OptimizerConfig, rate: number, step: number): Scalars {
  const shrink = 1 - rate * weightDecay
  if (name !== 'adam' && name !== 'adamw') return { rate, epsilon: EPSILON, shrink }
  const correction = Math.sqrt(1 - BETA2 ** step)
  return { rate: (rate * correction) / (1 - BETA1 ** step), epsilon: EPSILON * correction, shrink }
}

interface Update {
  readonly config: OptimizerConfig
  readonly weights: readonly Moving[]
  readonly loss: string
  /** Handle and new value of variables that move without a gradient. */
  readonly averages: readonly (readonly [handle: string, value: string])[]
  readonly scalars: Readonly<Record<keyof Scalars, string>>
}

/** @returns the loss, known when everything has moved; NaN where nothing did */
export function addUpdate(b: TensorFlowBuilder, { config, weights, loss, averages, scalars }: Update): string {
  // Half the square of the norm. Beyond 1.8e19 a norm is infinite in single precision and counts as such.
  const halves = weights.map(({ gradient }) => b.op('L2Loss', [gradient], FLOAT))
  const half = halves.length > 0 ? b.op('AddN', halves, { ...FLOAT, N: halves.length }) : b.scalar(0)
  const finite = b.op('LogicalAnd', [b.op('IsFinite', [half], FLOAT), b.op('IsFinite', [loss], FLOAT)])
  const scale = config.clipNorm > 0 ? clipping(b, half, config.clipNorm) : undefined
  const rule = rules[config.name]

  const moved = weights.flatMap((weight) => {
    const gradient = onlyIf(b, finite, scale ? b.op('Mul', [weight.gradient, scale], FLOAT) : weight.gradient)
    return rule(b, { ...weight, gradient }, config, scalars)
  })
  const blended = averages.map(([handle, value]) => assign(b, handle, onlyIf(b, finite, value)))
  const [refused, taken] = b.many('Switch', [loss, finite], 2, FLOAT)
  const after = [...moved, ...blended]
  const done = b.op('Identity', [taken!], FLOAT, after)
  return b.op('Merge', [b.op('Mul', [refused!, b.scalar(Number.NaN)], FLOAT), done], { ...FLOAT, N: 2 })
}

/** AssignVariableOp. @returns its node, to wait for */
export function assign(b: TensorFlowBuilder, handle: string, value: string, after: readonly string[] = []): string {
  return b.op('AssignVariableOp', [handle, value], { dtype: { type: 'float32' } }, after)
}

export function read(b: TensorFlowBuilder, handle: string): string {
  return b.op('ReadVariableOp', [handle], { dtype: { type: 'float32' } })
}

/** The value; where the condition is false it and all that waits for it do not run. */
function onlyIf(b: TensorFlowBuilder, condition: string, value: string): string {
  const [, taken] = b.many('Switch', [value, condition], 2, FLOAT)
  // A node of its own, because waiting for the switch would not be waiting for this branch of it.
  return b.op('Identity', [taken!], FLOAT)
}

function clipping(b: TensorFlowBuilder, half: string, largest: number): string {
  const norm = b.op('Sqrt', [b.op('Mul', [half, b.scalar(2)], FLOAT)], FLOAT)
  const tooLong = b.op('Greater', [norm, b.scalar(largest)], FLOAT)
  return b.op('SelectV2', [tooLong, b.op('RealDiv', [b.scalar(largest), norm], FLOAT), b.scalar(1)], FLOAT)
}

/** @returns the nodes to wait for */
type Rule = (b: TensorFlowBuilder, at: Moving, config: OptimizerConfig, scalars: Update['scalars']) => readonly string[]

const rules: Record<OptimizerConfig['name'], Rule> = {
  adam: (b, at, config, scalars) => [applyAdam(b, at, decayed(b, at, config), scalars)],
  adamw: (b, at, { weightDecay }, scalars) => {
    if (!at.kernel || weightDecay === 0) return [applyAdam(b, at, at.gradient, scalars)]
    const shrunk = assign(b, at.handle, b.op('Mul', [at.value, scalars.shrink], FLOAT), [at.gradient])
    return [applyAdam(b, at, at.gradient, scalars, [shrunk])]
  },
  sgd: (b, at, config, { rate }) => [
    b.op(
      'ResourceApplyMomentum',
      [at.handle, at.slots[0]!, rate, decayed(b, at, config), b.scalar(config.momentum)],
      FLOAT,
    ),
  ],
  // TensorFlow's own has the epsilon under the root and the rate in the momentum.
  rmsprop: (b, at, config, { rate }) => {
    const [v, velocity] = at.slots as [string, string]
    const gradient = decayed(b, at, config)
    const by = (value: string, factor: number) => b.op('Mul', [value, b.scalar(factor)], FLOAT)
    const sum = (x: string, y: string) => b.op('AddV2', [x, y], FLOAT)
    const square = sum(by(read(b, v), RMS_DECAY), by(b.op('Square', [gradient], FLOAT), 1 - RMS_DECAY))
    const scaled = b.op('RealDiv', [gradient, sum(b.op('Sqrt', [square], FLOAT), b.scalar(EPSILON))], FLOAT)
    const moved = sum(by(read(b, velocity), config.momentum), scaled)
    const weight = b.op('Sub', [at.value, b.op('Mul', [moved, rate], FLOAT)], FLOAT)
    return [assign(b, v, square), assign(b, velocity, moved), assign(b, at.handle, weight)]
  },
}

/** The gradient with the pull of weight decay. */
function decayed(b: TensorFlowBuilder, at: Moving, { weightDecay }: OptimizerConfig): string {
  if (!at.kernel || weightDecay === 0) return at.gradient
  return b.op('AddV2', [at.gradient, b.op('Mul', [at.value, b.scalar(weightDecay)], FLOAT)], FLOAT)
}

/** The powers of the betas are in the rate and epsilon that are fed: with 0 in their place the formula is PyTorch's. */
function applyAdam(
  b: TensorFlowBuilder,
  at: Moving,
  gradient: string,
  { rate, epsilon }: Update['scalars'],
  after: readonly string[] = [],
): string {
  const zero = b.scalar(0)
  const [m, v] = at.slots as [string, string]
  const inputs = [at.handle, m, v, zero, zero, rate, b.scalar(BETA1), b.scalar(BETA2), epsilon, gradient]
  return b.op('ResourceApplyAdam', inputs, FLOAT, after)
}
