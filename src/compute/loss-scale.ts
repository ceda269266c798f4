/**
 * Dynamic loss scaling for half precision (Micikevicius et al. 2018; start, growth and back-off as torch.amp.GradScaler,
 * except that a step which overflows is taken again instead of skipped, so that every batch counts).
 */
import type { Weights } from '../network.ts'

const START = 2 ** 16
const LARGEST = 2 ** 24
const STEPS_TO_GROW = 2000
/** Its name among an engine's slots: [scale, steps since it last changed]. */
const SLOT = 'loss_scale'

export class LossScale {
  #scale = START
  #fitted = 0

  get value(): number {
    return this.#scale
  }

  /** @returns false where a smaller scale would not help: the gradients themselves are not finite */
  overflowed(): boolean {
    if (this.#scale <= 1) return false
    this.#scale /= 2
    this.#fitted = 0
    return true
  }

  /** A step was taken. */
  fitted(): void {
    if (++this.#fitted < STEPS_TO_GROW) return
    this.#scale = Math.min(LARGEST, this.#scale * 2)
    this.#fitted = 0
  }

  slots(): Weights {
    return { [SLOT]: { shape: [2], data: Float32Array.of(this.#scale, this.#fitted) } }
  }

  restore(slots: Weights): void {
    const [scale = START, fitted = 0] = slots[SLOT]?.data ?? []
    this.#scale = scale
    this.#fitted = fitted
  }
}
