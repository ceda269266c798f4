/**
 * The dashboard as lines of text: a view, what is chosen, a size and a time in, rows out. Everything the screen shows is
 * decided here, so that a test compares whole screens as text. Never taller than the terminal less two rows: a frame that
 * reaches the bottom scrolls and flickers.
 */
import type { Outcome } from '../events.ts'
import { bar, sparkline } from './chart.ts'
import { type Remaining, runRemaining, stageRemaining } from './forecast.ts'
import { type Keyboard, RETRYABLE, selectedStage, shownStages, type Ui } from './keys.ts'
import { type Line, type Paint, part, rowOf, rule } from './line.ts'
import type { MachineLoad } from './machine.ts'
import { paneRows } from './pane.ts'
import { number, OUTCOME_WORDS, seconds } from './text.ts'
import type { RunView, StageView, State } from './view.ts'
import { cells, cut, fit } from './width.ts'

export interface ScreenSize {
  readonly columns: number
  readonly rows: number
}

export interface Look {
  readonly size: ScreenSize
  readonly unicode: boolean
  readonly paint: Paint
}

export interface Scene extends Look {
  readonly view: RunView
  readonly ui: Ui
  /** Seconds since the run began. */
  readonly now: number
  readonly machine: MachineLoad | null
  /** The log of the chosen stage, the newest line last. */
  readonly log: readonly string[]
  readonly keyboard: Pick<Keyboard, 'controls'>
}

/** Rows below which there is no room for a pane. */
const LEAST_PANE_ROOM = 10
const MOST_LIST_ROWS = 12

/** At most `size.rows - 2` lines (two at least) of at most `size.columns` cells. */
export function screen(scene: Scene): string[] {
  const room = Math.max(2, scene.size.rows - 2)
  const stage = selectedStage(scene.view, scene.ui)
  const shown = shownStages(scene.view, scene.ui.filter)
  // Of a very low terminal the stages get the rows; what the machine does is left out first.
  const foot = room >= 5 ? [machineLine(scene), bottomLine(scene)] : room >= 3 ? [bottomLine(scene)] : []
  const between = room - 1 - foot.length
  const lines: Line[] = [headerLine(scene)]
  if (between < LEAST_PANE_ROOM) {
    const onlyPane = scene.ui.pane !== 'facts'
    const pane = onlyPane ? between : between >= 3 ? 1 : 0
    lines.push(...listLines(scene, shown, stage, between - pane))
    lines.push(...paneRows(scene, stage, pane))
  } else {
    const leastPane = Math.max(5, Math.floor(between * 0.55))
    const list = Math.max(3, Math.min(shown.length, between - 1 - leastPane, MOST_LIST_ROWS))
    lines.push(...listLines(scene, shown, stage, list))
    lines.push(titleLine(scene, stage))
    lines.push(...paneRows(scene, stage, between - list - 1))
  }
  lines.push(...foot)
  return lines.slice(0, room).map((line) => rowOf(line, scene))
}

