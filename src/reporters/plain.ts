/**
 * One line an event, for pipes, CI and people who like to scroll; at the end a table of the stages. Progress is told at most
 * every few seconds a stage, so that a log of a long training stays readable.
 */
import pc from 'picocolors'
import type { KpipeEvent, Outcome, Reporter, TimedEvent } from '../events.ts'
import type { ReporterOptions } from './index.ts'
import { columns, number, OUTCOME_WORDS, seconds } from './text.ts'

const PROGRESS_SECONDS = 5
/** A table of more rows than this shows only what is not fresh. */
const MOST_ROWS = 60

type Finished = Extract<KpipeEvent, { type: 'stage-finished' }>

export function plainReporter(options: ReporterOptions): Reporter {
  const color = pc.createColors(options.color)
  const mark = options.unicode
    ? { run: '▶', good: '✓', bad: '✗', rest: '·' }
    : { run: '>', good: '+', bad: 'x', rest: '-' }
  /** By stage: one is told twice where another run worked between two looks, and the last word counts. */
  const finished = new Map<string, Finished>()
  const lastTold = new Map<string, number>()
  let pipeline = ''
  let stages: readonly string[] = []
  const line = (text: string) => {
    if (!options.quiet) options.err(`${text}\n`)
  }
  const finish = (event: Finished) => {
    finished.set(event.stage, event)
    if (event.outcome === 'fresh' || event.outcome === 'disabled') return
    const good = event.outcome === 'ran' || event.outcome === 'same' || event.outcome === 'restored'
    const paint = good ? color.green : isBad(event.outcome) ? color.red : color.yellow
    const items =
      event.items && event.outcome !== 'restored'
        ? `, ${event.items.computed.toLocaleString('en')} of ${(event.items.computed + event.items.reused).toLocaleString('en')} items computed`
        : ''
    const facts = [
      good ? `${OUTCOME_WORDS[event.outcome]} in ${seconds(event.seconds)}${items}` : OUTCOME_WORDS[event.outcome],
      event.headline,
      good && event.outcome !== 'restored' ? '' : event.reason,
    ].filter(Boolean)
    line(
      `${paint(good ? mark.good : isBad(event.outcome) ? mark.bad : mark.rest)} ${event.stage}  ${facts.join(' · ')}`,
    )
    if (event.error && event.error !== event.outcome) for (const part of event.error.split('\n')) line(`    ${part}`)
    if (isBad(event.outcome) && event.outputs.length > 0) line(`    log: ${event.outputs.join(', ')}`)
  }
  const tell = (event: TimedEvent) => {
    switch (event.type) {
      case 'run-started':
        pipeline = event.pipeline
        stages = event.stages.map((stage) => stage.id)
        return
      case 'waiting':
        return line(`${mark.rest} ${event.reason}`)
      case 'stage-started':
        return line(
          `${color.cyan(mark.run)} ${event.stage}  ${event.reason}${event.attempt > 1 ? ` (attempt ${event.attempt})` : ''}${event.expectedSeconds ? color.dim(` · took ${seconds(event.expectedSeconds)} last time`) : ''}`,
        )
      case 'stage-progress': {
        const last = lastTold.get(event.stage) ?? event.at - PROGRESS_SECONDS + 2
        if (event.at - last < PROGRESS_SECONDS) {
          if (!lastTold.has(event.stage)) lastTold.set(event.stage, last)
          return
        }
        lastTold.set(event.stage, event.at)
        return line(color.dim(`  ${event.stage}  ${progressText(event)}`))
      }
      case 'stage-log':
        return line(`  ${event.level === 'warn' ? color.yellow('warning: ') : ''}${event.stage}  ${event.text}`)
      case 'stage-retry':
        return line(
          `${mark.rest} ${event.stage}  attempt ${event.attempt} of ${event.of} failed: ${event.error.split('\n')[0]}; again in ${seconds(event.delaySeconds)}`,
        )
      case 'stage-finished':
        return finish(event)
      case 'run-finished':
        return options.out(summary(pipeline, stages, [...finished.values()], event, options, color))
    }
  }
  return { event: tell, close: () => undefined }
}

export function progressText(event: Extract<KpipeEvent, { type: 'stage-progress' }>): string {
  const metrics = Object.entries(event.metrics).map(([name, value]) => `${name} ${number(value)}`)
  const of =
    event.total > 0
      ? `${event.done.toLocaleString('en')}/${event.total.toLocaleString('en')}`
      : event.done.toLocaleString('en')
  return [
    `${of} ${event.unit}`,
    ...metrics,
    event.note,
    event.etaSeconds === null ? '' : `${seconds(event.etaSeconds)} left`,
  ]
    .filter(Boolean)
    .join(' · ')
}

