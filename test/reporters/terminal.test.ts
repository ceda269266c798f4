/** The real command line on a real pseudo-terminal: what is on the screen, what ctrl-c and a crash leave; and what a pipe loads. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { events, outcomes, Project, repository, until } from '../rig.ts'

const bin = join(repository, 'src', 'bin.cjs')
/** util-linux; macOS has another `script`. */
const hasPty = process.platform === 'linux' && ['/usr/bin/script', '/bin/script'].some((path) => existsSync(path))
const onPty = test.runIf(hasPty)
if (!hasPty) console.warn('SKIPPED: the tests on a pseudo-terminal, because there is no util-linux `script` here')

let project: Project
let child: ChildProcess | null = null
beforeEach(() => {
  project = new Project()
})
afterEach(() => {
  if (child?.exitCode === null) child.kill('SIGKILL')
  child = null
  project.dispose()
})

interface Session {
  readonly child: ChildProcess
  text(): string
  readonly done: Promise<{ code: number | null; text: string }>
}

/** `kpipe …` on a terminal of 80x24. */
function terminal(args: string, env: Record<string, string> = {}): Session {
  const command = `stty cols 80 rows 24; exec ${process.execPath} ${bin} ${args}`
  const { CI: _, CONTINUOUS_INTEGRATION: __, COLUMNS: ___, ...rest } = process.env
  const started = spawn('script', ['-qec', command, '/dev/null'], {
    cwd: project.root,
    env: { ...rest, TERM: 'xterm-256color', LANG: 'C.UTF-8', NO_COLOR: '1', ...env },
  })
  child = started
  let text = ''
  started.stdout.on('data', (bytes: Buffer) => (text += bytes.toString()))
  const done = new Promise<{ code: number | null; text: string }>((resolve) =>
    started.on('close', (code) => resolve({ code, text })),
  )
  return { child: started, text: () => text, done }
}

const SLOW = `
name: slow
stages:
  first: { run: 'echo 1 > first.txt', outs: [first.txt] }
  long: { run: 'echo working hard; touch started; sleep 60', deps: [first.txt], outs: [long.txt] }
  bad: { run: 'test -f go && echo ok > bad.txt', deps: [first.txt], outs: [bad.txt] }
`
const HIDE = '\u001B[?25l'
const SHOW = '\u001B[?25h'
const cursorShown = (text: string) => text.lastIndexOf(SHOW) > text.lastIndexOf(HIDE)

onPty('ctrl-c ends the run, gives the terminal back and leaves the summary', async () => {
  project.write({ 'pipelines/p.yaml': SLOW })
  const session = terminal('run long')
  await until(() => session.text().includes('working hard'))
  expect(session.text()).toContain(HIDE)
  expect(session.text()).toContain('q quit')
  session.child.stdin!.write('\u0003')
  const { code, text } = await session.done
  expect(code).toBe(130)
  expect(cursorShown(text)).toBe(true)
  expect(text.replaceAll(SHOW, '').trimEnd().split('\r\n').at(-1)).toMatch(/^slow: cancelled in .* 1 ran, 1 cancelled$/)
  expect(project.remainingTemp()).toEqual([])
})

onPty('a second ctrl-c kills, and the cursor is shown all the same', async () => {
  const stubborn = SLOW.replace('touch started; sleep 60', 'trap "" TERM; touch started; sleep 60 & wait; sleep 60')
  project.write({ 'pipelines/p.yaml': stubborn })
  const session = terminal('run long')
  await until(() => session.text().includes('working hard'))
  session.child.stdin!.write('\u0003')
  await until(() => session.text().includes('ctrl-c again kills'))
  expect(cursorShown(session.text())).toBe(false)
  session.child.stdin!.write('\u0003')
  const { code, text } = await session.done
  expect(code).toBe(130)
  expect(cursorShown(text)).toBe(true)
})

onPty('a crash of kpipe itself shows the cursor', async () => {
  project.write({
    'pipelines/p.yaml': SLOW,
    'crash.cjs': `
const { existsSync } = require('node:fs')
if (process.argv[1]?.endsWith('bin.cjs')) setInterval(() => { if (existsSync('boom')) throw new Error('boom') }, 10).unref()
`,
  })
  const session = terminal('run long', { NODE_OPTIONS: `--require ${project.path('crash.cjs')}` })
  await until(() => session.text().includes('working hard'))
  project.write({ boom: '' })
  const { code, text } = await session.done
  expect(code).not.toBe(0)
  expect(text).toContain('Error: boom')
  expect(cursorShown(text)).toBe(true)
})

onPty('a window that is closed ends the run and the commands it started', async () => {
  project.write({
    'pipelines/p.yaml': `
stages:
  long: { run: "trap 'touch stopped; exit 1' TERM; touch started; while :; do sleep 0.05; done", outs: [long.txt] }
`,
  })
  const session = terminal('run')
  await until(() => project.exists('started'))
  session.child.kill('SIGKILL') // the terminal itself: its side of the pseudo-terminal closes
  await until(() => project.exists('stopped'))
  await until(() => events(logOfOnlyRun()).some((event) => event.type === 'run-finished'))
  expect(outcomes(logOfOnlyRun())).toEqual({ long: 'cancelled' })
})
const logOfOnlyRun = () => project.read(`cache/runs/${project.list('cache/runs')[0]}/events.jsonl`)

