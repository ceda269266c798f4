/**
 * `kpipe init`: a folder that runs. Every pipeline that kpipe ships is a template, with the configs it names; `blank` is two
 * shell commands to be replaced. Writes nothing at all where one of its files is there already and differs.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join, relative, resolve } from 'node:path'
import type { Io } from '../io.ts'
import { allKinds, packageRoot } from '../kinds.ts'
import { UserError } from '../lib/errors.ts'
import { writeAtomic } from '../lib/files.ts'
import { nearest } from '../lib/nearest.ts'
import { layoutOf } from '../store/layout.ts'
import { callFrom, shellWord } from './invocation.ts'

export interface InitOptions {
  readonly words: readonly string[]
  /** '' = the first pipeline that kpipe ships. */
  readonly template: string
  /** Only write the editor schemas anew, as this kpipe has them. */
  readonly schemas: boolean
  readonly json: boolean
}

/** Path in the new folder → text. */
type Files = Record<string, string>

export const BLANK = 'blank'

export async function initCommand(options: InitOptions, io: Io): Promise<number> {
  const [folder = '.', more] = options.words
  if (more !== undefined)
    throw new UserError(`init makes one folder, got ${options.words.join(' ')}`, {
      hint: `kpipe init ${shellWord(folder)}`,
      exitCode: 2,
    })
  const root = resolve(io.cwd, folder)
  if (options.schemas) return renewSchemas(root, io)
  const template = chooseTemplate(options.template)
  const files = await filesOf(template)
  refuseOverwriting(root, folder, files)
  const written = Object.entries(files).filter(([path]) => !existsSync(join(root, path)))
  for (const [path, text] of written) writeAtomic(join(root, path), text)
  const ignored = extendGitignore(root)
  const made = [...written.map(([path]) => path), ...(ignored ? ['.gitignore'] : [])].sort()
  const next = nextCommands(root, folder, template, io.cwd)
  if (options.json) io.out(`${JSON.stringify({ folder: root, template, files: made, next }, null, 2)}\n`)
  else io.out(`${madeText(folder === '.' ? 'a project here' : folder, template, made)}\nnext:\n${alignComments(next)}`)
  return 0
}

function madeText(what: string, template: string, made: readonly string[]): string {
  if (made.length === 0) return `${what} has all of the template ${template} already\n`
  return `made ${what} from the template ${template}:\n${made.map((path) => `  ${path}\n`).join('')}`
}

/** Names of the templates, the first one being what `kpipe init` takes. */
export function templates(): string[] {
  const files = readdirSync(join(packageRoot, 'pipelines')).filter((name) => name.endsWith('.yaml'))
  const names = files.map((name) => basename(name, '.yaml')).sort()
  return [...names.filter((name) => name === 'kelly'), ...names.filter((name) => name !== 'kelly'), BLANK]
}

function chooseTemplate(name: string): string {
  const names = templates()
  if (name === '') return names[0]!
  if (names.includes(name)) return name
  const near = nearest(name, names)
  throw new UserError(`there is no template ${name}`, {
    hint: near ? `did you mean --template ${near}?` : `there is ${names.join(', ')}`,
    exitCode: 2,
  })
}

async function filesOf(template: string): Promise<Files> {
  const own = template === BLANK ? blankFiles() : await shippedFiles(template)
  return { ...own, ...schemaFiles(), '.vscode/extensions.json': EXTENSIONS }
}

/** The pipeline and every config it was planned from. */
async function shippedFiles(template: string): Promise<Files> {
  const file = join('pipelines', `${template}.yaml`)
  const [{ loadPlan, formatDiagnostics }, { configCatalog }, { kinds }] = await Promise.all([
    import('../plan/index.ts'),
    import('../models/catalog.ts'),
    allKinds(packageRoot, layoutOf(packageRoot).kinds),
  ])
  const loaded = await loadPlan({
    root: packageRoot,
    file: join(packageRoot, file),
    kinds,
    catalog: configCatalog,
    set: [],
  })
  if ('diagnostics' in loaded)
    throw new Error(
      `the template ${template} has mistakes\n${formatDiagnostics(loaded.diagnostics, () => undefined, { color: false })}`,
    )
  const sources = Object.entries(loaded.plan.sources).filter(([, hash]) => hash !== '')
  return Object.fromEntries(sources.map(([path]) => [path, readFileSync(join(packageRoot, path), 'utf8')]))
}

/** The modeline of every pipeline and config points at `../schemas/`, so that editors need no network and no node_modules. */
function schemaFiles(): Files {
  const names = readdirSync(join(packageRoot, 'schemas')).filter((name) => name.endsWith('.json'))
  return Object.fromEntries(
    names.map((name) => [`schemas/${name}`, readFileSync(join(packageRoot, 'schemas', name), 'utf8')]),
  )
}

