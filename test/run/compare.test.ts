/** How verify compares outputs: by bytes, else by their numbers where the format is known. */
import { describe, expect, test } from 'vitest'
import { compareOutputs, numericDifference } from '../../src/run/compare.ts'
import { openStore, tempDir } from '../store/rig.ts'

const temp = tempDir()
const text = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
const json = (a: unknown, b: unknown) => numericDifference('m.json', text(a), text(b))

function npy(values: number[], dtype = '<f4'): Buffer {
  const head = `{'descr': '${dtype}', 'fortran_order': False, 'shape': (${values.length},), }`.padEnd(117, ' ') + '\n'
  const size = Buffer.alloc(2)
  size.writeUInt16LE(head.length)
  const body = dtype === '<f4' ? new Float32Array(values) : new Float64Array(values)
  return Buffer.concat([Buffer.from('\x93NUMPY\x01\x00', 'latin1'), size, Buffer.from(head), Buffer.from(body.buffer)])
}

function safetensors(values: number[], dtype = 'F32'): Buffer {
  const head = JSON.stringify({ w: { dtype, shape: [values.length], data_offsets: [0, 4 * values.length] } })
  const size = Buffer.alloc(8)
  size.writeBigUInt64LE(BigInt(head.length))
  return Buffer.concat([size, Buffer.from(head), Buffer.from(new Float32Array(values).buffer)])
}

describe('JSON', () => {
  test.each<[string, unknown, unknown, number]>([
    ['the largest difference anywhere', { a: [1, 2], b: { c: 3 } }, { a: [1, 2.5], b: { c: 2.75 } }, 0.5],
    ['another order of keys', { a: 1, b: 2 }, { b: 2, a: 1 }, 0],
    ['another text', { a: 'x' }, { a: 'y' }, Infinity],
    ['a key more', { a: 1 }, { a: 1, b: 1 }, Infinity],
    ['another key', { a: 1 }, { b: 1 }, Infinity],
    ['a longer list', [1], [1, 1], Infinity],
    ['a list and a map', [1], { 0: 1 }, Infinity],
    ['a number and its text', { a: 1 }, { a: '1' }, Infinity],
    ['null and zero', { a: null }, { a: 0 }, Infinity],
    ['one that is no JSON', '{', '{}', Infinity],
  ])('%s', (_, a, b, expected) => {
    expect(json(a, b)).toBe(expected)
    expect(json(b, a)).toBe(expected)
  })
})

test('CSV: numbers by cell, everything else exactly', () => {
  const csv = (a: string, b: string) => numericDifference('x.csv', text(a), text(b))
  expect(csv('name,loss\na,0.5\n', 'name,loss\na,0.75\n')).toBe(0.25)
  expect(csv('name,loss\na,0.5\n', 'name,loss\nb,0.5\n')).toBe(Infinity)
  expect(csv('a,\n', 'a,0\n')).toBe(Infinity)
  expect(csv('a\n', 'a\nb\n')).toBe(Infinity)
})

describe.each([
  ['.npy', npy],
  ['.safetensors', safetensors],
])('%s', (extension, make) => {
  const difference = (a: Buffer, b: Buffer) => numericDifference(`x${extension}`, a, b)

  test('float32 numbers', () => {
    expect(difference(make([1, 2, 3]), make([1, 2.5, 2.75]))).toBe(0.5)
    expect(difference(make([NaN, Infinity]), make([NaN, Infinity]))).toBe(0)
    expect(difference(make([1]), make([NaN]))).toBe(Infinity)
    expect(difference(make([1]), make([Infinity]))).toBe(Infinity)
  })

  test('another shape, another type, a cut or foreign file: different, never an exception', () => {
    expect(difference(make([1, 2]), make([1, 2, 3]))).toBe(Infinity)
    const other = extension === '.npy' ? '<f8' : 'I32'
    expect(difference(make([1], other), make([2], other))).toBe(Infinity)
    const whole = make([1, 2, 3])
    for (let cut = 0; cut < whole.length; cut++) {
      expect(difference(whole.subarray(0, cut), whole)).toBe(Infinity)
      expect(difference(whole.subarray(0, cut), Buffer.alloc(cut, 1))).toBe(Infinity)
    }
  })
})

test('any other format: only bytes count', () => {
  expect(numericDifference('a.wav', text('1'), text('2'))).toBe(Infinity)
})

test('folders: each file by its path', () => {
  temp.write({ 'old/same.bin': 'x', 'old/m.json': '{"a":1}', 'old/t.txt': 'a', 'old/gone.txt': '' })
  temp.write({ 'new/same.bin': 'x', 'new/m.json': '{"a":1.5}', 'new/t.txt': 'b', 'new/sub/more.txt': '' })
  const { trees } = openStore(temp.at('project'))
  const side = (path: string) => ({ content: trees.hash(temp.at(path)), path: temp.at(path) })
  const compare = (tolerance: number) =>
    Object.fromEntries(
      compareOutputs(trees, side('old'), side('new'), tolerance).map(({ path, verdict }) => [path, verdict]),
    )
  const rest = { 'same.bin': 'equal', 't.txt': 'different', 'gone.txt': 'missing', 'sub/more.txt': 'new' }
  expect(compare(0.5)).toEqual({ ...rest, 'm.json': 'within tolerance' })
  expect(compare(0.4)).toEqual({ ...rest, 'm.json': 'different' })
})

test('single files and nothing', () => {
  temp.write({ 'a.json': '[1]', 'b.json': '[1.25]' })
  const { trees } = openStore(temp.at('project'))
  const side = (path: string) => ({ content: trees.hash(temp.at(path)), path: temp.at(path) })
  expect(compareOutputs(trees, side('a.json'), side('b.json'), 0)).toEqual([
    { path: '', verdict: 'different', maxDiff: 0.25 },
  ])
  expect(compareOutputs(trees, side('a.json'), side('none'), 0)).toMatchObject([{ verdict: 'missing' }])
})
