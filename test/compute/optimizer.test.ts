import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { OptimizerConfig } from '../../src/compute/engine.ts'
import { createOptimizer, globalNorm } from '../../src/compute/optimizer.ts'

interface Golden {
  readonly torch: string
  readonly kernel: number[]
  readonly bias: number[]
  readonly gradients: { readonly kernel: number[]; readonly bias: number[] }[]
  readonly cases: { readonly config: OptimizerConfig; readonly kernel: number[]; readonly bias: number[] }[]
}

// Made by test/golden/scripts/optimizers.py: five steps of each optimiser on given gradients.
const golden = JSON.parse(readFileSync(new URL('../golden/optimizers.json', import.meta.url), 'utf8')) as Golden

function start() {
  return {
    'd/kernel': { shape: [2, 3], data: Float32Array.from(golden.kernel) },
    'd/bias': { shape: [3], data: Float32Array.from(golden.bias) },
  }
}

describe(`optimisers against torch ${golden.torch}`, () => {
  it.each(golden.cases)(
    '$config.name, decay $config.weightDecay, momentum $config.momentum, clip $config.clipNorm',
    ({ config, kernel, bias }) => {
      const weights = start()
      const optimizer = createOptimizer(config, weights)
      for (const [i, gradient] of golden.gradients.entries()) {
        const arrays = [Float32Array.from(gradient.kernel), Float32Array.from(gradient.bias)]
        expect(optimizer.update(arrays, config.learningRate, i + 1)).toBe(true)
      }
      for (const [i, value] of kernel.entries()) expect(weights['d/kernel'].data[i]).toBeCloseTo(value, 6)
      for (const [i, value] of bias.entries()) expect(weights['d/bias'].data[i]).toBeCloseTo(value, 6)
    },
  )
})

describe('updates', () => {
  const config: OptimizerConfig = { name: 'adam', learningRate: 0.1, weightDecay: 0, momentum: 0, clipNorm: 0 }

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('a gradient of %d moves nothing', (bad) => {
    const weights = start()
    const optimizer = createOptimizer(config, weights)
    const gradients = [new Float32Array(6).fill(1), Float32Array.of(1, bad, 1)]
    expect(optimizer.update(gradients, 0.1, 1)).toBe(false)
    expect(weights).toEqual(start())
    expect(Object.values(optimizer.slots).every((slot) => slot.data.every((value) => value === 0))).toBe(true)
  })

  it('clips by the norm over all weights together', () => {
    const clipped = { ...config, name: 'sgd' as const, clipNorm: 1 }
    const weights = start()
    createOptimizer(clipped, weights).update([new Float32Array(6).fill(3), new Float32Array(3).fill(4)], 1, 1)
    const moved = Object.entries(start()).map(([name, { data }]) =>
      data.map((value, i) => value - weights[name as keyof typeof weights].data[i]!),
    )
    expect(globalNorm(moved)).toBeCloseTo(1, 6)
    expect(moved[1]![0]! / moved[0]![0]!).toBeCloseTo(4 / 3, 5)
  })

  it('names its slots after weight and role', () => {
    expect(Object.keys(createOptimizer(config, start()).slots)).toEqual([
      'd/kernel:m',
      'd/kernel:v',
      'd/bias:m',
      'd/bias:v',
    ])
  })
})
