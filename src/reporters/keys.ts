/** What a key press means: a new state of the screen, and perhaps a wish for the run. Pure. */
import type { RunView, StageView, State } from './view.ts'

export type Filter = 'open' | 'all' | 'bad'

export interface Ui {
  /** Stage id, '' = whatever is most worth a look. */
  readonly selected: string
  readonly filter: Filter
  readonly pane: 'facts' | 'log' | 'help'
  /** Lines of the log below the last one shown. */
  readonly scroll: number
  readonly confirm: { readonly type: 'quit' } | { readonly type: 'cancel'; readonly stage: string } | null
  /** A sentence on the last key, '' for none. */
  readonly notice: string
}

/** What somebody at the keyboard wants. */
export type Wish =
  | { readonly type: 'pause'; readonly paused: boolean }
  | { readonly type: 'cancel'; readonly stage: string }
  | { readonly type: 'retry'; readonly stage: string }
  /** Somebody is there: a run about to end waits a little longer. */
  | { readonly type: 'stay' }
  /** A run about to end may end now. */
  | { readonly type: 'end' }
  /** Leave: stop the run, or only stop watching it. */
  | { readonly type: 'quit' }
  /** ctrl-c */
  | { readonly type: 'interrupt' }

export interface Press {
  /** A printable character, or the name of the key: up, down, pageup, pagedown, home, end, return, escape, ctrl-c. */
  readonly key: string
}

export interface Keyboard {
  /** False: a run that is only looked at. */
  readonly controls: boolean
  /** Rows a page has. */
  readonly page: number
}

export const startUi: Ui = { selected: '', filter: 'open', pane: 'facts', scroll: 0, confirm: null, notice: '' }

const FILTERS: readonly Filter[] = ['open', 'all', 'bad']
const NEEDS_LOOK: ReadonlySet<State> = new Set(['failed', 'timed-out', 'moved', 'held'])
const BAD: ReadonlySet<State> = new Set([...NEEDS_LOOK, 'cancelled', 'skipped'])
export const RETRYABLE: ReadonlySet<State> = new Set(['failed', 'timed-out', 'moved', 'cancelled'])

/** Rows of the list. `open`: what runs, what went wrong, what waits; of a run that is over everything. */
export function shownStages(view: RunView, filter: Filter): StageView[] {
  if (filter === 'all' || (filter === 'open' && view.end)) return view.stages
  if (filter === 'bad') return view.stages.filter((stage) => BAD.has(stage.state))
  const of = (test: (state: State) => boolean) => view.stages.filter((stage) => test(stage.state))
  return [...of((s) => s === 'running'), ...of((s) => RETRYABLE.has(s) || s === 'held'), ...of((s) => s === 'waiting')]
}

/** The chosen stage; without a choice one that trains, else one that runs, else one that went wrong. */
export function selectedStage(view: RunView, ui: Ui): StageView | undefined {
  const shown = shownStages(view, ui.filter)
  const chosen = shown.find((stage) => stage.id === ui.selected)
  if (chosen) return chosen
  return (
    shown.find((stage) => stage.state === 'running' && stage.series.has('loss')) ??
    shown.find((stage) => stage.state === 'running') ??
    shown.find((stage) => NEEDS_LOOK.has(stage.state)) ??
    shown[0]
  )
}

export function press(view: RunView, ui: Ui, { key }: Press, keyboard: Keyboard): { ui: Ui; wish: Wish | null } {
  if (key === 'ctrl-c') return { ui, wish: { type: keyboard.controls ? 'interrupt' : 'quit' } }
  const quiet = { ...ui, notice: '' }
  if (ui.confirm) {
    const yes = key === 'y' || key === 'return' || (key === 'q' && ui.confirm.type === 'quit')
    return { ui: { ...quiet, confirm: null }, wish: yes ? ui.confirm : null }
  }
  const done = act(view, quiet, key, keyboard)
  return done.wish === null && view.endsAt !== null ? { ui: done.ui, wish: { type: 'stay' } } : done
}

function act(view: RunView, ui: Ui, key: string, keyboard: Keyboard): { ui: Ui; wish: Wish | null } {
  const stay = (change: Partial<Ui>) => ({ ui: { ...ui, ...change }, wish: null })
  switch (key) {
    case 'up':
    case 'k':
      return stay(step(view, ui, -1))
    case 'down':
    case 'j':
      return stay(step(view, ui, 1))
    case 'pageup':
      return stay(step(view, ui, -keyboard.page))
    case 'pagedown':
      return stay(step(view, ui, keyboard.page))
    case 'home':
    case 'g':
      return stay(step(view, ui, -Infinity))
    case 'end':
    case 'G':
      return stay(step(view, ui, Infinity))
    case 'return':
    case 'l':
      return stay({ pane: ui.pane === 'log' ? 'facts' : 'log', scroll: 0, selected: selectedStage(view, ui)?.id ?? '' })
    case 'escape':
      return stay({ pane: 'facts', scroll: 0, selected: ui.pane === 'facts' ? '' : ui.selected })
    case '?':
    case 'h':
      return stay({ pane: ui.pane === 'help' ? 'facts' : 'help' })
    case 'f':
      return stay({ filter: FILTERS[(FILTERS.indexOf(ui.filter) + 1) % FILTERS.length]!, selected: '' })
    case 'q':
      if (!keyboard.controls || view.end) return { ui, wish: { type: 'quit' } }
      if (view.endsAt !== null || !hasOpen(view)) return { ui, wish: { type: 'end' } }
      return stay({ confirm: { type: 'quit' } })
  }
  return keyboard.controls ? control(view, ui, key) : { ui, wish: null }
}

/** Something runs, or waits to. */
const hasOpen = (view: RunView): boolean => (view.counts.get('waiting') ?? 0) + (view.counts.get('running') ?? 0) > 0

function control(view: RunView, ui: Ui, key: string): { ui: Ui; wish: Wish | null } {
  const stage = selectedStage(view, ui)
  if (key === 'p') return { ui, wish: { type: 'pause', paused: !view.paused } }
  if (key === 'c') {
    if (!stage || (stage.state !== 'running' && stage.state !== 'waiting'))
      return { ui: { ...ui, notice: 'only a stage that runs or waits can be cancelled' }, wish: null }
    return { ui: { ...ui, selected: stage.id, confirm: { type: 'cancel', stage: stage.id } }, wish: null }
  }
  if (key === 'r') {
    if (!stage || !RETRYABLE.has(stage.state))
      return { ui: { ...ui, notice: 'choose a stage that failed or was cancelled: r tries it again' }, wish: null }
    return { ui, wish: { type: 'retry', stage: stage.id } }
  }
  return { ui, wish: null }
}

/** In the log pane the arrows scroll, elsewhere they choose a stage. */
function step(view: RunView, ui: Ui, by: number): Partial<Ui> {
  if (ui.pane === 'log')
    return {
      scroll: Math.max(0, by === -Infinity ? Number.MAX_SAFE_INTEGER : ui.scroll - (by === Infinity ? ui.scroll : by)),
    }
  const shown = shownStages(view, ui.filter)
  if (shown.length === 0) return {}
  const at = shown.findIndex((stage) => stage.id === selectedStage(view, ui)?.id)
  return { selected: shown[Math.min(shown.length - 1, Math.max(0, at + by))]!.id }
}
