/**
 * Every kpipe command that stands in README.md and docs/ is typed here, in a project in which the Kelly pipeline has run:
 * all as they stand but `run`, which gets --dry-run (test/slow/docs.test.ts runs the tutorial for real). Files that a page
 * shows (a fenced block whose first line names one) are written first. docs/reference.md is made from the code and has a
 * test of its own.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { COMMANDS, main } from '../src/cli.ts'
import { composeDemo } from '../src/data/demo/index.ts'
import { scaleMidi } from './kelly-folder.ts'

const repository = fileURLToPath(new URL('..', import.meta.url))
const pages = ['README.md', ...readdirSync(join(repository, 'docs')).map((name) => `docs/${name}`)].filter(
  (page) => page.endsWith('.md') && page !== 'docs/reference.md',
)

/** What executors of other machines call; test/run/job.test.ts does. */
const WORDS_ONLY = ['job']

let temp = ''
/** A project in which the Kelly pipeline has run three times, on a little music; each page gets a copy. */
let finished: string
/** Two of the five models, and few calls to measure latencies by. */
const QUICK = ['--set', 'models=[groove_predictor, dynamics_engine]', '--set', 'stages.evaluate.with.latency_calls=20']
const home = process.env['HOME']
const cwd = process.cwd()

beforeAll(async () => {
  finished = mkdtempSync(join(tmpdir(), 'kpipe-docs-'))
  for (const folder of ['pipelines', 'configs'])
    cpSync(join(repository, folder), join(finished, folder), { recursive: true })
  await composeDemo(join(finished, 'music'), { seed: 42, size: { audio: 12, midi: 12, chords: 12, drums: 12 } })
  // Latencies are measured beside other tests here: few calls, and no gate on them.
  const pipeline = readFileSync(join(finished, 'pipelines/kelly.yaml'), 'utf8')
  const small = pipeline
    .replace('data: demo ', 'data: ./music ')
    .replace('  epochs:\n', '  epochs: 2\n')
    .replace('max: 10 }', 'max: 10000 }')
  expect(small).toContain('./music')
  expect(small).toContain('epochs: 2')
  expect(small).toContain('max: 10000')
  writeFileSync(join(finished, 'pipelines/kelly.yaml'), small)
  process.chdir(finished)
  for (const args of [[], ['--set', 'configs.groove_predictor.learning_rate=0.0005'], []]) {
    const { code, said } = await hear(() => main(['run', ...QUICK, ...args]))
    expect([code, code === 0 ? '' : said]).toEqual([0, ''])
  }
}, 120_000)
afterAll(() => {
  process.chdir(cwd)
  rmSync(finished, { recursive: true, force: true })
})

/** A reader's home with the project in it. `cp` takes a tenth of the time that Node does for so many small files. */
function settle(): void {
  temp = mkdtempSync(join(tmpdir(), 'kpipe-docs-'))
  execFileSync('cp', ['-a', finished, join(temp, 'project')])
  // what the pages speak of as the reader's own
  write('my-data/drums/info.csv', 'midi_filename,style,bpm,split\n')
  write('my-data/midi/a.mid', scaleMidi(60))
  write('music/audio/labels.csv', 'filename,valence,arousal\n')
  write('project/loops/a_120bpm.wav', '')
  write('old/dvc.yaml', 'stages:\n  count:\n    cmd: wc -l in.txt > out.txt\n    deps: [in.txt]\n    outs: [out.txt]\n')
  write('old/configs/training_config.json', '{ "training": { "epochs": 50, "batch_size": 32 } }')
  process.env['HOME'] = temp
  process.chdir(join(temp, 'project'))
}
afterEach(() => {
  if (temp === '') return
  process.chdir(cwd)
  process.env['HOME'] = home
  rmSync(temp, { recursive: true, force: true })
  temp = ''
})

function write(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(temp, path)), { recursive: true })
  writeFileSync(join(temp, path), content)
}

describe.each(pages)('%s', (page) => {
  const text = readFileSync(join(repository, page), 'utf8')
  const commands = [...new Set(commandsOf(text))]

  test.runIf(commands.length > 0)('its commands', async () => {
    settle()
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
  expect(commandsOf('```cpp\nx\n```\nkpipe adds\n```sh\nkpipe list\n```\n')).toEqual(['kpipe list'])
})

/** Exit code and all that was said. */
async function type([name = '', ...args]: readonly string[]): Promise<{ code: number; said: string }> {
  if (!Object.hasOwn(COMMANDS, name) && name !== 'help') throw new Error(`there is no command kpipe ${name}`)
  if (WORDS_ONLY.includes(name)) {
    parseArgs({ args: [...args], options: COMMANDS[name]!.options, allowPositionals: true })
    return { code: 0, said: '' }
  }
  // Spoken of, not typed: `kpipe why` without a stage.
  if (['why', 'show', 'verify', 'import'].includes(name) && args.length === 0) return { code: 0, said: '' }
  const rest = name === 'run' ? [...args.filter((arg) => arg !== '--watch' && arg !== '-w'), '--dry-run'] : args
  // What is imported lies in a project of another tool.
  const here = process.cwd()
  if (name === 'import') process.chdir(join(temp, 'old'))
  try {
    return await hear(() => main([name, ...rest]))
  } finally {
    process.chdir(here)
  }
}

async function hear(work: () => Promise<number>): Promise<{ code: number; said: string }> {
  let said = ''
  const listen = (chunk: unknown) => {
    said += String(chunk)
    return true
  }
  const streams = [process.stdout, process.stderr].map((stream) => vi.spyOn(stream, 'write').mockImplementation(listen))
  try {
    return { code: await work(), said }
  } finally {
    for (const stream of streams) stream.mockRestore()
  }
}

/** In code blocks (fenced or indented), one command a line; in `code` of running text and tables, the whole of it. */
function commandsOf(text: string): string[] {
  // All blocks, so that the end of one of another language is not taken for the beginning of one without.
  const fenced = [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```/gm)].flatMap(([, language, content]) =>
    ['', 'sh', 'bash', 'text'].includes(language!) ? content!.split('\n') : [],
  )
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
