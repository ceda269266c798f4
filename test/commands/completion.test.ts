/** Completion: the names offered, quickly and without a word when something is wrong; the bash script in a real bash. */
import { spawnSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Project, repository } from '../rig.ts'

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

test('the bash script completes in bash', () => {
  symlinkSync(join(repository, 'src/bin.cjs'), project.path('kpipe'))
  const script = `
eval "$(./kpipe completion bash)"
COMP_LINE="./kpipe run songs fit@"; COMP_POINT=\${#COMP_LINE}
_kpipe
printf '%s\\n' "\${COMPREPLY[@]}"
`
  const done = spawnSync('bash', ['-c', script], { cwd: project.root, encoding: 'utf8' })
  expect(done.stdout).toBe('fit@a\nfit@b\n')
})

test.each(['bash', 'zsh', 'fish'])('a script for %s that the shell can read, where it is installed', (shell) => {
  const script = project.kpipe('completion', shell)
  expect(script).toMatchObject({ code: 0, err: '' })
  expect(script.out).toContain('__complete')
  if (spawnSync(shell, ['-c', 'true']).error) return
  expect(spawnSync(shell, ['-n'], { input: script.out, encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' })
})
