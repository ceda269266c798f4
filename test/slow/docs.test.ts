/**
 * The tutorial as a newcomer types it: in a copy of the repository, through npx, without a network, and each command for real.
 * What the page says of their results must be so. (`npm ci` is what made this checkout; its node_modules is linked.)
 */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { repository } from '../rig.ts'

let temp: string
let clone: string
const page = readFileSync(join(repository, 'docs/tutorial.md'), 'utf8')

beforeAll(() => {
  temp = mkdtempSync(join(tmpdir(), 'kpipe-tutorial-'))
  clone = join(temp, 'kpipe')
  mkdirSync(clone)
  const names = ['src', 'stages', 'scripts', 'pipelines', 'configs', 'schemas', 'package.json', 'package-lock.json']
  for (const name of names) cpSync(join(repository, name), join(clone, name), { recursive: true })
  symlinkSync(join(repository, 'node_modules'), join(clone, 'node_modules'))
})
afterAll(() => rmSync(temp, { recursive: true, force: true }))

/** Commands of the page's shell blocks, in order. */
const commands = [...page.matchAll(/^```sh\n([\s\S]*?)^```/gm)]
  .flatMap((match) => match[1]!.split('\n'))
  .filter((line) => line.startsWith('npx kpipe'))

function type(command: string, cwd = clone): { code: number | null; out: string; err: string } {
  const done = spawnSync('sh', ['-c', command], {
    cwd,
    encoding: 'utf8',
    env: {
      ...process.env,
      NO_COLOR: '1',
      COLUMNS: '140',
      npm_config_offline: 'true',
      npm_config_update_notifier: 'false',
    },
  })
  return { code: done.status, out: done.stdout, err: done.stderr }
}

test('the tutorial, from the first command to the models', () => {
  const said = commands.map((command) => ({ command, ...type(command) }))
  expect(said.filter(({ code }) => code !== 0)).toEqual([])
  expect(commands).toEqual([
    'npx kpipe run',
    'npx kpipe run',
    'npx kpipe status --set configs.groove_predictor.learning_rate=0.0005',
    'npx kpipe run --set configs.groove_predictor.learning_rate=0.0005',
    'npx kpipe why train@groove_predictor',
    'npx kpipe init ../my-models',
    'npx kpipe doctor',
  ])
  const [first, again, status, changed, why] = said.map(({ out }) => out)
  expect(first).toMatch(/^stage +outcome +time +key metric/m)
  expect(first).toMatch(/^train@groove_predictor +ran +[\d.]+ s +val_loss /m)
  expect(again).toMatch(/^kelly: 28 stages fresh, nothing to do/)
  const lines = status!.split('\n').filter((line) => /^\S+ +(may )?run +~/.test(line))
  expect(lines.map((line) => line.split(' ')[0])).toEqual([
    'train@groove_predictor',
    'evaluate@groove_predictor',
    'export@groove_predictor',
    'register',
  ])
  expect(changed).toMatch(/kelly: done in .* 24 fresh, 4 ran/)
  expect(why).toBe(
    'train@groove_predictor: stale, an earlier result fits and will be restored\n  learning_rate 0.0005 -> 0.001\n',
  )
  const plain = type('npx kpipe run')
  expect(plain.out).toMatch(/^train@groove_predictor +restored/m)
  expect(plain.out).toMatch(/24 fresh, [\d a-z,]*restored/)
  for (const [, file] of page.matchAll(/^\| `([\w./]+)` \|/gm))
    expect([file, existsSync(join(clone, 'models', file!))]).toEqual([file, true])
})

test('what the config block of the page says is what a plain run then does', () => {
  const config = /```yaml\n([\s\S]*?)```/.exec(page)![1]!
  writeFileSync(join(clone, 'configs/groove_predictor.yaml'), config)
  expect(type('npx kpipe why train@groove_predictor').out).toContain('learning_rate 0.001 -> 0.0005')
  expect(type('npx kpipe run').out).toMatch(/^train@groove_predictor +restored/m)
})

test('the commands that init prints run in the new folder', () => {
  const made = join(temp, 'other')
  const printed = type('npx kpipe init ../other').out.split('next:\n')[1]!.split('\n').filter(Boolean)
  const run = printed[1]!.split('#')[0]!.trim()
  // npx's own folder of programs is gone by then.
  expect(run).not.toMatch(/^kpipe/)
  expect(type(`${run} --dry-run`, made).out).toMatch(/kelly: 1 run, 27 may run/)
})
