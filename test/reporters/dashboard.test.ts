/** Screens as whole text at three sizes, what keys do, and the dashboard drawing them over a terminal in memory. */
import { PassThrough } from 'node:stream'
import pc from 'picocolors'
import { afterEach, expect, test, vi } from 'vitest'
import {
  type Keyboard,
  press,
  selectedStage,
  shownStages,
  startUi,
  type Ui,
  type Wish,
} from '../../src/reporters/keys.ts'
import type { TimedEvent } from '../../src/events.ts'
import { reporterFor } from '../../src/reporters/index.ts'
import { type Scene, screen } from '../../src/reporters/screen.ts'
import { cells } from '../../src/reporters/width.ts'
import { at, begun, crowd, finished, stage, started, training, viewOf } from './story.ts'
import { FakeTerminal } from './terminal.ts'

const machine = { cpu: 0.97, cores: 2, usedBytes: 1.6 * 2 ** 30, totalBytes: 8 * 2 ** 30, history: [0.1, 0.5, 0.97] }

const scene = (events = training(), columns = 120, rows = 40, more: Partial<Scene> = {}): Scene => ({
  view: viewOf(events),
  ui: startUi,
  now: 23,
  machine,
  log: ['goes on from epoch 12'],
  keyboard: { controls: true },
  size: { columns, rows },
  unicode: true,
  paint: pc.createColors(false),
  ...more,
})
const text = (one: Scene) => `${screen(one).join('\n')}\n`

const sizes = [
  [120, 40],
  [80, 24],
  [40, 10],
] as const

for (const [columns, rows] of sizes) {
  test(`a training at ${columns}x${rows}`, async () => {
    await expect(text(scene(training(), columns, rows))).toMatchFileSnapshot(
      `../golden/screens/training-${columns}x${rows}.txt`,
    )
  })
  test(`200 stages at ${columns}x${rows}`, async () => {
    await expect(text(scene(crowd(200), columns, rows))).toMatchFileSnapshot(
      `../golden/screens/crowd-${columns}x${rows}.txt`,
    )
  })
}

test('a terminal without Unicode gets ASCII only', async () => {
  const shown = text(scene(training(), 80, 24, { unicode: false }))
  expect(shown).toMatch(/^[\x20-\x7E\n]*$/)
  await expect(shown).toMatchFileSnapshot('../golden/screens/ascii-80x24.txt')
})

test('signs of stages and of ours in a log are ASCII too where the terminal knows no Unicode', () => {
  const shown = text(scene(training(), 80, 24, { unicode: false, log: ['epoch 3 · a.mid: C4 → D4 …'] }))
  expect(shown).toContain('epoch 3 - a.mid: C4 > D4 ~')
})

test('of a very low terminal the stages keep a row', () => {
  expect(screen(scene(training(), 20, 5))).toEqual([
    'kelly 4/12      0:23',
    '❯▶ train@emo…  80 %…',
    '↑↓ ⏎ log p c r f ? …',
  ])
  expect(screen(scene(training(), 12, 4))).toHaveLength(2)
})

test('an error that ends with what was printed last is shown once', () => {
  const bad = finished(24, 'train@emotion_recognizer', 'failed', { error: 'ended with exit code 3\nno such file' })
  const shown = text(scene([...training(), bad], 80, 24, { log: ['reading', 'no such file'] }))
  expect(shown.match(/no such file/g)).toHaveLength(1)
})

test('a run that is over says nothing of stopping or waiting any more', () => {
  const stopped = [
    ...training(),
    at(30, { type: 'stopping' }),
    at(31, { type: 'waiting', reason: 'another run works' }),
  ]
  const bottom = (events: TimedEvent[], controls: boolean) =>
    screen(scene(events, 80, 24, { keyboard: { controls } })).at(-1)
  expect(bottom(stopped.slice(0, -1), true)).toContain('ctrl-c again kills')
  expect(bottom(stopped.slice(0, -1), false)).toContain('q quit')
  const over = [...stopped, at(32, { type: 'run-finished', outcome: 'cancelled', seconds: 32, counts: {} })]
  expect(bottom(over, true)).toContain('q quit')
})

test('the panes: help, log, what went wrong', async () => {
  const log = Array.from({ length: 100 }, (_, i) => `line ${i + 1}`)
  const shown = (ui: Partial<Ui>, more: Partial<Scene> = {}) =>
    text(scene(training(), 80, 24, { ui: { ...startUi, ...ui }, log, ...more }))
  await expect(
    [
      shown({ pane: 'help' }),
      shown({ pane: 'log', scroll: 30 }),
      shown({ filter: 'bad', selected: 'featurize@groove_predictor' }, { log: [] }),
      shown({ filter: 'all' }, { keyboard: { controls: false } }),
      shown({ confirm: { type: 'cancel', stage: 'train@emotion_recognizer' } }),
    ].join(`${'='.repeat(80)}\n`),
  ).toMatchFileSnapshot('../golden/screens/panes-80x24.txt')
})

