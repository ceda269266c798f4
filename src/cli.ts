/** The front door: command line → command. Prints mistakes, sets the exit code: 0 ok, 1 a stage failed, 2 usage or pipeline error. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs, type ParseArgsConfig } from 'node:util'
import type { OptionNames } from './commands/complete.ts'
import { helpFor, MAIN_HELP } from './commands/help.ts'
import type { PipelineError } from './commands/project.ts'
import { terminal } from './commands/terminal.ts'
import type { Io } from './io.ts'
import { UserError } from './lib/errors.ts'
import { nearest } from './lib/nearest.ts'
import { systemRemedy } from './lib/system-errors.ts'

type Values = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>
type Options = NonNullable<ParseArgsConfig['options']>

interface Command {
  readonly options: Options
  readonly run: (words: readonly string[], values: Values, io: Io) => Promise<number>
}

const SET: Options = { set: { type: 'string', multiple: true, short: 's' } }
const JSON_FLAG: Options = { json: { type: 'boolean' } }
const inspectOptions = (words: readonly string[], values: Values) => ({
  words,
  set: strings(values['set']),
  json: values['json'] === true,
  check: values['check'] === true,
})

/** One line a command; each loads its own code when it is called. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  run: {
    options: {
      ...SET,
      ...JSON_FLAG,
      'dry-run': { type: 'boolean', short: 'n' },
      force: { type: 'boolean', short: 'f' },
      only: { type: 'boolean' },
      from: { type: 'string' },
      jobs: { type: 'string', short: 'j' },
      'keep-going': { type: 'boolean', short: 'k' },
      quiet: { type: 'boolean', short: 'q' },
      reporter: { type: 'string' },
      watch: { type: 'boolean', short: 'w' },
    },
    run: async (words, values, io) => {
      const { runCommand } = await import('./commands/run.ts')
      const flags = {
        dryRun: values['dry-run'] === true,
        force: values['force'] === true,
        only: values['only'] === true,
        keepGoing: values['keep-going'] === true,
        json: values['json'] === true,
        quiet: values['quiet'] === true,
        watch: values['watch'] === true,
      }
      return runCommand(
        {
          words,
          set: strings(values['set']),
          from: String(values['from'] ?? ''),
          reporter: String(values['reporter'] ?? ''),
          jobs: wholeNumber('--jobs', values['jobs']),
          ...flags,
        },
        io,
        (error) => tell(error, process.argv.slice(2), io),
      )
    },
  },
  status: {
    options: { ...SET, ...JSON_FLAG, check: { type: 'boolean' } },
    run: async (words, values, io) =>
      (await import('./commands/inspect.ts')).statusCommand(inspectOptions(words, values), io),
  },
  why: {
    options: { ...SET, ...JSON_FLAG },
    run: async (words, values, io) =>
      (await import('./commands/inspect.ts')).whyCommand(inspectOptions(words, values), io),
  },
  show: {
    options: { ...SET, ...JSON_FLAG },
    run: async (words, values, io) =>
      (await import('./commands/inspect.ts')).showCommand(inspectOptions(words, values), io),
  },
  list: {
    options: { ...SET, ...JSON_FLAG },
    run: async (words, values, io) =>
      (await import('./commands/list.ts')).listCommand(inspectOptions(words, values), io),
  },
  verify: {
    options: { ...SET, ...JSON_FLAG, tolerance: { type: 'string' } },
    run: async (words, values, io) =>
      (await import('./commands/verify.ts')).verifyCommand(
        { ...inspectOptions(words, values), tolerance: String(values['tolerance'] ?? '') },
        io,
      ),
  },
  gc: {
    options: { ...JSON_FLAG, budget: { type: 'string' }, 'max-age': { type: 'string' }, apply: { type: 'boolean' } },
    run: async (words, values, io) =>
      (await import('./commands/gc.ts')).gcCommand(
        {
          words,
          budget: String(values['budget'] ?? ''),
          maxAge: String(values['max-age'] ?? ''),
          apply: values['apply'] === true,
          json: values['json'] === true,
        },
        io,
      ),
  },
  init: {
    options: { ...JSON_FLAG, template: { type: 'string', short: 't' }, schemas: { type: 'boolean' } },
    run: async (words, values, io) =>
      (await import('./commands/init.ts')).initCommand(
        {
          words,
          template: String(values['template'] ?? ''),
          schemas: values['schemas'] === true,
          json: values['json'] === true,
        },
        io,
      ),
  },
  doctor: {
    options: { ...JSON_FLAG, deep: { type: 'boolean' }, fix: { type: 'boolean' } },
    run: async (words, values, io) =>
      (await import('./commands/doctor.ts')).doctorCommand(
        { words, deep: values['deep'] === true, fix: values['fix'] === true, json: values['json'] === true },
        io,
      ),
  },
  import: {
    options: {
      ...JSON_FLAG,
      name: { type: 'string' },
      'dry-run': { type: 'boolean', short: 'n' },
      force: { type: 'boolean', short: 'f' },
    },
    run: async (words, values, io) =>
      (await import('./commands/import.ts')).importCommand(
        {
          words,
          name: String(values['name'] ?? ''),
          dryRun: values['dry-run'] === true,
          force: values['force'] === true,
          json: values['json'] === true,
        },
        io,
      ),
  },
  completion: {
    options: {},
    run: async (words, _values, io) => (await import('./commands/completion.ts')).completionCommand(words, io),
  },
  runs: {
    options: { ...JSON_FLAG, metric: { type: 'string', multiple: true, short: 'm' }, limit: { type: 'string' } },
    run: async (words, values, io) =>
      (await import('./commands/runs.ts')).runsCommand(
        {
          words,
          metrics: strings(values['metric']),
          limit: wholeNumber('--limit', values['limit']),
          json: values['json'] === true,
        },
        io,
      ),
  },
  diff: {
    options: { ...JSON_FLAG },
    run: async (words, values, io) =>
      (await import('./commands/diff.ts')).diffCommand({ words, json: values['json'] === true }, io),
  },
  registry: {
    options: { ...JSON_FLAG, file: { type: 'string' }, version: { type: 'string' } },
    run: async (words, values, io) =>
      (await import('./commands/registry.ts')).registryCommand(
        {
          words,
          file: String(values['file'] ?? ''),
          version: wholeNumber('--version', values['version']),
          json: values['json'] === true,
        },
        io,
      ),
  },
  graph: {
    options: {
      ...SET,
      format: { type: 'string' },
      output: { type: 'string', short: 'o' },
      all: { type: 'boolean', short: 'a' },
    },
    run: async (words, values, io) =>
      (await import('./commands/graph.ts')).graphCommand(
        {
          words,
          set: strings(values['set']),
          format: String(values['format'] ?? ''),
          output: String(values['output'] ?? ''),
          all: values['all'] === true,
        },
        io,
      ),
  },
  attach: {
    options: { reporter: { type: 'string' } },
    run: async (words, values, io) =>
      (await import('./commands/attach.ts')).attachCommand({ words, reporter: String(values['reporter'] ?? '') }, io),
  },
  report: {
    options: { ...SET, output: { type: 'string', short: 'o' } },
    run: async (words, values, io) =>
      (await import('./commands/report.ts')).reportCommand(
        { words, set: strings(values['set']), output: String(values['output'] ?? '') },
        io,
      ),
  },
  data: {
    options: {
      ...JSON_FLAG,
      items: { type: 'string', short: 'n' },
      seed: { type: 'string' },
      room: { type: 'string' },
    },
    run: async (words, values, io) =>
      (await import('./commands/data.ts')).dataCommand(
        {
          words,
          json: values['json'] === true,
          items: wholeNumber('--items', values['items']) || 3,
          seed: String(values['seed'] ?? '42'),
          room: String(values['room'] ?? ''),
        },
        io,
      ),
  },
  job: { options: {}, run: async (words, _values, io) => (await import('./commands/job.ts')).jobCommand(words, io) },
}

export async function main(argv: readonly string[]): Promise<number> {
  const io = terminal()
  try {
    return await dispatch(argv, io)
  } catch (error) {
    return tell(error, argv, io)
  }
}

/** Words of other tools that mean one of our commands; understood, and the name here is told. */
const ALIASES: Readonly<Record<string, string>> = { repro: 'run' }

