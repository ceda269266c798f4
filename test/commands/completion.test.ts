/** Completion: the names offered, quickly and without a word when something is wrong; the scripts in the real shells. */
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { bin, Project, until } from '../rig.ts'

let project: Project
beforeEach(() => {
  project = new Project()
  project.write({
    'pipelines/songs.yaml': `params: { rate: 0.1, items: [a, b] }
stages:
  prepare: { run: echo > p.txt, outs: [p.txt], about: cleans }
  fit: { foreach: "\${items}", run: "echo > \${item}.txt", outs: ["\${item}.txt"] }
`,
  })
})
afterEach(() => project.dispose())

const offers = (...words: string[]) =>
  project
    .kpipe('__complete', ...words)
    .out.split('\n')
    .filter(Boolean)
const names = (...words: string[]) => offers(...words).map((line) => line.split('\t')[0])

test('commands, options, pipelines, stages and params', () => {
  expect(names('ru')).toEqual(expect.arrayContaining(['run']))
  expect(names('run', '--k')).toEqual(['--keep-going'])
  expect(names('run', '')).toEqual(['songs', 'prepare', 'fit@a', 'fit@b', 'fit'])
  expect(names('run', 'songs', 'fit@')).toEqual(['fit@a', 'fit@b'])
  expect(names('repro', 'pre')).toEqual(['prepare'])
  expect(offers('why', 'prep')).toEqual(['prepare\tcleans'])
  expect(names('run', '--set', '')).toEqual(['rate=', 'items=', 'configs.', 'stages.'])
  expect(names('run', '--from', 'p')).toEqual(['prepare'])
  expect(names('list', 'm')).toEqual(['models'])
  expect(names('init', '--template', 'b')).toEqual(['blank'])
  expect(names('completion', '')).toEqual(['bash', 'zsh', 'fish'])
})

test('configs by model', () => {
  project.write({
    'pipelines/songs.yaml':
      'stages: { train: { foreach: [groove_predictor], config: "${item}", inputs: { features: ./f } } }',
  })
  expect(names('run', '--set', 'configs.groove_predictor.learn')).toEqual(['configs.groove_predictor.learning_rate='])
  expect(names('run', '--set', 'stages.train.with.epo')).toEqual(['stages.train.with.epochs='])
})

test('silent where nothing can be offered', () => {
  project.write({ 'pipelines/songs.yaml': 'stages: [' })
  expect(project.kpipe('__complete', 'run', 'x')).toMatchObject({ code: 0, out: '', err: '' })
  expect(project.kpipe('__complete')).toMatchObject({ code: 0, err: '' })
  expect(project.kpipe('__complete', 'nonsense', '--x', '')).toMatchObject({ code: 0, out: '', err: '' })
})

test('short options, values of few, runs', () => {
  expect(names('run', '-s', 'ra')).toEqual(['rate='])
  expect(names('init', '-t', 'b')).toEqual(['blank'])
  expect(names('graph', '--format', 'm')).toEqual(['mermaid'])
  expect(names('attach', '--reporter', '')).toEqual(['dashboard', 'plain', 'json'])
  expect(names('run', '-j', '2', 'pre')).toEqual(['prepare'])
  expect(names('attach', '')).toEqual([])
  project.run('prepare')
  const [id] = project.list('cache/runs')
  expect(offers('attach', '')).toEqual(['last\tthe newest run', `${id}\tsongs, ok`])
  expect(names('diff', 'last', '2')).toEqual([id])
  expect(names('diff', 'last', id!, '')).toEqual([])
  expect(names('report', '')).toEqual(['songs', 'last', id])
})

const SHELLS = ['bash', 'zsh', 'fish'] as const
const isThere = (program: string) => !spawnSync(program, ['--version']).error
const missing = [...SHELLS, 'script'].filter((program) => !isThere(program))
if (missing.length > 0) console.warn(`SKIPPED: completion was not tried in ${missing.join(', ')}, which is not here`)

