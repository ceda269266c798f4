/** Commands that only look: status, dry run, why, list, show. They write nothing but the stat index and need no lock. */
import type { Io } from '../io.ts'
import { UserError } from '../lib/errors.ts'
import type { StagePlan } from '../plan.ts'
import { columns, number, seconds } from '../reporters/text.ts'
import { type Forecast, forecast } from '../run/forecast.ts'
import { changesSince, decide } from '../run/decide.ts'
import { lockState } from '../run/lock.ts'
import { displayPath, fingerprint, outputPaths, recordName, type Session } from '../run/session.ts'
import { openPipeline, type Selection, select } from './project.ts'
import { selectTargets } from './run.ts'

export interface InspectOptions {
  readonly words: readonly string[]
  readonly set: readonly string[]
  readonly json: boolean
  /** `status --check`: exit code 3 where something is stale. */
  readonly check: boolean
}

/** What a run would do, as a table (or JSON); also the body of `run --dry-run`. */
export function printForecast(
  session: Session,
  options: { selected: ReadonlySet<string>; forced: ReadonlySet<string>; json: boolean; title: string },
  io: Io,
): number {
  const stages = forecast(session, options.selected, options.forced)
  session.index.save()
  if (options.json) {
    io.out(`${JSON.stringify({ pipeline: session.plan.name, stages }, null, 2)}\n`)
    return 0
  }
  const rows = stages.map((stage) => [
    stage.stage,
    stage.verdict,
    stage.verdict === 'fresh' || stage.expectedSeconds === null ? '' : `~${seconds(stage.expectedSeconds)}`,
    stage.reason,
  ])
  io.out(
    `${columns([['stage', options.title, 'time', 'why'], ...rows], io.columns).join('\n')}\n\n${forecastSummary(session.plan.name, stages)}\n`,
  )
  return 0
}

function forecastSummary(name: string, stages: readonly Forecast[]): string {
  const counts = new Map<string, number>()
  for (const stage of stages) counts.set(stage.verdict, (counts.get(stage.verdict) ?? 0) + 1)
  const expected = stages
    .filter((stage) => stage.verdict === 'run' || stage.verdict === 'may run')
    .reduce((sum, stage) => sum + (stage.expectedSeconds ?? 0), 0)
  const unknown = stages.some(
    (stage) => (stage.verdict === 'run' || stage.verdict === 'may run') && stage.expectedSeconds === null,
  )
  const words = [...counts].map(([verdict, count]) => `${count} ${verdict}`).join(', ')
  const time = expected > 0 ? ` · ${unknown ? 'at least' : 'about'} ${seconds(expected)} of work` : ''
  return `${name}: ${words}${time}`
}

export async function statusCommand(options: InspectOptions, io: Io): Promise<number> {
  const selection = select(options.words, io.cwd)
  const session = await openPipeline(selection, options.set)
  const selected = selectTargets(session.plan, selection.stages)
  const code = printForecast(session, { selected, forced: new Set(), json: options.json, title: 'state' }, io)
  const lock = lockState(session.layout.lock)
  if (!options.json && lock?.alive) io.out(`a run is working here now (process ${lock.owner}): kpipe attach shows it\n`)
  if (!options.check) return code
  return forecast(session, selected, new Set()).every(
    (stage) => stage.verdict === 'fresh' || stage.verdict === 'disabled',
  )
    ? 0
    : 3
}

export async function whyCommand(options: InspectOptions, io: Io): Promise<number> {
  const { session, stages } = await openStages(options, io)
  const answers = stages.map((stage) => whyStage(session, stage))
  session.index.save()
  if (options.json) io.out(`${JSON.stringify(answers, null, 2)}\n`)
  else
    for (const answer of answers)
      io.out(`${answer.stage}: ${answer.state}\n${answer.reasons.map((reason) => `  ${reason}\n`).join('')}`)
  return 0
}

