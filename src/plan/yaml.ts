/** YAML → nodes with places, and what is wrong with the syntax in words. The only file that knows the yaml package. */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Pair,
  parseDocument,
  type Scalar,
  visit,
  type YAMLError,
  type YAMLMap,
  type YAMLSeq,
  type Node as YamlNode,
} from 'yaml'
import type { Problems } from './diagnostic.ts'
import { broken, type Entry, makeList, makeMap, type Node, type Source, type Span } from './node.ts'

/** Aliases are followed, so a short text can stand for very many values; more than this is an attack or an accident. */
const MOST_VALUES = 1_000_000

/**
 * The value of a YAML text, null where it is none (reported).
 * @param offset of `text` within the source
 * @param templateKeys `${}` may stand in keys, as other tools have it
 */
export function parseText(
  text: string,
  source: Source,
  offset: number,
  problems: Problems,
  templateKeys = false,
): Node | null {
  const parse = (yaml: string) =>
    parseDocument(yaml, { merge: true, uniqueKeys: false, prettyErrors: false, version: '1.2', logLevel: 'error' })
  let doc = parse(text)
  let masked = false
  if (doc.errors.length > 0 && text.includes('${')) {
    // `{ a: ${b} }` is the commonest slip and no YAML: read on as if it had its quotes, so that all mistakes are told at once.
    const again = parse(mask(text))
    masked = again.errors.length === 0
    if (masked) doc = again
  }
  for (const fault of [...tellingErrors(doc.errors), ...doc.warnings]) {
    const { message, hint, start, end } = syntaxMessage(fault, text, doc)
    problems.add({ source, start: start + offset, end: end + offset }, '', message, hint)
  }
  if (doc.errors.length > 0) return null
  return new Converter(doc, { source, offset, masked, templateKeys }, problems).convert(
    doc.contents as YamlNode | null,
    {
      source,
      start: offset,
      end: offset,
    },
  )
}

/** Characters of the private use area stand for the braces of `${}`: same length, so that all offsets stay right. */
const mask = (text: string) => text.replace(/\$\{([^{}\n]*)\}/g, '$\uE000$1\uE001')
const unmask = (text: string) => text.replaceAll('\uE000', '{').replaceAll('\uE001', '}')

/** What follows the first syntax error is mostly the parser's guesswork; these are mistakes wherever they stand. */
const CERTAIN = new Set<string>(['TAB_AS_INDENT', 'MULTIPLE_DOCS', 'TAG_RESOLVE_FAILED'])
const tellingErrors = (errors: readonly YAMLError[]) =>
  errors.filter((error, index) => index === 0 || CERTAIN.has(error.code))

class Converter {
  readonly #doc: Document
  readonly #source: Source
  readonly #offset: number
  readonly #masked: boolean
  readonly #templateKeys: boolean
  readonly #problems: Problems
  readonly #done = new Map<YamlNode, { node: Node; values: number }>()
  readonly #open = new Set<YamlNode>()
  #values = 0
  #tooMany = false
  /** Depth of `{ }` and `[ ]`. */
  #flow = 0

  constructor(
    doc: Document,
    text: { source: Source; offset: number; masked: boolean; templateKeys: boolean },
    problems: Problems,
  ) {
    this.#doc = doc
    this.#source = text.source
    this.#offset = text.offset
    this.#masked = text.masked
    this.#templateKeys = text.templateKeys
    this.#problems = problems
  }

  convert(yaml: YamlNode | null, empty: Span): Node {
    const span = yaml ? this.#span(yaml) : empty
    if (yaml && isAlias(yaml)) return this.#alias(yaml.source, yaml.resolve(this.#doc), span)
    if (!yaml || yaml.range?.[0] === yaml.range?.[1]) return this.#scalar(null, '', empty)
    if (!isMap(yaml) && !isSeq(yaml))
      return this.#scalar((yaml as Scalar).value, (yaml as Scalar).source ?? '', span, (yaml as Scalar).type)
    this.#open.add(yaml)
    const before = this.#values++
    if (yaml.flow) this.#flow++
    const node = isMap(yaml)
      ? this.#map(yaml, span)
      : makeList(
          (yaml as YAMLSeq<YamlNode>).items.map((item) => this.convert(item, this.#span(item))),
          span,
        )
    if (yaml.flow) this.#flow--
    this.#open.delete(yaml)
    if (yaml.anchor) this.#done.set(yaml, { node, values: this.#values - before })
    return node
  }

  #alias(name: string, target: YamlNode | undefined, span: Span): Node {
    if (!target) return this.#wrong(span, `nothing above is called &${name}`)
    if (this.#open.has(target)) return this.#wrong(span, 'this alias stands inside the very value it stands for')
    const done = this.#done.get(target)
    this.#values += done?.values ?? 1
    if (this.#values > MOST_VALUES) {
      const told = this.#tooMany
      this.#tooMany = true
      const most = `the aliases of this file stand for more than ${MOST_VALUES.toLocaleString('en')} values`
      // Said once: every other alias of such a file would say the same.
      return told ? broken(span) : this.#wrong(span, most, 'anchors of anchors multiply; write out what is needed')
    }
    return done?.node ?? this.convert(target, span)
  }

  #map(yaml: YAMLMap, span: Span): Node {
    const entries = new Map<string, Entry>()
    const merged = new Map<string, Entry>()
    for (const { key, value } of yaml.items as Pair<YamlNode, YamlNode | null>[]) {
      const at = key ? this.#span(key) : span
      if (isScalar(key) && typeof key.value === 'symbol') this.#merge(merged, this.convert(value, at), at)
      else if (!isScalar(key) || key.value === null) this.#wrong(at, 'a key must be a plain name')
      else this.#entry(entries, key.type === 'PLAIN' && key.source ? key.source : String(key.value), at, value)
    }
    for (const [key, entry] of merged) if (!entries.has(key)) entries.set(key, entry)
    return makeMap(entries, span)
  }

  #entry(entries: Map<string, Entry>, key: string, at: Span, value: YamlNode | null): void {
    const first = entries.get(key)
    if (first) {
      const line = this.#source.text.slice(0, first.key.start).split('\n').length
      this.#wrong(at, `${JSON.stringify(key)} is given twice, first in line ${line}`, 'remove one of them')
    } else if (!this.#templateKeys && key.includes('${')) this.#wrong(at, `a name cannot hold \${}: ${key}`)
    else entries.set(key, { key: at, value: this.convert(value, at) })
  }

  /** `<<: *base` or `<<: [*a, *b]`: keys of the map itself win, then those of earlier maps. */
  #merge(into: Map<string, Entry>, value: Node, at: Span): void {
    for (const map of value.type === 'list' ? value.items : [value]) {
      if (map.type !== 'map') this.#wrong(at, '<< merges a map: <<: *name')
      else for (const [key, entry] of map.entries) if (!into.has(key)) into.set(key, entry)
    }
  }

