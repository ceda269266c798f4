/** A pipeline file that lies by itself, in a folder without pipelines/: once it has run, every command works there. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Project } from '../rig.ts'

let project: Project
beforeEach(() => {
  project = new Project()
  project.write({
    'my.yaml': `stages:
  a: { run: 'echo a > a.txt', outs: [a.txt] }
  b: { run: 'cat a.txt > b.txt', deps: [a.txt], outs: [b.txt] }
`,
    'compose.yaml': 'services: {}\n',
  })
})
afterEach(() => project.dispose())

test('before its first run it has to be named', () => {
  const said = project.kpipe('run')
  expect([said.code, said.err.split('\n')[1]]).toEqual([
    2,
    '       kpipe init my-models makes one; or go to yours, or name a pipeline file: kpipe run path/to/pipeline.yaml',
  ])
})

test('afterwards every command finds it, also from below', () => {
  expect(project.run('my.yaml')).toEqual({ a: 'ran', b: 'ran' })
  expect(project.run()).toEqual({ a: 'fresh', b: 'fresh' })
  expect(project.kpipe('list', 'pipelines').out).toMatch(/^my +my.yaml +2\n$/)
  for (const words of [
    ['status'],
    ['status', 'my'],
    ['why', 'b'],
    ['list', 'stages', 'my.yaml'],
    ['runs'],
    ['runs', 'my.yaml'],
    ['runs', 'last'],
    ['gc'],
    ['graph'],
    ['report', 'last'],
    ['attach'],
    ['verify', 'b'],
    ['doctor'],
  ])
    expect([words, project.kpipe(...words).code]).toEqual([words, 0])
  expect(project.kpipe('gc', '--max-age', '0d', '--apply').out).toContain('2 are needed by current pipelines')
  expect(project.run()).toEqual({ a: 'fresh', b: 'fresh' })
})
