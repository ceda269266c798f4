/** `kpipe list`: what there is to name in a pipeline and on the command line. */
import { relative } from 'node:path'
import type { Io } from '../io.ts'
import { allKinds, packageRoot } from '../kinds.ts'
import { UserError } from '../lib/errors.ts'
import { nearest } from '../lib/nearest.ts'
import { columns } from '../reporters/text.ts'
import type { InspectOptions } from './inspect.ts'
import { loadProjectPlan, openProject, type Project, select } from './project.ts'

type Row = Readonly<Record<string, string>>
type Lister = (request: { options: InspectOptions; all: boolean; io: Io }) => Promise<readonly Row[]>

const LISTERS: Readonly<Record<string, Lister>> = {
  pipelines: async ({ io }) => {
    const project = openProject(io.cwd)
    return Promise.all([...project.pipelines].map(([name, file]) => pipelineRow(project, name, file)))
  },
  stages: async ({ options, all, io }) => {
    // Of every pipeline where none is named and none is the default one.
    const one = all ? null : select(options.words.slice(1), io.cwd)
    const project = one?.project ?? openProject(io.cwd)
    const files = one ? [one.file] : [...project.pipelines.values()]
    const rows = []
    for (const file of files) {
      const plan = await loadProjectPlan(project, file, options.set).catch((error: unknown) => {
        if (!all) throw error
        return null // said where the pipelines are listed
      })
      for (const { id, kind, needs, about } of plan?.stages ?? [])
        rows.push({ name: id, kind, needs: shortList(needs), about, ...(all ? { pipeline: plan!.name } : {}) })
    }
    return rows
  },
  models: async () => {
    const { describeModels } = await import('../models/catalog.ts')
    return describeModels()
  },
  kinds: async ({ io }) => {
    const project = projectOrNone(io.cwd)
    const { kinds } = await allKinds(project?.layout.root ?? packageRoot, project?.layout.kinds ?? '')
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

/** What kpipe itself has is listed anywhere; outside of a project there are no pipelines and no stages. */
const NEED_A_PROJECT = ['pipelines', 'stages']

export async function listCommand(options: InspectOptions, io: Io): Promise<number> {
  const [what] = options.words
  if (what !== undefined && !Object.hasOwn(LISTERS, what)) {
    const near = nearest(what, Object.keys(LISTERS))
    throw new UserError(`list knows no ${what}`, {
      hint: near ? `did you mean kpipe list ${near}?` : `it lists ${Object.keys(LISTERS).join(', ')}`,
      exitCode: 2,
    })
  }
  const all = what === undefined
  const here = all && projectOrNone(io.cwd) === null
  const names = all ? Object.keys(LISTERS).filter((name) => !here || !NEED_A_PROJECT.includes(name)) : [what]
  const lists: Record<string, readonly Row[]> = {}
  for (const name of names) lists[name] = await LISTERS[name]!({ options, all, io })
  if (options.json) io.out(`${JSON.stringify(lists, null, 2)}\n`)
  else io.out(names.map((name) => listText(name, lists[name]!, all, io.columns)).join('\n'))
  return 0
}

async function pipelineRow(project: Project, name: string, file: string): Promise<Row> {
  const plan = await loadProjectPlan(project, file, []).catch(() => null)
  return {
    name,
    file: relative(project.layout.root, file),
    about: plan ? plan.about : 'has mistakes; kpipe run shows them',
    stages: plan ? String(plan.stages.length) : '',
  }
}

function projectOrNone(cwd: string): Project | null {
  try {
    return openProject(cwd)
  } catch (error) {
    if (error instanceof UserError) return null
    throw error
  }
}

function listText(name: string, rows: readonly Row[], titled: boolean, width: number): string {
  const lines = columns(
    rows.map((row) => Object.values(row)),
    width,
  )
  return titled ? `${name}\n${lines.map((line) => `  ${line}\n`).join('')}` : lines.map((line) => `${line}\n`).join('')
}

/** Three names tell something, fifteen push everything else out of sight. */
const shortList = (names: readonly string[]) => (names.length <= 3 ? names.join(', ') : `${names.length} stages`)
