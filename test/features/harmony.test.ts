import { describe, expect, it } from 'vitest'
import type { Example } from '../../src/data/manifest.ts'
import { encodeEmotion } from '../../src/features/emotion.ts'
import type { FeatureOptions } from '../../src/features/feature.ts'
import { harmony } from '../../src/features/harmony.ts'
import { CHORD_VOCABULARY_64 } from '../../src/midi/chords.ts'

const options = { unlabelled: 'estimate' } as FeatureOptions
const example: Example = { room: 'chords', id: 'x', source: 'x', emotion: { valence: 0.5, arousal: 0 }, facts: {} }
const item = (chords: string[]) => ({
  room: 'chords' as const,
  path: 'x',
  chords,
  read: () => {
    throw new Error('not read')
  },
})
const names = async (chords: string[], semitones = 0) => {
  const change = semitones === 0 ? undefined : ({ kind: 'transpose', semitones } as const)
  return [...(await harmony.extract(item(chords), options, change))].map((id) => CHORD_VOCABULARY_64[id])
}

describe('harmony', () => {
  it('has a row for every position: the chords before weigh 1, 1/2, 1/4', async () => {
    const rows = harmony.rows(example, await harmony.extract(item(['C', 'Am', 'F', 'C']), options), options)
    expect(rows.length).toBe(4)
    const id = (name: string) => CHORD_VOCABULARY_64.indexOf(name)
    const [first, , , last] = rows
    expect([...first!.x.subarray(0, 64)]).toEqual([...encodeEmotion(example.emotion!)])
    expect(first!.x.subarray(64).every((value) => value === 0)).toBe(true)
    expect(first!.y[id('C:maj')]).toBe(1)
    const context = last!.x.subarray(64)
    expect([context[id('F:maj')], context[id('A:min')], context[id('C:maj')]]).toEqual([1, 0.5, 0.25])
    expect(last!.y[id('C:maj')]).toBe(1)
    expect(last!.y.reduce((sum, value) => sum + value)).toBe(1)
  })

  it('reads lead sheets and Harte alike, cuts silence off at both ends and keeps one in the middle', async () => {
    expect(await names(['N', 'N.C.', 'C', 'N', 'N', 'G7', 'N'])).toEqual(['C:maj', 'N', 'G:7'])
    expect(await names(['A:min7', 'F#:maj7/3'])).toEqual(await names(['Am7', 'Gbmaj7/Bb']))
    expect(await names(['N'])).toEqual([])
  })

  it('transposes roots and leaves chords without one', async () => {
    expect(await names(['C', 'Bm7', 'Bdim', 'N', 'C'], 2)).toEqual(['D:maj', 'Db:min7', 'dim', 'N', 'D:maj'])
    expect(await names(['C', 'E7'], -5)).toEqual(['G:maj', 'B:7'])
    expect(await names(['C', 'E7'], 12)).toEqual(await names(['C', 'E7']))
  })

  it('takes at most 12 positions of a song, spread over it', async () => {
    const song = Array.from({ length: 100 }, (_, i) => ['C', 'F', 'G', 'Am', 'Dm'][i % 5]!)
    const rows = harmony.rows(example, await harmony.extract(item(song), options), options)
    expect(rows.length).toBe(12)
    expect(rows[0]!.x.subarray(64).every((value) => value === 0)).toBe(true)
  })

  it('progressions without a label are neutral and say so', async () => {
    const bare = { ...example, emotion: null }
    const ids = await harmony.extract(item(['C', 'F']), options)
    const [row] = harmony.rows(bare, ids, options)
    expect(row).toMatchObject({ labelled: false, emotion: { valence: 0, arousal: 0 } })
    expect(harmony.rows(bare, ids, { ...options, unlabelled: 'drop' })).toEqual([])
  })
})
