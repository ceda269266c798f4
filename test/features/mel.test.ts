/** The mel feature against librosa; the numbers come from test/golden/scripts/features_mel.py. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { encodeWav } from '../../src/audio/wav.ts'
import type { Change } from '../../src/features/changes.ts'
import { decodeEmotion } from '../../src/features/emotion.ts'
import type { FeatureOptions } from '../../src/features/feature.ts'
import { meanMel, mel } from '../../src/features/mel.ts'
import { featureDefaults } from './options.ts'

const RATE = 16000
const base: FeatureOptions = { ...featureDefaults, sample_rate: RATE }

/** The sound of the golden script. */
function sound(seconds: number): Float32Array {
  let state = 12345
  return Float32Array.from({ length: Math.round(seconds * RATE) }, (_, i) => {
    const t = i / RATE
    // 32-bit linear congruential generator; the product does not fit a double, so it is taken in two halves.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    const tone = (hertz: number) => Math.sin(2 * Math.PI * hertz * t)
    return (0.4 * tone(220) + 0.2 * tone(1234.5) + 0.1 * tone(5000)) * Math.exp(-t) + 0.01 * (state / 2 ** 31 - 1)
  })
}

const golden = JSON.parse(readFileSync(new URL('../golden/features-mel.json', import.meta.url), 'utf8')) as {
  cases: ({ seconds: number; expected: number[] } & Pick<
    FeatureOptions,
    'clip_seconds' | 'n_fft' | 'hop_length' | 'n_mels'
  >)[]
}

describe('mel', () => {
  for (const { seconds, expected, ...options } of golden.cases) {
    it(`${seconds} s as ${options.clip_seconds} s, ${options.n_mels} bands: librosa within 1e-5 dB`, () => {
      const found = meanMel(sound(seconds), { ...base, ...options })
      expect(found.length).toBe(expected.length)
      expected.forEach((value, band) => expect(Math.abs(found[band]! - value), `band ${band}`).toBeLessThan(1e-5))
    })
  }

  it('reads the file, mixes to mono, resamples and cuts: the same numbers as for the plain clip', async () => {
    const plain = sound(1)
    const stereo = encodeWav([plain, plain], RATE, { bitDepth: 16 })
    const found = await mel.extract({ room: 'audio' as const, path: 'x.wav', read: () => stereo, chords: [] }, base)
    const expected = meanMel(plain, base)
    // 16 bits leave their mark on the quietest bands only.
    found.forEach((value, band) => expect(Math.abs(value - expected[band]!)).toBeLessThan(0.05))
    const tone = (rate: number) =>
      Float32Array.from({ length: 3 * rate }, (_, i) => 0.5 * Math.sin((2 * Math.PI * 440 * i) / rate))
    const at = async (rate: number) => {
      const wav = encodeWav(tone(rate), rate, { bitDepth: 16 })
      return mel.extract({ room: 'audio' as const, path: 'x.wav', read: () => wav, chords: [] }, base)
    }
    const [low, high] = [await at(RATE), await at(44100)]
    const loudest = low.indexOf(Math.max(...low))
    expect(high.indexOf(Math.max(...high))).toBe(loudest)
    expect(Math.abs(high[loudest]! - low[loudest]!)).toBeLessThan(0.01)
  })

  it('changes move the numbers, and the same seed moves them the same way', () => {
    const clip = sound(1.5)
    const plain = meanMel(clip, base)
    const changes: Change[] = [
      { kind: 'pitch', semitones: 2 },
      { kind: 'stretch', rate: 0.9 },
      { kind: 'noise', snrDb: 20, seed: 'a' },
      { kind: 'mask', masks: 2, seed: 'a' },
      { kind: 'gain', db: -6 },
      { kind: 'room', seconds: 0.4, seed: 'a' },
      { kind: 'impulse', file: 'hall.wav', hash: '' },
    ]
    expect(changes.map(({ kind }) => kind)).toEqual(mel.changes)
    for (const change of changes) {
      const changed = meanMel(clip, base, change, Float32Array.of(1, 0, 0, 0.5))
      expect(changed, change.kind).not.toEqual(plain)
      expect(changed.every(Number.isFinite), change.kind).toBe(true)
      expect(meanMel(clip, base, change, Float32Array.of(1, 0, 0, 0.5)), change.kind).toEqual(changed)
    }
    const other = meanMel(clip, base, { kind: 'noise', snrDb: 20, seed: 'b' })
    expect(other).not.toEqual(meanMel(clip, base, { kind: 'noise', snrDb: 20, seed: 'a' }))
  })

  it('the target is the label; without one there is no row', () => {
    const example = {
      room: 'audio' as const,
      id: 'a',
      source: 'a',
      facts: {},
      emotion: { valence: -0.3, arousal: 0.8 },
    }
    const [pair] = mel.rows(example, new Float32Array(128), base)
    expect(decodeEmotion(pair!.y).valence).toBeCloseTo(-0.3, 5)
    expect(decodeEmotion(pair!.y).arousal).toBeCloseTo(0.8, 5)
    expect(mel.rows({ ...example, emotion: null }, new Float32Array(128), { ...base, unlabelled: 'neutral' })).toEqual(
      [],
    )
  })
})