function headerLine({ view, now, size, unicode }: Scene): Line {
  const total = view.stages.length
  const open = (view.counts.get('waiting') ?? 0) + (view.counts.get('running') ?? 0)
  const word = (state: State, text: string) => {
    const count = view.counts.get(state) ?? 0
    return count > 0 ? `${count} ${text}` : ''
  }
  const failed = (['failed', 'timed-out', 'moved'] as const).reduce((sum, s) => sum + (view.counts.get(s) ?? 0), 0)
  const left = view.end || view.abandoned ? null : runRemaining(view, now)
  const state = view.end
    ? view.end.outcome === 'ok'
      ? 'done'
      : view.end.outcome
    : view.abandoned
      ? 'was killed'
      : view.stopping
        ? 'stopping'
        : view.paused
          ? 'PAUSED'
          : ''
  const clock = duration(view.end ? view.end.seconds : now)
  const facts = [
    state,
    size.columns < 40 ? `${total - open}/${total}` : `${total - open}/${total} stages`,
    failed > 0 ? `${failed} failed` : '',
    word('running', 'running'),
    left ? leftText(left, unicode) : '',
    view.saved.seconds >= 1 ? `${seconds(view.saved.seconds)} saved by the cache` : '',
    word('fresh', 'fresh'),
    word('restored', 'restored'),
    view.saved.items > 0 ? `${view.saved.items.toLocaleString('en')} items reused` : '',
  ].filter(Boolean)
  const dot = unicode ? ' · ' : ' - '
  const name = cut(view.pipeline || 'kpipe', Math.max(6, Math.floor(size.columns / 3)), unicode)
  const progress = size.columns >= 70 ? ` ${bar(total > 0 ? (total - open) / total : 0, 12, unicode)} ` : ' '
  const free = size.columns - cells(name) - cells(progress) - clock.length - 1
  let text = ''
  for (const fact of facts) {
    const longer = text ? text + dot + fact : fact
    if (cells(longer) > free) break
    text = longer
  }
  const color = failed > 0 ? 'red' : view.paused || view.stopping ? 'yellow' : 'plain'
  return [part(name, 'bold'), part(progress, 'cyan'), part(fit(text, free, unicode), color), part(` ${clock}`, 'dim')]
}

/** Stages without history may make it more, stages that turn out to be fresh may make it less. */
function leftText({ seconds: value, atLeast, atMost }: Remaining, unicode: boolean): string {
  const [about, more, less] = unicode ? ['≈', '≥', '≤'] : ['~', '>', '<']
  const sign = atLeast && atMost ? `${about} ` : atLeast ? `${more} ` : atMost ? `${less} ` : ''
  return `${sign}${seconds(value)} left`
}

/** `0:42`, `1:02:03` */
const duration = (value: number) => {
  const whole = Math.max(0, Math.floor(value))
  const two = (n: number) => String(n).padStart(2, '0')
  const hours = Math.floor(whole / 3600)
  return hours > 0
    ? `${hours}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`
    : `${Math.floor(whole / 60)}:${two(whole % 60)}`
}

/** A window of the list that holds the chosen stage; what lies outside is counted in its last row. */
function listLines(scene: Scene, shown: readonly StageView[], chosen: StageView | undefined, rows: number): Line[] {
  if (rows <= 0) return []
  if (shown.length === 0) {
    const text = scene.ui.filter === 'bad' ? 'nothing went wrong' : 'nothing is left to do'
    return [[part(cut(`  ${text}`, scene.size.columns, scene.unicode), 'dim')]]
  }
  const at = Math.max(0, chosen ? shown.indexOf(chosen) : 0)
  const overflow = shown.length > rows && rows > 1
  const height = overflow ? rows - 1 : rows
  const from = Math.min(Math.max(0, at - Math.floor(height / 2)), Math.max(0, shown.length - height))
  const width = Math.max(...shown.slice(from, from + height).map((stage) => cells(stage.id)))
  const lines = shown.slice(from, from + height).map((stage) => stageLine(scene, stage, stage === chosen, width))
  if (overflow) {
    const hidden = shown.length - height
    const text = `${hidden} more${from > 0 ? `, ${from} above` : ''} (${FILTER_WORDS[scene.ui.filter]})`
    lines.push([part(cut(`  ${scene.unicode ? '…' : '...'} ${text}`, scene.size.columns, scene.unicode), 'dim')])
  }
  return lines
}

const FILTER_WORDS = { open: 'open', all: 'all', bad: 'went wrong' } as const

const MARKS: Readonly<Record<State, readonly [unicode: string, ascii: string, color: Parameters<typeof part>[1]]>> = {
  running: ['▶', '>', 'cyan'],
  waiting: ['·', '.', 'dim'],
  ran: ['✓', '+', 'green'],
  same: ['✓', '+', 'green'],
  fresh: ['✓', '+', 'dim'],
  restored: ['✓', '+', 'green'],
  failed: ['✗', 'x', 'red'],
  'timed-out': ['✗', 'x', 'red'],
  moved: ['✗', 'x', 'red'],
  held: ['‖', '=', 'yellow'],
  skipped: ['-', '-', 'dim'],
  disabled: ['-', '-', 'dim'],
  cancelled: ['■', 'o', 'yellow'],
}

