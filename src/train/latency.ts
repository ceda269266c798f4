/** Latency of a forward pass: each call timed alone, after a warm-up. Facts of this machine, not of the model. */
import { mean, percentile } from './metrics.ts'

export interface Latency {
  readonly calls: number
  readonly avg_ms: number
  readonly p95_ms: number
  readonly p99_ms: number
}

/** Odd, so that one round is the middle one. */
const ROUNDS = 5

/**
 * Five rounds of `calls` each; the figures are those of the round with the median P99, so that a moment in which the machine
 * did something else is not taken for the model.
 * @param call one forward pass; gets the number of the call, so that it can change its input
 */
export function measureLatency(call: (index: number) => void, calls: number, warmUp: number): Latency {
  for (let i = 0; i < warmUp; i++) call(i)
  const rounds = Array.from({ length: ROUNDS }, () => measureRound(call, calls))
  return rounds.sort((a, b) => a.p99_ms - b.p99_ms)[(ROUNDS - 1) / 2]!
}

function measureRound(call: (index: number) => void, calls: number): Latency {
  const times: number[] = []
  for (let i = 0; i < calls; i++) {
    const start = performance.now()
    call(i)
    times.push(performance.now() - start)
  }
  return { calls, avg_ms: mean(times), p95_ms: percentile(times, 95), p99_ms: percentile(times, 99) }
}
