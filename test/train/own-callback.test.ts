import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { checkCallbacks, createCallback } from '../../src/train/callbacks.ts'
import { loadOwnCallback } from '../../src/train/own-callback.ts'
import { replay } from '../../src/train/resume.ts'
import { repository } from '../rig.ts'

const dir = mkdtempSync(join(tmpdir(), 'kpipe-own-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

function write(
  name: string,
  text: string,
): Promise<ReturnType<typeof loadOwnCallback> extends Promise<infer T> ? T : never> {
  writeFileSync(join(dir, name), text)
  return loadOwnCallback(join(dir, name), name)
}

const TYPESCRIPT = `
import type { Callback } from 'kpipe'
import { basename } from 'node:path'
interface Options { readonly below: number }
export default ({ below }: Options): Callback => ({
  name: basename('folder/StopBelow'),
  onEpochEnd(record, control) {
    if (record.loss < below) control.stop(\`the loss is below \${below}\`)
  },
})
`

describe('a callback of the user’s own', () => {
  it('is made by the default export of a TypeScript file, with its options', async () => {
    const own = new Map([['stop.ts', await write('stop.ts', TYPESCRIPT)]])
    const callback = createCallback({ file: 'stop.ts', below: 0.3 }, { out: () => '' }, own)
    const run = replay([callback], [])
    for (const [i, loss] of [0.5, 0.4, 0.2].entries()) {
      expect(run.stopped).toBe('')
      run.tell({ epoch: i + 1, loss, val_loss: null, learning_rate: 1 }, false)
    }
    expect(run.stopped).toBe('the loss is below 0.3')
    expect(callback.name).toBe('StopBelow')
  })

  it('has its types from the package', () => {
    const project = mkdtempSync(join(dir, 'project-'))
    mkdirSync(join(project, 'node_modules'))
    symlinkSync(repository, join(project, 'node_modules', 'kpipe'))
    const options = {
      module: 'nodenext',
      target: 'es2022',
      strict: true,
      noEmit: true,
      preserveSymlinks: true,
      types: [],
    }
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['mine.ts'] }))
    const mistakes = (text: string) => {
      writeFileSync(join(project, 'mine.ts'), text)
      const tsc = join(repository, 'node_modules', 'typescript', 'bin', 'tsc')
      return spawnSync(process.execPath, [tsc, '-p', project], { encoding: 'utf8' }).stdout
    }
    const own = TYPESCRIPT.replace("import { basename } from 'node:path'", 'const basename = (path: string) => path')
    expect(mistakes(own)).toBe('')
    expect(mistakes(own.replace('record.loss', 'record.lost'))).toContain(
      "Property 'lost' does not exist on type 'EpochRecord'",
    )
    expect(mistakes(own.replace('control.stop', 'control.halt'))).toContain(
      "Property 'halt' does not exist on type 'FitControl'",
    )
  })

  it('may be JavaScript', async () => {
    const make = await write('plain.mjs', 'export default () => ({ name: "plain" })')
    expect(make({})).toEqual({ name: 'plain' })
  })

  it.each([
    [
      'local.ts',
      'import { x } from "./x.ts"\nexport default () => x',
      'local.ts imports "./x.ts"; a callback must stand alone',
    ],
    ['package.ts', 'import yaml from "yaml"\nexport default () => yaml', 'imports "yaml"'],
    ['again.ts', 'export { default } from "./x.ts"', 'imports "./x.ts"'],
    ['late.ts', 'export default async () => (await import("./x.ts")).y', 'imports "./x.ts"'],
    ['none.ts', 'export const callback = 1', 'none.ts must export a function as its default'],
    ['broken.ts', 'export default () => {\n  return (\n}', 'broken.ts:3: '],
  ])('%s is refused with a reason', async (name, text, message) => {
    await expect(write(name, text)).rejects.toThrow(message)
  })

  it('a missing file is named', async () => {
    await expect(loadOwnCallback(join(dir, 'gone.ts'), 'gone.ts')).rejects.toThrow('gone.ts cannot be read (ENOENT)')
  })

  it('a request has a name or a file, not both and not neither', () => {
    const problems = checkCallbacks([{ file: 'a.ts' }, {}, { name: 'CSVLogger', file: 'a.ts' }])
    expect(problems.map(({ path, message }) => [path, message])).toEqual([
      [[1], 'a callback has either a name or a file'],
      [[2], 'a callback has either a name or a file'],
    ])
  })
})
