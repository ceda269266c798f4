/** Files of the user's that no stage makes must be there before any work: each missing one is a mistake with its place. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { nearest } from '../lib/nearest.ts'
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
      const near = nearbyName(session, path)
      missing.push({
        ...placeOf(session, stage, path),
        message: `stages.${stage.group}.${stage.command?.deps.includes(path) ? 'deps' : `inputs.${name}`}: ${what}`,
        hint: near
          ? `did you mean ${JSON.stringify(near)}?`
          : 'paths are relative to the project folder; put the data there or change the path',
      })
    }
  }
  if (missing.length === 0) return
  const { formatDiagnostics } = await import('../plan/index.ts')
  throw new PipelineError(formatDiagnostics, missing, session.layout.root)
}

/** Where the path is written in the stage; the stage itself where it comes from elsewhere (a param, --set). */
function placeOf({ layout, plan }: Session, stage: StagePlan, path: string): Pick<Diagnostic, 'place' | 'length'> {
  const lines = readFileSync(join(layout.root, plan.file), 'utf8').split('\n')
  const starts = plan.stages.map(({ at }) => at.line).filter((line) => line > stage.at.line)
  const end = Math.min(lines.length, ...starts.map((line) => line - 1))
  // A command names its files as well; the mistake is where they are declared.
  let declared = false
  for (let line = stage.at.line; line <= end; line++) {
    const text = lines[line - 1]!
    const from = text.search(stage.command ? /\bdeps:/ : /\b(inputs|with):/)
    if (from < 0 && !declared) continue
    declared = true
    const at = text.indexOf(path, Math.max(0, from))
    if (at >= 0)
      return {
        place: { file: plan.file, line, column: Array.from(text.slice(0, at)).length + 1 },
        length: path.length,
      }
  }
  return { place: stage.at, length: stage.group.length }
}

/** A file beside the missing one that is called much alike. */
function nearbyName(session: Session, path: string): string {
  if (/[*?]/.test(path)) return ''
  const folder = dirname(resolvePath(session, path))
  const names = statSync(folder, { throwIfNoEntry: false })?.isDirectory() ? readdirSync(folder) : []
  const near = nearest(basename(path), names)
  return near && `${path.slice(0, path.length - basename(path).length)}${near}`
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
