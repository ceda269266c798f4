/** Latency of a forward pass: each call timed alone, after a warm-up. Facts of this machine, not of the model. */
import { mean, percentile } from './metrics.ts'

export interface Latency {
  readonly calls: number
  readonly avg_ms: number
  readonly p95_ms: number
  readonly p99_ms: number
  /** Calls up to P99 or thrice the median, the lesser of them, in bins of equal width; the rest were slower. */
  readonly histogram: {
    readonly edges_ms: readonly number[]
    readonly counts: readonly number[]
    readonly slower: number
  }
}

const BINS = 24

const ROUNDS = 5
/** A large network would take many minutes for a thousand calls: a round, and the warm-up, end after this. */
const ROUND_MS = 2000

/**
 * Five rounds of `calls` each, fewer where they would take longer than two seconds; the figures are those of the round with the least P99: other programs can only add time,
 * so the least disturbed round says most about the model.
 * @param call one forward pass; gets the number of the call, so that it can change its input
 */
export function measureLatency(call: (index: number) => void, calls: number, warmUp: number): Latency {
  const end = performance.now() + ROUND_MS
  for (let i = 0; i < warmUp && (i === 0 || performance.now() < end); i++) call(i)
  const rounds = [measureRound(call, calls)]
  // One call alone may be longer than all rounds should be.
  while (rounds.length < ROUNDS && performance.now() < end + ROUNDS * ROUND_MS) rounds.push(measureRound(call, calls))
  return rounds.sort((a, b) => a.p99_ms - b.p99_ms)[0]!
}

function measureRound(call: (index: number) => void, calls: number): Latency {
  const times: number[] = []
  const end = performance.now() + ROUND_MS
  for (let i = 0; i < calls && (i === 0 || performance.now() < end); i++) {
    const start = performance.now()
    call(i)
    times.push(performance.now() - start)
  }
  const p99 = percentile(times, 99)
  return {
    calls: times.length,
    avg_ms: mean(times),
    p95_ms: percentile(times, 95),
    p99_ms: p99,
    histogram: bins(times, Math.min(p99, 3 * percentile(times, 50))),
  }
}

function bins(times: readonly number[], to: number): Latency['histogram'] {
  const from = Math.min(...times)
  const width = (to - from) / BINS || 1e-6
  const counts = Array.from({ length: BINS }, () => 0)
  let slower = 0
  for (const time of times) {
    if (time > to) slower++
    else {
      const bin = Math.min(BINS - 1, Math.floor((time - from) / width))
      counts[bin] = counts[bin]! + 1
    }
  }
  const edges = Array.from({ length: BINS + 1 }, (_, i) => Number((from + i * width).toPrecision(6)))
  return { edges_ms: edges, counts, slower }
}