function summary(
  pipeline: string,
  stages: readonly string[],
  ends: readonly Finished[],
  end: Extract<KpipeEvent, { type: 'run-finished' }>,
  options: ReporterOptions,
  color: ReturnType<typeof pc.createColors>,
): string {
  const order = new Map(stages.map((stage, i) => [stage, i]))
  const finished = [...ends].sort((a, b) => (order.get(a.stage) ?? 0) - (order.get(b.stage) ?? 0))
  const worked = finished.filter((event) => event.outcome !== 'fresh')
  if (nothingToDo(finished, end)) return `${verdict(pipeline, finished, end, color)}\n`
  const lines: string[] = []
  const shown = finished.length <= MOST_ROWS ? finished : worked.slice(0, MOST_ROWS)
  if (worked.length > 0 && shown.length > 0) {
    lines.push('', ...table(shown, Math.max(options.columns, 60)))
    if (finished.length > shown.length)
      lines.push(`… and ${finished.length - shown.length} more stages (${end.counts.fresh ?? 0} fresh)`)
  }
  const notes = [...new Set(finished.flatMap((event) => event.notes.map((note) => `${event.stage}: ${note}`)))]
  if (worked.length > 0 && notes.length > 0)
    lines.push('', ...notes.map((note) => `${options.unicode ? '·' : '-'} ${note}`))
  const stopped = finished.filter((event) => isBad(event.outcome) || event.outcome === 'held')
  if (stopped.length > 0 && options.quiet)
    lines.push('', ...stopped.map((event) => `${event.stage}: ${event.error || event.reason}`))
  lines.push(...(worked.length > 0 ? [''] : []), verdict(pipeline, finished, end, color))
  return `${lines.join('\n')}\n`
}

/** Where it gets too wide, the places in cache/ go first: `kpipe show` tells them, and they all look alike. */
function table(shown: readonly Finished[], width: number): string[] {
  const rows = (isTold: (path: string) => boolean) => {
    const cells = shown.map((event) => [
      event.stage,
      OUTCOME_WORDS[event.outcome],
      event.outcome === 'fresh' || event.seconds === 0 ? '' : seconds(event.seconds),
      event.headline,
      isBad(event.outcome) ? '' : event.outputs.filter(isTold).join(', '),
    ])
    const used = HEADS.map((_, i) => i < 2 || cells.some((row) => row[i] !== ''))
    return [HEADS, ...cells].map((row) => row.filter((_, i) => used[i]))
  }
  const whole = columns(
    rows(() => true),
    Infinity,
  )
  if (whole.every((line) => line.length <= width)) return whole
  return columns(
    rows((path) => !path.startsWith('cache/')),
    width,
  )
}

const HEADS = ['stage', 'outcome', 'time', 'key metric', 'outputs']

function verdict(
  pipeline: string,
  finished: readonly Finished[],
  end: Extract<KpipeEvent, { type: 'run-finished' }>,
  color: ReturnType<typeof pc.createColors>,
): string {
  const counts = Object.entries(end.counts).map(
    ([outcome, count]) => `${count} ${OUTCOME_WORDS[outcome as Outcome].toLowerCase().replace(',', ' with the')}`,
  )
  const saved = finished
    .filter((event) => event.outcome === 'fresh' || event.outcome === 'restored')
    .reduce((sum, event) => sum + event.cost, 0)
  const savings = saved >= 1 ? `, ${seconds(saved)} of work saved` : ''
  if (nothingToDo(finished, end)) {
    const { fresh = 0, disabled = 0 } = end.counts
    const off = disabled > 0 ? `, ${disabled} disabled` : ''
    return `${pipeline}: ${fresh} stage${fresh === 1 ? '' : 's'} fresh${off}, nothing to do (${seconds(end.seconds)}${savings})`
  }
  const word = {
    ok: color.green('done'),
    failed: color.red('failed'),
    held: color.yellow('held'),
    cancelled: color.yellow('cancelled'),
  }[end.outcome]
  return `${pipeline}: ${word} in ${seconds(end.seconds)} · ${counts.join(', ')}${savings}`
}

const nothingToDo = (finished: readonly Finished[], end: Extract<KpipeEvent, { type: 'run-finished' }>) =>
  end.outcome === 'ok' && finished.every((event) => event.outcome === 'fresh' || event.outcome === 'disabled')

const isBad = (outcome: Outcome) => outcome === 'failed' || outcome === 'timed-out' || outcome === 'moved'
