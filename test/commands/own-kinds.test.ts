/** A stage kind of a user's own: one TypeScript file in the project's stages/. Its code counts, its comments do not. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Project } from '../rig.ts'

let project: Project
beforeEach(() => {
  project = new Project()
})
afterEach(() => project.dispose())

const KIND = `
// how many words there are
import { defineStage } from 'kpipe'
import { writeFileSync } from 'node:fs'
import { words } from './lib/words.ts'

export default defineStage<{ text: string }>({
  kind: 'count',
  summary: 'how many words a text has',
  options: { type: 'object', properties: { text: { type: 'string', default: 'one two' } } },
  check: ({ text }) => (text === 'bad' ? [{ path: ['text'], message: 'must not be bad', hint: 'write something good' }] : []),
  run: async ({ options, out }) => {
    const count = words(options.text).length
    writeFileSync(out('count.json'), JSON.stringify({ count }))
    return { metrics: { count }, headline: \`\${count} words\` }
  },
})
`
const WORDS = `export const words = (text: string): string[] => text.split(' ')\n`

function write(files: Record<string, string> = {}): void {
  project.write({
    'stages/count.ts': KIND,
    'stages/lib/words.ts': WORDS,
    'pipelines/p.yaml': 'name: p\nstages:\n  count: {}\n',
    ...files,
  })
}

describe('what reruns it', () => {
  test('a changed import does, a comment does not, and going back restores', () => {
    write()
    expect(project.run()).toEqual({ count: 'ran' })
    expect(project.read('cache/out/p/count/count.json')).toBe('{"count":2}')
    project.write({ 'stages/count.ts': `// another comment\n${KIND}\n\n/* and one more */\n` })
    expect(project.run()).toEqual({ count: 'fresh' })
    project.write({ 'stages/lib/words.ts': WORDS.replace("split(' ')", "split('')") })
    expect(project.kpipe('why', 'count').out).toBe('count: stale, will run\n  code of kind count changed\n')
    expect(project.run()).toEqual({ count: 'ran' })
    expect(project.read('cache/out/p/count/count.json')).toBe('{"count":7}')
    project.write({ 'stages/lib/words.ts': WORDS })
    expect(project.run()).toEqual({ count: 'restored' })
  })

  test('a package of another version does, and another place of the project does not', () => {
    const version = (text: string) => {
      mkdirSync(project.path('node_modules/splitter'), { recursive: true })
      writeFileSync(
        project.path('node_modules/splitter/package.json'),
        `{"name":"splitter","version":"${text}","main":"i.js"}`,
      )
      writeFileSync(project.path('node_modules/splitter/i.js'), `exports.split = (text) => text.split(' ')`)
    }
    version('1.0.0')
    write({
      'stages/lib/words.ts':
        "import { split } from 'splitter'\nexport const words = (text: string): string[] => split(text)\n",
    })
    expect(project.run()).toEqual({ count: 'ran' })
    expect(project.run()).toEqual({ count: 'fresh' })
    version('1.0.1')
    expect(project.run()).toEqual({ count: 'same' })
  })

  test('the cache of bundles may be deleted', () => {
    write()
    project.run()
    project.remove('cache/kinds')
    expect(project.run('--force')).toEqual({ count: 'same' })
  })
})

describe('mistakes, before any work, with exit code 2', () => {
  const refused = (files: Record<string, string>) => {
    write(files)
    const done = project.kpipe('run')
    expect(done.code).toBe(2)
    expect(done.err).not.toMatch(/^ +at /m)
    expect(project.exists('cache/runs')).toBe(false)
    return done.err
  }

  test('a slip of the pen in the file', () => {
    expect(refused({ 'stages/count.ts': KIND.replace("kind: 'count',", "kind: 'count'") })).toContain(
      `kpipe: stages/count.ts:9:3: Expected "}" but found "summary"
      summary: 'how many words a text has',
      ^^^^^^^
`,
    )
  })

  test('a slip in what it imports, and an import that is not there', () => {
    expect(refused({ 'stages/lib/words.ts': 'export const words = (' })).toContain(
      'stages/lib/words.ts:1:23: Unexpected end of file',
    )
    expect(refused({ 'stages/count.ts': KIND.replace('./lib/words.ts', './lib/wrods.ts') })).toContain(
      'stages/count.ts:5:23: Could not resolve "./lib/wrods.ts"',
    )
  })

  test('a file that fails when it is loaded', () => {
    expect(refused({ 'stages/lib/words.ts': `${WORDS}\nthrow new Error('no such model')\n` })).toContain(
      'kpipe: stages/count.ts cannot be loaded: no such model',
    )
  })

  test('no kind in the file, or two', () => {
    expect(refused({ 'stages/helper.ts': 'export const x = 1\n' })).toContain(
      'kpipe: stages/helper.ts must export one stage kind, found 0',
    )
    project.remove('stages/helper.ts')
    expect(
      refused({
        'stages/count.ts': `${KIND}\nexport const other = defineStage({ kind: 'b', run: async () => {} } as any)`,
      }),
    ).toContain('must export one stage kind, found 2')
  })

  test.each([
    ["summary: 'how many words a text has',", 'summary must be a text'],
    [
      "options: { type: 'object', properties: { text: { type: 'string', default: 'one two' } } },",
      'options must be a JSON Schema',
    ],
  ])('without %s', (line, message) => {
    expect(KIND).toContain(line)
    expect(refused({ 'stages/count.ts': KIND.replace(line, '') })).toContain(`kpipe: stages/count.ts: ${message}`)
  })

  test('a name that is taken, by kpipe or by another file', () => {
    expect(refused({ 'stages/count.ts': KIND.replace("kind: 'count'", "kind: 'train'") })).toContain(
      'stages/count.ts defines the stage kind train, which exists already',
    )
    expect(refused({ 'stages/twice.ts': KIND })).toContain(
      'stages/twice.ts defines the stage kind count, which exists already',
    )
  })

  test('options of the stage: by its schema and by its own check', () => {
    const place = 'name: p\nstages:\n  count: { with: { text: TEXT } }\n'
    expect(refused({ 'pipelines/p.yaml': place.replace('TEXT', '7') })).toContain('pipelines/p.yaml:3:26: ')
    const own = refused({ 'pipelines/p.yaml': place.replace('TEXT', 'bad') })
    expect(own).toContain('pipelines/p.yaml:3:26: ')
    expect(own).toContain('must not be bad')
  })
})

test('listed with the others, and named in the schema of nothing but this project', () => {
  write()
  const listed = project.kpipe('list', 'kinds')
  expect(listed.out).toMatch(/^count +how many words a text has +this project$/m)
  expect(listed.out).toMatch(/^train .* kpipe$/m)
  project.write({ 'stages/broken.ts': 'export default {' })
  const broken = project.kpipe('list', 'kinds')
  expect(broken.code).toBe(2)
  expect(broken.err).toContain('stages/broken.ts:1:17: ')
})

test('a project behind a link has the same keys', () => {
  write()
  project.run()
  const other = new Project()
  try {
    symlinkSync(project.root, other.path('link'))
    const done = other.kpipe('run', 'link/pipelines/p.yaml', '--json')
    expect(done.out).toContain('"outcome":"fresh"')
  } finally {
    other.dispose()
  }
})
