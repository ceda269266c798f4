/** Decoding straight to one channel at a rate: the same as decoding, mixing and resampling one after the other. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { decodeAudio } from '../../src/audio/decode.ts'
import { decodeMono } from '../../src/audio/mono.ts'
import { resample } from '../../src/audio/resample.ts'
import { toMono } from '../../src/audio/signal.ts'
import { encodeWav } from '../../src/audio/wav.ts'
import { DataError } from '../../src/lib/errors.ts'
import { largestError, noise } from './signals.ts'

/** Element by element, without the slow comparison of large arrays as objects. */
function expectSame(found: Float32Array, expected: Float32Array): void {
  expect(found.length).toBe(expected.length)
  expect(largestError(found, expected)).toBe(0)
}

const golden = (name: string) => new Uint8Array(readFileSync(new URL(`../golden/audio/${name}`, import.meta.url)))
const hiss = (length: number, seed: number) => Float32Array.from(noise(length, seed))

const files: [string, Uint8Array][] = [
  ...['tones.mp3', 'tones.flac', 'tones.ogg', 'tones.opus'].map((name): [string, Uint8Array] => [name, golden(name)]),
  ['stereo.wav', encodeWav([hiss(150_000, 1), hiss(150_000, 2)], 44_100)],
  ['mono.wav', encodeWav(hiss(70_000, 3), 22_050, { bitDepth: 24 })],
  ['three.wav', encodeWav([hiss(70_000, 4), hiss(70_000, 5), hiss(70_000, 6)], 16_000, { bitDepth: 32 })],
]

it.each(files)('%s: as decoded, mixed and resampled one after the other', async (name, bytes) => {
  const audio = await decodeAudio(bytes, name)
  for (const sampleRate of [16_000, audio.sampleRate]) {
    const mono = await decodeMono(bytes, name, { sampleRate })
    expect(mono).toMatchObject({ sampleRate, format: audio.format, warnings: audio.warnings })
    expectSame(mono.samples, resample(toMono(audio), audio.sampleRate, sampleRate))
  }
})

it.each(files)('%s: the beginning is the beginning of the whole', async (name, bytes) => {
  const whole = await decodeMono(bytes, name, { sampleRate: 16_000 })
  for (const seconds of [0.01, 0.3, 2, 100]) {
    const { samples } = await decodeMono(bytes, name, { sampleRate: 16_000, seconds })
    expect(samples.length).toBe(Math.min(whole.samples.length, 16_000 * seconds))
    expectSame(samples, whole.samples.subarray(0, samples.length))
  }
})

it('a cut file is told even where only its beginning is asked for', async () => {
  for (const [name, bytes] of files) {
    const cut = bytes.subarray(0, Math.floor(bytes.length * 0.7))
    const error = await decodeMono(cut, name, { seconds: 0.1 }).then(
      () => null,
      (reason: unknown) => reason,
    )
    expect(error, name).toBeInstanceOf(DataError)
    expect((error as DataError).fault).toMatchObject({ path: name, code: 'truncated', offset: expect.any(Number) })
  }
})

it('names what it is not, and a wrong extension', async () => {
  await expect(decodeMono(new Uint8Array(0), 'a.wav')).rejects.toThrow(/empty/)
  await expect(decodeMono(new TextEncoder().encode('....ftypM4A '), 'a.m4a')).rejects.toThrow(/MP4 file/)
  const { warnings } = await decodeMono(golden('tones.mp3'), 'tones.wav')
  expect(warnings).toMatchObject([{ code: 'extension' }])
})
