/** Files of the user's that no stage makes must be there before any work: each missing one is a mistake with its place. */
import { statSync } from 'node:fs'
import type { Diagnostic, StagePlan } from '../plan.ts'
import { resolvePath, type Session } from '../run/session.ts'
import { expandGlob } from '../store/tree.ts'
import { PipelineError } from './project.ts'

export async function checkFiles(session: Session, selected: ReadonlySet<string>): Promise<void> {
  const made = session.plan.stages.flatMap((stage) => stage.command?.outs ?? [])
  const madeSet = new Set(made)
  const isMade = (path: string) =>
    madeSet.has(path) || made.some((out) => path.startsWith(`${out}/`) || out.startsWith(`${path}/`))
  const missing: Diagnostic[] = []
  for (const stage of session.plan.stages) {
    if (!selected.has(stage.id) || !stage.enabled) continue
    for (const { name, path } of filesOf(stage)) {
      if (madeSet.has(path) || isThere(session, path) || isMade(path)) continue
      const what = path.includes('*') ? `no file matches ${path}` : `${path} is not there`
      missing.push({
        place: stage.at,
        length: stage.group.length,
        message: `stages.${stage.group}: input ${name}: ${what}`,
        hint: 'paths are relative to the project folder; put the data there or change the path',
      })
    }
  }
  if (missing.length === 0) return
  const { formatDiagnostics } = await import('../plan/index.ts')
  throw new PipelineError(formatDiagnostics, missing, session.layout.root)
}

function filesOf(stage: StagePlan): { name: string; path: string }[] {
  const found = (stage.command?.deps ?? []).map((path) => ({ name: path, path }))
  for (const [name, ref] of Object.entries(stage.inputs))
    for (const one of [ref].flat()) if ('file' in one) found.push({ name, path: one.file })
  for (const [name, path] of Object.entries(stage.external)) found.push({ name, path })
  return found
}

function isThere(session: Session, path: string): boolean {
  if (/[*?]/.test(path)) return expandGlob(session.layout.root, path).length > 0
  const home = path.startsWith('~/') ? `${session.environment['HOME']}${path.slice(1)}` : path
  return statSync(resolvePath(session, home), { throwIfNoEntry: false }) !== undefined
}
