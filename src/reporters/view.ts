/**
 * What is known of a run, folded from its events: the only thing the dashboard draws. The same events give the same view,
 * whether they come from a run in this process or from a log that is read later. No clock, no I/O, no colour.
 */
import type { KpipeEvent, Outcome, TimedEvent } from '../events.ts'

export type State = 'waiting' | 'running' | Outcome

export type Point = readonly [x: number, y: number]

export interface Message {
  readonly level: 'info' | 'warn'
  readonly text: string
}

export interface StageView {
  readonly id: string
  readonly kind: string
  readonly needs: readonly string[]
  state: State
  attempt: number
  /** Seconds since the run began; null before the stage did. */
  startedAt: number | null
  endedAt: number | null
  /** From the last time it really ran. */
  expectedSeconds: number | null
  reason: string
  error: string
  headline: string
  /** Log file relative to the project folder, '' before the stage began. */
  log: string
  progress: { readonly at: number; readonly event: Extract<KpipeEvent, { type: 'stage-progress' }> } | null
  /** Metric → its values over `done`. */
  readonly series: Map<string, Point[]>
  /** The last ones. */
  messages: Message[]
  finished: Extract<KpipeEvent, { type: 'stage-finished' }> | null
}

export interface RunView {
  run: string
  pipeline: string
  jobs: number
  /** Milliseconds since 1970 when the run began. */
  startedMs: number
  /** Seconds since the run began, of the last event. */
  at: number
  stages: StageView[]
  byId: Map<string, StageView>
  counts: Map<State, number>
  /** Why nothing goes on (another run works), or ''. */
  waiting: string
  paused: boolean
  stopping: boolean
  /** The run ends at this second unless somebody retries something; null otherwise. */
  endsAt: number | null
  /** What the cache saved. */
  saved: { stages: number; seconds: number; items: number }
  end: Extract<KpipeEvent, { type: 'run-finished' }> | null
  /** It stopped without an end (killed). */
  abandoned: boolean
  /** Grows with every event: a drawer can tell whether anything happened. */
  version: number
}

const MOST_MESSAGES = 500
const MOST_POINTS = 2000

export function emptyView(): RunView {
  return {
    run: '',
    pipeline: '',
    jobs: 1,
    startedMs: 0,
    at: 0,
    stages: [],
    byId: new Map(),
    counts: new Map(),
    waiting: '',
    paused: false,
    stopping: false,
    endsAt: null,
    saved: { stages: 0, seconds: 0, items: 0 },
    end: null,
    abandoned: false,
    version: 0,
  }
}

/** Fold one event into the view, in place: a run of thousands of stages has tens of thousands of events. */
export function apply(view: RunView, event: TimedEvent): RunView {
  view.at = Math.max(view.at, event.at)
  view.version++
  if (event.type === 'run-started') start(view, event)
  else if (event.type === 'waiting') view.waiting = event.reason
  else if (event.type === 'paused') pause(view, event.paused)
  else if (event.type === 'stopping') view.stopping = true
  else if (event.type === 'ending') view.endsAt = event.at + event.seconds
  else if (event.type === 'run-finished') view.end = event
  else {
    const stage = view.byId.get(event.stage)
    if (stage) applyToStage(view, stage, event)
  }
  return view
}

type StageEvent = Extract<TimedEvent, { stage: string }>

function applyToStage(view: RunView, stage: StageView, event: StageEvent): void {
  switch (event.type) {
    case 'stage-started':
      view.waiting = ''
      view.endsAt = null
      move(view, stage, 'running')
      Object.assign(stage, {
        attempt: event.attempt,
        startedAt: event.at,
        endedAt: null,
        expectedSeconds: event.expectedSeconds,
        reason: event.reason,
        log: event.log,
        error: '',
        progress: null,
      })
      return stage.series.clear()
    case 'stage-progress':
      stage.progress = { at: event.at, event }
      return remember(stage, event)
    case 'stage-log':
      return say(stage, { level: event.level, text: event.text })
    case 'stage-retry':
      return say(stage, {
        level: 'warn',
        text: `attempt ${event.attempt} of ${event.of} failed: ${event.error.split('\n')[0]}`,
      })
    case 'stage-waiting':
      view.endsAt = null
      uncount(view, stage)
      return Object.assign(stage, { reason: event.reason, error: '', finished: null }) && move(view, stage, 'waiting')
    case 'stage-finished':
      uncount(view, stage)
      move(view, stage, event.outcome)
      stage.finished = event
      stage.endedAt = event.at
      stage.headline = event.headline
      stage.error = event.error
      if (event.reason) stage.reason = event.reason
      count(view, event, 1)
  }
}

function start(view: RunView, event: Extract<TimedEvent, { type: 'run-started' }>): void {
  view.run = event.run
  view.pipeline = event.pipeline
  view.jobs = event.jobs
  view.startedMs = Date.parse(event.time) - event.at * 1000
  view.stages = event.stages.map(({ id, kind, needs, expectedSeconds }) => ({
    id,
    kind,
    needs,
    state: 'waiting',
    attempt: 0,
    startedAt: null,
    endedAt: null,
    expectedSeconds: expectedSeconds ?? null,
    reason: '',
    error: '',
    headline: '',
    log: '',
    progress: null,
    series: new Map(),
    messages: [],
    finished: null,
  }))
  view.byId = new Map(view.stages.map((stage) => [stage.id, stage]))
  view.counts = new Map([['waiting', view.stages.length]])
}

/** A paused run does not end by itself; going on, it says anew when it will. */
function pause(view: RunView, paused: boolean): void {
  view.paused = paused
  if (paused) view.endsAt = null
}

function move(view: RunView, stage: StageView, state: State): void {
  const { counts } = view
  counts.set(stage.state, (counts.get(stage.state) ?? 0) - 1)
  counts.set(state, (counts.get(state) ?? 0) + 1)
  stage.state = state
}

/** A stage that is retried ends twice: what its first end counted is taken back. */
function uncount(view: RunView, stage: StageView): void {
  if (stage.finished) count(view, stage.finished, -1)
  stage.finished = null
}

function count(view: RunView, event: Extract<KpipeEvent, { type: 'stage-finished' }>, sign: 1 | -1): void {
  const { saved } = view
  const whole = event.outcome === 'fresh' || event.outcome === 'restored'
  saved.stages += whole ? sign : 0
  saved.seconds += whole ? sign * event.cost : 0
  saved.items += whole ? 0 : sign * (event.items?.reused ?? 0)
}

function say(stage: StageView, message: Message): void {
  stage.messages.push(message)
  if (stage.messages.length > MOST_MESSAGES) stage.messages = stage.messages.slice(-MOST_MESSAGES / 2)
}

function remember(stage: StageView, event: Extract<KpipeEvent, { type: 'stage-progress' }>): void {
  for (const [name, value] of Object.entries(event.metrics)) {
    let points = stage.series.get(name)
    if (!points || (points.at(-1)?.[0] ?? 0) > event.done) stage.series.set(name, (points = []))
    if (points.at(-1)?.[0] === event.done) points.pop()
    points.push([event.done, value])
    // Of a very long training every other point is let go: the curve keeps its shape, memory its bound.
    if (points.length > MOST_POINTS)
      stage.series.set(
        name,
        points.filter((_, i) => i % 2 === 1 || i === points.length - 1),
      )
  }
}