function whyStage(session: Session, stage: StagePlan): { stage: string; state: string; reasons: readonly string[] } {
  const unmade = stage.needs.filter((id) => fingerprintMissing(session, id))
  if (unmade.length > 0)
    return { stage: stage.id, state: 'cannot tell yet', reasons: [`${unmade.join(', ')} has no output yet`] }
  const decision = decide(session, stage, false)
  const record = session.journal.get(recordName(session.plan, stage))
  if (decision.action === 'fresh') {
    const result = session.store.results.get(decision.record.key)
    return {
      stage: stage.id,
      state: 'fresh',
      reasons: [
        `made ${decision.record.createdAt.slice(0, 19).replace('T', ' ')} in ${seconds(decision.record.seconds)}${result?.reason ? `, because: ${result.reason}` : ''}`,
      ],
    }
  }
  const changes = record ? changesSince(session, decision.print, record) : []
  const reasons = changes.length > 0 ? changes : [decision.reason]
  return {
    stage: stage.id,
    state: decision.action === 'restore' ? 'stale, an earlier result fits and will be restored' : 'stale, will run',
    reasons,
  }
}

function fingerprintMissing(session: Session, id: string): boolean {
  return Object.values(outputPaths(session, session.stages.get(id)!)).some((path) => session.trees.hash(path) === '-')
}

export async function showCommand(options: InspectOptions, io: Io): Promise<number> {
  const { namesModel, showModel } = await import('./show-model.ts')
  if (await namesModel(options.words, io.cwd)) {
    const isStage = await openStages(options, io).then(
      () => true,
      () => false,
    )
    if (!isStage) return showModel(options, io)
  }
  const { session, stages } = await openStages(options, io)
  const facts = stages.map((stage) => stageFacts(session, stage))
  session.index.save()
  if (options.json) io.out(`${JSON.stringify(facts.length === 1 ? facts[0] : facts, null, 2)}\n`)
  else for (const one of facts) io.out(`${factLines(one)}\n`)
  return 0
}

/** Everything about one stage, in the order in which people ask. */
function stageFacts(session: Session, stage: StagePlan): Readonly<Record<string, unknown>> {
  const record = session.journal.get(recordName(session.plan, stage))
  const result = record?.key ? session.store.results.get(record.key) : undefined
  return {
    stage: stage.id,
    kind: stage.kind,
    about: stage.about,
    defined: `${stage.at.file}:${stage.at.line}`,
    needs: stage.needs,
    options: stage.options,
    command: stage.command,
    resources: stage.resources,
    outputs: Object.values(outputPaths(session, stage)).map((path) => displayPath(session, path)),
    to: stage.to,
    key: fingerprint(session, stage).key,
    last: result
      ? {
          key: result.key,
          createdAt: result.createdAt,
          seconds: result.seconds,
          reason: result.reason,
          metrics: result.metrics,
          items: result.items,
          notes: result.notes,
        }
      : null,
  }
}

function factLines(facts: Readonly<Record<string, unknown>>): string {
  const lines: string[] = []
  const add = (name: string, value: unknown, depth: number) => {
    const indent = '  '.repeat(depth)
    if (value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0)) return
    if (Array.isArray(value)) lines.push(`${indent}${name}: ${value.map(plain).join(', ')}`)
    else if (typeof value === 'object') {
      const entries = Object.entries(value)
      if (entries.length === 0) return
      lines.push(`${indent}${name}:`)
      for (const [key, item] of entries) add(key, item, depth + 1)
    } else lines.push(`${indent}${name}: ${plain(value)}`)
  }
  for (const [name, value] of Object.entries(facts)) add(name, value, 0)
  return lines.join('\n')
}

const plain = (value: unknown): string =>
  typeof value === 'number' ? number(value) : typeof value === 'object' ? JSON.stringify(value) : String(value)

/** The one or more stages a command that wants a stage was given. */
async function openStages(
  options: InspectOptions,
  io: Io,
): Promise<{ session: Session; stages: readonly StagePlan[]; selection: Selection }> {
  const selection = select(options.words, io.cwd)
  const session = await openPipeline(selection, options.set)
  if (selection.stages.length === 0) {
    const groups = [...new Set(session.plan.stages.map((stage) => stage.group))].join(', ')
    throw new UserError('which stage?', { hint: `name one of ${session.plan.name}: ${groups}`, exitCode: 2 })
  }
  const wanted = selectTargets(session.plan, selection.stages)
  return { session, stages: session.plan.stages.filter((stage) => wanted.has(stage.id)), selection }
}
