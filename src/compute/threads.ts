/** How many threads a training step is given. Light: loads nothing. */
import { availableParallelism } from 'node:os'

/** Multiplications a step: below the first a second thread brings nothing, from the other on a training wants all cores. */
const SMALL_STEP = 1e7
export const LARGE_STEP = 5e8

/**
 * How many threads share one step. Small models train on one, so that the result has the same bits on every machine; with
 * more threads the sums of some products are split otherwise. Larger ones take the cores that the run has given the stage
 * (KPIPE_CORES), so that trainings side by side never ask for more than there are. KPIPE_THREADS is the user's own choice.
 * @param work multiplications of one step
 */
export function threadsFor(work: number, env: Readonly<Record<string, string | undefined>> = process.env): number {
  if (work < SMALL_STEP) return 1
  const given = whole(env['KPIPE_THREADS']) ?? whole(env['KPIPE_CORES'])
  return given ?? (work < LARGE_STEP ? 1 : availableParallelism())
}

function whole(text: string | undefined): number | undefined {
  const value = Number(text)
  return text && Number.isInteger(value) && value > 0 ? value : undefined
}
