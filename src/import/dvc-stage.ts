/** One stage of dvc.yaml → one stage of a pipeline, as lines of YAML. What has no counterpart is noted where it stands. */
import { posix } from 'node:path'
import type { Problems } from '../plan/diagnostic.ts'
import { child, type Entry, makeMap, type MapNode, type Node, placeOf, toValue } from '../plan/node.ts'
import { readAxes, readForeach } from './dvc-items.ts'
import { type TemplateScope, translate } from './dvc-template.ts'
import { readVars, type Vars, type VarsContext } from './dvc-vars.ts'
import type { Value } from './emit.ts'

export interface StageDraft {
  readonly name: string
  readonly entry: Entry
  /** Keys of the pipeline's stage, in order. */
  readonly keys: Readonly<Record<string, Value>>
  readonly frozen: boolean
  readonly notes: readonly string[]
}

export interface StageContext extends VarsContext {
  readonly vars: Vars
}

const KNOWN = [
  'cmd',
  'wdir',
  'deps',
  'params',
  'frozen',
  'always_changed',
  'outs',
  'plots',
  'metrics',
  'desc',
  'meta',
  'vars',
]

export function importStage(name: string, entry: Entry, outer: StageContext): StageDraft | null {
  const said: string[] = []
  const notes: Problems = {
    ...outer.notes,
    add: (at, label, message, hint = '') => {
      const line = at.source ? placeOf(at.source, at.start).line : 0
      said.push(
        `${line}: ${`${label.slice(`stages.${name}.`.length)}: ${message}`.replace(/^: /, '')}${hint && ` – ${hint}`}`,
      )
      outer.notes.add(at, label, message, hint)
    },
  }
  const context: StageContext = { ...outer, notes }
  const label = `stages.${name}`
  if (entry.value.type !== 'map') {
    notes.add(entry.key, label, 'is no map and was left out')
    return null
  }
  const foreach = entry.value.entries.get('foreach')
  const matrix = entry.value.entries.get('matrix')
  const body = foreach ? child(entry.value, 'do') : entry.value
  if (body?.type !== 'map') {
    notes.add(entry.key, label, '`foreach:` has no `do:` and was left out')
    return null
  }
  const folder = workFolder(body, label, context)
  const plain: TemplateScope = {
    vars: context.vars,
    notes,
    label,
    local: localVars(name, body, folder, context),
    axes: null,
    named: new Set(),
    wrapped: new Set(),
    foreach: foreach !== undefined,
    item: null,
    mentioned: new Set(),
  }
  const inItems = (text: string, at: Node) => translate(text, at, plain)
  const items = foreach ? readForeach(foreach, label, context, inItems) : null
  const axes = matrix ? readAxes(matrix, label, context, inItems) : null
  const scope: TemplateScope = {
    ...plain,
    item: items?.shape ?? axes?.shape ?? null,
    ...(axes ? { axes: axes.names, named: axes.named, wrapped: axes.wrapped } : {}),
  }
  const known = foreach ? KNOWN : [...KNOWN, 'matrix']
  reportUnknown(body, known, label, notes)
  if (foreach) reportUnknown(entry.value, ['foreach', 'do'], label, notes)
  const keys: Record<string, Value> = {}
  const about = child(body, 'desc')
  if (about) keys['about'] = textOf(about).replace(/\s+/g, ' ').trim()
  if (items) keys['foreach'] = items.value
  if (axes) keys['matrix'] = axes.value
  Object.assign(keys, files(body, translate(folder, body, scope), label, scope, context))
  return { name, entry, keys, frozen: toValue(child(body, 'frozen') ?? body) === true, notes: said }
}

/** Where the command runs, relative to the project, `${}` as DVC has them. */
function workFolder(body: MapNode, label: string, { base, notes }: StageContext): string {
  const wdir = child(body, 'wdir')
  if (!wdir) return base
  const text = textOf(wdir)
  if (text.startsWith('/')) notes.add(wdir, `${label}.wdir`, 'an absolute folder ties the pipeline to this machine')
  const joined = text.startsWith('/') ? text : posix.join(base, text)
  return joined === '.' ? '' : joined.replace(/\/$/, '')
}