/** Schemas in the project that are not those of this kpipe. */
export function oldSchemas(root: string): string[] {
  return Object.entries(schemaFiles()).flatMap(([path, text]) =>
    existsSync(join(root, path)) && readFileSync(join(root, path), 'utf8') !== text ? [path] : [],
  )
}

function renewSchemas(root: string, io: Io): number {
  if (!existsSync(join(root, 'pipelines')))
    throw new UserError(`${root} has no pipelines/ folder`, {
      hint: 'go to your project first, or make one: kpipe init FOLDER',
      exitCode: 2,
    })
  for (const [path, text] of Object.entries(schemaFiles())) writeAtomic(join(root, path), text)
  io.out('schemas/ is that of this kpipe\n')
  return 0
}

function refuseOverwriting(root: string, folder: string, files: Files): void {
  if (existsSync(root) && !isFolder(root))
    throw new UserError(`${folder} is a file`, { hint: 'name a folder that is not there yet', exitCode: 2 })
  const inTheWay = Object.entries(files).filter(
    ([path, text]) =>
      existsSync(join(root, path)) && (isFolder(join(root, path)) || readText(join(root, path)) !== text),
  )
  if (inTheWay.length === 0) return
  const schemasOnly = inTheWay.every(([path]) => path.startsWith('schemas/'))
  throw new UserError(
    `${inTheWay.map(([path]) => join(folder, path)).join(', ')} ${inTheWay.length > 1 ? 'are' : 'is'} there already and would be lost; nothing was written`,
    {
      hint: schemasOnly
        ? `kpipe init ${shellWord(folder)} --schemas writes the schemas of this kpipe`
        : 'name another folder: kpipe init my-models',
      exitCode: 2,
    },
  )
}

const isFolder = (path: string) => statSync(path).isDirectory()

const readText = (path: string) => readFileSync(path, 'utf8')

/** What kpipe makes is not for git. Lines are added to a .gitignore that is there. */
const IGNORED = ['cache/', 'models/', 'build/']

function extendGitignore(root: string): boolean {
  const path = join(root, '.gitignore')
  const before = existsSync(path) ? readText(path) : ''
  const lines = before.split(/\r?\n/).map((line) => line.trim().replace(/^\//, ''))
  const missing = IGNORED.filter((line) => !lines.includes(line) && !lines.includes(line.slice(0, -1)))
  if (missing.length === 0) return false
  const glue = before === '' || before.endsWith('\n') ? '' : '\n'
  mkdirSync(root, { recursive: true })
  writeAtomic(path, `${before}${glue}${missing.join('\n')}\n`)
  return true
}

type Next = readonly (readonly [command: string, about: string])[]

/** The three commands to type now. */
function nextCommands(root: string, folder: string, template: string, cwd: string): Next {
  const kpipe = callFrom(root)
  const enter: Next = folder === '.' ? [] : [[`cd ${shellWord(relative(cwd, root) || '.')}`, '']]
  const run: Next =
    template === BLANK
      ? [
          [`${kpipe} run`, 'runs what changed: the first time, everything'],
          [`${kpipe} run --set shortest=5`, 'another value for this run'],
        ]
      : [
          [`${kpipe} run`, 'on music that kpipe composes itself'],
          [`${kpipe} run --set data=PATH`, 'on your own folder in the Kelly layout'],
        ]
  return [...enter, ...run, [`${kpipe} doctor`, 'is all well on this machine?'] as const].slice(0, 3)
}

function alignComments(next: Next): string {
  const width = Math.max(...next.map(([command]) => command.length))
  return next.map(([command, about]) => `  ${about ? `${command.padEnd(width)}   # ${about}` : command}\n`).join('')
}

const EXTENSIONS = `${JSON.stringify({ recommendations: ['redhat.vscode-yaml'] }, null, 2)}\n`

function blankFiles(): Files {
  return {
    'pipelines/main.yaml': `# yaml-language-server: $schema=../schemas/pipeline.schema.json
name: main
about: two shell commands, to be replaced by your stages

params:
  shortest: 4 # letters

stages:
  words:
    about: words of a text, one a line
    run: tr -cs 'A-Za-z' '\\n' < data/text.txt | awk 'length >= \${shortest}' > build/words.txt
    deps: [data/text.txt]
    outs: [build/words.txt]

  count:
    about: how many there are
    run: |
      awk 'END { printf "{\\"words\\": %d}\\n", NR }' build/words.txt > build/count.json
    deps: [build/words.txt]
    outs: [build/count.json]
    metrics: build/count.json
`,
    'data/text.txt': 'Change this text and run again: only what depends on it is made anew.\n',
  }
}
