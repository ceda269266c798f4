/** What a stage has to do now (nothing, restore, run), and why, in the words of the domain. Reads only. */
import type { StagePlan } from '../plan.ts'
import { explainChange } from '../store/explain.ts'
import type { KeyDocument } from '../store/fingerprint.ts'
import type { StageRecord } from '../store/journal.ts'
import type { StoredResult } from '../store/store.ts'
import type { ContentHash } from '../store/tree.ts'
import { type Fingerprint, fingerprint, outputPaths, recordName, type ResolvedInput, type Session } from './session.ts'

export type Decision =
  | { readonly action: 'fresh'; readonly print: Fingerprint; readonly record: StageRecord }
  | { readonly action: 'restore'; readonly print: Fingerprint; readonly result: StoredResult; readonly reason: string }
  | {
      readonly action: 'run'
      readonly print: Fingerprint
      readonly reason: string
      readonly reasons: readonly string[]
    }

/** What the stage has to do now, and why. Its producers must be done. Reads only. */
export function decide(session: Session, stage: StagePlan, force: boolean): Decision {
  const print = fingerprint(session, stage)
  const record = session.journal.get(recordName(session.plan, stage))
  if (force) return { action: 'run', print, reason: 'forced', reasons: ['forced'] }
  const edited = record?.key === print.key ? editedOutputs(session, stage, record) : []
  const stands = record && record.key === print.key && !record.dirty && edited.length === 0
  // Where somebody will ask for its metrics, its outputs alone are not enough.
  if (stands && !session.asked.has(stage.id)) return { action: 'fresh', print, record }
  const result = session.store.results.get(print.key)
  if (stands && result) return { action: 'fresh', print, record }
  const reasons = whyStale(session, print, record, edited)
  if (result && session.store.complete(result)) return { action: 'restore', print, result, reason: reasons.join('; ') }
  return { action: 'run', print, reason: summarize(reasons), reasons }
}

function editedOutputs(session: Session, stage: StagePlan, record: StageRecord): string[] {
  return Object.entries(outputPaths(session, stage)).flatMap(([out, path]) => {
    const now = standing(session, path)
    if (now === record.outs[out]) return []
    const how = now === '-' ? 'is missing' : now === null ? 'cannot be read' : 'was changed by hand'
    return [`${out || 'output'} ${how}`]
  })
}

/** An output may link to music that was moved away since: the stage makes it anew. */
function standing(session: Session, path: string): ContentHash | null {
  try {
    return session.trees.hash(path)
  } catch {
    return null
  }
}

function whyStale(
  session: Session,
  print: Fingerprint,
  record: StageRecord | undefined,
  edited: readonly string[],
): string[] {
  if (record?.dirty) {
    const { attempt } = record
    const changes = attempt ? changesFrom(session, attempt, print) : changesSince(session, print, record)
    return ['the last attempt did not finish', ...changes]
  }
  if (!record) return ['never ran before']
  if (record.key === '') return ['no attempt has succeeded yet']
  if (record.key === print.key) return edited.length > 0 ? [...edited] : ['its result is gone from the cache']
  const changes = changesSince(session, print, record)
  return changes.length > 0 ? changes : ['the last result is not in the cache any more']
}

/** Sentences on what differs between the last good run's key document and now. */
export function changesSince(session: Session, print: Fingerprint, record: StageRecord): string[] {
  if (record.key === print.key) return []
  const last = session.store.results.get(record.key)
  return last ? changesFrom(session, last.doc, print) : []
}

/** Sentences on what differs between a key document and now. */
export function changesFrom(session: Session, before: KeyDocument, print: Fingerprint): string[] {
  const places = Object.entries(print.inputs).flatMap(([name, input]) =>
    Array.isArray(input) ? [] : [[name, (input as ResolvedInput).path] as const],
  )
  return explainChange(before, print.doc, session.trees, session.store, Object.fromEntries(places))
}

const MOST_REASONS = 3
function summarize(reasons: readonly string[]): string {
  const more = reasons.length - MOST_REASONS
  return reasons.slice(0, MOST_REASONS).join('; ') + (more > 0 ? `; and ${more} more` : '')
}
