/**
 * Seeded random numbers that are the same on every machine and Node version.
 * sfc32 (Chris Doty-Humphrey, PractRand) seeded through SplitMix32 of a 32-bit FNV-1a hash of the seed's text.
 */
export interface Random {
  /** Uniform in [0, 1) with 32 bits. */
  next(): number
  /** Whole number in [0, bound). */
  below(bound: number): number
  /** Uniform in [low, high). */
  uniform(low: number, high: number): number
  /** Standard normal (Box-Muller, one value a call, no hidden spare: the state is all in `state`). */
  normal(): number
  /** One of the items. */
  pick<T>(items: readonly T[]): T
  /** Fisher-Yates, in place; returns its argument. */
  shuffle<T extends { length: number; [index: number]: unknown }>(items: T): T
  /** The four words of the generator, for checkpoints. */
  readonly state: readonly [number, number, number, number]
}

/** @param seed anything; two equal texts give equal streams. Use `random(`${seed}:${item}`)` for independent streams. */
export function random(seed: string | number): Random {
  let h = 0x811c9dc5
  for (const char of String(seed)) h = Math.imul(h ^ char.codePointAt(0)!, 0x01000193)
  const split = () => {
    h = (h + 0x9e3779b9) | 0
    let z = h
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b)
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35)
    return (z ^ (z >>> 16)) >>> 0
  }
  const generator = randomFrom([split(), split(), split(), 1])
  for (let i = 0; i < 12; i++) generator.next()
  return generator
}

/** A generator that goes on from a saved `state`. */
export function randomFrom(state: readonly [number, number, number, number]): Random {
  let [a, b, c, d] = state
  const word = () => {
    const t = (((a + b) | 0) + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + t
    c |= 0
    return t >>> 0
  }
  const self: Random = {
    next: () => word() / 4294967296,
    below: (bound) => Math.floor((word() / 4294967296) * bound),
    uniform: (low, high) => low + (high - low) * (word() / 4294967296),
    normal: () => {
      const radius = Math.sqrt(-2 * Math.log(1 - word() / 4294967296))
      return radius * Math.cos(2 * Math.PI * (word() / 4294967296))
    },
    pick: (items) => items[self.below(items.length)]!,
    shuffle: (items) => {
      for (let i = items.length - 1; i > 0; i--) {
        const j = self.below(i + 1)
        const kept = items[i]
        items[i] = items[j]
        items[j] = kept
      }
      return items
    },
    get state() {
      return [a >>> 0, b >>> 0, c >>> 0, d >>> 0] as const
    },
  }
  return self
}
