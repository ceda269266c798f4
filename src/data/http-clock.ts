/** Waiting, and noticing that nothing comes: the two things of a download that are about time. */

/** Time as the downloader sees it; tests step it by hand. */
export interface Clock {
  /** Milliseconds since 1970; only to read a Retry-After date. */
  now(): number
  /** Resolves after `ms`; rejects with the signal's reason when aborted. */
  delay(ms: number, signal: AbortSignal): Promise<void>
  /** Calls `late` after `ms` unless the returned function is called first. */
  timer(ms: number, late: () => void): () => void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  delay: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) reject(signal.reason as Error)
      const abort = () => {
        clearTimeout(timeout)
        reject(signal.reason as Error)
      }
      const timeout = setTimeout(() => {
        signal.removeEventListener('abort', abort)
        resolve()
      }, ms)
      signal.addEventListener('abort', abort, { once: true })
    }),
  timer: (ms, late) => {
    const timeout = setTimeout(late, ms)
    return () => clearTimeout(timeout)
  },
}

export interface Watchdog {
  readonly signal: AbortSignal
  touch(): void
  stop(): void
}

/** Aborts when the caller does, or when nothing has touched it for `stallSeconds`. */
export function watch(clock: Clock, stallSeconds: number, signal: AbortSignal): Watchdog {
  const stalled = new AbortController()
  let cancel = () => {}
  const touch = () => {
    cancel()
    cancel = clock.timer(stallSeconds * 1000, () => stalled.abort(new Error('stalled')))
  }
  const forward = () => stalled.abort(signal.reason)
  signal.addEventListener('abort', forward, { once: true })
  touch()
  return {
    signal: stalled.signal,
    touch,
    stop: () => {
      cancel()
      signal.removeEventListener('abort', forward)
    },
  }
}
