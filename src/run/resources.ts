/** Named pools (cpu, memory, gpu, any name of the user's) that running stages take from. */
import { availableParallelism, totalmem } from 'node:os'
import type { Plan, StagePlan } from '../plan.ts'

/** `--jobs` is the size of the cpu pool; memory is the machine's; a pool the pipeline does not size has no limit. */
export function poolSizes(plan: Plan, jobs: number): Record<string, number> {
  return { memory: totalmem(), ...plan.pools, cpu: jobs || plan.pools['cpu'] || availableParallelism() }
}

/** Cores that a stage may use at once: what it takes of the cpu pool, and no more than there are. */
export function coresOf(plan: Plan, jobs: number, stage: StagePlan): number {
  return Math.max(1, Math.floor(Math.min(stage.resources['cpu'] ?? 1, poolSizes(plan, jobs)['cpu']!)))
}

export class ResourcePools {
  readonly #sizes: Readonly<Record<string, number>>
  readonly #used: Record<string, number> = {}
  #running = 0

  constructor(sizes: Readonly<Record<string, number>>) {
    this.#sizes = sizes
  }

  /** A stage that wants more than there is of something runs alone rather than never. */
  fits(stage: StagePlan): boolean {
    if (this.#running === 0) return true
    return Object.entries(stage.resources).every(
      ([name, amount]) => (this.#used[name] ?? 0) + amount <= (this.#sizes[name] ?? Infinity),
    )
  }

  /** No core is left. */
  full(): boolean {
    return this.#running > 0 && (this.#used['cpu'] ?? 0) >= (this.#sizes['cpu'] ?? Infinity)
  }

  take(stage: StagePlan): void {
    this.#running++
    for (const [name, amount] of Object.entries(stage.resources)) this.#used[name] = (this.#used[name] ?? 0) + amount
  }

  give(stage: StagePlan): void {
    this.#running--
    for (const [name, amount] of Object.entries(stage.resources)) this.#used[name] = (this.#used[name] ?? 0) - amount
  }
}
