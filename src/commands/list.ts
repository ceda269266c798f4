/** `kpipe list`: what there is to name in a pipeline and on the command line. */
import { relative } from 'node:path'
import type { Io } from '../cli.ts'
import { allKinds } from '../kinds.ts'
import { UserError } from '../lib/errors.ts'
import { nearest } from '../lib/nearest.ts'
import { columns } from '../reporters/text.ts'
import type { InspectOptions } from './inspect.ts'
import { loadProjectPlan, openProject, type Project, select } from './project.ts'

type Row = Readonly<Record<string, string>>
type Lister = (project: Project, options: InspectOptions, io: Io) => Promise<readonly Row[]>

const LISTERS: Readonly<Record<string, Lister>> = {
  pipelines: async (project) =>
    Promise.all(
      [...project.pipelines].map(async ([name, file]) => {
        const plan = await loadProjectPlan(project, file, []).catch(() => null)
        return {
          name,
          file: relative(project.layout.root, file),
          about: plan ? plan.about : 'has mistakes; kpipe run shows them',
          stages: plan ? String(plan.stages.length) : '',
        }
      }),
    ),
  stages: async (project, options, io) => {
    const words = options.words.slice(1)
    const plan = await loadProjectPlan(project, select(words, io.cwd).file, options.set)
    return plan.stages.map((stage) => ({
      name: stage.id,
      kind: stage.kind,
      needs: stage.needs.join(', '),
      about: stage.about,
    }))
  },
  models: async () => {
    const { describeModels } = await import('../models/catalog.ts')
    return describeModels()
  },
  kinds: async (project) => {
    const { kinds } = await allKinds(project.layout.root, project.layout.kinds)
    const rows = Object.entries(kinds).map(([name, entry]) => ({
      name,
      about: entry.kind.summary,
      from: entry.file ? 'this project' : 'kpipe',
    }))
    return [...rows, { name: 'command', about: 'any shell command with deps, outs and params', from: 'kpipe' }]
  },
  formats: async () => {
    const { exportersByName } = await import('../exporters/index.ts')
    return Object.values(exportersByName).map(({ format, about }) => ({ name: format, about }))
  },
  datasets: async () => {
    const { describeDatasets } = await import('../data/catalogue.ts')
    return describeDatasets()
  },
}

export async function listCommand(options: InspectOptions, io: Io): Promise<number> {
  const [what] = options.words
  if (what !== undefined && !Object.hasOwn(LISTERS, what)) {
    const near = nearest(what, Object.keys(LISTERS))
    throw new UserError(`kpipe list knows no ${what}`, {
      hint: near ? `did you mean kpipe list ${near}?` : `it lists ${Object.keys(LISTERS).join(', ')}`,
      exitCode: 2,
    })
  }
  const project = openProject(io.cwd)
  const names = what === undefined ? Object.keys(LISTERS) : [what]
  const lists: Record<string, readonly Row[]> = {}
  for (const name of names) lists[name] = await LISTERS[name]!(project, options, io)
  if (options.json) io.out(`${JSON.stringify(lists, null, 2)}\n`)
  else io.out(`${names.map((name) => listText(name, lists[name]!, what === undefined, io.columns)).join('\n')}`)
  return 0
}

function listText(name: string, rows: readonly Row[], titled: boolean, width: number): string {
  const lines = columns(
    rows.map((row) => Object.values(row)),
    width,
  )
  return titled ? `${name}\n${lines.map((line) => `  ${line}\n`).join('')}` : lines.map((line) => `${line}\n`).join('')
}
