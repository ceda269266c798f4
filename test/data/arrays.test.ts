/** npy, normalisers and feature files: what goes in comes out, and damage is named. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFeatureSet, readFeatureSet, rowsOf, writeFeatureSet } from '../../src/data/feature-file.ts'
import type { FeatureSet } from '../../src/data/feature-set.ts'
import { denormalize, fitNormalizer, normalize } from '../../src/data/normalize.ts'
import { createNpy, readNpy, writeNpy } from '../../src/data/npy.ts'
import { random } from '../../src/lib/random.ts'
import { type Rig, stageRig } from '../stage-rig.ts'

let rig: Rig
beforeEach(() => {
  rig = stageRig()
})
afterEach(() => rig.dispose())

describe('npy', () => {
  it('round-trips any shape', () => {
    const path = join(rig.dir, 'x.npy')
    for (const shape of [[0], [3], [2, 3], [2, 1, 4], [0, 128]]) {
      const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i / 7 - 1)
      writeNpy(path, data, shape)
      expect(readNpy(path)).toEqual({ data, shape })
    }
    expect(() => writeNpy(path, new Float32Array(3), [2])).toThrow(/shape/)
  })

  it('row by row gives the bytes of the whole, also past a block', () => {
    const [whole, parts] = [join(rig.dir, 'whole.npy'), join(rig.dir, 'parts.npy')]
    for (const [rows, width] of [
      [0, 3],
      [5, 3],
      [700, 1000],
      [2, 400_000],
    ] as const) {
      const data = Float32Array.from({ length: rows * width }, (_, i) => i % 251)
      writeNpy(whole, data, [rows, width])
      const writer = createNpy(parts)
      for (let row = 0; row < rows; row++) writer.append(data.subarray(row * width, (row + 1) * width))
      writer.close([rows, width])
      expect(readFileSync(parts).equals(readFileSync(whole))).toBe(true)
    }
    const writer = createNpy(parts)
    writer.append(Float32Array.of(1, 2, 3))
    expect(() => writer.close([2, 2])).toThrow('npy: shape [2, 2] for 3 numbers')
    writer.abandon()
    expect(() => readNpy(parts)).toThrow(/not a .npy file/)
  })

  it('writes the bytes that numpy 2 writes', () => {
    // np.save of np.array([[1, 2.5]], dtype='<f4')
    const path = join(rig.dir, 'x.npy')
    writeNpy(path, Float32Array.of(1, 2.5), [1, 2])
    const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }".padEnd(117) + '\n'
    const expected = Buffer.concat([
      Buffer.from('\x93NUMPY\x01\x00\x76\x00', 'latin1'),
      Buffer.from(header),
      Buffer.from('0000803f00002040', 'hex'),
    ])
    expect(readFileSync(path).equals(expected)).toBe(true)
  })

  it('names what is wrong with a damaged file', () => {
    const path = join(rig.dir, 'x.npy')
    const damage = (change: (file: Buffer) => Buffer) => {
      writeNpy(path, Float32Array.of(1, 2, 3), [3])
      writeFileSync(path, change(readFileSync(path)))
      return () => readNpy(path)
    }
    expect(damage((file) => file.subarray(0, 133))).toThrow(/byte 133: 5 bytes of data, expected 12/)
    expect(damage((file) => file.subarray(0, 4))).toThrow(/not a .npy file/)
    expect(damage((file) => Buffer.from(file.toString('latin1').replace('<f4', '<f8'), 'latin1'))).toThrow(/'<f8'|<f8/)
    expect(damage((file) => Buffer.from(file.toString('latin1').replace('False', 'True '), 'latin1'))).toThrow(
      /Fortran/,
    )
  })
})

describe('normalisers', () => {
  const rng = random('normalize')
  const size = 4
  const x = Float32Array.from(
    { length: 50 * size },
    (_, i) => [rng.normal() * 3 + 100, rng.next(), 7, -1e4 * rng.next()][i % 4]!,
  )
  const train = Array.from({ length: 40 }, (_, i) => i)

  it('standard gives mean 0 and deviation 1 on the rows it was fit on', () => {
    const z = normalize(x, fitNormalizer('standard', x, train, size), size)
    for (const column of [0, 1, 3]) {
      const values = train.map((row) => z[row * size + column]!)
      const mean = values.reduce((a, b) => a + b) / values.length
      expect(mean).toBeCloseTo(0, 4)
      expect(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length).toBeCloseTo(1, 4)
    }
    expect([...z].filter((_, i) => i % 4 === 2).every((value) => value === 0)).toBe(true)
  })

  it('minmax maps the rows it was fit on to 0 … 1', () => {
    const z = normalize(x, fitNormalizer('minmax', x, train, size), size)
    for (const column of [0, 1, 3]) {
      const values = train.map((row) => z[row * size + column]!)
      expect(Math.min(...values)).toBeCloseTo(0, 6)
      expect(Math.max(...values)).toBeCloseTo(1, 6)
    }
  })

  it('does not look at other rows, and is undone by denormalize', () => {
    for (const kind of ['standard', 'minmax'] as const) {
      const fitted = fitNormalizer(kind, x, train, size)
      const other = x.map((value, i) => (i >= 40 * size ? value * 9 : value))
      expect(fitNormalizer(kind, other, train, size)).toEqual(fitted)
      const back = denormalize(normalize(x, fitted, size), fitted, size)
      x.forEach((value, i) => {
        const rounding = 2 ** -22 * (Math.abs(value) + Math.abs(fitted.offset[i % size]!) + fitted.scale[i % size]!)
        expect(Math.abs(back[i]! - value)).toBeLessThanOrEqual(rounding)
      })
    }
    expect(() => fitNormalizer('standard', x, [], size)).toThrow(/no rows/)
    expect(normalize(x, null, size)).toEqual(x)
  })
})

describe('feature files', () => {
  const row = (id: string, split: 'train' | 'val') => ({
    id,
    source: id,
    split,
    labelled: true,
    valence: 0.5,
    arousal: null,
  })
  const set: FeatureSet = {
    info: {
      format: 'kpipe-features/1',
      feature: 'mel',
      options: { n_mels: 3 },
      xShape: [3],
      yShape: [2],
      yLabels: ['a', 'b'],
      normalizer: { kind: 'standard', offset: [0, 1, 2], scale: [1, 1, 1] },
      generated: false,
      rows: [row('a"b', 'train'), row('c', 'val')],
    },
    x: Float32Array.of(1, 2, 3, 4, 5, 6),
    y: Float32Array.of(0, 1, 1, 0),
  }

  it('round-trip', () => {
    writeFeatureSet(rig.dir, set)
    expect(readFeatureSet(rig.dir)).toEqual(set)
    expect(rowsOf(set.info, 'val')).toEqual([1])
    const empty = { ...set, info: { ...set.info, rows: [] }, x: new Float32Array(0), y: new Float32Array(0) }
    writeFeatureSet(rig.dir, empty)
    expect(readFeatureSet(rig.dir)).toEqual(empty)
  })

  it('row by row gives the files of the whole, its normaliser fit on the train split', async () => {
    const rng = random('rows')
    const rows = Array.from({ length: 500 }, (_, i) => row(`r${i}`, i % 3 === 0 ? 'val' : 'train'))
    const x = Float32Array.from({ length: 1500 }, () => rng.uniform(90, 110))
    const y = Float32Array.from({ length: 1000 }, () => rng.next())
    for (const kind of ['standard', 'minmax', null] as const) {
      const writer = createFeatureSet(rig.dir)
      rows.forEach((_, i) => writer.add(x.subarray(i * 3, i * 3 + 3), y.subarray(i * 2, i * 2 + 2)))
      expect(writer.rows).toBe(500)
      const { normalizer: _, ...head } = set.info
      await writer.finish({ ...head, rows }, kind)
      const train = rows.flatMap(({ split }, i) => (split === 'train' ? [i] : []))
      const normalizer = kind && fitNormalizer(kind, x, train, 3)
      expect(readFeatureSet(rig.dir)).toEqual({ info: { ...set.info, rows, normalizer }, x, y })
    }
  })

  it('names a row that has not the length of the others, or holds NaN', () => {
    const writer = createFeatureSet(rig.dir)
    writer.add(Float32Array.of(1, 2), Float32Array.of(1))
    expect(() => writer.add(Float32Array.of(1), Float32Array.of(1))).toThrow('row 1 of x has 1 numbers, expected 2')
    expect(() => writer.add(Float32Array.of(1, 2), Float32Array.of(Number.NaN))).toThrow('row 1 of y holds NaN')
    writer.abandon()
  })

  it('refuses files that do not belong together', () => {
    writeFeatureSet(rig.dir, set)
    writeNpy(join(rig.dir, 'y.npy'), Float32Array.of(1), [1, 1])
    expect(() => readFeatureSet(rig.dir)).toThrow(/y\.npy: shape \[1, 1\], but features.json says \[2, 2\]/)
    writeFileSync(join(rig.dir, 'features.json'), '{}')
    expect(() => readFeatureSet(rig.dir)).toThrow(/format undefined/)
  })
})
