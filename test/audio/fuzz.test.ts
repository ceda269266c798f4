/** A few hundred damaged files; test/slow/audio-fuzz.test.ts has thousands. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { fuzz, wavSeeds } from './fuzz.ts'

it('300 damaged WAV files are read or refused with path and offset', async () => {
  const readable = await fuzz(wavSeeds(), 300, 'wav')
  expect(readable).toBeGreaterThan(20)
  expect(readable).toBeLessThan(280)
})

it.each(['mp3', 'flac', 'ogg', 'opus'])('12 damaged %s files too', async (extension) => {
  const bytes = readFileSync(new URL(`../golden/audio/tones.${extension}`, import.meta.url))
  expect(await fuzz([new Uint8Array(bytes)], 12, extension)).toBeLessThan(12)
})