function stageLine(scene: Scene, stage: StageView, chosen: boolean, longest: number): Line {
  const { unicode, size } = scene
  const [sign, plain, color] = MARKS[stage.state]
  const narrow = size.columns < 70
  const cursor = chosen ? (unicode ? '❯' : '*') : ' '
  const name = fit(stage.id, Math.min(longest, Math.floor(size.columns * (narrow ? 0.5 : 0.36))), unicode)
  const head: Line = [
    part(cursor, 'bold'),
    part(unicode ? sign : plain, color),
    part(` ${name} `, chosen ? 'bold' : stage.state === 'waiting' ? 'dim' : 'plain'),
  ]
  const free = size.columns - 3 - cells(name) - 1
  const rest = stage.state === 'running' ? runningParts(scene, stage, narrow) : restParts(scene, stage)
  return [...head, ...clip(rest, free, unicode)]
}

function runningParts(scene: Scene, stage: StageView, narrow: boolean): Line {
  const { now, unicode } = scene
  const event = stage.progress?.event
  const elapsed = Math.max(0, now - (stage.startedAt ?? now))
  const left = stageRemaining(stage, now)
  const byHistory = stage.expectedSeconds && !(event && event.total > 0)
  const share =
    event && event.total > 0
      ? event.done / event.total
      : byHistory
        ? Math.min(0.99, elapsed / stage.expectedSeconds!)
        : null
  const wide = scene.size.columns >= 100
  const known = left !== null && left >= 0.05
  const time = !known ? seconds(elapsed) : wide ? `${seconds(elapsed)}, ${seconds(left)} left` : `${seconds(left)} left`
  if (narrow) {
    const percent = share === null ? '' : `${Math.floor(share * 100)} %`
    return [part(`${percent.padStart(5)} ${time}`, 'plain')]
  }
  const gauge =
    share === null ? ' '.repeat(16) : `${bar(share, 10, unicode)} ${`${Math.floor(share * 100)} %`.padStart(5)}`
  const done = event
    ? `${event.done.toLocaleString('en')}${event.total > 0 ? `/${event.total.toLocaleString('en')}` : ''} ${event.unit}`
    : ''
  const metric = event?.metrics['val_loss'] ?? event?.metrics['loss']
  const facts = [
    done,
    metric === undefined ? '' : `${event!.metrics['val_loss'] === undefined ? 'loss' : 'val_loss'} ${number(metric)}`,
    event?.note ?? '',
    stage.attempt > 1 ? `attempt ${stage.attempt}` : '',
    event ? '' : stage.reason,
  ].filter(Boolean)
  return [
    part(gauge, 'cyan'),
    part(`  ${fit(time, wide ? 20 : 15, unicode)}`, 'plain'),
    part(` ${facts.join(unicode ? ' · ' : ' - ')}`, 'dim'),
  ]
}

function restParts(scene: Scene, stage: StageView): Line {
  const { view, unicode } = scene
  if (stage.state === 'waiting') {
    const open = stage.needs.filter((id) => ['waiting', 'running'].includes(view.byId.get(id)?.state ?? ''))
    const about = stage.expectedSeconds === null ? '' : `${unicode ? '≈' : '~'} ${seconds(stage.expectedSeconds)}`
    const why =
      open.length === 0
        ? 'next'
        : `after ${open.slice(0, 2).join(', ')}${open.length > 2 ? ` and ${open.length - 2} more` : ''}`
    return [part([why, about].filter(Boolean).join(', '), 'dim')]
  }
  const outcome = stage.state as Outcome
  const bad = RETRYABLE.has(stage.state)
  const took = stage.finished && stage.finished.seconds > 0 ? ` ${seconds(stage.finished.seconds)}` : ''
  const text = bad ? stage.error.split('\n')[0] || stage.reason : stage.headline || stage.reason
  return [part(`${OUTCOME_WORDS[outcome]}${took}`, MARKS[stage.state][2]), part(text ? `  ${text}` : '', 'plain')]
}

