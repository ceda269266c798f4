/**
 * The conditions of `when:`: `true`, `${param}`, `${epochs} > 10 and not ${quick}`. Values of params keep their types;
 * a bare word is a text. or < and < not < comparison; ( ) group. No arithmetic, no calls.
 */
import { describeValue } from '../lib/describe.ts'

export type Value = string | number | boolean | null

type Token =
  | { readonly type: 'value'; readonly value: Value; readonly raw: string }
  | { readonly type: 'word'; readonly word: string }

/** @throws Error in words for the user */
export function evaluate(text: string, resolve: (reference: string) => Value): boolean {
  const tokens = tokenize(text, resolve)
  let at = 0
  const word = () => {
    const token = tokens[at]
    return token?.type === 'word' ? token.word : ''
  }
  const take = (...words: string[]) => words.includes(word()) && ++at > 0

  const or = (): Value => {
    let left = and()
    while (take('or')) {
      const right = asBoolean(and())
      left = asBoolean(left) || right
    }
    return left
  }
  const and = (): Value => {
    let left = not()
    while (take('and')) {
      const right = asBoolean(not())
      left = asBoolean(left) && right
    }
    return left
  }
  const not = (): Value => (take('not') ? !asBoolean(not()) : comparison())
  const comparison = (): Value => {
    const left = operand()
    const operator = word()
    if (!COMPARISONS.has(operator)) return left
    at++
    return compare(left, operator, operand())
  }
  const operand = (): Value => {
    if (take('(')) {
      const value = or()
      if (!take(')')) throw new Error('a ( is not closed')
      return value
    }
    const token = tokens[at++]
    if (token?.type === 'value') return token.value
    throw new Error(token ? `a value is missing before ${token.word}` : 'a value is missing at the end')
  }

  const value = or()
  const rest = tokens[at]
  if (rest) throw new Error(`${rest.type === 'word' ? rest.word : rest.raw} was not expected here`)
  return asBoolean(value)
}

const COMPARISONS = new Set(['==', '!=', '<', '<=', '>', '>='])
const SYNONYMS: Readonly<Record<string, string>> = { '&&': 'and', '||': 'or', '!': 'not' }
const CONSTANTS: Readonly<Record<string, Value>> = { true: true, false: false, null: null }
const TOKEN = /\s*(?:(\$\{[^{}]*\})|"([^"]*)"|'([^']*)'|(==|!=|<=|>=|<|>|&&|\|\||!|\(|\))|([^\s()"'<>=!&|]+))/y

function tokenize(text: string, resolve: (reference: string) => Value): Token[] {
  const tokens: Token[] = []
  TOKEN.lastIndex = 0
  const end = text.trimEnd().length
  while (TOKEN.lastIndex < end) {
    const from = TOKEN.lastIndex
    const match = TOKEN.exec(text)
    if (!match) {
      const rest = text.slice(from).trim()
      throw new Error(rest.startsWith('=') ? 'a comparison is written ==' : `cannot read ${describeValue(rest)}`)
    }
    const [, reference, double, single, operator, bare] = match
    const raw = match[0].trim()
    if (reference !== undefined) tokens.push({ type: 'value', value: resolve(reference), raw })
    else if (double !== undefined || single !== undefined) tokens.push({ type: 'value', value: double ?? single!, raw })
    else if (operator !== undefined) tokens.push({ type: 'word', word: SYNONYMS[operator] ?? operator })
    else if (bare === 'and' || bare === 'or' || bare === 'not') tokens.push({ type: 'word', word: bare })
    else tokens.push({ type: 'value', value: constant(bare!), raw })
  }
  return tokens
}

function constant(word: string): Value {
  if (Object.hasOwn(CONSTANTS, word)) return CONSTANTS[word]!
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(word) ? Number(word) : word
}

function compare(left: Value, operator: string, right: Value): boolean {
  if (operator === '==') return left === right
  if (operator === '!=') return left !== right
  if (typeof left !== 'number' || typeof right !== 'number')
    throw new Error(`${operator} compares numbers, got ${describeValue(typeof left === 'number' ? right : left)}`)
  if (operator === '<') return left < right
  if (operator === '<=') return left <= right
  return operator === '>' ? left > right : left >= right
}

function asBoolean(value: Value): boolean {
  if (typeof value === 'boolean') return value
  throw new Error(`must be true or false, got ${describeValue(value)}`)
}
