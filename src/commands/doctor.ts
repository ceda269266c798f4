/**
 * `kpipe doctor`: is all well on this machine and in this project? One line a check: ok, warn or bad, and the command that
 * mends it. Looks, and with --fix removes what is damaged in the cache; installs nothing.
 */
import type { Io } from '../io.ts'
import { UserError } from '../lib/errors.ts'
import { bad, type Check } from './doctor/check.ts'
import { checkCache, checkDisk } from './doctor/cache.ts'
import { checkBuild, checkCodecs, checkEngines, checkGpu, checkNode, checkPackages } from './doctor/machine.ts'
import { checkProject } from './doctor/project.ts'
import { callFrom } from './invocation.ts'
import { openProject, type Project } from './project.ts'

export interface DoctorOptions {
  readonly words: readonly string[]
  /** Read every stored file. */
  readonly deep: boolean
  /** Remove damaged files of the cache. */
  readonly fix: boolean
  readonly json: boolean
}

export async function doctorCommand(options: DoctorOptions, io: Io): Promise<number> {
  if (options.words.length > 0)
    throw new UserError(`doctor takes no words, got ${options.words.join(' ')}`, { hint: 'kpipe doctor', exitCode: 2 })
  const kpipe = callFrom(io.cwd)
  const project = findProject(io.cwd)
  const checks: Check[] = [checkNode(), checkBuild(), checkPackages()]
  const works = checks.every(({ state }) => state !== 'bad')
  // Without its packages nothing below could even be loaded.
  if (works)
    checks.push(...(await checkEngines()), await tried('gpu', checkGpu), await tried('audio codecs', checkCodecs))
  checks.push(checkDisk(project?.layout.cache ?? io.cwd, kpipe))
  if (project && works) checks.push(...(await checkProject(project, kpipe)))
  if (project) checks.push(...checkCache(project.layout, options, kpipe))
  const failed = checks.some(({ state }) => state === 'bad')
  if (options.json)
    io.out(`${JSON.stringify({ ok: !failed, project: project?.layout.root ?? null, checks }, null, 2)}\n`)
  else io.out(text(checks, project, kpipe, io))
  return failed ? 1 : 0
}

/** A check that itself falls over is a finding, not a crash. */
async function tried(name: string, check: () => Promise<Check>): Promise<Check> {
  try {
    return await check()
  } catch (error) {
    return bad(name, String((error as Error)?.message ?? error), 'npm ci in the folder of kpipe')
  }
}

function findProject(cwd: string): Project | null {
  try {
    return openProject(cwd)
  } catch {
    return null
  }
}

function text(checks: readonly Check[], project: Project | null, kpipe: string, io: Io): string {
  const width = Math.max(...checks.map(({ name }) => name.length))
  const paint = (code: number, word: string) => (io.color ? `\u001b[${code}m${word}\u001b[39m` : word)
  const words = { ok: paint(32, 'ok  '), warn: paint(33, 'warn'), bad: paint(31, 'bad ') }
  const lines = checks.map(({ name, state, found, fix }) => {
    const line = `${words[state]}  ${name.padEnd(width)}  ${found}`
    return fix ? `${line}\n${' '.repeat(width + 6)}  -> ${fix}` : line
  })
  const count = (state: Check['state']) => checks.filter((check) => check.state === state).length
  const end =
    count('bad') > 0
      ? `${count('bad')} bad, ${count('warn')} to know`
      : count('warn') > 0
        ? `nothing bad, ${count('warn')} to know`
        : 'all well'
  const where = project ? '' : `\nno project here: ${kpipe} init my-models makes one`
  return `${lines.join('\n')}\n\n${end}${where}\n`
}