/** A stage's own `vars:`, and a params.yaml in its `wdir`, as a param that is named after the stage. */
function localVars(name: string, body: MapNode, folder: string, context: StageContext): string {
  const own = readVars(child(body, 'vars'), folder, folder !== context.base, context)
  if (own.entries.size === 0) return ''
  const param = `${name.replace(/[^\p{L}\p{N}_-]/gu, '_')}_vars`
  context.vars.addLocal(param, makeMap(own.entries, own))
  return param
}

function reportUnknown(body: MapNode, known: readonly string[], label: string, notes: Problems): void {
  for (const [key, { key: at }] of body.entries)
    if (!known.includes(key)) notes.add(at, `${label}.${key}`, 'kpipe knows no such key of DVC; it was left out')
  const meta = body.entries.get('meta')
  if (meta)
    notes.add(meta.key, `${label}.meta`, 'has no counterpart and was left out', 'write what matters as a comment')
  const always = body.entries.get('always_changed')
  if (always && toValue(always.value) === true)
    notes.add(
      always.key,
      `${label}.always_changed`,
      'a stage that runs every time is not in the language',
      `kpipe run --force ${label.slice('stages.'.length)} runs it again`,
    )
}

/** run, deps, outs, params, metrics. */
function files(
  body: MapNode,
  folder: string,
  label: string,
  scope: TemplateScope,
  context: StageContext,
): Record<string, Value> {
  const inFolder = (path: string) => (path.startsWith('/') ? path : posix.join(folder, path))
  const keys: Record<string, Value> = {}
  const cmd = body.entries.get('cmd')
  if (cmd) keys['run'] = command(cmd, folder, label, scope)
  else scope.notes.add(body, label, 'has no `cmd:`', 'give it a `run:`')
  const read = paths(body, 'deps', label, scope)
  const params = readParams(child(body, 'params'), label, scope, context)
  const deps = [...read.map(inFolder), ...params.files.map(inFolder)]
  if (deps.length > 0) keys['deps'] = [...new Set(deps)]
  const outs = ['outs', 'metrics', 'plots'].flatMap((key) => paths(body, key, label, scope).map(inFolder))
  for (const out of outs)
    if (out === 'cache' || out.startsWith('cache/'))
      scope.notes.add(
        child(body, 'outs') ?? body,
        `${label}.outs`,
        `${out} cannot be: cache/ is kpipe’s own`,
        'write it elsewhere',
      )
  if (outs.length > 0) keys['outs'] = [...new Set(outs)]
  if (params.names.length > 0) keys['params'] = params.names
  const metrics = chooseMetrics(body, label, scope).map(inFolder)
  if (metrics[0] !== undefined) keys['metrics'] = metrics[0]
  return keys
}

