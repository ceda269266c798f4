/** What the view says about the future and the training at hand: pure figures, computed from a view and a time. */
import type { Point, RunView, StageView } from './view.ts'

/** Above this many stages the run's end is estimated by sums instead of by simulating who waits for whom. */
const MOST_SIMULATED = 1000

/** Seconds the stage still needs at `now` (seconds since the run began), or null where nothing tells. */
export function stageRemaining(stage: StageView, now: number): number | null {
  if (stage.state === 'waiting') return stage.expectedSeconds
  if (stage.state !== 'running') return 0
  const { progress } = stage
  if (progress && progress.event.etaSeconds !== null)
    return Math.max(0, progress.event.etaSeconds - (now - progress.at))
  if (stage.expectedSeconds === null || stage.startedAt === null) return null
  const left = stage.expectedSeconds - (now - stage.startedAt)
  return left > 0 ? left : null // longer than last time: history has nothing more to say
}

export interface Remaining {
  readonly seconds: number
  /** Some stages have no history: it may be more. */
  readonly atLeast: boolean
  /** Stages wait that may turn out to be fresh: it may be less. */
  readonly atMost: boolean
}

/** When the run will be over if every waiting stage runs and takes what it took last time; null where nothing is known. */
export function runRemaining(view: RunView, now: number): Remaining | null {
  const open = view.stages.filter((stage) => stage.state === 'waiting' || stage.state === 'running')
  const known = open.map((stage) => stageRemaining(stage, now))
  if (open.length === 0 || known.every((seconds) => seconds === null)) return null
  const seconds = open.length > MOST_SIMULATED ? sum(known) / view.jobs : simulate(open, known, view.jobs)
  return {
    seconds,
    atLeast: known.includes(null),
    atMost: open.some((stage) => stage.state === 'waiting'),
  }
}

/** List scheduling in plan order on `jobs` slots, needs respected. */
function simulate(open: readonly StageView[], durations: readonly (number | null)[], jobs: number): number {
  const ends = new Map<string, number>()
  const slots: number[] = Array.from({ length: Math.max(1, jobs) }, () => 0)
  open.forEach((stage, i) => {
    const earliest = Math.max(0, ...stage.needs.map((id) => ends.get(id) ?? 0))
    const slot = slots.indexOf(Math.min(...slots))
    const end = Math.max(slots[slot]!, stage.state === 'running' ? 0 : earliest) + (durations[i] ?? 0)
    slots[slot] = end
    ends.set(stage.id, end)
  })
  return Math.max(...ends.values())
}

const sum = (values: readonly (number | null)[]) => values.reduce<number>((all, one) => all + (one ?? 0), 0)

export interface Training {
  readonly loss: readonly Point[]
  readonly validation: readonly Point[]
  /** Lowest validation loss (training loss where there is none) and where it was reached. */
  readonly best: { readonly value: number; readonly at: number }
  readonly learningRate: number | null
  readonly samplesPerSecond: number | null
  /** Epochs until early stopping, null where it is off or not told. */
  readonly patienceLeft: number | null
}

/** The training facts of a stage that reports a loss, else null. */
export function trainingOf(stage: StageView): Training | null {
  const loss = stage.series.get('loss') ?? []
  const validation = stage.series.get('val_loss') ?? []
  const watched = validation.length > 0 ? validation : loss
  if (watched.length === 0) return null
  const best = watched.reduce((least, point) => (point[1] < least[1] ? point : least))
  const last = (name: string) => stage.series.get(name)?.at(-1)?.[1] ?? null
  return {
    loss,
    validation,
    // A stage that continued from a checkpoint knows a best that lies before the first epoch shown here.
    best: { value: last('best') ?? best[1], at: last('best_epoch') ?? best[0] },
    learningRate: last('learning_rate'),
    samplesPerSecond: last('samples_per_second'),
    patienceLeft: last('patience_left'),
  }
}
