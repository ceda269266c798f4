/** The lower half of the screen: the curves and facts of a training, the log of a stage, or the keys. */
import { chart, sparkline } from './chart.ts'
import { type Training, trainingOf } from './forecast.ts'
import { type Color, type Line, part } from './line.ts'
import type { Scene } from './screen.ts'
import { number } from './text.ts'
import type { StageView } from './view.ts'
import { cells, cut } from './width.ts'

const MOST_CHART_ROWS = 12
const LEAST_CHART_ROWS = 4
const MOST_LOG_ROWS = 8

/** At most `rows` lines. */
export function paneRows(scene: Scene, stage: StageView | undefined, rows: number): Line[] {
  if (rows <= 0) return []
  if (scene.ui.pane === 'help') return helpLines(scene).slice(0, rows)
  if (!stage) return []
  if (scene.ui.pane === 'log') return logLines(scene, rows)
  const training = trainingOf(stage)
  if (!training) return factLines(scene, stage, rows)
  if (rows < LEAST_CHART_ROWS + 1) return [shortTraining(scene, training), ...logLines(scene, rows - 1)].slice(0, rows)
  const facts = trainingFacts(scene, stage, training).slice(0, rows >= 8 ? 2 : 1)
  const left = rows - facts.length
  const height = Math.min(MOST_CHART_ROWS, left - (rows >= 12 ? 4 : rows >= 8 ? 2 : 0))
  const log = Math.min(MOST_LOG_ROWS, left - height)
  return [...facts, ...chartLines(scene, training, height), ...logLines(scene, log)]
}

/** The last lines of the log, above `ui.scroll` ones. */
function logLines({ log, ui, size, unicode }: Scene, rows: number): Line[] {
  if (rows <= 0) return []
  const end = Math.max(Math.min(rows, log.length), log.length - ui.scroll)
  return log.slice(Math.max(0, end - rows), end).map((line) => [part(cut(line, size.columns, unicode), 'dim')])
}

function factLines(scene: Scene, stage: StageView, rows: number): Line[] {
  const { unicode, size } = scene
  const say = (text: string, color: Color): Line => [part(cut(text, size.columns, unicode), color)]
  const lines: Line[] = []
  // An error that ends with what was printed last is not shown twice.
  const said = stage.error.split('\n').filter((text, i) => i === 0 || !scene.log.includes(text))
  if (stage.error) for (const text of said) lines.push(say(text, 'red'))
  else if (stage.state !== 'waiting' && stage.reason && rows > 1) lines.push(say(`why: ${stage.reason}`, 'plain'))
  if (stage.headline) lines.push(say(stage.headline, 'green'))
  for (const note of stage.finished?.notes ?? []) lines.push(say(`${unicode ? '·' : '-'} ${note}`, 'yellow'))
  const top = lines.slice(0, rows)
  const log = logLines(scene, Math.min(MOST_LOG_ROWS, rows - top.length))
  if (top.length + log.length === 0)
    return [say(stage.state === 'waiting' ? 'waits for its turn' : 'no output yet', 'dim')]
  return [...top, ...log]
}