  #scalar(value: unknown, source: string, span: Span, type?: string): Node {
    this.#values++
    if (this.#masked && typeof value === 'string') {
      const text = unmask(value)
      if (this.#flow > 0 && type === 'PLAIN' && text !== value)
        return this.#wrong(span, 'a value with ${} inside { } or [ ] needs quotes', `write ${JSON.stringify(text)}`)
      value = text
    }
    if (typeof value === 'number') {
      if (!Number.isFinite(value)) return this.#wrong(span, `${source} is not a finite number`)
      if (/^[-+]?\d+$/.test(source) && !Number.isSafeInteger(value))
        return this.#wrong(span, `${source} has more digits than a number can hold`, 'write it in quotes')
    }
    if (value !== null && !['string', 'number', 'boolean'].includes(typeof value))
      return this.#wrong(span, 'values are texts, numbers, true, false, lists and maps')
    const text = type === 'PLAIN' && source ? source : String(value ?? '')
    return {
      type: 'scalar',
      value: value as string,
      text,
      dynamic: typeof value === 'string' && value.includes('${'),
      ...span,
    }
  }

  #wrong(span: Span, message: string, hint = ''): Node {
    this.#problems.add(span, '', message, hint)
    return broken(span)
  }

  #span(yaml: YamlNode): Span {
    const [start, end] = yaml.range ?? [0, 0, 0]
    return { source: this.#source, start: start + this.#offset, end: end + this.#offset }
  }
}

interface SyntaxMistake {
  readonly message: string
  readonly hint: string
  readonly start: number
  readonly end: number
}

/** The parser's words and places where they are good, ours where people stumble. */
function syntaxMessage(fault: YAMLError, text: string, doc: Document): SyntaxMistake {
  const [start, end] = fault.pos
  const lineStart = text.lastIndexOf('\n', start - 1) + 1
  const line = text.slice(lineStart).split('\n', 1)[0]!
  const say = (message: string, hint = '', span: readonly [number, number] = [start, end]) => ({
    message,
    hint,
    start: span[0],
    end: span[1],
  })
  if (fault.code === 'TAB_AS_INDENT' || /^ *\t/.test(line))
    return say('a tab indents this line', 'YAML takes spaces only')
  if (fault.code === 'MULTIPLE_DOCS')
    return say('a second document begins here', 'a file holds one pipeline or config; remove the ---')
  if (fault.code === 'TAG_RESOLVE_FAILED')
    return say(
      fault.message.replace('Unresolved tag:', 'unknown tag').replace('Unresolved', 'unknown'),
      'put a text that begins with ! in quotes',
    )
  const open = /^Missing closing .*quote/.test(fault.message) ? lastQuoted(doc) : undefined
  if (open) return say('this quote is not closed', '', open)
  if (/same column/.test(fault.message))
    return say('the keys of one map must start in the same column', '', [
      lineStart + line.search(/\S/),
      lineStart + line.length,
    ])
  const unclosed = /^Flow (sequence|map).* must end with a ([\]}])/.exec(fault.message)
  if (unclosed)
    return say(
      `a ${unclosed[1] === 'map' ? 'map' : 'list'} is not closed`,
      `write the ${unclosed[2]} that it ends with`,
    )
  const message = fault.message.slice(0, 1).toLowerCase() + fault.message.slice(1)
  return say(message, /[[{].*\$\{/.test(line) ? 'inside [ ] and { } a value with ${} needs quotes: "${name}"' : '')
}

function lastQuoted(doc: Document): [number, number] | undefined {
  let found: [number, number] | undefined
  visit(doc, {
    Scalar: (_, { type, range }) => {
      if (range && (type === 'QUOTE_DOUBLE' || type === 'QUOTE_SINGLE')) found = [range[0], range[1]]
    },
  })
  return found
}
