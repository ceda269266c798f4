/**
 * The dashboard at work: folds events into the view, draws it a few times a second, turns keys into wishes. What a screen
 * shows is decided in screen.ts, what a key means in keys.ts; drawing is dashboard.ts's. Leaves out the summary at the end.
 */
import { join } from 'node:path'
import pc from 'picocolors'
import type { Reporter, TimedEvent } from '../events.ts'
import type { Canvas } from './dashboard.ts'
import { type Press, press, selectedStage, startUi, type Ui, type Wish } from './keys.ts'
import { type MachineLoad, machineMeter } from './machine.ts'
import { type Look, screen } from './screen.ts'
import { type Finished, finishedLines } from './finished.ts'
import { logTail } from './tail.ts'
import { apply, emptyView, type RunView, type StageView } from './view.ts'

export interface Terminal {
  readonly columns: number
  readonly rows: number
  write(text: string): unknown
  on(event: 'resize', listener: () => void): unknown
  off(event: 'resize', listener: () => void): unknown
}
export type Keys = NodeJS.ReadStream

export interface LiveOptions {
  readonly terminal: Terminal
  /** null: nobody can press a key. */
  readonly keys: Keys | null
  /** Project folder; logs are named relative to it. */
  readonly root: string
  readonly color: boolean
  readonly unicode: boolean
  /** False: a run that is only looked at. */
  readonly controls: boolean
  readonly onWish: (wish: Wish) => void
  /** The dashboard broke; the run goes on without it. */
  readonly onBreak: (error: unknown) => void
}

/** At most two frames a second, between keys: ink takes 10 ms or more a frame, and curves of epochs need no more. */
const DRAW_MS = 500
/** After a key. */
const KEY_MS = 30
/** Clocks and the machine go on when nothing happens. */
const TICK_MS = 1000
const RESIZE_MS = 60
/** Below this the frame is cut by the terminal; nothing that helps would fit. */
const LEAST_COLUMNS = 12
const LEAST_ROWS = 4
/** Finished rows printed again after a resize. */
const KEPT_ROWS = 200

export async function openLive(options: LiveOptions): Promise<Live> {
  const live = new Live(options, await loadCanvas())
  live.start()
  return live
}

type OpenCanvas = typeof import('./dashboard.ts').openCanvas

/** React looks at NODE_ENV once, while it loads; stages that ask for it must see the user's. */
async function loadCanvas(): Promise<OpenCanvas> {
  const before = process.env['NODE_ENV']
  process.env['NODE_ENV'] = 'production'
  try {
    return (await import('./dashboard.ts')).openCanvas
  } finally {
    if (before === undefined) delete process.env['NODE_ENV']
    else process.env['NODE_ENV'] = before
  }
}

export class Live implements Reporter {
  readonly view: RunView = emptyView()
  readonly #options: LiveOptions
  readonly #openCanvas: OpenCanvas
  readonly #paint: ReturnType<typeof pc.createColors>
  readonly #meter = machineMeter()
  readonly #tail = logTail()
  #machine: MachineLoad | null = null
  #ui: Ui = startUi
  #canvas: Canvas | null = null
  #above: string[] = []
  /** The last stages that ended, to be printed again at another width. */
  #ended: Finished[] = []
  #timer: NodeJS.Timeout | null = null
  #dueAt = Infinity
  #metAt = -Infinity
  /** The terminal has another size than the canvas knows. */
  #resizedSince = false
  #closed = false

  constructor(options: LiveOptions, openCanvas: OpenCanvas) {
    this.#options = options
    this.#openCanvas = openCanvas
    this.#paint = pc.createColors(options.color)
  }

  start(): void {
    this.#options.terminal.on('resize', this.#resized)
    this.#drawIn(0)
  }

