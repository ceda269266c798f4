/** `${name}` in values: put in by name, a whole scalar keeping the type of what it stands for. */
import { nearest } from '../lib/nearest.ts'
import type { Problems } from './diagnostic.ts'
import { broken, makeList, makeMap, type Node, type ScalarNode, scalar, type Span } from './node.ts'

export interface Scope {
  /** `item`, `key`, `matrix` of a stage that stands for several. */
  readonly locals: ReadonlyMap<string, Node>
  /** Value of a param by path, `null` where the path leads nowhere (`known` then has the names to choose from). */
  readonly param: (path: readonly string[], at: ScalarNode) => Node | { readonly known: readonly string[] }
  readonly problems: Problems
}

/** The node with every `${}` replaced; itself where there is none. Mistakes are reported and leave a broken node. */
export function substitute(node: Node, scope: Scope, label: string, hint = ''): Node {
  if (!node.dynamic) return node
  if (node.type === 'scalar') return substituteText(node, scope, label, hint)
  if (node.type === 'list') {
    const items = node.items.map((item, index) => substitute(item, scope, `${label}.${index}`, hint))
    return makeList(items, node)
  }
  const entries = [...node.entries].map(
    ([key, entry]) =>
      [key, { key: entry.key, value: substitute(entry.value, scope, `${label}.${key}`, hint) }] as const,
  )
  return makeMap(new Map(entries), node)
}

function substituteText(node: ScalarNode, scope: Scope, label: string, hint: string): Node {
  const pieces = parseTemplate(String(node.value))
  if (pieces.length === 1 && typeof pieces[0] === 'object') return lookup(pieces[0], node, scope, label, hint)
  let text = ''
  let failed = false
  for (const piece of pieces) {
    if (typeof piece === 'string') text += piece
    else {
      const value = lookup(piece, node, scope, label, hint)
      if (value.type === 'scalar' && value.value !== null) text += value.text
      else {
        failed = true
        if (value.type !== 'broken') {
          const what = value.type === 'scalar' ? 'has no value' : `is a ${value.type}`
          scope.problems.add(referenceSpan(node, piece), label, `${piece.raw} ${what} and cannot stand inside a text`)
        }
      }
    }
  }
  return failed ? broken(node) : { ...scalar(text, node), text }
}

export interface Reference {
  /** As written, `${params.lr}`. */
  readonly raw: string
  /** Without the braces; null where the braces do not close. */
  readonly name: string | null
  /** Which of equal `raw`s in this text, counted from 0. */
  readonly nth: number
}

/** `a ${b} $${c}` → ['a ', {raw: '${b}', name: 'b'}, ' ${c}'] */
export function parseTemplate(text: string): (string | Reference)[] {
  const pieces: (string | Reference)[] = []
  const seen = new Map<string, number>()
  let literal = ''
  let at = 0
  for (const match of text.matchAll(/\$\$\{|\$\{([^{}]*)\}|\$\{/g)) {
    literal += text.slice(at, match.index)
    at = match.index + match[0].length
    if (match[0] === '$${') {
      literal += '${'
      continue
    }
    if (literal) pieces.push(literal)
    literal = ''
    const nth = seen.get(match[0]) ?? 0
    seen.set(match[0], nth + 1)
    pieces.push({ raw: match[0], name: match[1]?.trim() ?? null, nth })
  }
  literal += text.slice(at)
  if (literal || pieces.length === 0) pieces.push(literal)
  return pieces
}

/** The value a reference stands for. */
export function lookup(reference: Reference, node: ScalarNode, scope: Scope, label: string, hint = ''): Node {
  const fail = (message: string, advice = hint): Node => {
    scope.problems.add(referenceSpan(node, reference), label, message, advice)
    return broken(node)
  }
  if (reference.name === null) return fail('${ without its }')
  const path = reference.name.split('.')
  if (!path.every((part) => /^[\p{L}\p{N}_-]+$/u.test(part)))
    return fail(`${reference.raw} is not a name`, hint || 'write ${name} or ${params.name.part}')
  const [head, ...rest] = path as [string, ...string[]]
  const local = scope.locals.get(head)
  if (local)
    return within(local, rest, (known) =>
      fail(`unknown name ${reference.raw}`, didYouMean(rest.at(-1)!, known, reference.name!)),
    )
  const found = scope.param(head === 'params' ? rest : path, node)
  if ('type' in found) return found
  const names = path.length === 1 ? [...found.known, ...scope.locals.keys()] : found.known
  return fail(
    `unknown name ${reference.raw}`,
    didYouMean(path.at(-1)!, names, reference.name) ||
      hint ||
      (names.length === 0 ? '' : `there is ${names.slice(0, 8).join(', ')}`),
  )
}

function didYouMean(word: string, names: readonly string[], path: string): string {
  const near = nearest(word, names)
  return near && `did you mean \${${path.slice(0, path.length - word.length)}${near}}?`
}

function within(node: Node, path: readonly string[], missing: (known: readonly string[]) => Node): Node {
  let current = node
  for (const part of path) {
    const next =
      current.type === 'map'
        ? current.entries.get(part)?.value
        : current.type === 'list'
          ? current.items[Number(part)]
          : undefined
    if (!next)
      return current.type === 'broken' ? current : missing(current.type === 'map' ? [...current.entries.keys()] : [])
    current = next
  }
  return current
}

/** Where the reference stands in the text; the whole scalar where escapes hide it. */
export function referenceSpan(node: ScalarNode, reference: Reference): Span {
  if (!node.source) return node
  const text = node.source.text.slice(node.start, node.end)
  let at = -1
  for (let i = 0; i <= reference.nth; i++) at = text.indexOf(reference.raw, at + 1)
  return at < 0 ? node : { source: node.source, start: node.start + at, end: node.start + at + reference.raw.length }
}
