import { describe, expect, it } from 'vitest'
import { DataError } from '../../src/lib/errors.ts'
import type { Weights } from '../../src/network.ts'
import { readSafetensors, writeSafetensors } from '../../src/network/safetensors.ts'

const tensors: Weights = {
  'b/kernel': { shape: [2, 3], data: Float32Array.of(1, -2, 3.5, 0, -0, 1e-38) },
  'a/bias': { shape: [2], data: Float32Array.of(0.1, -1e30) },
  scalar: { shape: [], data: Float32Array.of(7) },
  none: { shape: [0, 4], data: new Float32Array(0) },
}

/** A file from a header and data, as another writer could have made it. */
function file(header: unknown, data = 0): Uint8Array {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(json.length))
  return Buffer.concat([length, json, Buffer.alloc(data)])
}

describe('safetensors', () => {
  it('comes back as it was written, whatever the alignment of the bytes', () => {
    const bytes = writeSafetensors(tensors, { format: 'pt', note: 'ü' })
    const shifted = new Uint8Array(bytes.length + 1)
    shifted.set(bytes, 1)
    const { tensors: back, metadata } = readSafetensors(shifted.subarray(1), 'x')
    expect(metadata).toEqual({ format: 'pt', note: 'ü' })
    expect(Object.keys(back).sort()).toEqual(Object.keys(tensors).sort())
    for (const [name, { shape, data }] of Object.entries(tensors)) {
      expect(back[name]!.shape).toEqual(shape)
      expect([...back[name]!.data].map((value) => [value, Object.is(value, -0)])).toEqual(
        [...data].map((value) => [value, Object.is(value, -0)]),
      )
    }
  })

  it('equal tensors give equal bytes in any order, in the layout of the specification', () => {
    const reversed = Object.fromEntries(Object.entries(tensors).reverse())
    const bytes = writeSafetensors(reversed)
    expect(Buffer.from(bytes).equals(Buffer.from(writeSafetensors(tensors)))).toBe(true)
    const length = Number(Buffer.from(bytes).readBigUInt64LE(0))
    expect(length % 8).toBe(0)
    expect(JSON.parse(Buffer.from(bytes.subarray(8, 8 + length)).toString())).toMatchObject({
      'a/bias': { dtype: 'F32', shape: [2], data_offsets: [0, 8] },
      'b/kernel': { dtype: 'F32', shape: [2, 3], data_offsets: [8, 32] },
    })
    expect(Buffer.from(bytes).readFloatLE(8 + length + 8)).toBe(1)
  })

  const entry = { dtype: 'F32', shape: [2], data_offsets: [0, 8] }
  it.each([
    ['an empty file', new Uint8Array(0), 'truncated', 0],
    ['a cut header', file({ a: entry }, 8).subarray(0, 20), 'truncated', 0],
    ['a header that is no JSON', file('{"a": ', 0), 'bad-header', 8],
    ['a header that is a list', file([]), 'bad-header', 8],
    ['another dtype', file({ a: { ...entry, dtype: 'F16' } }, 8), 'dtype', 8],
    ['a negative size', file({ a: { ...entry, shape: [-2] } }, 8), 'bad-header', 8],
    ['a span of another size', file({ a: { ...entry, shape: [3] } }, 8), 'truncated', 'data + 0'],
    ['data cut short', file({ a: entry }, 4), 'truncated', 'data + 0'],
    ['a hole', file({ a: { ...entry, data_offsets: [4, 12] } }, 12), 'bad-header', 'data + 0'],
    ['an overlap', file({ a: entry, b: { ...entry, data_offsets: [4, 12] } }, 12), 'bad-header', 'data + 8'],
    ['bytes after the end', file({ a: entry }, 12), 'trailing', 'data + 8'],
  ])('refuses %s with the place', (_, bytes, code, offset) => {
    try {
      readSafetensors(bytes, 'w.safetensors')
      expect.unreachable()
    } catch (error) {
      expect(error).toBeInstanceOf(DataError)
      const start = bytes.length < 8 ? 0 : 8 + Number(Buffer.from(bytes).readBigUInt64LE(0))
      const at = typeof offset === 'number' ? offset : start + Number(offset.slice('data + '.length))
      expect((error as DataError).fault).toMatchObject({ path: 'w.safetensors', code, offset: at })
    }
  })
})
