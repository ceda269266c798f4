/** Drafts → edges, order and the finished StagePlans; cycles and paths that two stages make are reported. */
import type { InputRef, StagePlan } from '../plan.ts'
import { describeValue } from '../lib/describe.ts'
import { nearest } from '../lib/nearest.ts'
import type { PathAt } from './command.ts'
import type { Problems } from './diagnostic.ts'
import { placeOf, type Span } from './node.ts'
import { type PathOwners, pathOwners } from './paths.ts'
import type { Draft } from './stage.ts'

/** Id of a stage → where it was asked for first. */
type Edges = Map<string, Span>

/** The finished stages, every one after all it needs; none where anything is wrong. */
export function connect(drafts: readonly Draft[], nameOf: (path: string) => string, problems: Problems): StagePlan[] {
  const byId = new Map(drafts.map((draft) => [draft.instance.id, draft]))
  for (const draft of drafts) checkCommandOutputs(draft, byId, problems)
  const owners = ownersOf(drafts, problems)
  const ways = new Map(
    drafts.map((draft) => [draft.instance.id, { fixed: fixedEdges(draft, owners, nameOf, problems), draft }]),
  )
  const off = switchedOff(ways)
  const edges = new Map([...ways].map(([id, { draft, fixed }]) => [id, new Map([...fixed, ...softEdges(draft, off)])]))
  const order = sortByNeeds(
    drafts.map((draft) => draft.instance.id),
    edges,
    problems,
  )
  return problems.count > 0 ? [] : order.map((id) => finish(byId.get(id)!, edges.get(id)!, off))
}

interface Owner {
  readonly draft: Draft
  readonly key: 'outs' | 'to'
  /** Another stage may publish to the same place: the kind merges. */
  readonly shares: boolean
}

function ownersOf(drafts: readonly Draft[], problems: Problems): PathOwners<Owner> {
  const owners = pathOwners<Owner>()
  const claim = (draft: Draft, key: Owner['key'], { path, at }: PathAt) => {
    const owner: Owner = { draft, key, shares: key === 'to' && draft.entry?.kind.publish !== undefined }
    const clash = owners
      .overlapping(path)
      .find((other) => !(owner.shares && other.owner.key === 'to') && !(other.owner.shares && key === 'to'))
    if (clash) {
      const other = clash.owner.draft.instance
      const own = other.id === draft.instance.id ? 'this stage itself' : other.id
      const message =
        clash.path === path
          ? `${path} is made by ${own} already`
          : path.startsWith(`${clash.path}/`)
            ? `${path} lies inside ${clash.path}, which ${own} makes`
            : `${path} holds ${clash.path}, which ${own} makes`
      problems.add(
        at,
        `${draft.instance.label}.${key}`,
        message,
        other.group === draft.instance.group && other.id !== draft.instance.id
          ? 'put ${key} into the path, so that every item has its own'
          : 'give each stage a path of its own',
      )
    }
    owners.add(path, owner)
  }
  for (const draft of drafts) {
    for (const out of draft.command?.outs ?? []) claim(draft, 'outs', out)
    if (draft.to) claim(draft, 'to', draft.to)
  }
  return owners
}

/** Edges that hold whatever `when:` says: required inputs, gates, and files that another stage makes. */
function fixedEdges(
  draft: Draft,
  owners: PathOwners<Owner>,
  nameOf: (path: string) => string,
  problems: Problems,
): Edges {
  const me = draft.instance
  const edges: Edges = new Map()
  const add = (id: string, at: Span) => !edges.has(id) && edges.set(id, at)
  const readFile = (path: string, at: Span, isDep: boolean) => {
    for (const { owner, path: made } of owners.overlapping(path)) {
      if (owner.draft !== draft) add(owner.draft.instance.id, at)
      else if (isDep)
        problems.add(
          at,
          `${me.label}.deps`,
          made === path ? `${path} is among its own outs` : `${path} overlaps its own out ${made}`,
        )
    }
  }
  for (const { refs, soft } of draft.inputs) {
    for (const { ref, at } of refs) {
      if ('file' in ref) readFile(nameOf(ref.file), at, false)
      else if (!soft) add(ref.stage, at)
    }
  }
  for (const { gate, at } of draft.gates) add(gate.stage, at)
  for (const { path, at } of draft.command?.deps ?? []) readFile(path, at, true)
  for (const path of Object.values(draft.resolved.external)) readFile(nameOf(path), me.name, false)
  return edges
}

/** Edges that fall away with a stage that is switched off: lists, optional inputs, `after`. */
function softEdges(draft: Draft, off: ReadonlySet<string>): Edges {
  const edges: Edges = new Map()
  for (const { refs } of remainingInputs(draft, off))
    for (const { ref, at } of refs) if ('stage' in ref) edges.set(ref.stage, at)
  for (const { id, at } of draft.after) if (!off.has(id)) edges.set(id, at)
  return edges
}

/** Inputs without what is switched off; a required list that would be empty stays, so that its stage is skipped too. */
function remainingInputs(draft: Draft, off: ReadonlySet<string>): Draft['inputs'] {
  return draft.inputs.flatMap((input) => {
    if (!input.soft) return [input]
    const refs = input.refs.filter(({ ref }) => 'file' in ref || !off.has(ref.stage))
    if (refs.length > 0 || input.refs.length === 0) return [{ ...input, refs }]
    const isOptional = draft.entry?.kind.inputs?.[input.name]?.required === false
    return isOptional ? [] : [input]
  })
}

