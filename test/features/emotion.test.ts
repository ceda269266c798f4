import { describe, expect, it } from 'vitest'
import { decodeEmotion, encodeEmotion } from '../../src/features/emotion.ts'

const grid = Array.from({ length: 41 }, (_, i) => -1 + i / 20)

describe('emotion embedding', () => {
  it('comes back within 1e-5 everywhere in the square, corners included', () => {
    let worst = 0
    for (const valence of grid) {
      for (const arousal of grid) {
        const back = decodeEmotion(encodeEmotion({ valence, arousal }))
        worst = Math.max(worst, Math.abs(back.valence - valence), Math.abs(back.arousal - arousal))
      }
    }
    expect(worst).toBeLessThan(1e-5)
  })

  it('is an 8 x 8 grid of bumps: rows are arousal, columns valence', () => {
    const corner = encodeEmotion({ valence: 1, arousal: -1 })
    expect(corner.length).toBe(64)
    expect(corner[7]).toBe(1)
    expect(corner.indexOf(Math.max(...corner))).toBe(7)
    // One grid step away is one σ: exp(-1/2).
    expect(corner[6]).toBeCloseTo(Math.exp(-0.5), 6)
    expect(corner[15]).toBeCloseTo(Math.exp(-0.5), 6)
    expect(corner[14]).toBeCloseTo(Math.exp(-1), 6)
  })

  it('decodes mixtures to their middle, any scale, negatives and nothing at all', () => {
    const happy = encodeEmotion({ valence: 0.5, arousal: 0.5 })
    const sad = encodeEmotion({ valence: -0.5, arousal: -0.5 })
    const both = decodeEmotion(happy.map((value, i) => (value + sad[i]!) / 2))
    expect(both.valence).toBeCloseTo(0, 6)
    expect(both.arousal).toBeCloseTo(0, 6)
    const loud = decodeEmotion(happy.map((value) => 3 * value - 1e-4))
    expect(loud.valence).toBeCloseTo(0.5, 2)
    expect(decodeEmotion(new Float32Array(64))).toEqual({ valence: 0, arousal: 0 })
    expect(decodeEmotion(new Float32Array(64).fill(-1))).toEqual({ valence: 0, arousal: 0 })
    expect(() => decodeEmotion([1, 2])).toThrow(/64/)
  })

  it('takes what lies outside as the nearest edge, and near emotions are near', () => {
    expect(encodeEmotion({ valence: 5, arousal: -9 })).toEqual(encodeEmotion({ valence: 1, arousal: -1 }))
    const at = (valence: number) => encodeEmotion({ valence, arousal: 0 })
    const distance = (a: Float32Array, b: Float32Array) => Math.hypot(...a.map((value, i) => value - b[i]!))
    expect(distance(at(0), at(0.1))).toBeLessThan(distance(at(0), at(0.3)))
    expect(distance(at(0), at(0.3))).toBeLessThan(distance(at(0), at(0.9)))
  })
})
