/** Keeping a good result: bytes into the store, manifest, outputs swapped in, clean mark, copies outside the cache. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { JobOutcome } from '../executor.ts'
import { readJson } from '../lib/files.ts'
import type { StagePlan } from '../plan.ts'
import type { Metrics, StageResult } from '../stage.ts'
import type { StoredResult } from '../store/store.ts'
import type { ContentHash } from '../store/tree.ts'
import { crashPoint } from './crash.ts'
import { resultEnd, type StageEnd } from './end.ts'
import { applyPublish } from './publish.ts'
import { type Decision } from './decide.ts'
import { type Fingerprint, recordName, type ResolvedInput, resolvePath, type Session } from './session.ts'
import type { Work } from './work.ts'

/** @param lastOuts the outputs of its last good run, to tell `same` from `ran` */
export function keepResult(
  session: Session,
  stage: StagePlan,
  decision: Extract<Decision, { action: 'run' }>,
  work: Work,
  outcome: Extract<JobOutcome, { ok: true }>,
  lastOuts: Readonly<Record<string, string>> | undefined,
  seconds: number,
): StageEnd | Promise<StageEnd> {
  const stored = storeOutputs(session, work)
  const { outs } = stored
  crashPoint('stored')
  const reported: StageResult = stage.command?.metrics
    ? measured(commandMetrics(resolvePath(session, stage.command.metrics)))
    : outcome.result
  const result: StoredResult = {
    v: 1,
    key: decision.print.key,
    doc: decision.print.doc,
    stage: recordName(session.plan, stage),
    ...stored,
    metrics: reported.metrics ?? {},
    headline: reported.headline ?? '',
    notes: reported.notes ?? [],
    seconds,
    createdAt: new Date().toISOString(),
    items: outcome.items,
    reason: decision.reason,
  }
  keepReadable(session, decision.print)
  session.store.results.put(result)
  crashPoint('manifest')
  work.finish(outs)
  crashPoint('in place')
  const { attempt: _, ...last } = session.journal.get(result.stage)!
  const record = { ...last, key: result.key, outs, seconds, createdAt: result.createdAt, dirty: null }
  session.journal.put(record)
  crashPoint('clean')
  const same =
    lastOuts !== undefined &&
    Object.keys(outs).length > 0 &&
    Object.entries(outs).every(([out, content]) => lastOuts[out] === content)
  const end = resultEnd(session, stage, same ? 'same' : 'ran', result, decision.reason, seconds)
  return stage.to ? applyPublish(session, stage, record).then(() => end) : end
}

/** Every output's bytes in the store, or in the manifest itself where they are few. */
function storeOutputs(session: Session, work: Work): Pick<StoredResult, 'outs' | 'links' | 'inline'> {
  const outs: Record<string, ContentHash> = {}
  const links: Record<string, string> = {}
  const inline: Record<string, string> = {}
  for (const [out, path] of Object.entries(work.staged)) {
    outs[out] = session.trees.current(path)
    for (const [below, target] of Object.entries(session.trees.linksBelow(path)))
      links[out ? `${out}/${below}` : below] = target
    const small = outs[out]!.startsWith('F:') ? session.index.smallContent(outs[out]!.slice(2)) : undefined
    // A script stays one: its blob keeps the mode.
    if (small && (statSync(path).mode & 0o111) === 0) inline[outs[out]!.slice(2)] = small.toString('base64')
    else session.store.put(path, outs[out]!)
  }
  return { outs, links, ...(Object.keys(inline).length > 0 ? { inline } : {}) }
}

/** Small tables of the user's are kept with the key, so that `why` can tell which rows changed. */
function keepReadable(session: Session, print: Fingerprint): void {
  const MOST_BYTES = 4 << 20
  for (const input of Object.values(print.inputs).flat() as ResolvedInput[]) {
    if (input.content.startsWith('F:')) {
      if (
        input.stage === null &&
        /\.(csv|json)$/i.test(input.path) &&
        (statSync(input.path, { throwIfNoEntry: false })?.size ?? Infinity) <= MOST_BYTES
      )
        session.store.keepBlob(input.path, input.content.slice(2))
    } else if (input.content.startsWith('D:')) {
      for (const file of session.trees.files(input.content)) {
        if (/\.(csv|json)$/i.test(file.path) && file.bytes <= MOST_BYTES && !session.store.hasBlob(file.hash))
          session.store.keepBlob(join(input.path, file.path), file.hash)
      }
    }
  }
}

/** Most figures in the one line that a command's result gets. */
const MOST_FIGURES = 3

/** A command says no sentence about its result: its first figures stand in for one. */
function measured(metrics: Metrics): StageResult {
  const figures = Object.entries(metrics).filter(([, value]) => typeof value === 'number')
  const told = figures
    .slice(0, MOST_FIGURES)
    .map(([name, value]) => `${name} ${Number((value as number).toPrecision(4))}`)
  return { metrics, headline: told.join(', ') }
}

function commandMetrics(path: string): Metrics {
  const flat: Record<string, number | string | boolean | null> = {}
  const walk = (value: unknown, name: string) => {
    if (typeof value === 'object' && value !== null)
      for (const [key, item] of Object.entries(value)) walk(item, name ? `${name}.${key}` : key)
    else if (['number', 'string', 'boolean'].includes(typeof value) || value === null) flat[name] = value as number
  }
  walk(readJson(path), '')
  return flat
}
