/** Named pools: what fits beside what, and that nothing starves for wanting more than there is. */
import { availableParallelism, totalmem } from 'node:os'
import { expect, test } from 'vitest'
import { ALL_CORES, type Plan, type StagePlan } from '../../src/plan.ts'
import { coresOf, poolSizes, ResourcePools } from '../../src/run/resources.ts'

const stage = (resources: Record<string, number>) => ({ resources }) as unknown as StagePlan
const plan = (pools: Record<string, number>) => ({ pools }) as unknown as Plan

test('sizes: --jobs over the pipeline over the machine', () => {
  expect(poolSizes(plan({}), 0)).toEqual({ cpu: availableParallelism(), memory: totalmem() })
  expect(poolSizes(plan({ cpu: 3, gpu: 1, memory: 5 }), 0)).toEqual({ cpu: 3, gpu: 1, memory: 5 })
  expect(poolSizes(plan({ cpu: 3 }), 7)['cpu']).toBe(7)
})

test('a stage is told the cores it takes, at least one and no more than there are', () => {
  const told = (cpu: number, jobs = 0, pool = 4) => coresOf(plan({ cpu: pool }), jobs, stage({ cpu }))
  expect([told(1), told(3), told(ALL_CORES)]).toEqual([1, 3, 4])
  expect([told(ALL_CORES, 2), told(0), told(2.5)]).toEqual([2, 1, 2])
})

test('two stages that take all cores run one after the other', () => {
  const pools = new ResourcePools({ cpu: 4 })
  pools.take(stage({ cpu: ALL_CORES }))
  expect(pools.fits(stage({ cpu: ALL_CORES }))).toBe(false)
  expect(pools.fits(stage({ cpu: 1 }))).toBe(false)
})

test('what is taken is missing until it is given back', () => {
  const pools = new ResourcePools({ cpu: 4, gpu: 1 })
  const training = stage({ cpu: 1, gpu: 1 })
  pools.take(training)
  expect(pools.fits(training)).toBe(false)
  expect(pools.fits(stage({ cpu: 3 }))).toBe(true)
  expect(pools.fits(stage({ cpu: 4 }))).toBe(false)
  pools.give(training)
  expect(pools.fits(training)).toBe(true)
})

test('a pool without a size has no bound', () => {
  const pools = new ResourcePools({ cpu: 8 })
  pools.take(stage({ cpu: 1, licence: 100 }))
  expect(pools.fits(stage({ cpu: 1, licence: 1000 }))).toBe(true)
})

test('a stage that wants more than there is runs alone, not never', () => {
  const pools = new ResourcePools({ cpu: 2, memory: 100 })
  const greedy = stage({ cpu: 16, memory: 1000 })
  expect(pools.fits(greedy)).toBe(true)
  pools.take(stage({ cpu: 1 }))
  expect(pools.fits(greedy)).toBe(false)
  pools.give(stage({ cpu: 1 }))
  pools.take(greedy)
  expect(pools.fits(stage({ cpu: 1 }))).toBe(false)
  expect(pools.full()).toBe(true)
})

test('full means that no core is left, whatever else there is', () => {
  const pools = new ResourcePools({ cpu: 2, gpu: 1 })
  expect(pools.full()).toBe(false)
  pools.take(stage({ cpu: 1, gpu: 1 }))
  expect(pools.full()).toBe(false)
  pools.take(stage({ cpu: 1 }))
  expect(pools.full()).toBe(true)
  pools.give(stage({ cpu: 1 }))
  expect(pools.full()).toBe(false)
})

test('fractions of a core add up exactly enough', () => {
  const pools = new ResourcePools({ cpu: 1 })
  const tenth = stage({ cpu: 0.1 })
  for (let i = 0; i < 10; i++) {
    expect(pools.fits(tenth)).toBe(true)
    pools.take(tenth)
  }
  expect(pools.fits(tenth)).toBe(false)
})