  event(event: TimedEvent): void {
    apply(this.view, event)
    if (event.type === 'stage-finished') {
      this.#above.push(...finishedLines(event, this.#look()))
      this.#ended.push(event)
      if (this.#ended.length > 2 * KEPT_ROWS) this.#ended = this.#ended.slice(-KEPT_ROWS)
    }
    if (!this.#closed) this.#drawIn(DRAW_MS)
  }

  /** Nobody writes this run's log any more, and it has no end. */
  abandoned(): void {
    this.view.abandoned = true
    this.#drawIn(0)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#options.terminal.off('resize', this.#resized)
    this.#cancelTimer()
    // What ended since the last frame is still printed.
    this.#safely(() => this.#canvas?.draw({ above: this.#above, rows: [] }))
    this.#safely(() => this.#canvas?.close())
    this.#canvas = null
  }

  #look(): Look {
    const { columns, rows } = this.#options.terminal
    return {
      size: { columns: Math.max(LEAST_COLUMNS, columns || 80), rows: Math.max(LEAST_ROWS, rows || 24) },
      unicode: this.#options.unicode,
      paint: this.#paint,
    }
  }

  #drawIn(milliseconds: number): void {
    const due = performance.now() + milliseconds
    if (this.#closed || this.#dueAt <= due) return
    this.#cancelTimer()
    this.#dueAt = due
    this.#timer = setTimeout(() => this.#draw(), milliseconds)
    // Drawing alone must not keep a run that is over alive; a finished run that is looked at stays for its keyboard.
    this.#timer.unref()
  }

  #cancelTimer(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    this.#dueAt = Infinity
  }

  #draw(): void {
    this.#cancelTimer()
    const { terminal, keys, controls } = this.#options
    this.#safely(() => {
      if (this.#resizedSince) this.#beginAgain()
      this.#canvas ??= this.#openCanvas({ terminal, keys, onKey: (key) => this.#pressed({ key }) })
      this.#canvas.draw({ above: this.#above, rows: this.#rows(controls) })
    })
    this.#drawIn(TICK_MS)
  }

  #rows(controls: boolean): string[] {
    const look = this.#look()
    const over = this.view.end !== null || this.view.abandoned
    const now = over ? this.view.at : Math.max(this.view.at, (Date.now() - this.view.startedMs) / 1000)
    if (performance.now() - this.#metAt > 2 * TICK_MS - 100) {
      this.#machine = this.#meter.look()
      this.#metAt = performance.now()
    }
    const stage = selectedStage(this.view, this.#ui)
    return screen({
      ...look,
      view: this.view,
      ui: this.#ui,
      now,
      machine: this.#machine,
      log: stage ? this.#logOf(stage) : [],
      keyboard: { controls },
    })
  }

  /** What the stage said to kpipe, then what its programs printed. */
  #logOf(stage: StageView): string[] {
    const said = stage.messages.flatMap(({ level, text }) =>
      `${level === 'warn' ? 'warning: ' : ''}${text}`.split('\n'),
    )
    const printed = stage.log ? this.#tail(join(this.#options.root, stage.log)) : []
    return [...said, ...printed.filter((line) => !line.startsWith('KPIPE {'))]
  }

  #pressed(key: Press): void {
    const page = Math.max(1, Math.floor(this.#look().size.rows / 3))
    const { ui, wish } = press(this.view, this.#ui, key, { controls: this.#options.controls, page })
    this.#ui = ui
    if (wish) this.#options.onWish(wish)
    this.#drawIn(KEY_MS)
  }

  /** A window being dragged tells of every size on the way: drawn when it has come to rest, or when something else asks. */
  readonly #resized = (): void => {
    this.#resizedSince = true
    this.#cancelTimer()
    this.#drawIn(RESIZE_MS)
  }

  /** The terminal has folded and cut what stood there: begin again on a clean screen, at the new width. */
  #beginAgain(): void {
    this.#resizedSince = false
    this.#canvas?.close()
    this.#canvas = null
    this.#options.terminal.write('\u001B[2J\u001B[H')
    const look = this.#look()
    const lines = this.#ended.flatMap((event) => finishedLines(event, look))
    this.#above = lines.slice(-Math.min(KEPT_ROWS, look.size.rows))
  }

  #safely(work: () => void): void {
    try {
      work()
    } catch (error) {
      const first = !this.#closed
      this.close()
      if (first) this.#options.onBreak(error)
    }
  }
}