test.each(SHELLS)('a script for %s that says where it goes', (shell) => {
  const script = project.kpipe('completion', shell)
  expect(script).toMatchObject({ code: 0, err: '' })
  expect(script.out).toContain(`kpipe completion ${shell}`)
})

/** A kpipe that completes as ours does, and of a real command line only shows the words. */
function shim(): void {
  project.write({
    'bin/kpipe': `#!/bin/sh
case $1 in completion|__complete) exec '${process.execPath}' '${bin}' "$@" ;; esac
printf 'GOT'; printf '|%s' "$@"; echo '|'
`,
  })
  chmodSync(project.path('bin/kpipe'), 0o755)
}

const env = () => ({ ...process.env, PATH: `${project.path('bin')}:${process.env['PATH']}`, HOME: project.root })

test.runIf(isThere('fish'))('fish offers our words with what they are, and files where we have none', () => {
  shim()
  project.write({ 'dvc.yaml': '' })
  const asked = ['kpipe run songs fit@', 'kpipe why pre', 'kpipe run --set ra', 'kpipe import dv', 'kpipe sta']
  const script = `kpipe completion fish | source; ${asked.map((line) => `complete -C '${line}'`).join('; ')}`
  const done = spawnSync('fish', ['--no-config', '-c', script], { cwd: project.root, encoding: 'utf8', env: env() })
  expect([done.stderr, ...done.stdout.split('\n')]).toEqual([
    '',
    'fit@a\tcommand',
    'fit@b\tcommand',
    'prepare\tcleans',
    'rate=\t0.1',
    'dvc.yaml',
    'status\twhat a run would do',
    '',
  ])
})

/** What is typed at a real prompt, tab keys and all; resolves with the words kpipe got, a line each. */
async function typed(start: string, setup: readonly string[], lines: readonly string[]): Promise<string[]> {
  shim()
  // The shell that `script` starts would take PS1 out of the environment.
  const command = `exec env PS1='READY> ' ${start}`
  const shell = spawn('script', ['-qec', command, '/dev/null'], {
    cwd: project.root,
    env: { ...env(), TERM: 'xterm' },
  })
  let seen = ''
  shell.stdout.on('data', (bytes: Buffer) => (seen += bytes.toString()))
  const ended = new Promise((resolve) => shell.once('close', resolve))
  const prompts = () => seen.split('READY>').length - 1
  try {
    await until(() => prompts() > 0)
    for (const line of [...setup, ...lines]) {
      // Shells throw away what is typed before they read.
      const [before, got] = [prompts(), words(seen).length]
      shell.stdin.write(`${line}\r`)
      await until(() => (lines.includes(line) ? words(seen).length > got : true) && prompts() > before)
    }
    return words(seen)
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${seen}`)
  } finally {
    shell.kill()
    await ended
  }
}
// oxlint-disable-next-line no-control-regex
const words = (seen: string) => [...seen.matchAll(/^(?:\u001B\[\??\w+)*GOT(\|.*\|)/gm)].map((match) => match[1]!)

const LINES = [
  'kpipe stat\tsongs',
  'kpipe run so\tfit@\ta',
  'kpipe run --set ra\t0.5 pre\t',
  'kpipe run --kee\tprep\t',
  'kpipe import dvc\t',
]
const WORDS = [
  '|status|songs|',
  '|run|songs|fit@a|',
  '|run|--set|rate=0.5|prepare|',
  '|run|--keep-going|prepare|',
  '|import|dvc.yaml|',
]

test.runIf(isThere('bash') && isThere('script'))('at a bash prompt', async () => {
  project.write({ 'dvc.yaml': '' })
  expect(await typed('bash --norc --noprofile -i', ['eval "$(kpipe completion bash)"'], LINES)).toEqual(WORDS)
})

test.runIf(isThere('zsh') && isThere('script'))('at a zsh prompt', async () => {
  project.write({ 'dvc.yaml': '' })
  const setup = ['autoload -Uz compinit; compinit -u -D; setopt no_beep', 'eval "$(kpipe completion zsh)"']
  expect(await typed('zsh -f -i', setup, LINES)).toEqual(WORDS)
})