async function dispatch(argv: readonly string[], io: Io): Promise<number> {
  const [word, ...rest] = argv
  if (word === '__complete') return (await import('./commands/complete.ts')).completeCommand(rest, optionNames(), io)
  const name = word !== undefined && Object.hasOwn(ALIASES, word) ? ALIASES[word] : word
  if (name !== word) io.err(`kpipe: ${word} is called ${name} here\n`)
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    io.out(rest[0] ? helpFor(knownCommand(rest[0])) : MAIN_HELP)
    return 0
  }
  if (name === '--version' || name === '-V') {
    const { buildInfo } = await import('./kinds.ts')
    io.out(`${buildInfo().version}\n`)
    return 0
  }
  const command = COMMANDS[knownCommand(name)]!
  if (rest.includes('--help') || rest.includes('-h')) {
    io.out(helpFor(name))
    return 0
  }
  const { words, values } = parse(name, command.options, rest)
  return command.run(words, values, io)
}

function knownCommand(name: string): string {
  if (Object.hasOwn(COMMANDS, name)) return name
  const near = nearest(name, Object.keys(COMMANDS))
  throw new UserError(`there is no command ${name}`, {
    hint: near ? `did you mean kpipe ${near}?` : 'kpipe help lists them',
    exitCode: 2,
  })
}

