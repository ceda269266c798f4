import { describe, expect, it } from 'vitest'
import { asObject, parseJson, placesIn, plain } from '../../src/data/json.ts'
import { DataError } from '../../src/lib/errors.ts'
import { random } from '../../src/lib/random.ts'

const fault = (text: string) => {
  try {
    parseJson(text, 'x.json')
  } catch (error) {
    if (error instanceof DataError) return error.fault
    throw error
  }
  return null
}

describe('parseJson', () => {
  it('reads what JSON.parse reads', () => {
    const values = [{ a: [1, -2.5e3, null, true, 'ü\n"\\'], b: {}, '': [] }, [], 'x', 0, [[[[]]]]]
    for (const value of values) {
      for (const text of [JSON.stringify(value), JSON.stringify(value, null, 3)])
        expect(plain(parseJson(text, 'x.json'))).toEqual(value)
    }
  })

  it('names line, column and byte of the first wrong character', () => {
    expect(fault('{\n "ä": {"valence": 0.5 "arousal": 1}\n}')).toMatchObject({
      code: 'bad-json',
      offset: 25,
      message: 'line 2, column 23: found "\\"", expected "," or "}"',
    })
    expect(fault('[1, 2')?.message).toBe('line 1, column 6: found the end of the file, expected "," or "]"')
    expect(fault('[1, ]')?.message).toContain('column 5: found "]", expected a value')
    expect(fault('{"a": 1,}')?.message).toContain('expected a string in double quotes')
    expect(fault('{"a" 1}')?.message).toContain('expected ":"')
    expect(fault('"a\tb"')?.message).toContain('line 1, column 1')
    expect(fault('1 2')?.message).toContain('expected the end of the file')
    expect(fault('')?.message).toContain('expected a value')
  })

  it('refuses exactly what JSON.parse refuses, over random damage', () => {
    const good = JSON.stringify({ 'a.mid': { valence: 0.5, arousal: -1e-2 }, list: [1, 'x', null, false] }, null, 1)
    const rng = random('json')
    for (let i = 0; i < 2000; i++) {
      const at = rng.below(good.length)
      const damaged = good.slice(0, at) + rng.pick(['', '"', '{', '}', ',', '0', 'x', '\n', '\\']) + good.slice(at + 1)
      let expected: unknown
      try {
        expected = JSON.parse(damaged)
      } catch {
        expect(fault(damaged), damaged).not.toBeNull()
        continue
      }
      expect(plain(parseJson(damaged, 'x.json')), damaged).toEqual(expected)
    }
  })

  it('sees names that stand twice and keeps the first', () => {
    const object = asObject(parseJson('{"a": 1, "b": 2,\n"a": 3}', 'x.json'))!
    expect(object.entries.get('a')?.value).toBe(1)
    expect(object.repeated).toEqual([{ key: 'a', at: 17 }])
  })
})

it('placesIn counts lines and columns from 1 and bytes in UTF-8', () => {
  const places = placesIn('é\nab\r\n€x')
  expect(places.at(0)).toEqual({ line: 1, column: 1, offset: 0 })
  expect(places.at(3)).toEqual({ line: 2, column: 2, offset: 4 })
  expect(places.at(7)).toEqual({ line: 3, column: 2, offset: 10 })
  expect(places.ofLine(3)).toEqual({ line: 3, column: 1, offset: 7 })
})
