/** One instance → what it declares, with every key read and checked by itself. What needs other stages is done in graph.ts. */
import { describeValue } from '../lib/describe.ts'
import { nearest } from '../lib/nearest.ts'
import { ALL_CORES } from '../plan.ts'
import type { StageKind } from '../stage.ts'
import { type CommandContext, type PathAt, type ReadCommand, readCommand } from './command.ts'
import { type Configs, noConfig } from './configs.ts'
import type { Instance } from './expand.ts'
import { type DraftGate, type FieldContext, readEnv, readGate, readResources, readTimeout, readTo } from './fields.ts'
import { COMMAND_KEYS, KIND_KEYS, STAGE_KEYS } from './keys.ts'
import { child, type Node, type Span, toValue } from './node.ts'
import { type OptionsContext, type ResolvedOptions, resolveOptions } from './options.ts'
import { type FoundRef, readInput, readStages } from './refs.ts'

export interface KindEntry {
  readonly kind: StageKind
  /** Hash of the kind's code. */
  readonly code: string
  /** File of a user's own kind, or ''. */
  readonly file: string
}

export interface DraftInput {
  readonly name: string
  readonly refs: readonly FoundRef[]
  readonly list: boolean
  /** The stage can do without those of them that `when:` switched off. */
  readonly soft: boolean
}

export interface Draft {
  readonly instance: Instance
  /** '' where it could not be made out. */
  readonly kind: string
  readonly entry: KindEntry | null
  readonly resolved: ResolvedOptions
  readonly command: ReadCommand | null
  readonly inputs: readonly DraftInput[]
  readonly gates: readonly DraftGate[]
  readonly after: readonly { readonly id: string; readonly at: Span }[]
  readonly env: Readonly<Record<string, string | null>>
  readonly passEnv: readonly string[]
  readonly resources: Readonly<Record<string, number>>
  readonly timeoutSeconds: number | null
  readonly retries: number
  readonly to: PathAt | null
  readonly about: string
}

export interface StageContext extends FieldContext, CommandContext, OptionsContext {
  readonly kinds: Readonly<Record<string, KindEntry>>
  readonly configs: Configs
}

/** The kind a stage is of, before anything is checked: `kind:`, else `run:` makes a command, else the stage's name. */
export function kindOf(instance: Instance): string {
  const kind = child(instance.body, 'kind')
  if (kind?.type === 'scalar' && typeof kind.value === 'string') return kind.value
  return kind ? '' : instance.body.entries.has('run') ? 'command' : instance.group
}

export function readStage(instance: Instance, context: StageContext): Draft {
  const { read } = context
  const { body, label } = instance
  const kind = checkKind(instance, context)
  const entry = kind === 'command' ? null : (context.kinds[kind] ?? null)
  checkKeys(instance, kind, context)
  const configNode = child(body, 'config')
  const config =
    configNode && entry && !(configNode.type === 'scalar' && configNode.value === null)
      ? context.configs.get(configNode, `${label}.config`)
      : noConfig
  const env = readEnv(child(body, 'env'), `${label}.env`, context)
  // Without its config, every option that the config would give were missing.
  const resolved: ResolvedOptions =
    entry && config
      ? resolveOptions(entry.kind, instance, config, context)
      : { options: {}, external: {}, keyed: {}, cores: 'one' }
  const cores = resolved.cores === 'all' ? ALL_CORES : 1
  return {
    instance,
    kind,
    entry,
    resolved,
    command: kind === 'command' ? readCommand(instance, context) : null,
    inputs: readInputs(instance, kind, entry?.kind ?? null, context),
    gates: read.list(child(body, 'gate')).flatMap((node) => readGate(node, instance, context)),
    after: read
      .list(child(body, 'after'))
      .flatMap((node) => readStages(node, `${label}.after`, instance, context).map(({ id }) => ({ id, at: node }))),
    env: { ...Object.fromEntries((entry?.kind.env ?? []).map((name) => [name, null])), ...env.values },
    passEnv: env.pass,
    resources: readResources(child(body, 'resources'), `${label}.resources`, context, cores),
    timeoutSeconds: readTimeout(child(body, 'timeout'), `${label}.timeout`, context),
    retries: read.whole(child(body, 'retries'), `${label}.retries`, 0) ?? 0,
    to: readTo(child(body, 'to'), `${label}.to`, context),
    about: read.text(child(body, 'about'), `${label}.about`) ?? '',
  }
}

