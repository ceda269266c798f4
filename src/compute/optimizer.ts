/**
 * Optimisers as plain loops over typed arrays, outside the tape: one pass a weight, state that can be saved, the same bits
 * everywhere. Update rules as in PyTorch (torch.optim, 2.x); weight decay touches kernels only (weights of two or more axes).
 */
import type { Weight, Weights } from '../network.ts'
import type { OptimizerConfig } from './engine.ts'

export const BETA1 = 0.9
export const BETA2 = 0.999
export const RMS_DECAY = 0.99
export const EPSILON = 1e-8

export interface Optimizer {
  /**
   * Moves every weight in place.
   * @param gradients in the order of the weights given to createOptimizer
   * @param step 1 for the first update (Adam's bias correction)
   * @returns false where a gradient is not finite: nothing was moved then
   */
  update(gradients: readonly Float32Array[], rate: number, step: number): boolean
  /** `weight:m`, `weight:v`, …: the live arrays. */
  readonly slots: Weights
}

type Rule = (weight: Float32Array, gradient: Float32Array, slots: readonly Float32Array[], at: RuleInput) => void

interface RuleInput {
  readonly rate: number
  readonly step: number
  /** Factor of every gradient, from clipping. */
  readonly scale: number
  /** 0 for biases and norms. */
  readonly decay: number
  readonly momentum: number
}

/** Per optimiser: its slots by name, and what it does to one weight. */
const rules: Record<OptimizerConfig['name'], { readonly slots: readonly string[]; readonly rule: Rule }> = {
  adam: { slots: ['m', 'v'], rule: adam(false) },
  adamw: { slots: ['m', 'v'], rule: adam(true) },
  sgd: { slots: ['momentum'], rule: sgd },
  rmsprop: { slots: ['v', 'momentum'], rule: rmsprop },
}

/** @param weights the trainable ones by name, moved in place by update() */
export function createOptimizer(config: OptimizerConfig, weights: Readonly<Record<string, Weight>>): Optimizer {
  const { slots: names, rule } = rules[config.name]
  const slots: Record<string, Weight> = {}
  const entries = Object.entries(weights).map(([name, weight]) => {
    const own = names.map((slot) => {
      const data = new Float32Array(weight.data.length)
      slots[`${name}:${slot}`] = { shape: weight.shape, data }
      return data
    })
    return { data: weight.data, own, decay: weight.shape.length >= 2 ? config.weightDecay : 0 }
  })
  return {
    slots,
    update: (gradients, rate, step) => {
      const norm = globalNorm(gradients)
      if (!Number.isFinite(norm)) return false
      const scale = config.clipNorm > 0 && norm > config.clipNorm ? config.clipNorm / norm : 1
      for (const [i, { data, own, decay }] of entries.entries()) {
        rule(data, gradients[i]!, own, { rate, step, scale, decay, momentum: config.momentum })
      }
      return true
    },
  }
}

/** Euclidean norm over all gradients together. */
export function globalNorm(gradients: readonly Float32Array[]): number {
  let sum = 0
  for (const gradient of gradients) for (let i = 0; i < gradient.length; i++) sum += gradient[i]! * gradient[i]!
  return Math.sqrt(sum)
}

/** Kingma & Ba 2015; decoupled decay: Loshchilov & Hutter 2019. */
function adam(decoupled: boolean): Rule {
  return (weight, gradient, slots, { rate, step, scale, decay }) => {
    const m = slots[0]!
    const v = slots[1]!
    const stepSize = rate / (1 - BETA1 ** step)
    const correction = 1 / Math.sqrt(1 - BETA2 ** step)
    const shrink = decoupled ? 1 - rate * decay : 1
    const l2 = decoupled ? 0 : decay
    for (let i = 0; i < weight.length; i++) {
      const w = weight[i]!
      const g = gradient[i]! * scale + l2 * w
      const mean = BETA1 * m[i]! + (1 - BETA1) * g
      const square = BETA2 * v[i]! + (1 - BETA2) * g * g
      m[i] = mean
      v[i] = square
      weight[i] = w * shrink - (stepSize * mean) / (Math.sqrt(square) * correction + EPSILON)
    }
  }
}

function sgd(
  weight: Float32Array,
  gradient: Float32Array,
  slots: readonly Float32Array[],
  { rate, step, scale, decay, momentum }: RuleInput,
): void {
  const velocity = slots[0]!
  for (let i = 0; i < weight.length; i++) {
    const g = gradient[i]! * scale + decay * weight[i]!
    const moved = step === 1 ? g : momentum * velocity[i]! + g
    velocity[i] = moved
    weight[i] = weight[i]! - rate * moved
  }
}

/** Tieleman & Hinton 2012, with PyTorch's momentum on the scaled gradient. */
function rmsprop(
  weight: Float32Array,
  gradient: Float32Array,
  slots: readonly Float32Array[],
  { rate, scale, decay, momentum }: RuleInput,
): void {
  const v = slots[0]!
  const velocity = slots[1]!
  for (let i = 0; i < weight.length; i++) {
    const g = gradient[i]! * scale + decay * weight[i]!
    const square = RMS_DECAY * v[i]! + (1 - RMS_DECAY) * g * g
    v[i] = square
    const moved = momentum * velocity[i]! + g / (Math.sqrt(square) + EPSILON)
    velocity[i] = moved
    weight[i] = weight[i]! - rate * moved
  }
}
