/**
 * The dashboard of a real training in a real terminal (tmux, a server of its own): at 120x40, 80x24 and 40x10, attached from
 * a second pane, resized while it runs, and after ctrl-c. What depends on the moment (times, losses) is not compared. With
 * KPIPE_CAPTURES=folder the screens are written there, to be looked at.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { composeDemo } from '../../src/data/demo/index.ts'
import { cells } from '../../src/reporters/width.ts'
import { bin, Project, repository, until } from '../rig.ts'

const hasTmux = !spawnSync('tmux', ['-V']).error
if (!hasTmux)
  process.stderr.write('\nSKIPPED: there is no tmux here: the dashboard was not looked at in a real terminal\n\n')
const inTmux = test.runIf(hasTmux)
/** A server nobody else uses, one a test: one that is just ending takes no new session. */
let tests = 0
let server = ''
const tmux = (...args: string[]): string =>
  execFileSync('tmux', ['-L', server, '-f', '/dev/null', ...args], { encoding: 'utf8' })

let project: Project
beforeAll(async () => {
  project = new Project()
  for (const name of ['pipelines', 'configs']) cpSync(join(repository, name), project.path(name), { recursive: true })
  await composeDemo(project.path('music'), { seed: 42, size: { audio: 12, midi: 60, chords: 12, drums: 12 } })
})
beforeEach(() => {
  server = `kpipe-test-${process.pid}-${tests++}`
})
afterEach(() => {
  spawnSync('tmux', ['-L', server, 'kill-server'])
})
afterAll(() => project.dispose())

/** Long enough to be looked at; cancelled in the end. */
const SETS = [
  'data=./music',
  'models=[melody_transformer, dynamics_engine]',
  'epochs=100000',
  'early_stopping_patience=90000',
]
const RUN = ['run', ...SETS.flatMap((one) => ['--set', `'${one}'`])]

function open(name: string, columns: number, rows: number, args: readonly string[], env = ''): void {
  tmux('new-session', '-d', '-s', name, '-x', String(columns), '-y', String(rows), 'sh')
  const command = `cd ${project.root}; clear; ${env} ${process.execPath} ${bin} ${args.join(' ')}; echo "ended with $?"`
  tmux('send-keys', '-t', name, `unset CI NO_COLOR COLUMNS; export LANG=C.UTF-8; ${command}`, 'Enter')
}
const screen = (name: string): string[] => tmux('capture-pane', '-p', '-t', name).trimEnd().split('\n')
const cursor = (name: string): string => tmux('display', '-p', '-t', name, '#{cursor_flag}').trim()
const shows = (name: string, what: RegExp) =>
  until(() => what.test(screen(name).join('\n'))).catch(() => {
    throw new Error(`never saw ${what}:\n${screen(name).join('\n')}`)
  })

function keep(name: string, lines: readonly string[]): void {
  const folder = process.env['KPIPE_CAPTURES']
  if (!folder) return
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${name}.txt`), `${lines.join('\n')}\n`)
}

/** One whole frame, not a row too wide, the keys in its last line. */
function isWhole(name: string, columns: number, rows: number): string[] {
  const lines = screen(name)
  keep(name, lines)
  expect(lines.length).toBeLessThan(rows)
  for (const line of lines) expect(cells(line)).toBeLessThanOrEqual(columns)
  expect(lines.filter((line) => line.startsWith('kelly '))).toHaveLength(1)
  expect(lines.filter((line) => line.startsWith('❯'))).toHaveLength(1)
  expect(lines.at(-1)).toMatch(/q quit$/)
  return lines
}

const SIZES = [
  [120, 40],
  [80, 24],
  [40, 10],
] as const

inTmux('a training at three sizes, from a second pane, and after ctrl-c', async () => {
  open('run', 120, 40, RUN)
  await shows('run', /epoch \d+\/100000/)
  const large = isWhole('run', 120, 40).join('\n')
  for (const fact of [
    / loss [\d.]+/,
    /val_loss [\d.]+/,
    /best [\d.]+ at \d+/,
    /patience \d+ left/,
    /lr [\d.]+/,
    /samples\/s/,
  ])
    expect(large).toMatch(fact)
  expect(large).toMatch(/[\u2801-\u28FF]{20}/)
  expect(large).toMatch(/cpu .* of \d+ cores? · memory [\d.]+ of [\d.]+ GB/)
  expect(large).toContain('p pause  c cancel  r retry')
  expect(cursor('run')).toBe('0')

  for (const [columns, rows] of SIZES) {
    const name = `attach-${columns}x${rows}`
    open(name, columns, rows, ['attach'])
    await shows(name, /q quit/)
    await shows(name, columns < 70 ? /best [\d.]+ at/ : /epoch \d+\/100000/)
    expect(isWhole(name, columns, rows).join('\n')).not.toContain('p pause')
  }

  for (const [columns, rows] of [...SIZES, ...[...SIZES].reverse()]) {
    tmux('resize-window', '-t', 'run', '-x', String(columns), '-y', String(rows))
    tmux('send-keys', '-t', 'run', 'l') // a key while the window is being dragged
    tmux('send-keys', '-t', 'run', 'l')
    await until(() => screen('run').some((line) => line.startsWith('kelly ') && cells(line) === columns))
    await until(() => screen('run').length < rows && screen('run').at(-1)!.endsWith('q quit'))
    keep(`resized-${columns}x${rows}`, screen('run'))
    expect(screen('run').filter((line) => line.startsWith('kelly '))).toHaveLength(1)
  }

  tmux('send-keys', '-t', 'run', 'C-c')
  await shows('run', /ended with 130/)
  const left = screen('run')
  keep('after-ctrl-c', left)
  expect(cursor('run')).toBe('1')
  expect(left.join('\n')).toMatch(/^kelly: cancelled in .*$/m)
  expect(left.join('\n')).not.toContain('q quit')
  await shows('attach-120x40', /cancelled · \d+\/\d+ stages/)
  tmux('send-keys', '-t', 'attach-120x40', 'q')
  await shows('attach-120x40', /ended with 0/)
  expect(cursor('attach-120x40')).toBe('1')
})

inTmux('without Unicode and without colour', async () => {
  open('ascii', 80, 24, RUN, 'LANG=C LC_ALL=C NO_COLOR=1')
  await shows('ascii', /epoch \d+\/100000/)
  const lines = screen('ascii')
  keep('ascii-80x24', lines)
  expect(lines.join('')).toMatch(/^[\x20-\x7E]*$/)
  // oxlint-disable-next-line no-control-regex
  expect(tmux('capture-pane', '-p', '-e', '-t', 'ascii')).not.toMatch(/\u001B\[[\d;]*m/)
  tmux('send-keys', '-t', 'ascii', 'q', 'y')
  await shows('ascii', /ended with 130/)
  expect(cursor('ascii')).toBe('1')
})