/** The parts that fit in `free` cells. */
function clip(parts: Line, free: number, unicode: boolean): Line {
  const kept: Line = []
  let left = free
  for (const one of parts) {
    if (left <= 0) break
    const text = cut(one.text, left, unicode)
    kept.push(part(text, one.color))
    left -= cells(text)
  }
  return kept
}

function titleLine(scene: Scene, stage: StageView | undefined): Line {
  const { ui, unicode, size } = scene
  const title = ui.pane === 'help' ? 'keys' : stage ? `${stage.id}${ui.pane === 'log' ? ' log' : ''}` : ''
  return rule(title, size.columns, unicode)
}

/** As much as the width takes: first how many jobs is left out, then the words, then what is there in all. */
function machineLine({ machine, view, size, unicode }: Scene): Line {
  if (!machine) return [part('', 'dim')]
  const dot = unicode ? ' · ' : ' - '
  const { cores, history, usedBytes, totalBytes } = machine
  const cpu = Math.round(machine.cpu * 100)
  const [used, total] = [gigabytes(usedBytes), gigabytes(totalBytes)]
  const curve = size.columns >= 70 ? `${sparkline(history, 12, unicode, [0, 1])} ` : ''
  const load = `cpu ${curve}${cpu} % of ${cores} core${cores === 1 ? '' : 's'}${dot}memory ${used} of ${total} GB`
  const fitting = [
    `${load}${dot}${view.jobs} job${view.jobs === 1 ? '' : 's'} at once`,
    load,
    `cpu ${cpu} %${dot}memory ${used} of ${total} GB`,
    `cpu ${cpu} %${dot}${used} GB`,
  ].find((text) => cells(text) <= size.columns)
  return [part(fitting ?? cut(`cpu ${cpu} %`, size.columns, unicode), 'dim')]
}

const gigabytes = (bytes: number) => (bytes / 2 ** 30).toFixed(1)

function bottomLine({ view, ui, now, size, unicode, keyboard }: Scene): Line {
  const say = (text: string, color: 'yellow' | 'red' | 'dim' = 'yellow'): Line => [
    part(cut(text, size.columns, unicode), color),
  ]
  if (ui.confirm?.type === 'quit') return say('y/n  stop the run? finished work is kept')
  if (ui.confirm?.type === 'cancel') return say(`y/n  cancel ${ui.confirm.stage}?`)
  const over = view.end !== null || view.abandoned
  if (view.stopping && !over && keyboard.controls) return say('stopping; ctrl-c again kills; finished work is kept')
  if (ui.notice) return say(ui.notice)
  if (view.waiting && !over) return say(view.waiting)
  if (view.endsAt !== null && !view.end && keyboard.controls) {
    const left = Math.max(0, Math.ceil(view.endsAt - now))
    return say(`ends in ${left} s   r retry  p stay  q end now`)
  }
  const move = unicode ? '↑↓' : 'j/k'
  const enter = unicode ? '⏎' : 'l'
  const keys = keyboard.controls
    ? [
        `${move} move`,
        `${enter} log`,
        view.paused ? 'p go on' : 'p pause',
        'c cancel',
        'r retry',
        'f filter',
        '? help',
        'q quit',
      ]
    : [`${move} move`, `${enter} log`, 'f filter', '? help', 'q quit']
  const long = keys.join('  ')
  const short = keyboard.controls
    ? `${move} ${enter} log ${view.paused ? 'p go on' : 'p c r'} f ? help q quit`
    : `${move} ${enter} log f ? help q quit`
  return say(cells(long) <= size.columns ? long : short, 'dim')
}