/** Stages whose `when:` says no, and all that cannot run without one of them. */
function switchedOff(ways: ReadonlyMap<string, { readonly fixed: Edges; readonly draft: Draft }>): Set<string> {
  const off = new Set([...ways].filter(([, { draft }]) => !draft.instance.enabled).map(([id]) => id))
  const consumers = new Map<string, string[]>()
  if (off.size === 0) return off
  for (const [id, { fixed, draft }] of ways) {
    for (const need of [
      ...fixed.keys(),
      ...draft.inputs.flatMap(({ refs }) => refs.flatMap(({ ref }) => ('stage' in ref ? [ref.stage] : []))),
    ]) {
      const list = consumers.get(need)
      if (list) list.push(id)
      else consumers.set(need, [id])
    }
  }
  const open = [...off]
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    for (const consumer of consumers.get(id) ?? []) {
      const { fixed, draft } = ways.get(consumer)!
      const emptied = remainingInputs(draft, off).some(
        ({ soft, refs }) => soft && refs.length > 0 && refs.every(({ ref }) => 'stage' in ref && off.has(ref.stage)),
      )
      if (off.has(consumer) || (!fixed.has(id) && !emptied)) continue
      off.add(consumer)
      open.push(consumer)
    }
  }
  return off
}

/** `prepare:data/x.csv` must be, or lie in, one of the command's outs; a bare name means its only one. */
function checkCommandOutputs(draft: Draft, byId: ReadonlyMap<string, Draft>, problems: Problems): void {
  for (const { name, refs } of draft.inputs) {
    for (const { ref, at } of refs) {
      const producer = 'stage' in ref ? byId.get(ref.stage) : undefined
      if (!producer?.command || !('stage' in ref)) continue
      const outs = producer.command.spec.outs
      const label = `${draft.instance.label}.inputs.${name}`
      const { group, id } = producer.instance
      if (ref.path === '' && outs.length !== 1)
        problems.add(
          at,
          label,
          `${id} makes ${outs.length === 0 ? 'no outs' : `${outs.length} outs`}`,
          outs.length === 0
            ? `add \`outs:\` to ${group}, or name it in \`after:\``
            : `write one of ${outs
                .slice(0, 5)
                .map((out) => `${id}:${out}`)
                .join(', ')}`,
        )
      else if (ref.path !== '' && !outs.some((out) => ref.path === out || ref.path.startsWith(`${out}/`))) {
        const near = nearest(ref.path, outs)
        problems.add(
          at,
          label,
          `${id} does not make ${describeValue(ref.path)}`,
          near ? `did you mean "${id}:${near}"?` : outs.length > 0 ? `it makes ${outs.slice(0, 5).join(', ')}` : '',
        )
      }
    }
  }
}

/** Depth first in file order: every stage after all it needs, otherwise as in the file. A way back is a cycle. */
function sortByNeeds(ids: readonly string[], edges: ReadonlyMap<string, Edges>, problems: Problems): string[] {
  const state = new Map<string, 'open' | 'done'>()
  const sorted: string[] = []
  const told = new Set<string>()
  for (const first of ids) {
    if (state.has(first)) continue
    const stack = [{ id: first, needs: edges.get(first)!.entries() }]
    state.set(first, 'open')
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const next = top.needs.next()
      if (next.done) {
        stack.pop()
        state.set(top.id, 'done')
        sorted.push(top.id)
        continue
      }
      const [id] = next.value
      if (state.get(id) === 'open') {
        const path = stack.map((step) => step.id)
        reportCycle(path.slice(path.indexOf(id)), ids, edges, told, problems)
      } else if (!state.has(id)) {
        state.set(id, 'open')
        stack.push({ id, needs: edges.get(id)!.entries() })
      }
    }
  }
  return sorted
}

/** `a -> b -> a` reads "a needs b, which needs a"; begins with the one that stands first in the file. */
function reportCycle(
  cycle: readonly string[],
  ids: readonly string[],
  edges: ReadonlyMap<string, Edges>,
  told: Set<string>,
  problems: Problems,
): void {
  const start = cycle.indexOf(ids.find((id) => cycle.includes(id))!)
  const turned = [...cycle.slice(start), ...cycle.slice(0, start)]
  const at = edges.get(turned[0]!)!.get(turned[1] ?? turned[0]!)!
  const place = `${at.source!.file}:${at.start}`
  if (told.has(place)) return
  told.add(place)
  problems.add(
    at,
    '',
    `stages need each other: ${[...turned, turned[0]].join(' -> ')}`,
    'one of them must do without the other',
  )
}

function finish(draft: Draft, edges: Edges, off: ReadonlySet<string>): StagePlan {
  const { instance, entry, command } = draft
  const kind = entry?.kind
  const inputs = remainingInputs(draft, off).map(({ name, refs, list }): [string, InputRef | InputRef[]] => [
    name,
    list ? refs.map(({ ref }) => ref) : refs[0]!.ref,
  ])
  return {
    id: instance.id,
    group: instance.group,
    kind: draft.kind,
    options: draft.resolved.options,
    inputs: Object.fromEntries(inputs),
    needs: [...edges.keys()],
    external: draft.resolved.external,
    command: command?.spec ?? null,
    env: draft.env,
    passEnv: draft.passEnv,
    resources: draft.resources,
    timeoutSeconds: draft.timeoutSeconds,
    retries: draft.retries,
    gates: draft.gates.map(({ gate }) => gate),
    enabled: instance.enabled,
    to: draft.to?.path ?? '',
    about: draft.about,
    unkeyed: kind?.unkeyed ?? [],
    keyed: draft.resolved.keyed,
    resumeIgnore: kind?.resume?.ignore ?? null,
    code: entry?.code ?? '',
    kindFile: entry?.file ?? '',
    publishes: kind?.publish !== undefined,
    at: placeOf(instance.name.source!, instance.name.start),
  }
}