onPty(
  'a terminal without Unicode sees ASCII from every command; a pipe gets what was meant, without colour',
  async () => {
    project.write({ 'pipelines/p.yaml': SLOW, go: '' })
    const { text } = await terminal('run bad --reporter plain', { LANG: 'C', LC_ALL: 'C' }).done
    expect(text).toMatch(/^[\x20-\x7E\r\n]*$/)
    expect(text).toContain('slow: done in')
    project.remove('bad.txt')
    project.remove('cache')
    const { NO_COLOR: _, ...env } = process.env
    const command = `${process.execPath} ${bin} run bad --reporter plain > out.txt`
    await new Promise((resolve) =>
      spawn('script', ['-qec', command, '/dev/null'], { cwd: project.root, env: { ...env, TERM: 'xterm' } }).on(
        'close',
        resolve,
      ),
    )
    expect(project.read('out.txt')).toMatch(/^slow: done in .* · 2 ran$/m)
    expect(project.read('out.txt')).not.toContain('\u001B')
  },
)

onPty('a failed stage is retried from the keyboard before the run ends', async () => {
  project.write({ 'pipelines/p.yaml': SLOW })
  const session = terminal('run bad')
  await until(() => session.text().includes('ends in'))
  project.write({ go: '' })
  session.child.stdin!.write('r')
  const { code, text } = await session.done
  expect(code).toBe(0)
  expect(text).toMatch(/slow: done in .* 2 ran/)
})

onPty('attach shows a run that works, changes nothing, and q leaves it alone', async () => {
  project.write({
    'pipelines/p.yaml': SLOW.replace('sleep 60', 'while ! test -f go; do sleep 0.02; done; touch long.txt'),
  })
  const running = project.start('run', 'long')
  await until(() => project.exists('started'))
  const session = terminal('attach')
  await until(() => session.text().includes('working hard'))
  expect(session.text()).toContain('1/2 stages')
  expect(session.text()).not.toContain('p pause')
  session.child.stdin!.write('pcyq')
  const { code, text } = await session.done
  expect(code).toBe(0)
  expect(cursorShown(text)).toBe(true)
  project.write({ go: '' })
  expect((await running.done).code).toBe(0)
})

onPty('attach shows a finished run until somebody leaves', async () => {
  project.write({ 'pipelines/p.yaml': SLOW, go: '' })
  project.run('bad')
  const session = terminal('attach')
  await until(() => session.text().includes('q quit'))
  expect(session.text()).toContain('done · 2/2 stages')
  session.child.stdin!.write('f')
  await until(() => session.text().includes('✓ bad '))
  session.child.stdin!.write('q')
  const { code, text } = await session.done
  expect(code).toBe(0)
  expect(cursorShown(text)).toBe(true)
})

test('attach without a terminal prints the run as lines, also a finished or a killed one', async () => {
  project.write({ 'pipelines/p.yaml': SLOW, go: '' })
  project.run('bad')
  const finished = project.kpipe('attach')
  expect(finished.code).toBe(0)
  expect(finished.err).toContain('bad  ran in')
  expect(finished.out).toContain('slow: done in')
  const [run] = readdirSync(project.path('cache/runs'))
  expect(project.kpipe('attach', run!.slice(0, 10)).out).toContain('slow: done in')
  const log = project.path(`cache/runs/${run}/events.jsonl`)
  const whole = readFileSync(log, 'utf8')
  project.write({ [`cache/runs/${run}/events.jsonl`]: whole.slice(0, whole.lastIndexOf('{') + 9) })
  const killed = project.kpipe('attach')
  expect(killed.code).toBe(1)
  expect(killed.err).toContain('ended without saying how')
  const unknown = project.kpipe('attach', '2019')
  expect(unknown.code).toBe(2)
  expect(unknown.err).toContain('there is no run 2019')
})

/** Files of ours and of packages that any process of a run has loaded, by V8's own account. */
function loadedBy(start: (env: Record<string, string>) => Promise<unknown>): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'kpipe-loaded-'))
  return start({ NODE_V8_COVERAGE: folder }).then(() => {
    const urls = readdirSync(folder).flatMap((name) => {
      const report = JSON.parse(readFileSync(join(folder, name), 'utf8')) as { result: { url: string }[] }
      return report.result.map(({ url }) => url)
    })
    rmSync(folder, { recursive: true })
    return urls
  })
}
const isDashboard = (url: string) =>
  /node_modules\/(ink|react|yoga-layout|chokidar)\/|reporters-(live|dashboard)/.test(url)

test('a pipe, CI and --reporter plain load nothing of ink, React or chokidar', async () => {
  project.write({ 'pipelines/p.yaml': SLOW, go: '' })
  for (const [more, args] of [
    [{}, ['run', 'bad']],
    [{}, ['run', 'bad', '--force', '--json']],
    [{ CI: 'true' }, ['run', 'bad', '--force']],
  ] as const) {
    const loaded = await loadedBy(async (env) => expect(project.kpipeWith({ ...env, ...more }, ...args).code).toBe(0))
    expect(loaded.some((url) => url.endsWith('dist/kpipe.cjs'))).toBe(true)
    expect(loaded.filter(isDashboard)).toEqual([])
  }
})

onPty(
  'on a terminal the same holds for CI, --reporter plain and a run with nothing to do; else ink is loaded',
  async () => {
    project.write({ 'pipelines/p.yaml': SLOW, go: '' })
    const loads = async (args: string, more: Record<string, string> = {}) => {
      const loaded = await loadedBy((env) => terminal(args, { ...env, ...more }).done)
      expect(loaded.some((url) => url.endsWith('dist/kpipe.cjs'))).toBe(true)
      return loaded.some(isDashboard)
    }
    expect(await loads('run bad --force', { CI: 'true' })).toBe(false)
    expect(await loads('run bad --force --reporter plain')).toBe(false)
    expect(await loads('run bad')).toBe(false)
    project.write({ 'pipelines/p.yaml': SLOW.replace('test -f go', 'sleep 1') })
    expect(await loads('run bad')).toBe(true)
  },
)