test('whatever the size, no row is too long and the frame leaves two rows free', () => {
  const views = [training(), training(1), crowd(200), crowd(1), [begun(0, [])], []]
  const panes = [startUi, { ...startUi, pane: 'log' }, { ...startUi, pane: 'help', filter: 'all' }] as Ui[]
  for (const events of views)
    for (const ui of panes)
      for (const unicode of [true, false])
        for (const [columns, rows] of [
          [12, 4],
          [20, 5],
          [20, 6],
          [40, 10],
          [41, 12],
          [69, 13],
          [70, 15],
          [80, 24],
          [200, 60],
        ] as const) {
          const shown = screen(scene(events, columns, rows, { ui, unicode }))
          expect(shown.length).toBeLessThanOrEqual(rows - 2)
          for (const row of shown) expect(cells(row), JSON.stringify(row)).toBeLessThanOrEqual(columns)
        }
})

test('colour is added, never moved: without it the text is the same', () => {
  // oxlint-disable-next-line no-control-regex
  const plain = text(scene(training(), 80, 24, { paint: pc.createColors(true) })).replace(/\u001B\[[\d;]*m/g, '')
  expect(plain).toBe(text(scene(training(), 80, 24)))
})

test('a selected stage far down is in the window of the list', () => {
  for (const selected of ['featurize@song_000', 'featurize@song_117', 'featurize@song_199'])
    for (const [columns, rows] of sizes) {
      const ui = { ...startUi, filter: 'all', selected } as const
      expect(screen(scene(crowd(200), columns, rows, { ui })).filter((row) => row.startsWith('❯'))).toHaveLength(1)
    }
})

const keyboard: Keyboard = { controls: true, page: 5 }
function type(events: Parameters<typeof viewOf>[0], keys: readonly string[], board = keyboard) {
  const view = viewOf(events)
  const wishes: Wish[] = []
  let ui = startUi
  for (const key of keys) {
    const done = press(view, ui, { key }, board)
    ui = done.ui
    if (done.wish) wishes.push(done.wish)
  }
  return { ui, wishes, view, selected: selectedStage(view, ui)?.id }
}

test('the screen follows what trains until somebody chooses', () => {
  expect(type(training(), []).selected).toBe('train@emotion_recognizer')
  expect(type(training(1), []).selected).toBe('train@emotion_recognizer')
  expect(type(crowd(9), []).selected).toBe('featurize@song_000')
  expect(type(training(), ['up']).selected).toBe('featurize@melody_transformer')
  expect(type(training(), ['down']).selected).toBe('featurize@groove_predictor')
  expect(type(training(), ['end', 'down']).selected).toBe('register')
  expect(type(training(), ['up', 'escape']).selected).toBe('train@emotion_recognizer')
})

test('the list: what runs, what went wrong, what waits; everything; what went wrong', () => {
  const view = viewOf(training())
  const ids = (filter: Ui['filter']) => shownStages(view, filter).map((one) => one.id)
  expect(ids('open').slice(0, 4)).toEqual([
    'featurize@melody_transformer',
    'train@emotion_recognizer',
    'featurize@groove_predictor',
    'train@melody_transformer',
  ])
  expect(ids('all')).toHaveLength(12)
  expect(ids('bad')).toEqual(['featurize@groove_predictor'])
  expect(type(training(), ['f', 'f', 'f']).ui.filter).toBe('open')
})

test('pause, cancel one, retry, quit: each asks for exactly one thing', () => {
  expect(type(training(), ['p']).wishes).toEqual([{ type: 'pause', paused: true }])
  const paused = [...training(), at(30, { type: 'paused', paused: true })]
  expect(type(paused, ['p']).wishes).toEqual([{ type: 'pause', paused: false }])
  expect(type(training(), ['c', 'y']).wishes).toEqual([{ type: 'cancel', stage: 'train@emotion_recognizer' }])
  expect(type(training(), ['c', 'n', 'c', 'escape']).wishes).toEqual([])
  expect(type(training(), ['down', 'r']).wishes).toEqual([{ type: 'retry', stage: 'featurize@groove_predictor' }])
  expect(type(training(), ['r']).wishes).toEqual([])
  expect(type(training(), ['r']).ui.notice).toContain('r tries it again')
  expect(type(training(), ['q', 'n']).wishes).toEqual([])
  expect(type(training(), ['q', 'y']).wishes).toEqual([{ type: 'quit' }])
  expect(type(training(), ['ctrl-c']).wishes).toEqual([{ type: 'interrupt' }])
})

test('who only looks can change nothing, and leaves at once', () => {
  const looking = { controls: false, page: 5 }
  expect(type(training(), ['p', 'c', 'y', 'r', 'down', 'r'], looking).wishes).toEqual([])
  expect(type(training(), ['q'], looking).wishes).toEqual([{ type: 'quit' }])
  expect(type(training(), ['ctrl-c'], looking).wishes).toEqual([{ type: 'quit' }])
})

test('a run about to end stays while somebody presses keys, and ends at once when asked', () => {
  const ending = [...training(), at(30, { type: 'ending', seconds: 10 })]
  expect(screen(scene(ending, 80, 24, { now: 33 })).at(-1)).toBe('ends in 7 s   r retry  p stay  q end now')
  expect(type(ending, ['down', 'r']).wishes).toEqual([
    { type: 'stay' },
    { type: 'retry', stage: 'featurize@groove_predictor' },
  ])
  expect(type(ending, ['q']).wishes).toEqual([{ type: 'end' }])
})

test('paused at its end a run waits without a countdown; q then ends it, nothing is left to stop', () => {
  const ended = training().filter((event) => event.type === 'run-started')
  const done = viewOf(ended).stages.map((one) => finished(20, one.id, 'failed', { error: 'x' }))
  const events = [...ended, ...done, at(30, { type: 'ending', seconds: 10 }), at(31, { type: 'paused', paused: true })]
  expect(screen(scene(events, 80, 24, { now: 60 })).at(-1)).toContain('p go on')
  expect(type(events, ['q']).wishes).toEqual([{ type: 'end' }])
})

test('the dashboard is for terminals with a person before them', () => {
  const asked = { asked: '', json: false, quiet: false }
  const env = { TERM: 'xterm-256color' }
  expect(reporterFor(asked, { terminal: true, env })).toBe('dashboard')
  expect(reporterFor(asked, { terminal: false, env })).toBe('plain')
  expect(reporterFor(asked, { terminal: true, env: { ...env, CI: 'true' } })).toBe('plain')
  expect(reporterFor(asked, { terminal: true, env: { TERM: 'dumb' } })).toBe('plain')
  expect(reporterFor({ ...asked, quiet: true }, { terminal: true, env })).toBe('plain')
  expect(reporterFor({ ...asked, json: true }, { terminal: true, env })).toBe('json')
  expect(reporterFor({ ...asked, asked: 'plain' }, { terminal: true, env })).toBe('plain')
  expect(() => reporterFor({ ...asked, asked: 'dashboard' }, { terminal: false, env })).toThrow('needs a terminal')
  expect(() => reporterFor({ ...asked, asked: 'fancy' }, { terminal: true, env })).toThrow('there is no reporter fancy')
})

afterEach(() => vi.unstubAllEnvs())

async function openLive(
  terminal: FakeTerminal,
  more: { onWish?: (wish: Wish) => void; onBreak?: (error: unknown) => void } = {},
) {
  vi.stubEnv('CI', undefined) // ink looks at it while it loads, and then draws nothing
  const { openLive: open } = await import('../../src/reporters/live.ts')
  const keys = Object.assign(new PassThrough(), { isTTY: true, setRawMode: vi.fn(), ref: vi.fn(), unref: vi.fn() })
  const live = await open({
    terminal,
    keys: keys as unknown as NodeJS.ReadStream,
    root: '/nowhere',
    color: false,
    unicode: true,
    controls: true,
    onWish: more.onWish ?? (() => undefined),
    onBreak: more.onBreak ?? ((error) => expect.unreachable(String(error))),
  })
  return { live, keys }
}

const shows = (terminal: FakeTerminal, part: string) => vi.waitFor(() => expect(terminal.screen).toContain(part), 5000)

test('drawn on a terminal: finished rows above, the frame below, nothing blanked, all taken away at the end', async () => {
  const terminal = new FakeTerminal(80, 24)
  const { live, keys } = await openLive(terminal)
  for (const event of training()) live.event(event)
  await shows(terminal, 'q quit')
  expect(terminal.cursorShown).toBe(false)
  expect(keys.setRawMode).toHaveBeenLastCalledWith(true)
  expect(terminal.screen).toContain('❯▶ train@emotion_recognizer')
  live.event(finished(24, 'train@emotion_recognizer', 'ran', { seconds: 21, headline: 'val_loss 0.0331 at epoch 31' }))
  const row = '✓ train@emotion_recognizer  ran in 21 s · val_loss 0.0331 at epoch 31'
  await shows(terminal, row)
  const printed = [...terminal.scrolled, ...terminal.screen.split('\n')]
  expect(printed.filter((line) => line === row)).toHaveLength(1)
  expect(printed.filter((line) => line.startsWith('kelly '))).toHaveLength(1)
  expect(printed).toContain('    drums/beat_07.mid byte 42: expected MTrk, found RIFF')
  expect(terminal.blanked).toBe(0)
  live.close()
  expect(terminal.cursorShown).toBe(true)
  expect(keys.setRawMode).toHaveBeenLastCalledWith(false)
  const left = [...terminal.scrolled, ...terminal.screen.split('\n')].filter(Boolean)
  expect(left.at(-1)).toBe(row)
  expect(left.join('\n')).not.toContain('q quit')
})

test('resized down to 40x10 and back, with 200 stages: one whole frame each time', async () => {
  const terminal = new FakeTerminal(120, 40)
  const { live } = await openLive(terminal)
  for (const event of crowd(200)) live.event(event)
  await shows(terminal, '? help  q quit')
  terminal.resize(40, 10)
  await shows(terminal, '? help q quit')
  const small = terminal.screen.split('\n')
  expect(small.length).toBeLessThanOrEqual(10)
  expect(small.filter((line) => line.startsWith('songs'))).toHaveLength(1)
  terminal.resize(120, 40)
  await shows(terminal, '? help  q quit')
  expect(terminal.screen.split('\n').filter((line) => line.startsWith('songs'))).toHaveLength(1)
  live.close()
  expect(terminal.cursorShown).toBe(true)
})

test('a key pressed while the window is still being dragged loses nothing of the new size', async () => {
  const terminal = new FakeTerminal(40, 10)
  const { live, keys } = await openLive(terminal)
  for (const event of training()) live.event(event)
  const long = 'val_loss 0.0331 at epoch 31 of 50, 20.1 % better than the mean'
  live.event(finished(24, 'train@emotion_recognizer', 'ran', { seconds: 21, headline: long }))
  await shows(terminal, '✓ train@emotion_recognizer  ran in 21 s…')
  terminal.resize(120, 40)
  keys.write('?')
  await shows(terminal, 'p pause  c cancel  r retry')
  await shows(terminal, '── keys ────')
  // and the rows above, which had been cut, are there at the new width
  expect(terminal.screen).toContain(`✓ train@emotion_recognizer  ran in 21 s · ${long}`)
  expect(terminal.screen.split('\n').find((line) => line.startsWith('── keys'))).toHaveLength(120)
  live.close()
})

test('keys reach the run, also several in one piece', async () => {
  const terminal = new FakeTerminal(80, 24)
  const wishes: Wish[] = []
  const { live, keys } = await openLive(terminal, { onWish: (wish) => wishes.push(wish) })
  for (const event of training()) live.event(event)
  await shows(terminal, 'q quit')
  keys.write('\u001B[B')
  await shows(terminal, '❯✗ featurize@groove_predictor')
  keys.write('r')
  await vi.waitFor(() => expect(wishes).toEqual([{ type: 'retry', stage: 'featurize@groove_predictor' }]))
  keys.write('qn\u0003')
  await vi.waitFor(() => expect(wishes.at(-1)).toEqual({ type: 'interrupt' }))
  live.close()
})

test('a dashboard that breaks gives the terminal back and says so once', async () => {
  const terminal = new FakeTerminal(80, 24)
  const broken: unknown[] = []
  const { live } = await openLive(terminal, { onBreak: (error) => broken.push(error) })
  for (const event of training()) live.event(event)
  await shows(terminal, 'q quit')
  live.view.stages = null as never
  live.event(started(40, 'train@melody_transformer'))
  await vi.waitFor(() => expect(broken).toHaveLength(1))
  expect(terminal.cursorShown).toBe(true)
  live.event(started(41, 'train@groove_predictor'))
  live.close()
  expect(broken).toHaveLength(1)
})

test('a stage name in other scripts keeps the columns', () => {
  const events = [begun(0, [stage('訓練@感情'), stage('обучение')]), started(1, '訓練@感情', 5)]
  const rows = screen(scene(events, 80, 24, { now: 2 }))
  expect(rows[1]).toMatch(/^❯▶ 訓練@感情 /)
  expect(rows[2]).toMatch(/^ · обучение {2}next$/)
})
