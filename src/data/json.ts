/**
 * JSON with places: label files are written by hand, so a fault in one has to name line and column, and a name that
 * stands twice has to be seen (JSON.parse keeps the last one silently). RFC 8259, nothing more; no comments.
 */
import { DataError } from '../lib/errors.ts'

export interface JsonNode {
  /** Offset of the value in the text, in UTF-16 units. */
  readonly at: number
  readonly value: string | number | boolean | null | readonly JsonNode[] | JsonObject
}

export interface JsonObject {
  readonly entries: ReadonlyMap<string, JsonNode>
  /** Keys that stand more than once, with the place of each later one; the first value is kept. */
  readonly repeated: readonly { readonly key: string; readonly at: number }[]
}

/** @throws DataError `bad-json` with byte offset, line and column of the first character that cannot stand there. */
export function parseJson(text: string, path: string): JsonNode {
  const scanner: Scanner = { text, path, at: text.startsWith('\uFEFF') ? 1 : 0 }
  const node = readValue(scanner)
  if (scanner.at < text.length) fail(scanner, 'the end of the file')
  return node
}

/** A place in a text file: line and column count from 1, the byte offset is that in the UTF-8 file. */
export interface Place {
  readonly line: number
  readonly column: number
  readonly offset: number
}

/** Place of every UTF-16 offset of `text`; one walk through the text, then each answer is quick. */
export function placesIn(text: string): { at(at: number): Place; ofLine(line: number): Place } {
  const starts = [0]
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) starts.push(end + 1)
  const bytes = [0]
  for (let i = 1; i < starts.length; i++)
    bytes.push(bytes[i - 1]! + Buffer.byteLength(text.slice(starts[i - 1]!, starts[i]!)))
  const ofLine = (line: number): Place => {
    const index = Math.min(Math.max(line, 1), starts.length) - 1
    return { line: index + 1, column: 1, offset: bytes[index]! }
  }
  return {
    ofLine,
    at: (at) => {
      let low = 0
      for (let high = starts.length; high - low > 1; ) {
        const middle = (low + high) >> 1
        if (starts[middle]! <= at) low = middle
        else high = middle
      }
      const offset = bytes[low]! + Buffer.byteLength(text.slice(starts[low]!, at))
      return { line: low + 1, column: at - starts[low]! + 1, offset }
    },
  }
}

export function placeText({ line, column }: Place): string {
  return `line ${line}, column ${column}`
}

export function asObject(node: JsonNode | undefined): JsonObject | undefined {
  const value = node?.value
  return value && typeof value === 'object' && !Array.isArray(value) ? (value as JsonObject) : undefined
}

export function asList(node: JsonNode | undefined): readonly JsonNode[] | undefined {
  return Array.isArray(node?.value) ? (node.value as readonly JsonNode[]) : undefined
}

/** The value without places. */
export function plain(node: JsonNode): unknown {
  const list = asList(node)
  if (list) return list.map(plain)
  const object = asObject(node)
  return object ? Object.fromEntries([...object.entries].map(([key, item]) => [key, plain(item)])) : node.value
}

interface Scanner {
  readonly text: string
  readonly path: string
  at: number
}

/** Escapes are checked by JSON.parse afterwards. */
const STRING = /"(?:[^"\\]|\\.)*"/y
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const WORD = /true|false|null/y

/** One value with the space before and after it. */
function readValue(scanner: Scanner): JsonNode {
  skipSpace(scanner)
  const at = scanner.at
  const value = readBare(scanner)
  skipSpace(scanner)
  return { at, value }
}

function readBare(scanner: Scanner): JsonNode['value'] {
  const first = scanner.text[scanner.at]
  if (first === '{') return readObject(scanner)
  if (first === '[') return readList(scanner)
  if (first === '"') return readString(scanner)
  const found = take(scanner, WORD) ?? take(scanner, NUMBER)
  return found === undefined ? fail(scanner, 'a value') : (JSON.parse(found) as number | boolean | null)
}

function readList(scanner: Scanner): JsonNode[] {
  const items: JsonNode[] = []
  scanner.at++
  skipSpace(scanner)
  for (let more = scanner.text[scanner.at] !== ']'; more; ) {
    items.push(readValue(scanner))
    more = continues(scanner, ']')
  }
  scanner.at++
  return items
}

function readObject(scanner: Scanner): JsonObject {
  const entries = new Map<string, JsonNode>()
  const repeated: { key: string; at: number }[] = []
  scanner.at++
  skipSpace(scanner)
  for (let more = scanner.text[scanner.at] !== '}'; more; ) {
    skipSpace(scanner)
    const at = scanner.at
    const key = readString(scanner)
    skipSpace(scanner)
    if (scanner.text[scanner.at] !== ':') fail(scanner, '":"')
    scanner.at++
    const node = readValue(scanner)
    if (entries.has(key)) repeated.push({ key, at })
    else entries.set(key, node)
    more = continues(scanner, '}')
  }
  scanner.at++
  return { entries, repeated }
}

/** True after a comma; false before `close`. */
function continues(scanner: Scanner, close: string): boolean {
  const found = scanner.text[scanner.at]
  if (found === close) return false
  if (found !== ',') fail(scanner, `"," or "${close}"`)
  scanner.at++
  return true
}

function readString(scanner: Scanner): string {
  const at = scanner.at
  const found = take(scanner, STRING)
  if (found === undefined) return fail(scanner, 'a string in double quotes')
  try {
    return JSON.parse(found) as string
  } catch {
    return fail({ ...scanner, at }, 'a string without line breaks, tabs or unknown escapes')
  }
}

function take(scanner: Scanner, pattern: RegExp): string | undefined {
  pattern.lastIndex = scanner.at
  const found = pattern.exec(scanner.text)?.[0]
  if (found !== undefined) scanner.at += found.length
  return found
}

function skipSpace(scanner: Scanner): void {
  while (scanner.at < scanner.text.length && ' \t\r\n'.includes(scanner.text[scanner.at]!)) scanner.at++
}

function fail({ text, path, at }: Scanner, expected: string): never {
  const found = at < text.length ? JSON.stringify(text[at]) : 'the end of the file'
  const place = placesIn(text).at(at)
  throw new DataError({
    path,
    offset: place.offset,
    code: 'bad-json',
    message: `${placeText(place)}: found ${found}, expected ${expected}`,
    hint: 'correct the JSON at this place',
  })
}
