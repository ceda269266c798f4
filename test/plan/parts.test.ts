/** The small parts by themselves: quantities, templates, path matching, schema messages, colours. */
import { describe, expect, test } from 'vitest'
import { checkSchema } from '../../src/lib/schema.ts'
import { formatDiagnostics } from '../../src/plan/index.ts'
import { pathOwners } from '../../src/plan/paths.ts'
import { parseDuration, parseSize } from '../../src/plan/quantities.ts'
import { parseTemplate } from '../../src/plan/template.ts'

test.each([
  ['90', 90],
  ['90s', 90],
  ['1h30m', 5400],
  ['1.5h', 5400],
  ['2d', 172800],
  ['500ms', 0.5],
  ['1h 30m', 5400],
  ['', null],
  ['10 minutes', null],
  ['m10', null],
  ['-5m', null],
])('%j is a duration of %j seconds', (text, seconds) => {
  expect(parseDuration(text)).toBe(seconds)
})

test.each([
  ['512', 512],
  ['1k', 1024],
  ['4G', 4 * 2 ** 30],
  ['4 GiB', 4 * 2 ** 30],
  ['1.5tb', 1.5 * 2 ** 40],
  ['4 gigs', null],
  ['G', null],
  ['-1G', null],
])('%j is a size of %j bytes', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes)
})

test('a template is cut at its references', () => {
  expect(parseTemplate('a ${b} $${c} ${ b }${b}')).toEqual([
    'a ',
    { raw: '${b}', name: 'b', nth: 0 },
    ' ${c} ',
    { raw: '${ b }', name: 'b', nth: 0 },
    { raw: '${b}', name: 'b', nth: 1 },
  ])
  expect(parseTemplate('$$${x}')).toEqual(['$${x}'])
  expect(parseTemplate('a ${b')).toEqual(['a ', { raw: '${', name: null, nth: 0 }, 'b'])
  expect(parseTemplate('')).toEqual([''])
})

describe('paths', () => {
  const owners = pathOwners<string>()
  for (const path of ['a/b', 'a/c/d.txt', 'e', 'f/1/2/x.csv', '/abs/x']) owners.add(path, path)
  test.each([
    ['a/b', ['a/b']],
    ['a/b/deep/x', ['a/b']],
    ['a', ['a/b', 'a/c/d.txt']],
    ['a/*', ['a/b', 'a/c/d.txt']],
    ['a/*.txt', []],
    ['a/*/d.txt', ['a/b', 'a/c/d.txt']],
    ['**/x.csv', ['a/b', 'a/c/d.txt', 'e', 'f/1/2/x.csv', '/abs/x']],
    ['f/**/x.csv', ['f/1/2/x.csv']],
    ['f/?/2', ['f/1/2/x.csv']],
    ['e.txt', []],
    ['abs/x', []],
    ['/abs', ['/abs/x']],
    ['.', ['a/b', 'a/c/d.txt', 'e', 'f/1/2/x.csv', '/abs/x']],
  ])('%s meets %j', (path, expected) => {
    expect(owners.overlapping(path).map((one) => one.owner)).toEqual(expected)
  })
})

describe('schema messages', () => {
  const say = (schema: Record<string, unknown>, value: unknown) =>
    checkSchema(schema, value).map(({ path, message, hint }) =>
      [path.join('.'), message, hint].filter(Boolean).join(' | '),
    )

  test('one of several types', () => {
    const schema = { anyOf: [{ type: 'number' }, { type: 'null' }] }
    expect(say(schema, 'x')).toEqual(['must be a number or null, got "x"'])
    expect(say({ type: ['integer', 'boolean'] }, 'yes')).toEqual([
      'must be a whole number or true or false, got "yes" | write true',
    ])
  })

  test('the branch that was meant is the one that speaks', () => {
    const schema = {
      oneOf: [{ type: 'integer', minimum: 1 }, { enum: ['auto'] }, { type: 'array', items: { type: 'integer' } }],
    }
    expect(say(schema, 0)).toEqual(['must be at least 1, got 0'])
    expect(say(schema, 'aut')).toEqual(['must be auto, a whole number or a list, got "aut" | did you mean "auto"?'])
    expect(say(schema, [1, 'x'])).toEqual(['1 | must be a whole number, got "x"'])
  })

  test('other keywords', () => {
    expect(say({ type: 'string', minLength: 1 }, '')).toEqual(['must not be empty'])
    expect(say({ type: 'string', pattern: '^a$' }, 'b')).toEqual(['must match ^a$, got "b"'])
    expect(say({ type: 'array', uniqueItems: true }, ['a', 'a'])).toEqual(['has "a" twice'])
    expect(say({ type: 'array', maxItems: 1 }, [1, 2])).toEqual(['must have at most 1 entry, got 2'])
    expect(say({ type: 'number', multipleOf: 2 }, 3)).toEqual(['must be a multiple of 2, got 3'])
    expect(say({ const: 3 }, 4)).toEqual(['must be 3, got 4'])
    expect(say({ type: 'string' }, 3)).toEqual(['must be a text, got 3 | write "3" in quotes'])
    expect(say({ type: 'array' }, 'a')).toEqual(['must be a list, got "a" | write [a]'])
  })

  test('defaults are filled in, also inside', () => {
    const value = { inner: {} }
    checkSchema(
      {
        type: 'object',
        properties: { a: { default: [1] }, inner: { type: 'object', properties: { b: { default: 2 } } } },
      },
      value,
    )
    expect(value).toEqual({ a: [1], inner: { b: 2 } })
  })

  test('a schema that is none is refused', () => {
    expect(() => checkSchema({ type: 'numbr' }, 1)).toThrow('schema is invalid')
    expect(() => checkSchema({ minimun: 1 }, 1)).toThrow('unknown keyword')
  })
})

test('colours, a file that cannot be read, a place beyond the line', () => {
  const diagnostic = {
    place: { file: 'a.yaml', line: 1, column: 3 },
    length: 99,
    message: 'wrong',
    hint: 'write right',
  }
  expect(formatDiagnostics([diagnostic], () => 'a: b', { color: true })).toBe(
    '\x1b[1ma.yaml:1:3:\x1b[22m wrong – \x1b[32mwrite right\x1b[39m\n    a: b\n      \x1b[31m^^\x1b[39m\n',
  )
  expect(formatDiagnostics([diagnostic], () => undefined, { color: false })).toBe('a.yaml:1:3: wrong – write right\n')
  expect(formatDiagnostics([], () => undefined, { color: false })).toBe('')
})
