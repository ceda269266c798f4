/**
 * Every kpipe command that stands in README.md and docs/ is typed here: `run` with --dry-run, what looks as it stands, what
 * would take long or needs a finished run only as far as its words and options. Files that a page shows (a fenced block
 * whose first line names one) are written first. docs/reference.md is made from the code and has a test of its own.
 */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { COMMANDS, main } from '../src/cli.ts'
import { scaleMidi } from './kelly-folder.ts'

const repository = fileURLToPath(new URL('..', import.meta.url))
const pages = ['README.md', ...readdirSync(join(repository, 'docs')).map((name) => `docs/${name}`)].filter(
  (page) => page.endsWith('.md') && page !== 'docs/reference.md',
)

/** Commands that change nothing and are quick: done as they stand. */
const AS_IT_STANDS = ['status', 'why', 'show', 'list', 'data', 'graph', 'help', 'gc', 'completion']
/** These want a run that has finished, a file of another tool, or minutes: their options are parsed. */
const WORDS_ONLY = ['verify', 'runs', 'diff', 'report', 'import', 'doctor', 'init', 'attach', 'job']

let temp: string
const home = process.env['HOME']
const cwd = process.cwd()

beforeEach(() => {
  temp = mkdtempSync(join(tmpdir(), 'kpipe-docs-'))
  for (const folder of ['pipelines', 'configs'])
    cpSync(join(repository, folder), join(temp, 'project', folder), { recursive: true })
  // what the pages speak of as the reader's own
  write('my-data/drums/info.csv', 'midi_filename,style,bpm,split\n')
  write('my-data/midi/a.mid', scaleMidi(60))
  write('music/audio/labels.csv', 'filename,valence,arousal\n')
  write('project/loops/a_120bpm.wav', '')
  process.env['HOME'] = temp
  process.chdir(join(temp, 'project'))
})
afterEach(() => {
  process.chdir(cwd)
  process.env['HOME'] = home
  rmSync(temp, { recursive: true, force: true })
})

function write(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(temp, path)), { recursive: true })
  writeFileSync(join(temp, path), content)
}

describe.each(pages)('%s', (page) => {
  const text = readFileSync(join(repository, page), 'utf8')
  const commands = [...new Set(commandsOf(text))]

  test.runIf(commands.length > 0)('its commands', async () => {
    for (const [path, content] of filesOf(text)) write(`project/${path}`, content)
    for (const command of commands) {
      const { code, said } = await type(wordsOf(command))
      expect([command, code, code === 0 ? '' : said]).toEqual([command, 0, ''])
    }
  })

  test('its links lead somewhere', () => {
    const links = [...text.matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)].map((match) => match[1]!)
    for (const link of links) {
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? page : join(dirname(page), path)
      const there = readFileSync(join(repository, target), 'utf8')
      if (anchor !== undefined) expect([link, anchorsOf(there)]).toEqual([link, expect.arrayContaining([anchor])])
    }
  })
})

test('the pages have commands to type', () => {
  const count = (page: string) => commandsOf(readFileSync(join(repository, page), 'utf8')).length
  expect(count('README.md')).toBeGreaterThan(8)
  expect(count('docs/old-commands.md')).toBeGreaterThan(60)
  expect(
    commandsOf('```sh\nnpm ci && npx kpipe run --set a="b c" | head   # why\n```\n`kpipe gc`, `kpipe run NAME`'),
  ).toEqual(['kpipe run --set a="b c"', 'kpipe gc'])
})

/** Exit code and all that was said. */
async function type([name = '', ...args]: readonly string[]): Promise<{ code: number; said: string }> {
  if (WORDS_ONLY.includes(name)) {
    parseArgs({ args: [...args], options: COMMANDS[name]!.options, allowPositionals: true })
    return { code: 0, said: '' }
  }
  // Spoken of, not typed: `kpipe why` without a stage.
  if (['why', 'show'].includes(name) && args.length === 0) return { code: 0, said: '' }
  if (name !== 'run' && !AS_IT_STANDS.includes(name)) throw new Error(`how is kpipe ${name} to be tested?`)
  let said = ''
  const hear = (chunk: unknown) => {
    said += String(chunk)
    return true
  }
  const streams = [process.stdout, process.stderr].map((stream) => vi.spyOn(stream, 'write').mockImplementation(hear))
  try {
    const rest = name === 'run' ? [...args.filter((arg) => arg !== '--watch' && arg !== '-w'), '--dry-run'] : args
    return { code: await main([name, ...rest]), said }
  } finally {
    for (const stream of streams) stream.mockRestore()
  }
}

/** In code blocks (fenced or indented), one command a line; in `code` of running text and tables, the whole of it. */
function commandsOf(text: string): string[] {
  const fenced = [...text.matchAll(/^```(?:sh|bash|text)?\n([\s\S]*?)^```/gm)].flatMap((match) => match[1]!.split('\n'))
  const prose = text.replaceAll(/^```[\s\S]*?^```/gm, '')
  const indented = [...prose.matchAll(/^ {4}(?=(?:npx )?kpipe )(.*)$/gm)].map((match) => match[1]!)
  const inline = [...prose.matchAll(/`((?:npx )?kpipe [^`]+)`/g)].map((match) => match[1]!)
  return [...fenced, ...indented, ...inline]
    .flatMap((line) => line.split(/\s{2,}|\s#\s/)[0]!.split(/\s*(?:&&|\|\|?|;|>)\s*/))
    .map((command) => command.replace(/^npx /, ''))
    .filter((command) => command.startsWith('kpipe ') && !/…|[[<]|\b[A-Z]{2,}\b/.test(withoutValues(command)))
}

/** Values may hold anything; placeholders stand in the words around them. */
const withoutValues = (command: string) => command.replaceAll(/(["'])[^"']*\1|=\S+/g, '')

function wordsOf(command: string): string[] {
  const words = [...command.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map((match) => match[0].replaceAll(/["']/g, ''))
  return words.slice(1).map((word) => word.replace(/^~\//, `${temp}/`))
}

/** Files a page shows: named in the block's first line, or, for a config, last named before it. */
function filesOf(text: string): (readonly [string, string])[] {
  return [...text.matchAll(/^```\w+\n([\s\S]*?)^```/gm)].flatMap((match) => {
    const content = match[1]!
    const named = /^(?:#|\/\/) ([\w./-]+\.\w+)\n/.exec(content)?.[1]
    if (named) return [[named, content] as const]
    if (!content.includes('config.schema.json')) return []
    const before = text
      .slice(0, match.index)
      .match(/`(configs\/\w+\.yaml)`/g)
      ?.at(-1)
    return before ? [[before.replaceAll('`', ''), content] as const] : []
  })
}

/** As GitHub makes them from headings. */
function anchorsOf(text: string): string[] {
  return [...text.replaceAll(/^```[\s\S]*?^```/gm, '').matchAll(/^#+ (.*)$/gm)].map((match) =>
    match[1]!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
}
