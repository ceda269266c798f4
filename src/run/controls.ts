/**
 * What somebody may ask of a run that is going on: a mailbox between a dashboard and the walk, which looks into it whenever
 * something ends or is asked. A run without one (a pipe, CI) behaves as if nobody ever asked.
 */
import type { RunRequest } from './request.ts'

export type Ask =
  | { readonly type: 'pause'; readonly paused: boolean }
  | { readonly type: 'cancel'; readonly stage: string }
  | { readonly type: 'retry'; readonly stage: string }
  /** Somebody is there: do not end yet. */
  | { readonly type: 'stay' }
  /** Nothing more is wanted: do not wait for somebody. */
  | { readonly type: 'end' }

export class Controls {
  /** No new stage starts, and the run does not end. */
  paused = false
  /** Nobody wants to retry anything. */
  leaving = false
  /** How long a run that has something to retry stays open for somebody to say so. */
  readonly graceSeconds: number
  /** Called at every ask. */
  wake: () => void = () => undefined
  #asked: Ask[] = []

  constructor(graceSeconds: number) {
    this.graceSeconds = graceSeconds
  }

  get waiting(): boolean {
    return this.#asked.length > 0
  }

  ask(ask: Ask): void {
    if (ask.type === 'pause') this.paused = ask.paused
    if (ask.type === 'end') this.leaving = true
    this.#asked.push(ask)
    this.wake()
  }

  /** What was asked since the last call. */
  take(): Ask[] {
    return this.#asked.splice(0)
  }
}

/** What a walk lets be done to its stages. */
export interface Steered {
  /** A stage that has not started ends as cancelled. */
  cancelWaiting(id: string): void
  /** A stage that has ended badly waits again, with all that was skipped because of it. */
  putBack(id: string): void
}

/** The walk's side of the mailbox. */
export class Steering {
  readonly #request: RunRequest
  readonly #aborts = new Map<string, AbortController>()

  constructor(request: RunRequest) {
    this.#request = request
  }

  get paused(): boolean {
    return this.#request.controls?.paused === true && !this.#request.signal.aborted
  }

  /** Something was asked that nobody has looked at yet. */
  get waiting(): boolean {
    return this.#request.controls?.waiting === true
  }

  /** Where somebody can ask for it, a stage can be cancelled on its own. */
  signalFor(id: string): AbortSignal {
    if (!this.#request.controls) return this.#request.signal
    const own = new AbortController()
    this.#aborts.set(id, own)
    return AbortSignal.any([this.#request.signal, own.signal])
  }

  over(id: string): void {
    this.#aborts.delete(id)
  }

  /** Do what was asked; from now on `wake` is called when something is. */
  obey(walk: Steered, wake: () => void): void {
    const { controls, emit } = this.#request
    if (!controls) return
    controls.wake = wake
    for (const ask of controls.take()) {
      if (ask.type === 'pause') emit({ type: 'paused', paused: ask.paused })
      else if (ask.type === 'retry') walk.putBack(ask.stage)
      else if (ask.type === 'cancel') {
        this.#aborts.get(ask.stage)?.abort('cancelled')
        walk.cancelWaiting(ask.stage)
      }
    }
  }

  /**
   * With nothing running: a paused run waits for somebody to go on; one with something to retry waits a moment.
   * True: something was asked, look again.
   */
  async staysOpen(ready: number, retryable: boolean): Promise<boolean> {
    const { controls, signal, emit } = this.#request
    if (!controls || controls.leaving || signal.aborted) return false
    const held = this.paused && (retryable || ready > 0)
    if (!held && (!retryable || controls.graceSeconds === 0)) return false
    if (!held) emit({ type: 'ending', seconds: controls.graceSeconds })
    await waitForAsk(controls, held ? null : controls.graceSeconds * 1000, signal)
    return controls.waiting && !controls.leaving && !signal.aborted
  }
}

/** Until something is asked, the time is over or the signal says stop. */
function waitForAsk(controls: Controls, milliseconds: number | null, signal: AbortSignal): Promise<void> {
  if (controls.waiting) return Promise.resolve()
  return new Promise((resolve) => {
    // A timer that is far away keeps the process alive while a paused run waits.
    const timer = setTimeout(() => done(), milliseconds ?? 2 ** 31 - 1)
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    signal.addEventListener('abort', done, { once: true })
    controls.wake = done
  })
}
