/** Thousands of damaged audio files: each is read or refused with path and offset, in bounded time and memory. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { fuzz, wavSeeds } from '../audio/fuzz.ts'

it('2,000 damaged WAV files', async () => {
  const readable = await fuzz(wavSeeds(), 2000, 'wav-slow')
  expect(readable).toBeGreaterThan(100)
  expect(readable).toBeLessThan(1900)
})

it.each(['mp3', 'flac', 'ogg', 'opus'])('250 damaged %s files', async (extension) => {
  const bytes = readFileSync(new URL(`../golden/audio/tones.${extension}`, import.meta.url))
  expect(await fuzz([new Uint8Array(bytes)], 250, `${extension}-slow`)).toBeLessThan(250)
})