/** What completion offers of each command. */
function optionNames(): OptionNames {
  const spellings = (options: Options) =>
    Object.entries(options).flatMap(([name, { type, short }]) => {
      const meant = { name, takesValue: type === 'string' }
      return [[`--${name}`, meant] as const, ...(short ? [[`-${short}`, meant] as const] : [])]
    })
  return Object.fromEntries(
    Object.entries(COMMANDS).map(([name, { options }]) => [name, Object.fromEntries(spellings(options))]),
  )
}

function parse(name: string, options: Options, args: readonly string[]): { words: string[]; values: Values } {
  try {
    const { positionals, values } = parseArgs({ args: [...args], options, allowPositionals: true })
    return { words: positionals, values }
  } catch (error) {
    // Node's first line or sentence says it; what follows is about its own API.
    const said = (error as Error).message.split('\n')[0]!
    const valueless = /^Option '(?:-\w, )?(--[\w-]+) <value>' argument missing/.exec((error as Error).message)?.[1]
    if (valueless)
      throw new UserError(`${valueless} needs a value`, { hint: `kpipe ${name} --help says which`, exitCode: 2 })
    const unknown = /Unknown option '(--?[^']+)'/.exec(said)?.[1]
    const near = unknown ? nearest(unknown.replace(/^-+/, ''), Object.keys(options)) : ''
    const message = unknown ? `${name} has no option ${unknown}` : said
    throw new UserError(message, {
      hint: near ? `did you mean --${near}?` : `kpipe ${name} --help lists them`,
      exitCode: 2,
    })
  }
}

function tell(error: unknown, argv: readonly string[], io: Io): number {
  if (isPipelineError(error)) {
    const sources = (file: string) => {
      if (file === '--set')
        return argv
          .flatMap((arg, i) =>
            arg === '--set' || arg === '-s' ? [argv[i + 1] ?? ''] : arg.startsWith('--set=') ? [arg.slice(6)] : [],
          )
          .join('\n')
      try {
        return readFileSync(resolve(error.root, file), 'utf8')
      } catch {
        return undefined
      }
    }
    io.err(`${error.text(sources, io.color).trimEnd()}\n`)
    return 2
  }
  if (error instanceof UserError || (error as Error)?.name === 'UserError') {
    const { message, hint, exitCode } = error as UserError
    io.err(`kpipe: ${message}\n${hint ? `       ${hint}\n` : ''}`)
    return exitCode
  }
  if ((error as Error)?.name === 'AbortError') return 130
  const remedy = systemRemedy(error)
  if (remedy !== null) {
    io.err(`kpipe: ${(error as Error).message}\n${remedy ? `       ${remedy}\n` : ''}`)
    return 1
  }
  io.err(`kpipe: unexpected error, please report it\n${error instanceof Error ? error.stack : String(error)}\n`)
  return 1
}

const strings = (value: Values[string]): string[] => (Array.isArray(value) ? value.map(String) : [])

function wholeNumber(name: string, value: Values[string]): number {
  if (value === undefined) return 0
  const number = Number(value)
  if (!Number.isInteger(number) || number < 1)
    throw new UserError(`${name} must be a whole number from 1 on, got "${String(value)}"`, {
      hint: `write ${name} 4`,
      exitCode: 2,
    })
  return number
}

/** By name: a command that was imported on use brings its own copy of the class. */
const isPipelineError = (error: unknown): error is PipelineError => (error as Error)?.name === 'PipelineError'
