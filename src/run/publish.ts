/** `to:` copies outputs out of the cache: file by file, or by the kind's own rule (a registry that others write too). */
import { copyFileSync, lstatSync, readdirSync, rmdirSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { StagePlan } from '../plan.ts'
import type { StageRecord } from '../store/journal.ts'
import { move, tempFolder } from './commit.ts'
import { crashPoint } from './crash.ts'
import { outputPaths, publishedFiles, resolvePath, type Session } from './session.ts'

/** True if there is nothing to publish or it is published as it should be. */
export async function isPublished(session: Session, stage: StagePlan, record: StageRecord): Promise<boolean> {
  if (!stage.to || stage.command) return true
  const target = resolvePath(session, stage.to)
  if (!stage.publishes)
    return (
      record.published === record.outs[''] &&
      publishedFiles(session, stage, record.outs['']!).every((file) => session.trees.hash(file.to) === file.hash)
    )
  // The rule itself is only asked when something in the target moved since it last said yes.
  if (record.published !== '' && session.trees.hash(target) === record.published) return true
  const rule = (await session.loadKind(stage.kind, stage.kindFile)).publish!
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
    const rule = (await session.loadKind(stage.kind, stage.kindFile)).publish!
    const out = outputPaths(session, stage)['']!
    if (!(statSync(target, { throwIfNoEntry: false }) && (await rule.check(out, target)))) await rule.apply(out, target)
    session.journal.put({ ...record, published: session.trees.current(target) })
    return
  }
  const staging = tempFolder(session, stage.id)
  for (const [number, file] of publishedFiles(session, stage, record.outs['']!).entries()) {
    if (session.trees.current(file.to) === file.hash) continue
    const standing = lstatSync(file.to, { throwIfNoEntry: false })
    if (standing && !standing.isFile()) rmSync(file.to, { recursive: true, force: true })
    // Made in the cache: a kill must not leave half a file among the user's.
    const staged = join(staging, String(number))
    copyFileSync(file.from, staged)
    move(staged, file.to)
    session.trees.current(file.to)
    crashPoint('one file published')
  }
  rmSync(staging, { recursive: true, force: true })
  removeAbandoned(session, stage, record)
  session.journal.put({ ...record, published: record.outs['']! })
}

/** Copies of files that the output no longer has go, where they are still as we wrote them: nothing stale stays behind. */
function removeAbandoned(session: Session, stage: StagePlan, record: StageRecord): void {
  const out = record.outs['']!
  if (record.published === out || !record.published.startsWith('D:') || !session.trees.has(record.published.slice(2)))
    return
  const target = resolvePath(session, stage.to)
  const kept = new Set(publishedFiles(session, stage, out).map((file) => file.to))
  for (const { to, hash } of publishedFiles(session, stage, record.published)) {
    if (kept.has(to) || session.trees.current(to) !== hash) continue
    rmSync(to)
    crashPoint('one copy removed')
    for (let folder = dirname(to); folder.startsWith(`${target}/`) && isEmpty(folder); folder = dirname(folder))
      rmdirSync(folder)
  }
}

const isEmpty = (folder: string) => readdirSync(folder).length === 0