/** The kind's name, '' where it is none (reported). */
function checkKind(instance: Instance, { kinds, problems, read }: StageContext): string {
  const node = child(instance.body, 'kind')
  const run = instance.body.entries.get('run')
  const name = kindOf(instance)
  const names = [...Object.keys(kinds), 'command']
  if (node && !name) {
    read.text(node, `${instance.label}.kind`)
    return ''
  }
  if (name !== 'command' && run && (node || !kinds[name])) {
    problems.add(run.key, instance.label, `only a command has \`run:\`, this stage is of kind ${name}`)
  }
  if (names.includes(name)) return name
  const near = nearest(name, names)
  const hint = near ? `did you mean ${JSON.stringify(near)}?` : `kinds: ${names.join(', ')}`
  if (node) problems.add(node, `${instance.label}.kind`, `there is no stage kind ${JSON.stringify(name)}`, hint)
  else
    problems.add(
      instance.name,
      instance.label,
      `needs \`kind:\`, ${JSON.stringify(name)} is none itself`,
      near ? hint : `${hint}; or give it \`run:\``,
    )
  return ''
}

const KINDS_KEYS = [...Object.keys(STAGE_KEYS), ...Object.keys(KIND_KEYS)]
const COMMANDS_KEYS = [...Object.keys(STAGE_KEYS), ...Object.keys(COMMAND_KEYS)]

function checkKeys({ body, label }: Instance, kind: string, { read }: StageContext): void {
  if (!kind) read.keys(body, label, [...KINDS_KEYS, ...Object.keys(COMMAND_KEYS)])
  else if (kind === 'command')
    read.keys(body, label, COMMANDS_KEYS, (key) =>
      key === 'with' ? 'a command has `params:`' : key in KIND_KEYS ? 'a command has no such key' : '',
    )
  else
    read.keys(body, label, [...KINDS_KEYS, 'run'], (key) =>
      key === 'params'
        ? 'options stand in `with:`'
        : key in COMMAND_KEYS
          ? 'only a command (a stage with `run:`) has it'
          : '',
    )
}

function readInputs(instance: Instance, kindName: string, kind: StageKind | null, context: StageContext): DraftInput[] {
  const label = `${instance.label}.inputs`
  const entry = instance.body.entries.get('inputs')
  const map = context.read.map(entry?.value, label)
  const declared = kind?.inputs ?? {}
  const inputs: DraftInput[] = []
  for (const [name, { key, value }] of map?.entries ?? []) {
    const declaration = declared[name]
    if (kind && !declaration) {
      const near = nearest(name, Object.keys(declared))
      const names = Object.keys(declared)
      context.problems.add(
        key,
        label,
        `${kindName} has no input ${JSON.stringify(name)}`,
        near
          ? `did you mean ${JSON.stringify(near)}?`
          : names.length > 0
            ? `it has ${names.join(', ')}`
            : 'it takes no inputs',
      )
    }
    if (value.type === 'scalar' && value.value === null) continue
    if (kind ? declaration : kindName)
      inputs.push(
        readOneInput(
          name,
          value,
          key,
          {
            many: kind ? (declaration!.many ?? false) : value.type === 'list',
            soft: declaration?.required === false,
            free: !kind,
          },
          instance,
          context,
        ),
      )
  }
  if (entry?.value.type === 'broken') return inputs
  const misspelt = [...(map?.entries.keys() ?? [])]
    .filter((name) => !declared[name])
    .map((name) => nearest(name, Object.keys(declared)))
  for (const [name, { required = true, about }] of Object.entries(declared)) {
    const given = child(map, name)
    if (!required || misspelt.includes(name) || (given && !(given.type === 'scalar' && given.value === null))) continue
    context.problems.add(
      given ? map!.entries.get(name)!.key : (entry?.key ?? instance.name),
      instance.label,
      `input ${JSON.stringify(name)} is missing`,
      `write inputs: { ${name}: STAGE } (${about})`,
    )
  }
  return inputs
}

interface InputRules {
  readonly many: boolean
  readonly soft: boolean
  /** Of a command, whose inputs are declared nowhere: one or a group. */
  readonly free: boolean
}

function readOneInput(
  name: string,
  value: Node,
  key: Span,
  rules: InputRules,
  instance: Instance,
  context: StageContext,
): DraftInput {
  const label = `${instance.label}.inputs.${name}`
  if (value.type === 'list' && !rules.many)
    context.problems.add(value.source ? value : key, label, 'takes one stage or file, got a list')
  const nodes = value.type === 'list' ? (rules.many ? value.items : []) : [value]
  const refs = nodes.flatMap((node) => readInput(node, label, instance, rules.many, context))
  if (rules.many && value.type === 'list' && value.items.length === 0)
    context.problems.add(value, label, 'must not be empty')
  if (refs.length > 1 && !rules.many && !rules.free) {
    const ids = refs.map(({ ref }) => ('stage' in ref ? ref.stage : ref.file))
    context.problems.add(
      value,
      label,
      `takes one stage, ${describeValue(toValue(value))} is ${refs.length}`,
      `write one of ${ids.slice(0, 5).join(', ')}${ids.length > 5 ? ', …' : ''}`,
    )
  }
  return { name, refs, list: rules.many || refs.length > 1, soft: rules.soft || rules.many || refs.length > 1 }
}
