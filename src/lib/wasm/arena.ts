/** Arrays at fixed places of one wasm memory, which native code and wasm kernels share without copies. */
import { UserError } from '../errors.ts'
import { wasm, type WasmMemory } from './api.ts'

/** A cache line: vector loads never straddle two, and sums start the same way in every run. */
const ALIGNMENT = 64
const PAGE = 65536
const LIMIT = 65535 * PAGE

/** First counts (take), then gives out views (view): the memory never grows, so views never die. */
export class Arena {
  readonly #what: string
  readonly #hint: string
  #bytes = ALIGNMENT
  #memory: WasmMemory | undefined

  /** `what` is kept in it and what to do where it is too large: for messages. */
  constructor(what: string, hint: string) {
    this.#what = what
    this.#hint = hint
  }

  /** Room for `length` floats. @returns its byte offset */
  take(length: number): number {
    const at = this.#bytes
    this.#bytes += Math.ceil((length * 4) / ALIGNMENT) * ALIGNMENT
    return at
  }

  /** @throws UserError beyond 4 GB */
  get memory(): WasmMemory {
    if (!this.#memory) {
      if (this.#bytes > LIMIT) {
        const message = `${this.#what} need ${Math.ceil(this.#bytes / 2 ** 30)} GB, 4 GB is the most`
        throw new UserError(message, { hint: this.#hint })
      }
      this.#memory = new wasm.Memory({ initial: Math.ceil(this.#bytes / PAGE) })
    }
    return this.#memory
  }

  view(offset: number, length: number): Float32Array<ArrayBuffer> {
    return new Float32Array(this.memory.buffer, offset, length)
  }
}
