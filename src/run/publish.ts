/** `to:` copies outputs out of the cache: file by file, or by the kind's own rule (a registry that others write too). */
import { lstatSync, readFileSync, rmSync, statSync } from 'node:fs'
import { loadKind } from '../kinds.ts'
import { writeAtomic } from '../lib/files.ts'
import type { StagePlan } from '../plan.ts'
import type { StageRecord } from '../store/journal.ts'
import { outputPaths, publishedFiles, resolvePath, type Session } from './session.ts'

/** True if there is nothing to publish or it is published as it should be. */
export async function isPublished(session: Session, stage: StagePlan, record: StageRecord): Promise<boolean> {
  if (!stage.to || stage.command) return true
  const target = resolvePath(session, stage.to)
  if (!stage.publishes)
    return publishedFiles(session, stage, record.outs['']!).every((file) => session.trees.hash(file.to) === file.hash)
  // The rule itself is only asked when something in the target moved since it last said yes.
  if (record.published !== '' && session.trees.hash(target) === record.published) return true
  const rule = (await loadKind(stage.kind, stage.kindFile)).publish!
  return (
    statSync(target, { throwIfNoEntry: false }) !== undefined &&
    (await rule.check(outputPaths(session, stage)['']!, target))
  )
}

/** Write what differs; each file by rename. */
export async function applyPublish(session: Session, stage: StagePlan, record: StageRecord): Promise<void> {
  if (!stage.to || stage.command) return
  const target = resolvePath(session, stage.to)
  if (stage.publishes) {
    const rule = (await loadKind(stage.kind, stage.kindFile)).publish!
    const out = outputPaths(session, stage)['']!
    if (!(statSync(target, { throwIfNoEntry: false }) && (await rule.check(out, target)))) await rule.apply(out, target)
    session.journal.put({ ...record, published: session.trees.current(target) })
    return
  }
  for (const file of publishedFiles(session, stage, record.outs['']!)) {
    if (session.trees.current(file.to) === file.hash) continue
    const standing = lstatSync(file.to, { throwIfNoEntry: false })
    if (standing && !standing.isFile()) rmSync(file.to, { recursive: true, force: true })
    writeAtomic(file.to, readFileSync(file.from))
    session.trees.current(file.to)
  }
}
