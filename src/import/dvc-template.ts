/** `${}` of DVC → `${}` of kpipe: lists by dot, matrix items by axis, escapes, a stage's own vars, maps as `--key value`. */
import type { Problems } from '../plan/diagnostic.ts'
import type { Node, Span } from '../plan/node.ts'
import { RESERVED } from '../plan/params.ts'
import type { Vars } from './dvc-vars.ts'

export interface TemplateScope {
  readonly vars: Vars
  readonly notes: Problems
  readonly label: string
  /** Param that holds the stage's own `vars:`, '' = it has none. */
  readonly local: string
  /** Axes of the stage's matrix, in order; null where it has none. */
  readonly axes: readonly string[] | null
  /** Axes whose values are maps, with the name they were given. */
  readonly named: ReadonlySet<string>
  /** Axes whose values are lists: they stand in `value` of such a map. */
  readonly wrapped: ReadonlySet<string>
  /** In a foreach. */
  readonly foreach: boolean
  /** Shape of the items (of a matrix: by axis), null where they differ or there are none. */
  readonly item: Node | null
  /** Names used in `${}` of the command. */
  readonly mentioned: Set<string>
}

/** A text with DVC's `${}` as kpipe writes it. */
export function translate(text: string, at: Span, scope: TemplateScope, inCommand = false): string {
  return text.replace(/(\\?)\$\{([^{}]*)\}/g, (whole, escape: string, inner: string) => {
    if (escape) return `$\${${inner}}`
    const path = inner
      .trim()
      .replace(/\[(\d+)\]/g, '.$1')
      .split('.')
    if (!path.every((part) => /^[\p{L}\p{N}_-]+$/u.test(part))) return leave(whole, 'is no name kpipe can read')
    return inCommand ? inWords(path) : reference(path)
  })

  function leave(whole: string, why: string): string {
    scope.notes.add(at, scope.label, `${whole} ${why}`, 'put the value there by hand')
    return `$\${${whole.slice(2)}`
  }

  function reference(path: readonly string[]): string {
    const [head, ...rest] = path as [string, ...string[]]
    if (head === 'key' && scope.axes) return scope.axes.map((axis) => `\${matrix.${nameOf(axis)}}`).join('-')
    if (head === 'key' && scope.foreach) return '${key}'
    if (head === 'item' && scope.axes) return matrixItem(rest)
    if (head === 'item' && scope.foreach) return `\${${path.join('.')}}`
    const local = scope.local === '' ? undefined : scope.vars.find([scope.local, ...path])
    const full = local ? [scope.local, ...path] : [...path]
    const found = local ?? scope.vars.find(full)
    if (!found) return leave(`\${${path.join('.')}}`, 'is in none of the params files')
    if (!local && (RESERVED as readonly string[]).includes(head))
      return leave(`\${${path.join('.')}}`, `cannot be a param: ${head} means something else in kpipe`)
    scope.vars.use(full)
    if (inCommand) scope.mentioned.add(path.join('.'))
    return `\${${full.join('.')}}`
  }

  function matrixItem([axis = '', ...rest]: readonly string[]): string {
    const below = scope.wrapped.has(axis) ? ['value', ...rest] : rest
    return `\${matrix.${[axis, ...below].join('.')}}`
  }

  function nameOf(axis: string): string {
    return scope.named.has(axis) ? `${axis}.name` : axis
  }

  /** In a command DVC writes a map as `--key value` and a list as its items. */
  function inWords(path: readonly string[]): string {
    const [head, axis = '', ...below] = path
    if (head === 'item' && scope.wrapped.has(axis) && below.length === 0) return `\${matrix.${axis}.text}`
    const node = shape(path)
    if (head === 'item' && node === undefined && (axis === '' || scope.named.has(axis)) && below.length === 0)
      return leave(`\${${path.join('.')}}`, 'stands for maps with different keys')
    if (node?.type === 'list') return node.items.map((_, i) => reference([...path, String(i)])).join(' ')
    if (node?.type !== 'map') return reference(path)
    return [...node.entries]
      .flatMap(([key, { value }]) => {
        if (value.type === 'map') return inWords([...path, key])
        if (value.type === 'scalar' && typeof value.value === 'boolean') {
          scope.notes.add(
            at,
            scope.label,
            `--${key} stands in the command because ${path.join('.')}.${key} is ${value.value} now`,
          )
          return value.value ? [`--${key}`] : []
        }
        return [`--${key} ${inWords([...path, key])}`]
      })
      .join(' ')
  }

  function shape(path: readonly string[]): Node | undefined {
    const [head, ...rest] = path as [string, ...string[]]
    if (head === 'item') {
      let node: Node | undefined = scope.item ?? undefined
      for (const part of rest) node = node?.type === 'map' ? node.entries.get(part)?.value : undefined
      return node
    }
    return (scope.local && scope.vars.find([scope.local, ...path])) || scope.vars.find(path)
  }
}
