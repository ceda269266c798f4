/** What ctrl-c, kill and a closed window mean to a run. */
import { isatty } from 'node:tty'

/**
 * First ctrl-c asks the stages to stop, the second kills. A window that is closed asks too, or its commands would outlive the
 * run; not where no stream is a terminal, as under nohup, which exists to go on then.
 */
export function onSignals(
  abort: AbortController,
  tell: (text: string) => void,
): { interrupt: () => void; release: () => void } {
  let asked = 0
  const handler = (signal: keyof typeof EXIT_CODES) => {
    if (++asked > 1) process.exit(EXIT_CODES[signal])
    tell('stopping: finished work is kept, the next run goes on from here (again to kill)\n')
    abort.abort('cancelled')
  }
  const signals = stopSignals()
  for (const signal of signals) process.on(signal, handler)
  return {
    interrupt: () => handler('SIGINT'),
    release: () => {
      for (const signal of signals) process.off(signal, handler)
    },
  }
}

/** 128 + the signal's number, as shells have it. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const

/** Signals that ask a run to stop. */
export function stopSignals(): (keyof typeof EXIT_CODES)[] {
  return [0, 1, 2].some(isatty) ? ['SIGINT', 'SIGTERM', 'SIGHUP'] : ['SIGINT', 'SIGTERM']
}
