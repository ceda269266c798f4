/** The front door: command line → command. Prints mistakes, sets the exit code: 0 ok, 1 a stage failed, 2 usage or pipeline error. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs, type ParseArgsConfig } from 'node:util'
import { helpFor, MAIN_HELP } from './commands/help.ts'
import { PipelineError } from './commands/project.ts'
import { UserError } from './lib/errors.ts'
import { nearest } from './lib/nearest.ts'

/** Where a command speaks to. stdout carries data and summaries, stderr progress and messages. */
export interface Io {
  readonly cwd: string
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  readonly color: boolean
  readonly unicode: boolean
  readonly columns: number
}

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
const COMMANDS: Readonly<Record<string, Command>> = {
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
      }
      return runCommand(
        {
          words,
          set: strings(values['set']),
          from: String(values['from'] ?? ''),
          jobs: wholeNumber('--jobs', values['jobs']),
          ...flags,
        },
        io,
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
    run: async (_words, values, io) =>
      (await import('./commands/gc.ts')).gcCommand(
        {
          budget: String(values['budget'] ?? ''),
          maxAge: String(values['max-age'] ?? ''),
          apply: values['apply'] === true,
          json: values['json'] === true,
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

async function dispatch(argv: readonly string[], io: Io): Promise<number> {
  const [name, ...rest] = argv
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    io.out(rest[0] ? helpFor(rest[0]) : MAIN_HELP)
    return 0
  }
  if (name === '--version' || name === '-V') {
    const { buildInfo } = await import('./kinds.ts')
    io.out(`${buildInfo().version}\n`)
    return 0
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (!command) {
    const near = nearest(name, Object.keys(COMMANDS))
    throw new UserError(`kpipe has no command ${name}`, {
      hint: near ? `did you mean kpipe ${near}?` : 'kpipe help lists them',
      exitCode: 2,
    })
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    io.out(helpFor(name))
    return 0
  }
  const { words, values } = parse(name, command.options, rest)
  return command.run(words, values, io)
}

function parse(name: string, options: Options, args: readonly string[]): { words: string[]; values: Values } {
  try {
    const { positionals, values } = parseArgs({ args: [...args], options, allowPositionals: true })
    return { words: positionals, values }
  } catch (error) {
    const unknown = /Unknown option '--?([^']+)'/.exec((error as Error).message)?.[1]
    const near = unknown ? nearest(unknown, Object.keys(options)) : ''
    const message = unknown ? `kpipe ${name} has no option --${unknown}` : (error as Error).message
    throw new UserError(message, {
      hint: near ? `did you mean --${near}?` : `kpipe ${name} --help lists them`,
      exitCode: 2,
    })
  }
}

function tell(error: unknown, argv: readonly string[], io: Io): number {
  if (error instanceof PipelineError) {
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
  io.err(`kpipe: unexpected error, please report it\n${error instanceof Error ? error.stack : String(error)}\n`)
  return 1
}

function terminal(): Io {
  // A closed pipe (kpipe list | head) is not an error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => error.code === 'EPIPE' && process.exit(0))
  const { env } = process
  const color = env['FORCE_COLOR']
    ? env['FORCE_COLOR'] !== '0'
    : !env['NO_COLOR'] && env['TERM'] !== 'dumb' && process.stderr.isTTY === true
  const unicode =
    process.platform !== 'win32' &&
    env['TERM'] !== 'dumb' &&
    /utf-?8/i.test(env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || 'utf-8')
  return {
    cwd: process.cwd(),
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    color,
    unicode,
    columns: Number(env['COLUMNS']) || process.stdout.columns || Infinity,
  }
}

const strings = (value: Values[string]): string[] => (Array.isArray(value) ? value.map(String) : [])

function wholeNumber(name: string, value: Values[string]): number {
  if (value === undefined) return 0
  const number = Number(value)
  if (!Number.isInteger(number) || number < 1)
    throw new UserError(`${name} must be a whole number from 1 on, got "${String(value)}"`, { exitCode: 2 })
  return number
}
