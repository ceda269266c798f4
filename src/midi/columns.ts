/** Growing typed arrays that the reader fills track by track, and the merge that puts the tracks into one time order. */

/** Notes as the reader meets them. Filled up to `length`; `next` chains the notes of a pitch that still sound. */
export class NoteColumns {
  length = 0
  start = new Int32Array(4096)
  duration = new Int32Array(4096)
  /** Byte offset of the note-on, for faults. */
  offset = new Int32Array(4096)
  next = new Int32Array(4096)
  pitch = new Uint8Array(4096)
  velocity = new Uint8Array(4096)
  channel = new Uint8Array(4096)
  track = new Uint16Array(4096)

  grow(): void {
    this.start = doubled(this.start)
    this.duration = doubled(this.duration)
    this.offset = doubled(this.offset)
    this.next = doubled(this.next)
    this.pitch = doubled(this.pitch)
    this.velocity = doubled(this.velocity)
    this.channel = doubled(this.channel)
    this.track = doubled(this.track)
  }
}

/** Control changes and pitch bends as the reader meets them. */
export class EventColumns {
  length = 0
  ticks = new Int32Array(1024)
  channel = new Uint8Array(1024)
  number = new Uint8Array(1024)
  value = new Int16Array(1024)
  track = new Uint16Array(1024)

  add(ticks: number, channel: number, number: number, value: number): void {
    if (this.length === this.ticks.length) this.grow()
    const i = this.length++
    this.ticks[i] = ticks
    this.channel[i] = channel
    this.number[i] = number
    this.value[i] = value
  }

  private grow(): void {
    this.ticks = doubled(this.ticks)
    this.channel = doubled(this.channel)
    this.number = doubled(this.number)
    this.value = doubled(this.value)
    this.track = doubled(this.track)
  }
}

function doubled<T extends Int32Array | Int16Array | Uint16Array | Uint8Array>(array: T): T {
  const larger = new (array.constructor as new (length: number) => T)(array.length * 2)
  larger.set(array)
  return larger
}

/**
 * Order that merges runs which are each sorted by `keys` already: stable, so equal keys keep the order of their runs.
 * @param bounds run r is `bounds[r]` to `bounds[r + 1]`
 * @returns null where the whole is in order as it stands; else an array that lives until the next call
 */
export function mergeRuns(keys: Int32Array, bounds: readonly number[]): Int32Array | null {
  let runs = bounds.filter((bound, i) => i === 0 || bound !== bounds[i - 1])
  if (runs.slice(1, -1).every((bound) => keys[bound - 1]! <= keys[bound]!)) return null
  const n = runs.at(-1)!
  let [from, to] = mergeSpace(n)
  from.keys.set(keys.subarray(0, n))
  for (let i = 0; i < n; i++) from.order[i] = i
  while (runs.length > 2) {
    const merged = [0]
    for (let r = 0; r + 1 < runs.length; r += 2) {
      const end = runs[r + 2] ?? runs[r + 1]!
      mergePair(from, to, runs[r]!, runs[r + 1]!, end)
      merged.push(end)
    }
    runs = merged
    const swapped = from
    from = to
    to = swapped
  }
  return from.order
}

/** Keys travel with the order, so that the inner loop reads memory in sequence. */
interface Run {
  readonly keys: Int32Array
  readonly order: Int32Array
}

/** Two runs of at least n, kept between files; what `mergeRuns` returns is good until it is called again. */
function mergeSpace(n: number): [Run, Run] {
  if (kept[0].keys.length < n || kept[0].keys.length > 1 << 20) kept = [run(n), run(n)]
  return kept
}

const run = (n: number): Run => ({ keys: new Int32Array(n), order: new Int32Array(n) })
let kept: [Run, Run] = [run(4096), run(4096)]

function mergePair(from: Run, to: Run, start: number, middle: number, end: number): void {
  const { keys, order } = from
  const { keys: toKeys, order: toOrder } = to
  let left = start
  let right = middle
  let at = start
  while (left < middle && right < end) {
    const a = keys[left]!
    const b = keys[right]!
    if (a <= b) {
      toKeys[at] = a
      toOrder[at++] = order[left++]!
    } else {
      toKeys[at] = b
      toOrder[at++] = order[right++]!
    }
  }
  for (; left < middle; left++, at++) {
    toKeys[at] = keys[left]!
    toOrder[at] = order[left]!
  }
  for (; right < end; right++, at++) {
    toKeys[at] = keys[right]!
    toOrder[at] = order[right]!
  }
}
