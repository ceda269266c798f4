/** `kpipe import`: a pipeline from dvc.yaml, model configs from the Kelly training_config.json. Tells everything it had to change. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import type { Io } from '../io.ts'
import { UserError } from '../lib/errors.ts'
import { writeAtomic } from '../lib/files.ts'
import type { Diagnostic } from '../plan.ts'
import { callFrom, shellWord } from './invocation.ts'
import { loadProjectPlan, PipelineError, projectAt } from './project.ts'

export interface ImportOptions {
  readonly words: readonly string[]
  /** Name of the new pipeline, '' = the folder of dvc.yaml. */
  readonly name: string
  /** Print, write nothing. */
  readonly dryRun: boolean
  /** Replace files that are there. */
  readonly force: boolean
  readonly json: boolean
}

const USAGE = 'kpipe import dvc.yaml, or kpipe import training_config.json'

export async function importCommand(options: ImportOptions, io: Io): Promise<number> {
  const [word, more] = options.words
  if (word === undefined || more !== undefined)
    throw new UserError(word === undefined ? 'import what?' : 'import takes one file', { hint: USAGE, exitCode: 2 })
  const path = resolve(io.cwd, word)
  if (!statSync(path, { throwIfNoEntry: false })?.isFile())
    throw new UserError(`there is no file ${word}`, { hint: USAGE, exitCode: 2 })
  const root = projectFor(path, io.cwd)
  const file = relative(root, path).split(sep).join('/')
  if (/\.json$/i.test(path)) return importKelly(root, file, options, io)
  if (/\.ya?ml$/i.test(path)) return importPipeline(root, file, options, io)
  throw new UserError(`${word} is neither a dvc.yaml nor a training_config.json`, { hint: USAGE, exitCode: 2 })
}

/** The project the file is in, else the folder we are in if it holds the file, else the file's own. */
function projectFor(path: string, cwd: string): string {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'pipelines'))) return folder
    if (folder === dirname(folder)) break
  }
  return path.startsWith(`${resolve(cwd)}${sep}`) ? resolve(cwd) : dirname(path)
}

async function importPipeline(root: string, file: string, options: ImportOptions, io: Io): Promise<number> {
  const { importDvc } = await import('../import/dvc.ts')
  const name = options.name || basename(dirname(join(root, file))).replace(/[^\p{L}\p{N}_.-]/gu, '-')
  const found = importDvc(root, file, name)
  const { formatDiagnostics } = await import('../plan/index.ts')
  if (found.mistakes.length > 0) throw new PipelineError(formatDiagnostics, found.mistakes, root)
  const target = `pipelines/${name}.yaml`
  if (options.dryRun) {
    await tell(found.notes, root, io)
    io.out(found.text)
    return 0
  }
  write(root, { [target]: found.text }, options.force, `kpipe import ${file} --name NAME, or --force to replace it`)
  if (options.json)
    io.out(`${JSON.stringify({ files: [target], stages: found.stages, notes: found.notes }, null, 2)}\n`)
  else {
    await tell(found.notes, root, io)
    const left = found.notes.length
    const remarks =
      left === 0
        ? 'everything has a counterpart'
        : `${left} ${left === 1 ? 'remark' : 'remarks'}, also as comments in the file`
    io.out(`${target}: ${found.stages} ${found.stages === 1 ? 'stage' : 'stages'} from ${file}; ${remarks}\n`)
  }
  // What could be read must also be a pipeline: a name that kpipe refuses is told now and not at the first run.
  await loadProjectPlan(projectAt(root), join(root, target), [])
  if (!options.json) io.out(`\nnext:\n  ${callFrom(root)} run ${name} --dry-run\n`)
  return 0
}

async function importKelly(root: string, file: string, options: ImportOptions, io: Io): Promise<number> {
  const [{ importTrainingConfig }, { configCatalog }, { formatDiagnostics }] = await Promise.all([
    import('../import/kelly.ts'),
    import('../models/catalog.ts'),
    import('../plan/index.ts'),
  ])
  const found = importTrainingConfig(root, file, configCatalog)
  if (found.mistakes.length > 0) throw new PipelineError(formatDiagnostics, found.mistakes, root)
  const names = Object.keys(found.files)
  if (!options.dryRun)
    write(
      root,
      found.files,
      options.force,
      `kpipe import ${file} --dry-run prints what it would say, --force replaces it`,
    )
  if (options.json) {
    io.out(`${JSON.stringify({ files: names, set: found.sets, notes: found.notes }, null, 2)}\n`)
    return 0
  }
  await tell(found.notes, root, io)
  if (options.dryRun) for (const [path, text] of Object.entries(found.files)) io.out(`# ${path}\n${text}\n`)
  else
    io.out(
      names.length > 0
        ? `${names.map((path) => `wrote ${path}\n`).join('')}`
        : 'no model differs from its defaults: no config written\n',
    )
  const sets = found.sets.map((set) => ` --set ${shellWord(set)}`).join('')
  io.out(`\nnext:\n  ${callFrom(root)} run kelly${sets}\n`)
  if (!existsSync(join(root, 'pipelines', 'kelly.yaml')))
    io.out(`  # pipelines/kelly.yaml is not here yet: ${callFrom(root)} init . --template kelly\n`)
  return 0
}

function write(root: string, files: Readonly<Record<string, string>>, force: boolean, hint: string): void {
  const text = (path: string) => (existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : undefined)
  const inTheWay = Object.keys(files).filter((path) => text(path) !== undefined && text(path) !== files[path])
  if (inTheWay.length > 0 && !force)
    throw new UserError(
      `${inTheWay.join(', ')} ${inTheWay.length > 1 ? 'are' : 'is'} there already; nothing was written`,
      { hint, exitCode: 2 },
    )
  for (const [path, content] of Object.entries(files)) writeAtomic(join(root, path), content)
}

/** All of them, however many: what an import changes must not hide behind "… and 7 more". */
async function tell(notes: readonly Diagnostic[], root: string, io: Io): Promise<void> {
  if (notes.length === 0) return
  const { formatDiagnostics } = await import('../plan/index.ts')
  const source = (file: string) => readFileSync(resolve(root, file), 'utf8')
  for (const note of notes) io.err(formatDiagnostics([note], source, { color: io.color }))
  io.err('\n')
}