/** As many lines as the facts need at this width. */
function trainingFacts({ size, unicode }: Scene, stage: StageView, training: Training): Line[] {
  const event = stage.progress?.event
  const { best, learningRate, samplesPerSecond, patienceLeft } = training
  const last = (points: Training['loss']) => (points.length > 0 ? number(points.at(-1)![1]) : '')
  const facts: [string, Color][] = [
    [event ? `epoch ${event.done}${event.total > 0 ? `/${event.total}` : ''}` : '', 'plain'],
    [training.loss.length > 0 ? `${sign('loss', unicode)} loss ${last(training.loss)}` : '', 'blue'],
    [
      training.validation.length > 0 ? `${sign('validation', unicode)} val_loss ${last(training.validation)}` : '',
      'green',
    ],
    [`best ${number(best.value)} at ${best.at}`, 'plain'],
    [
      patienceLeft === null ? '' : `patience ${patienceLeft} left`,
      patienceLeft !== null && patienceLeft <= 2 ? 'yellow' : 'plain',
    ],
    [learningRate === null ? '' : `lr ${number(learningRate)}`, 'plain'],
    [samplesPerSecond === null ? '' : `${samplesPerSecond.toLocaleString('en')} samples/s`, 'plain'],
  ]
  const lines: Line[] = [[]]
  let used = 0
  for (const [text, color] of facts) {
    if (text === '') continue
    if (used > 0 && used + 3 + cells(text) > size.columns) {
      lines.push([])
      used = 0
    }
    const gap = used > 0 ? (unicode ? ' · ' : ' - ') : ''
    const fitting = cut(text, size.columns - cells(gap), unicode)
    lines.at(-1)!.push(part(gap, 'dim'), part(fitting, color))
    used += cells(gap + fitting)
  }
  return lines
}

const sign = (curve: 'loss' | 'validation', unicode: boolean) =>
  curve === 'loss' ? (unicode ? '⠒' : '[.]') : unicode ? '⣿' : '[*]'

/** One line where there is no room for a chart. */
function shortTraining({ size, unicode }: Scene, training: Training): Line {
  const curve = training.validation.length > 0 ? training.validation : training.loss
  const { best, patienceLeft } = training
  const text = ` ${number(curve.at(-1)![1])} best ${number(best.value)} at ${best.at}${patienceLeft === null ? '' : `, ${patienceLeft} left`}`
  const spark = sparkline(
    curve.map((point) => point[1]),
    Math.max(4, Math.min(24, size.columns - cells(text) - 1)),
    unicode,
  )
  return [part(spark, 'green'), part(cut(text, size.columns - cells(spark), unicode))]
}

function chartLines({ size, unicode }: Scene, training: Training, height: number): Line[] {
  const curves = [
    { points: training.loss, dotted: true, letter: '.' },
    { points: training.validation, dotted: false, letter: '*' },
  ]
  const drawn = chart(curves, { width: Math.min(size.columns, 120), height, unicode })
  const wall = unicode ? '│' : '|'
  return drawn.rows.map(({ label, cells: row }) => {
    const line: Line = [part(`${label}${wall}`, 'dim')]
    let run = ''
    let curve = -1
    const flush = () => run && line.push(part(run, curve === 0 ? 'blue' : curve === 1 ? 'green' : 'plain'))
    for (const cell of row) {
      if (cell.curve !== curve && cell.sign !== ' ') {
        flush()
        run = ''
        curve = cell.curve
      }
      run += cell.sign
    }
    run = run.trimEnd()
    flush()
    return line
  })
}

function helpLines({ size, unicode, keyboard }: Scene): Line[] {
  const move = unicode ? '↑ ↓ PgUp PgDn' : 'j k PgUp PgDn'
  const keys: [string, string][] = [
    [move, 'choose a stage; in the log: scroll'],
    ['Enter or l', 'the log of the chosen stage, and back'],
    ...(keyboard.controls
      ? ([
          ['p', 'pause: what runs goes on, nothing new starts'],
          ['c', 'cancel the chosen stage only'],
          ['r', 'try a failed or cancelled stage again'],
        ] as [string, string][])
      : []),
    ['f', 'list: what is open, everything, what went wrong'],
    ['Esc', 'close the pane; again: follow what runs'],
    ['q', keyboard.controls ? 'stop the run; the next one goes on from here' : 'leave; the run goes on'],
    ...(keyboard.controls ? ([['ctrl-c', 'the same at once; twice: kill']] as [string, string][]) : []),
  ]
  return keys.map(([key, text]) => [
    part(cut(` ${key.padEnd(14)}`, size.columns, unicode), 'bold'),
    part(cut(text, size.columns - 15, unicode)),
  ])
}
