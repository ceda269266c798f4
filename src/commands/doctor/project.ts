/** The pipelines of the project, the data they read, and the schemas that editors check them by. */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import type { Plan } from '../../plan.ts'
import { expandGlob } from '../../store/tree.ts'
import { oldSchemas } from '../init.ts'
import { loadProjectPlan, type Project } from '../project.ts'
import { bad, type Check, ok, warn } from './check.ts'

export async function checkProject(project: Project, kpipe: string): Promise<Check[]> {
  const { root } = project.layout
  if (project.pipelines.size === 0)
    return [bad('pipelines', `${join(root, 'pipelines')} holds none`, `${kpipe} init . --template blank`)]
  const checks: Check[] = []
  for (const [name, file] of project.pipelines) {
    const plan = await loadProjectPlan(project, file, []).catch((error: { diagnostics?: readonly unknown[] }) => error)
    if ('stages' in plan) checks.push(ok(`pipeline ${name}`, `${plan.stages.length} stages`), ...checkData(plan, root))
    else {
      const count = plan.diagnostics?.length ?? 1
      checks.push(
        bad(`pipeline ${name}`, `${count} ${count === 1 ? 'mistake' : 'mistakes'}`, `${kpipe} status ${name}`),
      )
    }
  }
  const old = oldSchemas(root)
  if (old.length > 0)
    checks.push(
      warn('schemas', `${old.join(', ')}: not those of this kpipe, editors may complain`, `${kpipe} init . --schemas`),
    )
  return checks
}

/** What stages read that no stage makes. */
function checkData(plan: Plan, root: string): Check[] {
  const made = plan.stages.flatMap((stage) => stage.command?.outs ?? [])
  const paths = new Map<string, string>()
  for (const stage of plan.stages) {
    if (!stage.enabled) continue
    const files = Object.values(stage.inputs).flatMap((ref) =>
      [ref].flat().flatMap((one) => ('file' in one ? [one.file] : [])),
    )
    for (const path of [...files, ...Object.values(stage.external), ...(stage.command?.deps ?? [])])
      if (!made.some((out) => path === out || path.startsWith(`${out}/`) || out.startsWith(`${path}/`)))
        if (!paths.has(path)) paths.set(path, stage.id)
  }
  const missing = [...paths].filter(([path]) => !isThere(path, root))
  const empty = [...paths].filter(([path]) => isEmptyFolder(absolute(path, root)))
  if (paths.size === 0) return []
  const name = `data of ${plan.name}`
  if (missing.length > 0)
    return [
      bad(
        name,
        missing.map(([path, stage]) => `${path} is not there (${stage})`).join(', '),
        'put it there, or change the path in the pipeline',
      ),
    ]
  if (empty.length > 0) return [warn(name, `${empty.map(([path]) => path).join(', ')}: empty`, 'put your files there')]
  return [ok(name, [...paths.keys()].join(', '))]
}

const absolute = (path: string, root: string) =>
  path.startsWith('~/') ? join(homedir(), path.slice(2)) : isAbsolute(path) ? path : join(root, path)

function isThere(path: string, root: string): boolean {
  return /[*?]/.test(path) ? expandGlob(root, path).length > 0 : existsSync(absolute(path, root))
}

function isEmptyFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true && readdirSync(path).length === 0
}
