/** What is in the key and what is not. */
import { describe, expect, test } from 'vitest'
import { envHash, type KeyDocument, keyOf, resumeKeyOf } from '../../src/store/fingerprint.ts'
import { keyDocument } from './documents.ts'

const key = (changes: Partial<KeyDocument>) => keyOf(keyDocument(changes))

describe('equal keys', () => {
  test.each<[string, Partial<KeyDocument>, Partial<KeyDocument>]>([
    ['options in another order', { options: { a: 1, b: { c: 2, d: 3 } } }, { options: { b: { d: 3, c: 2 }, a: 1 } }],
    ['1e-3 and 0.001', { options: { rate: 1e-3 } }, { options: { rate: 0.001 } }],
    ['zero and minus zero', { options: { rate: -0 } }, { options: { rate: 0 } }],
    ['an accent as one character or as two', { options: { name: 'e\u0301' } }, { options: { name: '\u00e9' } }],
    ['an option that is undefined and one that is absent', { options: { a: undefined } }, { options: {} }],
  ])('%s', (_, one, other) => {
    expect(key(one)).toBe(key(other))
  })
})

describe('different keys', () => {
  const COMMAND = { run: 'make', outs: ['a'], params: { rate: 1 } }
  const base = keyDocument({ options: { a: 1 }, command: COMMAND, env: { SEED: 'unset' }, inputs: { data: 'D:1' } })
  test.each<[string, Partial<KeyDocument>]>([
    ['an option changed', { options: { a: 2 } }],
    ['a number and the same digits as text', { options: { a: '1' } }],
    ['an option more', { options: { a: 1, b: null } }],
    ['an option less', { options: {} }],
    ['the command', { command: { ...COMMAND, run: 'make -k' } }],
    ['an out', { command: { ...COMMAND, outs: ['b'] } }],
    ['a param', { command: { ...COMMAND, params: { rate: 2 } } }],
    ['the code of the kind', { code: 'other' }],
    ['the kind', { kind: 'evaluate' }],
    ['the platform', { platform: 'darwin-arm64' }],
    ['an input', { inputs: { data: 'D:2' } }],
    ['an input under another name', { inputs: { music: 'D:1' } }],
    ['a list of one and one', { inputs: { data: ['D:1'] } }],
    ['an environment variable set to nothing', { env: { SEED: envHash('') } }],
    ['an environment variable more', { env: { SEED: 'unset', MODE: 'unset' } }],
  ])('%s', (_, changes) => {
    expect(keyOf({ ...base, ...changes })).not.toBe(keyOf(base))
  })

  test('a list of inputs in another order', () => {
    expect(key({ inputs: { m: ['D:1', 'D:2'] } })).not.toBe(key({ inputs: { m: ['D:2', 'D:1'] } }))
  })
})

test('the value of a variable is not in the document in the clear', () => {
  expect(envHash('hunter2')).toMatch(/^[0-9a-f]{64}$/)
  expect(envHash(undefined)).toBe('unset')
})

test('checkpoints are offered where only options differ that say how far to go', () => {
  const doc = (options: Record<string, unknown>) => keyDocument({ options })
  const resume = (options: Record<string, unknown>) => resumeKeyOf(doc(options), ['epochs', 'patience'])
  expect(resume({ epochs: 80, rate: 1 })).toBe(resume({ epochs: 50, patience: 3, rate: 1 }))
  expect(resume({ epochs: 50, rate: 2 })).not.toBe(resume({ epochs: 50, rate: 1 }))
  expect(resume({ rate: 1 })).not.toBe(keyOf(doc({ rate: 1 })))
})

test('a value that JSON cannot hold is refused, not hashed as null', () => {
  expect(() => key({ options: { rate: NaN } })).toThrow(/cannot hold NaN/)
  expect(() => key({ options: { f: () => 1 } })).toThrow(/cannot hold a function/)
})