/** A list of commands stops at the first that fails, each in a shell of its own, as in DVC. */
function command({ key, value }: Entry, folder: string, label: string, scope: TemplateScope): string {
  const nodes = value.type === 'list' ? value.items : [value]
  const parts = nodes.map((node) => translate(textOf(node), node, { ...scope, label: `${label}.cmd` }, true).trim())
  if (parts.some((part) => /\[\[|<\(|(^|[\s;&|])source\s/.test(part)))
    scope.notes.add(key, `${label}.cmd`, 'looks like bash; kpipe runs /bin/sh', "write bash -c '…' around it")
  const enter =
    folder === '' || folder === '.' ? [] : [`cd ${/^[\w./-]+$/.test(folder) ? folder : JSON.stringify(folder)}`]
  const plain = parts.every((part) => !/[\n;#&|]|<<|(^|\s)(cd|export|set)\s/.test(part))
  if (plain) return [...enter, ...parts].join(' && ')
  if (enter.length === 0 && parts.length === 1) return parts[0]!
  const lines = parts.length === 1 ? parts : parts.map((part) => (/\n|#/.test(part) ? `(\n${part}\n)` : `( ${part} )`))
  return `${['set -e', ...enter, ...lines].join('\n')}\n`
}

/** Paths of a list whose entries may be `path: { cache: false, … }`. */
function paths(body: MapNode, key: string, label: string, scope: TemplateScope): string[] {
  const node = child(body, key)
  const entries = node?.type === 'list' ? node.items : node ? [node] : []
  const place = { ...scope, label: `${label}.${key}` }
  return entries.flatMap((one) => {
    const found: { path: string; at: Node; flags: Node | null }[] =
      one.type === 'map'
        ? [...one.entries].map(([path, { key: at, value }]) => ({
            path,
            at: { ...value, ...at } as Node,
            flags: value,
          }))
        : [{ path: textOf(one), at: one, flags: null }]
    return found.flatMap(({ path, at, flags }) => {
      if (/^[a-z][a-z0-9+.-]*:\/\//i.test(path)) {
        scope.notes.add(at, `${label}.${key}`, `${path} is not on this disk and was left out`, 'fetch it in a stage')
        return []
      }
      if (flags) reportFlags(path, flags, key, label, scope.notes)
      return [translate(path, at, place)]
    })
  })
}

const FLAGS: Readonly<Record<string, string>> = {
  persist: 'kpipe always gives a command a clean place: the old output is not there while it runs',
  remote: 'kpipe has no remotes of single outputs',
  push: 'kpipe has no remotes of single outputs',
  checkpoint: 'a command has no checkpoints; a stage kind has',
}
const HARMLESS: Readonly<Record<string, string>> = {
  cache: 'kpipe keeps every output in cache/, so that it can put it back',
}

function reportFlags(path: string, flags: Node, key: string, label: string, notes: Problems): void {
  if (flags.type !== 'map') return
  for (const [flag, { key: at, value }] of flags.entries) {
    const set = toValue(value)
    if ((flag === 'cache' && set === true) || (flag !== 'cache' && set === false)) continue
    const why = FLAGS[flag] ?? HARMLESS[flag] ?? 'has no counterpart and was left out'
    notes.add(at, `${label}.${key}`, `${path}: ${flag}: ${why}`)
  }
}

/** The first JSON file; kpipe reads numbers from nothing else. */
function chooseMetrics(body: MapNode, label: string, scope: TemplateScope): string[] {
  const silent = { ...scope, notes: { ...scope.notes, add: () => undefined } }
  const found = paths(body, 'metrics', label, silent)
  const [metrics] = found.filter((path) => path.endsWith('.json'))
  const entry = body.entries.get('metrics')
  for (const path of found)
    if (entry && path !== metrics)
      scope.notes.add(
        entry.key,
        `${label}.metrics`,
        `${path} is kept as an output, its numbers are not read`,
        'metrics are one JSON file a stage',
      )
  return metrics === undefined ? [] : [metrics]
}

/**
 * A param that stands in the command is a param here. One that the command reads from params.yaml by itself stays there: the
 * file becomes a dep, because `--set` of a copy in the pipeline would do nothing.
 */
function readParams(
  node: Node | undefined,
  label: string,
  scope: TemplateScope,
  context: StageContext,
): { names: string[]; files: string[] } {
  const names: string[] = []
  const files: string[] = []
  const own: string[] = []
  for (const one of node?.type === 'list' ? node.items : node ? [node] : []) {
    if (one.type === 'map') {
      for (const [path, { key }] of one.entries) files.push(translate(path, key, scope))
    } else {
      const name = textOf(one)
      if (!scope.mentioned.has(name)) own.push(name)
      else
        names.push(
          context.vars.find([scope.local, ...name.split('.')]) && scope.local ? `${scope.local}.${name}` : name,
        )
    }
  }
  if (own.length > 0) files.push('params.yaml')
  if (files.length > 0)
    scope.notes.add(
      node!,
      `${label}.params`,
      `the command reads ${own.length > 0 ? `${own.join(', ')} from params.yaml` : files.join(', ')} by itself: the file is a dep now, and any change in it runs the stage`,
      own.length > 0 ? `to change it by --set, put \${${own[0]}} into the command` : '',
    )
  return { names, files }
}

const textOf = (node: Node): string =>
  node.type === 'scalar' ? (typeof node.value === 'string' ? node.value : node.text) : ''
