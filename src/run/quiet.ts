/** When has a burst of changes ended? When nothing has happened for a moment and no file is still growing. */
import { lstatSync } from 'node:fs'

/** Nothing may happen for so long; a copy writes more often than this. */
const QUIET_MS = 250
/** Files that changed are looked at twice, so far apart. */
const STABLE_MS = 100
/** Of a burst of thousands the last ones are looked at: they are the ones that may still be written. */
const MOST_LOOKED_AT = 200

/** Collects changed paths; `settled` resolves when there are some and they have come to rest. */
export class Changes {
  readonly #paths = new Map<string, number>()
  #last = -Infinity
  #wake: () => void = () => undefined

  get dirty(): boolean {
    return this.#paths.size > 0
  }

  add(path: string): void {
    this.#last = performance.now()
    this.#paths.delete(path)
    this.#paths.set(path, this.#last)
    this.#wake()
  }

  /** The paths that changed, and forgets them. */
  take(): string[] {
    const paths = [...this.#paths.keys()]
    this.#paths.clear()
    return paths
  }

  /** False: the signal said stop. */
  async settled(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      if (!this.dirty) await this.#until(null, signal)
      else {
        const wait = this.#last + QUIET_MS - performance.now()
        if (wait > 0) await this.#until(wait, signal)
        else if (await this.#atRest(signal)) return !signal.aborted
      }
    }
    return false
  }

  async #atRest(signal: AbortSignal): Promise<boolean> {
    const paths = [...this.#paths.keys()].slice(-MOST_LOOKED_AT)
    const before = paths.map(sizeAndTime)
    const last = this.#last
    await this.#until(STABLE_MS, signal)
    if (this.#last !== last) return false
    const changed = paths.filter((path, i) => sizeAndTime(path) !== before[i])
    if (changed.length > 0) this.#last = performance.now()
    return changed.length === 0
  }

  /** Until something changes, the time is over or the signal says stop. */
  #until(milliseconds: number | null, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      // Where there is nothing to wait for but a change, the timer keeps the process alive.
      const timer = setTimeout(() => done(), milliseconds ?? 2 ** 31 - 1)
      const done = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        this.#wake = () => undefined
        resolve()
      }
      signal.addEventListener('abort', done, { once: true })
      if (milliseconds === null) this.#wake = done
    })
  }
}

function sizeAndTime(path: string): string {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  return stats ? `${stats.size} ${stats.mtimeMs}` : ''
}
