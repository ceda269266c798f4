/** Where a stage's outputs are made, and how they become, or never become, the real ones. */
import { mkdirSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { writeAtomic } from '../lib/files.ts'
import type { StagePlan } from '../plan.ts'
import { fileName } from '../store/layout.ts'
import type { ContentHash } from '../store/tree.ts'
import { followMove, move, swapIn, tempFolder } from './commit.ts'
import { crashPoint } from './crash.ts'
import type { AsideMeta } from './recover.ts'
import { outputPaths, recordName, type Session } from './session.ts'

export interface Work {
  /** output name → where it stands after the work. */
  readonly staged: Readonly<Record<string, string>>
  missing(): string[]
  rollback(): void
  /** Swap in; afterwards the outputs are at their real paths. */
  finish(outs: Readonly<Record<string, ContentHash>>): void
}

export function kindWork(session: Session, stage: StagePlan): Work {
  const folder = tempFolder(session, stage.id)
  const out = join(folder, 'out')
  mkdirSync(out)
  const target = outputPaths(session, stage)['']!
  return {
    staged: { '': out },
    missing: () => [],
    rollback: () => rmSync(folder, { recursive: true, force: true }),
    finish: (outs) => {
      swapIn(session, out, target)
      followMove(session, outs['']!, out, target)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A command writes to the real paths: its last good outputs wait aside until it has succeeded. */
export function commandWork(session: Session, stage: StagePlan): Work {
  const paths = outputPaths(session, stage)
  const aside = join(session.layout.aside, fileName(recordName(session.plan, stage)))
  const outs = Object.values(paths)
  const standing = outs.filter((path) => statSync(path, { throwIfNoEntry: false }))
  if (standing.length > 0) {
    const meta: AsideMeta = { stage: stage.id, outs }
    writeAtomic(join(aside, 'meta.json'), JSON.stringify(meta))
    crashPoint('aside begun')
    outs.forEach((path, i) => {
      if (standing.includes(path)) move(path, join(aside, String(i)))
      crashPoint('one output aside')
    })
  }
  for (const path of outs) makeFolder(dirname(path))
  return {
    staged: paths,
    missing: () => Object.keys(paths).filter((out) => !statSync(paths[out]!, { throwIfNoEntry: false })),
    rollback: () => {
      for (const path of outs) rmSync(path, { recursive: true, force: true })
      if (standing.length === 0) return
      outs.forEach((path, i) => {
        crashPoint('one output to put back')
        if (standing.includes(path)) move(join(aside, String(i)), path)
      })
      rmSync(aside, { recursive: true, force: true })
    },
    finish: () => {
      if (standing.length > 0) rmSync(aside, { recursive: true, force: true })
    },
  }
}

/** Folders made in this process are not made again: a thousand commands write into the same few. */
const made = new Set<string>()
export function makeFolder(path: string): void {
  if (made.has(path)) return
  mkdirSync(path, { recursive: true })
  made.add(path)
}
