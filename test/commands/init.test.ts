/** `kpipe init`: every template makes a folder that plans, blank one that runs, and nothing of the user's is overwritten. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { templates } from '../../src/commands/init.ts'
import { Project } from '../rig.ts'

let project: Project
beforeEach(() => {
  project = new Project()
})
afterEach(() => project.dispose())

test('every pipeline of kpipe is a template, and blank is one more', () => {
  expect(templates()[0]).toBe('kelly')
  expect(templates().at(-1)).toBe('blank')
})

test.each(templates())('the template %s plans', (template) => {
  expect(project.kpipe('init', '--template', template)).toMatchObject({ code: 0, err: '' })
  expect(project.kpipe('run', '--dry-run')).toMatchObject({ code: 0, err: '' })
})

test('the commands that init prints work as they stand', () => {
  const made = project.kpipe('init', 'sub folder', '--template', 'blank')
  const commands = made.out.split('next:\n')[1]!.trim().split('\n')
  expect(commands).toHaveLength(3)
  const script = commands.map((line) => line.replace(/ {2,}#.*/, '')).join(' && ')
  const done = spawnSync('/bin/sh', ['-c', script], { cwd: project.root, encoding: 'utf8' })
  expect(done.stderr).not.toContain('kpipe:')
  expect(done.status).toBe(0)
  expect(JSON.parse(project.read('sub folder/build/count.json'))).toEqual({ words: 3 })
})

test('the schema that every modeline names is there', () => {
  project.kpipe('init')
  const files = ['pipelines/kelly.yaml', 'configs/groove_predictor.yaml']
  for (const file of files) {
    const schema = /^# yaml-language-server: \$schema=(\S+)/.exec(project.read(file))?.[1]
    const path = resolve(project.path(file), '..', schema!)
    expect(JSON.parse(readFileSync(path, 'utf8'))).toHaveProperty('title')
  }
})

test('nothing is overwritten, and then nothing is written at all', () => {
  project.write({ 'my/pipelines/kelly.yaml': 'mine\n' })
  const refused = project.kpipe('init', 'my')
  expect(refused.code).toBe(2)
  expect(refused.err).toContain('my/pipelines/kelly.yaml is there already')
  expect(project.exists('my/configs')).toBe(false)
  expect(project.read('my/pipelines/kelly.yaml')).toBe('mine\n')
})

test('twice is once', () => {
  project.kpipe('init', 'my')
  expect(project.kpipe('init', 'my').out).toMatch(/^my has all of the template kelly already/)
})

test('a .gitignore keeps its lines', () => {
  project.write({ '.gitignore': 'secret\n/models\n' })
  project.kpipe('init', '--template', 'blank')
  expect(project.read('.gitignore')).toBe('secret\n/models\ncache/\nbuild/\n')
})

test('old schemas are told by doctor and renewed', () => {
  project.kpipe('init', '--template', 'blank')
  project.write({ 'schemas/pipeline.schema.json': '{}\n' })
  expect(project.kpipe('doctor').out).toMatch(/warn +schemas +schemas\/pipeline\.schema\.json/)
  expect(project.kpipe('init', '--schemas').code).toBe(0)
  expect(project.kpipe('doctor').out).not.toContain('schemas')
  expect(existsSync(join(project.root, 'pipelines/main.yaml'))).toBe(true)
})
