/** Seeded damage to files, and the one rule: a reader gives sound numbers, or a DataError with path and offset. */
import { expect } from 'vitest'
import { decodeAudio } from '../../src/audio/decode.ts'
import { decodeMono } from '../../src/audio/mono.ts'
import { encodeWav } from '../../src/audio/wav.ts'
import { DataError } from '../../src/lib/errors.ts'
import { random, type Random } from '../../src/lib/random.ts'
import { noise } from './signals.ts'

const MOST_BYTES = 64 * 2 ** 20

/** WAV files of every depth, mono and stereo. */
export function wavSeeds(): Uint8Array[] {
  const hiss = Float32Array.from(noise(700, 11))
  return ([16, 24, 32] as const).flatMap((bitDepth) => [
    encodeWav(hiss, 16_000, { bitDepth }),
    encodeWav([hiss, hiss], 44_100, { bitDepth }),
  ])
}

/** Number of mutants that were still readable. Throws where one breaks the rule, naming its seed. */
export async function fuzz(seeds: readonly Uint8Array[], count: number, name: string): Promise<number> {
  let readable = 0
  for (let run = 0; run < count; run++) {
    const rng = random(`${name}:${run}`)
    const bytes = mutate(rng.pick(seeds), rng)
    const label = `${name}:${run}`
    const before = process.memoryUsage().arrayBuffers
    try {
      const audio = await decodeAudio(bytes, 'a/x.wav')
      readable++
      expect(audio.channels.length, label).toBeGreaterThan(0)
      expect(audio.sampleRate, label).toBeGreaterThanOrEqual(1000)
      for (const samples of audio.channels) expect(samples.every(Number.isFinite), label).toBe(true)
      const { samples } = await decodeMono(bytes, 'a/x.wav', { sampleRate: 16_000 })
      expect(samples.length, label).toBe(Math.ceil((audio.channels[0]!.length * 16_000) / audio.sampleRate))
      expect(samples.every(Number.isFinite), label).toBe(true)
    } catch (error) {
      if (!(error instanceof DataError)) throw new Error(`${label}: ${String(error)}`, { cause: error })
      expect(error.fault, label).toMatchObject({ path: 'a/x.wav', offset: expect.any(Number) })
      expect(error.fault.offset!, label).toBeGreaterThanOrEqual(0)
      expect(error.fault.offset!, label).toBeLessThanOrEqual(bytes.length)
      expect(error.fault.message.length, label).toBeGreaterThan(10)
      await expect(decodeMono(bytes, 'a/x.wav', { sampleRate: 16_000 }), label).rejects.toMatchObject({
        fault: { path: 'a/x.wav', code: error.fault.code, offset: error.fault.offset },
      })
    }
    expect(process.memoryUsage().arrayBuffers - before, `${label}: memory`).toBeLessThan(MOST_BYTES)
  }
  return readable
}

/** One to four kinds of damage, most of it near the start, where headers are. */
function mutate(seed: Uint8Array, rng: Random): Uint8Array {
  let bytes: Uint8Array = seed.slice()
  for (let change = rng.below(4); change >= 0; change--) bytes = CHANGES[rng.below(CHANGES.length)]!(bytes, rng)
  return bytes
}

const EXTREMES = [0, 1, 2, 0x7f, 0x80, 0xff, 0xffff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff]

function place(bytes: Uint8Array, rng: Random): number {
  return rng.below(Math.max(1, rng.next() < 0.8 ? Math.min(64, bytes.length) : bytes.length))
}

const CHANGES: ((bytes: Uint8Array, rng: Random) => Uint8Array)[] = [
  function flip(bytes, rng) {
    if (bytes.length) bytes[place(bytes, rng)]! ^= 1 << rng.below(8)
    return bytes
  },
  function overwrite(bytes, rng) {
    if (bytes.length) bytes[place(bytes, rng)] = rng.below(256)
    return bytes
  },
  function extreme(bytes, rng) {
    const at = place(bytes, rng) & ~1
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    if (at + 4 <= bytes.length) view.setUint32(at, rng.pick(EXTREMES), rng.next() < 0.8)
    return bytes
  },
  function cut(bytes, rng) {
    return bytes.slice(0, rng.below(bytes.length + 1))
  },
  function insert(bytes, rng) {
    const at = place(bytes, rng)
    const more = Uint8Array.from({ length: 1 + rng.below(9) }, () => rng.below(256))
    return Uint8Array.from([...bytes.subarray(0, at), ...more, ...bytes.subarray(at)])
  },
  function remove(bytes, rng) {
    const at = place(bytes, rng)
    return Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + 1 + rng.below(9))])
  },
]
