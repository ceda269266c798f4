/** How the commands that we print begin, so that they can be copied as they are. */
import { mkdirSync, symlinkSync } from 'node:fs'
import { dirname } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { callFrom, shellWord } from '../../src/commands/invocation.ts'
import { bin, Project, repository } from '../rig.ts'

let project: Project
beforeEach(() => {
  project = new Project()
})
afterEach(() => project.dispose())

/** A kpipe there that is ours; the folder it is in. */
function link(path: string): string {
  const file = project.path(path)
  mkdirSync(dirname(file), { recursive: true })
  symlinkSync(bin, file)
  return dirname(file)
}

test('by its name where a shell finds it, through npx in a project that has it, else by its path', () => {
  const folder = project.path('')
  expect(callFrom(folder, '')).toBe(`node ${bin}`)
  expect(callFrom(folder, `/nowhere:${link('bin/kpipe')}`)).toBe('kpipe')
  expect(callFrom(repository, '')).toBe('npx kpipe')
  link('node_modules/.bin/kpipe')
  expect(callFrom(project.path('below/it'), '')).toBe('npx kpipe')
})

test('what npx puts on the PATH while it runs does not count', () => {
  const folder = project.path('elsewhere')
  expect(callFrom(folder, link('.npm/_npx/8b91/node_modules/.bin/kpipe'))).toBe(`node ${bin}`)
})

test('a path with a space is one word', () => {
  expect(shellWord("/my music/it's")).toBe(`'/my music/it'\\''s'`)
})
