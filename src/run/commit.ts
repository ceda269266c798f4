/** Putting outputs in place: from staging after a good run, or from the store. Old outputs stay until the new ones are whole. */
import { randomBytes } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { StagePlan } from '../plan.ts'
import type { StoredResult } from '../store/store.ts'
import { fileName } from '../store/layout.ts'
import type { ContentHash } from '../store/tree.ts'
import { crashPoint } from './crash.ts'
import { outputPaths, recordName, type Session } from './session.ts'

/** Fresh folder below the cache's temp folder. */
export function tempFolder(session: Session, label: string): string {
  const path = join(session.layout.temp, `${process.pid}-${fileName(label)}-${randomBytes(4).toString('hex')}`)
  mkdirSync(path, { recursive: true })
  return path
}

/** Swap a whole new output in by rename; what stood there goes away only afterwards. */
export function swapIn(session: Session, staged: string, target: string): void {
  mkdirSync(dirname(target), { recursive: true })
  if (existsSync(target) || statSync(target, { throwIfNoEntry: false })) {
    const old = join(tempFolder(session, 'old'), 'out')
    move(target, old)
    crashPoint('old output aside')
    move(staged, target)
    rmSync(dirname(old), { recursive: true, force: true })
  } else move(staged, target)
}

/** Rename, or copy and remove where source and target are on different disks. */
export function move(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true })
  try {
    renameSync(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error
    cpSync(from, `${to}.kpipe-tmp`, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true })
    renameSync(`${to}.kpipe-tmp`, to)
    rmSync(from, { recursive: true, force: true })
  }
}

/** The stat index follows the files of an output that was renamed into place. */
export function followMove(session: Session, content: ContentHash, from: string, to: string): void {
  if (content.startsWith('F:')) session.index.moved(from, to)
  else {
    const walk = (hash: string, below: string) => {
      for (const entry of session.trees.entries(hash)) {
        if (entry.type === 'D') walk(entry.hash, `${below}/${entry.name}`)
        else if (entry.type !== 'L') session.index.moved(`${from}${below}/${entry.name}`, `${to}${below}/${entry.name}`)
      }
    }
    walk(content.slice(2), '')
  }
}

/** False: something of it is missing or damaged, nothing was touched. */
export function restoreOutputs(session: Session, stage: StagePlan, result: StoredResult): boolean {
  const staging = tempFolder(session, stage.id)
  const paths = outputPaths(session, stage)
  const outs = Object.keys(paths)
  // The same key under another stage's name: outs of a command are part of the key, the folder is ''.
  const whole = outs.every((out, i) => session.store.restore(result, out, join(staging, String(i))))
  if (!whole) {
    rmSync(staging, { recursive: true, force: true })
    return false
  }
  crashPoint('restored to staging')
  const name = recordName(session.plan, stage)
  const before = session.journal.get(name)
  outs.forEach((out, i) => {
    swapIn(session, join(staging, String(i)), paths[out]!)
    followMove(session, result.outs[out]!, join(staging, String(i)), paths[out]!)
    crashPoint('one output restored')
  })
  rmSync(staging, { recursive: true, force: true })
  crashPoint('restored in place')
  session.store.results.used(result.key)
  session.journal.put({
    stage: name,
    key: result.key,
    outs: result.outs,
    seconds: result.seconds,
    createdAt: result.createdAt,
    published: before?.published ?? '',
    resumeKey: before?.resumeKey ?? '',
    dirty: null,
  })
  session.trees.forget()
  return true
}
