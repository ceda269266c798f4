/** Every command explains itself: what it does, each of its options, and examples. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { COMMANDS } from '../../src/cli.ts'
import { helpFor, MAIN_HELP } from '../../src/commands/help.ts'
import { Project } from '../rig.ts'

let project: Project
beforeEach(() => {
  project = new Project()
})
afterEach(() => project.dispose())

const HIDDEN = ['job']

test.each(Object.keys(COMMANDS))('%s', (name) => {
  const help = helpFor(name)
  expect(help).toMatch(new RegExp(`^kpipe ${name}\\b`))
  expect(help.split('\n').filter((line) => line.startsWith(`  kpipe ${name}`)).length).toBeGreaterThan(0)
  for (const option of Object.keys(COMMANDS[name]!.options)) expect(help).toContain(`--${option}`)
  if (!HIDDEN.includes(name)) expect(MAIN_HELP).toContain(`  kpipe ${name}`)
})

test('no line is wider than a wide terminal', () => {
  const wide = [MAIN_HELP, ...Object.keys(COMMANDS).map(helpFor)].flatMap((help) => help.split('\n'))
  expect(wide.filter((line) => line.length > 130)).toEqual([])
})

test('--help and help say the same, on stdout', () => {
  const done = project.kpipe('gc', '--help')
  expect(done).toMatchObject({ code: 0, err: '', out: helpFor('gc') })
  expect(project.kpipe('help', 'gc').out).toBe(done.out)
})

test('repro runs, and tells its name here', () => {
  project.write({ 'pipelines/p.yaml': 'stages: { a: { run: echo > a, outs: [a] } }' })
  const done = project.kpipe('repro')
  expect(done.code).toBe(0)
  expect(done.err).toMatch(/^kpipe: repro is called run here\n/)
  expect(project.exists('a')).toBe(true)
})
