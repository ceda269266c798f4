/** Probe rows and how outputs are compared. */
import { describe, expect, it } from 'vitest'
import { compareOutputs } from '../../src/exporters/compare.ts'
import { probeInputs, probeJson } from '../../src/exporters/probe.ts'
import { chain, dense, modelFile, normalizer, sampleNetworks } from './networks.ts'

const network = chain('m', [3], [dense('a', 2)])

describe('probeInputs', () => {
  const source = {
    x: Float32Array.from({ length: 60 }, (_, i) => i),
    rows: 20,
    heldOut: [2, 4, 6, 8, 10, 12, 14, 16, 18],
  }

  it('takes held-out rows spread over all of them, then edges, then noise', () => {
    const { names, inputs, rows } = probeInputs(modelFile(network), source)
    expect(names.slice(0, 6)).toEqual([2, 4, 8, 10, 14, 16].map((row) => `row ${row} of the features`))
    expect(names.slice(6)).toEqual([
      'zeros',
      'least of every feature',
      'greatest of every feature',
      'noise 0',
      'noise 1',
      'noise 2',
    ])
    const row = (index: number) => Array.from(inputs[0]!.subarray(index * 3, index * 3 + 3))
    expect(row(1)).toEqual([12, 13, 14])
    expect([row(6), row(7), row(8)]).toEqual([
      [0, 0, 0],
      [0, 1, 2],
      [57, 58, 59],
    ])
    expect(inputs[0]).toHaveLength(rows * 3)
  })

  it('draws noise in the range of the features', () => {
    const model = modelFile(network, {
      normalizer: { kind: 'standard', offset: [1000, -1000, 0], scale: [1, 1, 1e-3] },
    })
    const { inputs } = probeInputs(model, null)
    const [a, b, c] = inputs[0]!.slice(3, 6)
    expect(Math.abs(a! - 1000)).toBeLessThan(6)
    expect(Math.abs(b! + 1000)).toBeLessThan(6)
    expect(Math.abs(c!)).toBeLessThan(6e-3)
  })

  it('uses no rows of another shape', () => {
    expect(probeInputs(modelFile(network), { ...source, rows: 19 }).names[0]).toBe('zeros')
  })

  it('gives ids to embeddings: least, greatest, seeded', () => {
    const model = modelFile(sampleNetworks.find(({ name }) => name === 'chordlstm')!)
    const { names, inputs } = probeInputs(model, null)
    expect(names).toEqual(['least ids', 'greatest ids', 'noise 0', 'noise 1', 'noise 2'])
    expect(inputs[0]!.slice(5, 10)).toEqual(Float32Array.of(6, 6, 6, 6, 6))
    expect(inputs[1]!.slice(0, 2)).toEqual(Float32Array.of(0, 2))
    expect(Math.max(...inputs[0]!)).toBe(6)
    expect(inputs[0]!.every(Number.isInteger)).toBe(true)
  })

  it('is the same every time', () => {
    const model = modelFile(network, { normalizer: normalizer(3) })
    expect(probeInputs(model, source)).toEqual(probeInputs(model, source))
  })
})

describe('probeJson', () => {
  it('has the form that checkers read, and exact float32 numbers', () => {
    const text = probeJson([{ name: 'x', shape: [1, 2], data: Float32Array.of(0.1, -3) }], {
      shape: [1, 1],
      data: Float32Array.of(1 / 3),
    })
    expect(JSON.parse(text)).toEqual({
      x: [{ name: 'x', shape: [1, 2], data: [0.100000001, -3] }],
      y: { shape: [1, 1], data: [0.333333343] },
    })
  })
})

describe('compareOutputs', () => {
  it('names the worst number, far from 1 in proportion', () => {
    const expected = Float32Array.of(1, 1000, 0.5, 0)
    const got = Float32Array.of(1, 1000.0001, 0.5, 0.001)
    const { maxAbsDiff, maxScaledDiff, worst } = compareOutputs(expected, got, 2)
    expect(maxAbsDiff).toBeCloseTo(0.001, 6)
    expect(maxScaledDiff).toBeCloseTo(0.001, 6)
    expect(worst).toMatchObject({ row: 1, index: 1, expected: 0 })
    expect(compareOutputs(Float32Array.of(1000), Float32Array.of(1001), 1)).toMatchObject({
      maxAbsDiff: 1,
      maxScaledDiff: 0.001,
    })
  })

  it.each([
    ['NaN', Float32Array.of(1, Number.NaN)],
    ['Infinity', Float32Array.of(1, Infinity)],
    ['missing numbers', Float32Array.of(1)],
  ])('is infinite for %s', (_, got) => {
    expect(compareOutputs(Float32Array.of(1, 2), got, 1).maxScaledDiff).toBe(Infinity)
  })
})
