/** The keys of a `command` stage: run, deps, outs, params, metrics. */
import { nearest } from '../lib/nearest.ts'
import type { CommandSpec } from '../plan.ts'
import type { Problems } from './diagnostic.ts'
import type { Instance } from './expand.ts'
import { child, type Node, type ScalarNode, type Span, toValue } from './node.ts'
import type { Params } from './params.ts'
import type { Reader } from './read.ts'

export interface PathAt {
  /** Relative to the project folder where it lies inside it. */
  readonly path: string
  readonly at: Span
}

export interface ReadCommand {
  readonly spec: CommandSpec
  readonly deps: readonly PathAt[]
  readonly outs: readonly PathAt[]
}

export interface CommandContext {
  readonly read: Reader
  readonly problems: Problems
  readonly params: Params
  readonly nameOf: (path: string) => string
}

export function readCommand(stage: Instance, context: CommandContext): ReadCommand {
  const { read, problems } = context
  const { body, label } = stage
  const run = child(body, 'run')
  if (!run) problems.add(stage.name, label, 'a command needs `run:`', 'run: the shell command')
  const deps = readPaths(child(body, 'deps'), `${label}.deps`, context)
  const outs = readPaths(child(body, 'outs'), `${label}.outs`, context).filter((out) =>
    isOwnPath(out, `${label}.outs`, problems),
  )
  return {
    deps,
    outs,
    spec: {
      run: read.text(run, `${label}.run`) ?? '',
      deps: deps.map(({ path }) => path),
      outs: outs.map(({ path }) => path),
      params: readParams(child(body, 'params'), `${label}.params`, context),
      metrics: readMetrics(child(body, 'metrics'), `${label}.metrics`, outs, context),
    },
  }
}

/** The path as the plan has it: `./a/` is `a`, an absolute path inside the project is relative to it. */
function readPaths(node: Node | undefined, label: string, { read, problems, nameOf }: CommandContext): PathAt[] {
  const seen = new Set<string>()
  return read.list(node).flatMap((one) => {
    const text = read.text(one, label)
    if (text === undefined) return []
    const path = nameOf(text)
    if (seen.has(path)) problems.add(one, label, `${JSON.stringify(text)} is there twice`)
    seen.add(path)
    return [{ path, at: one }]
  })
}

/** A stage may make paths inside the project, outside kpipe's own folder. */
export function isOwnPath({ path, at }: PathAt, label: string, problems: Problems): boolean {
  const first = path.split('/')[0]
  const wrong =
    path === ''
      ? 'must not be the project folder itself'
      : path.startsWith('/')
        ? 'must lie inside the project folder'
        : first === 'cache'
          ? 'must not lie in cache/, which is kpipe’s own'
          : /[*?]/.test(path)
            ? 'must be plain paths, without * and ?'
            : ''
  if (wrong) problems.add(at, label, wrong)
  return !wrong
}

function readParams(
  node: Node | undefined,
  label: string,
  { read, problems, params }: CommandContext,
): Record<string, unknown> {
  if (node?.type === 'map') return toValue(node) as Record<string, unknown>
  const values: Record<string, unknown> = {}
  for (const one of read.list(node)) {
    const name = read.text(one, label)
    if (name === undefined) continue
    const parts = name.replace(/^params\./, '').split('.')
    const found = params.lookup(parts, one as ScalarNode)
    if ('type' in found) values[name] = toValue(found)
    else {
      const near = nearest(parts.at(-1)!, found.known)
      const before = name.slice(0, name.length - parts.at(-1)!.length)
      problems.add(
        one,
        label,
        `there is no param ${JSON.stringify(name)}`,
        near ? `did you mean ${JSON.stringify(before + near)}?` : 'list names of params, or write a map name: value',
      )
    }
  }
  return values
}

function readMetrics(
  node: Node | undefined,
  label: string,
  outs: readonly PathAt[],
  { read, problems, nameOf }: CommandContext,
): string {
  const text = read.text(node, label)
  if (text === undefined || !node) return ''
  const path = nameOf(text)
  if (!outs.some((out) => path === out.path || path.startsWith(`${out.path}/`)))
    problems.add(node, label, `${path} is not among the outs`, 'add it to `outs:`')
  return path
}
