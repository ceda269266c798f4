/** Runs told in events, for tests of what reporters make of them. */
import type { KpipeEvent, Outcome, StageSummary, TimedEvent } from '../../src/events.ts'
import { apply, emptyView, type RunView } from '../../src/reporters/view.ts'

const BEGIN = Date.parse('2026-11-21T07:19:03Z')

export const at = (seconds: number, event: KpipeEvent): TimedEvent => ({
  ...event,
  at: seconds,
  time: new Date(BEGIN + seconds * 1000).toISOString(),
})

export const viewOf = (events: readonly TimedEvent[]): RunView => events.reduce(apply, emptyView())

export const stage = (
  id: string,
  needs: readonly string[] = [],
  expectedSeconds: number | null = null,
): StageSummary => ({
  id,
  kind: id.split('@')[0]!,
  needs,
  expectedSeconds,
})

export const begun = (seconds: number, stages: readonly StageSummary[], pipeline = 'kelly'): TimedEvent =>
  at(seconds, { type: 'run-started', run: '20261121-071903-4f2a', pipeline, stages, jobs: 2 })

export const started = (seconds: number, id: string, expectedSeconds: number | null = null): TimedEvent =>
  at(seconds, {
    type: 'stage-started',
    stage: id,
    reason: 'learning_rate 0.001 -> 0.0005',
    attempt: 1,
    log: `cache/runs/x/${id}.log`,
    expectedSeconds,
  })

export const progress = (
  seconds: number,
  id: string,
  done: number,
  total: number,
  metrics: Record<string, number> = {},
  unit = 'epochs',
): TimedEvent => {
  const etaSeconds = done > 0 && total > 0 ? (total - done) * 0.5 : null
  return at(seconds, { type: 'stage-progress', stage: id, done, total, unit, metrics, note: '', etaSeconds })
}

export const finished = (
  seconds: number,
  id: string,
  outcome: Outcome,
  more: Partial<Extract<KpipeEvent, { type: 'stage-finished' }>> = {},
): TimedEvent =>
  at(seconds, {
    type: 'stage-finished',
    stage: id,
    outcome,
    seconds: outcome === 'ran' ? 2 : 0,
    reason: '',
    error: '',
    headline: '',
    notes: [],
    metrics: {},
    outputs: [],
    items: null,
    cost: 0,
    ...more,
  })

const MODELS = ['emotion_recognizer', 'melody_transformer', 'groove_predictor']

/** A small Kelly run in the middle of two trainings, with something cached and something broken. */
export function training(epochs = 40): TimedEvent[] {
  const stages = [
    stage('download', [], 5),
    stage('validate', ['download'], 1.2),
    ...MODELS.map((model) => stage(`featurize@${model}`, ['validate'], 2)),
    ...MODELS.map((model) => stage(`train@${model}`, [`featurize@${model}`], 25)),
    ...MODELS.map((model) => stage(`export@${model}`, [`train@${model}`])),
    stage(
      'register',
      MODELS.map((model) => `export@${model}`),
      0.4,
    ),
  ]
  const curve = (epoch: number) => ({
    loss: 0.02 + 0.2 * Math.exp(-epoch / 9),
    val_loss: 0.031 + 0.16 * Math.exp(-epoch / 7) + Math.max(0, epoch - 30) * 0.0008,
    learning_rate: 0.001,
    samples_per_second: 6009,
    best: 0.0331,
    best_epoch: Math.min(epoch, 31),
    patience_left: Math.max(0, 10 - Math.max(0, epoch - 31)),
  })
  return [
    begun(0, stages),
    finished(0.1, 'download', 'fresh', { cost: 130 }),
    finished(0.2, 'validate', 'restored', { cost: 40 }),
    started(0.3, 'featurize@emotion_recognizer', 2),
    finished(2, 'featurize@emotion_recognizer', 'ran', { headline: '120 rows', items: { computed: 3, reused: 1517 } }),
    started(2.1, 'featurize@groove_predictor', 2),
    finished(2.4, 'featurize@groove_predictor', 'failed', {
      error: 'drums/beat_07.mid byte 42: expected MTrk, found RIFF\nremove the file, or repair it',
      seconds: 0.3,
    }),
    started(2.5, 'train@emotion_recognizer', 25),
    started(2.6, 'featurize@melody_transformer', 2),
    at(3, { type: 'stage-log', stage: 'train@emotion_recognizer', level: 'info', text: 'goes on from epoch 12' }),
    ...Array.from({ length: epochs }, (_, i) =>
      progress(3 + i * 0.5, 'train@emotion_recognizer', i + 1, 50, curve(i + 1)),
    ),
    progress(4, 'featurize@melody_transformer', 40, 160, {}, 'items'),
  ]
}

/** Many stages, a few of them at work. */
export function crowd(count: number): TimedEvent[] {
  const ids = Array.from({ length: count }, (_, i) => `featurize@song_${String(i).padStart(3, '0')}`)
  return [
    begun(
      0,
      ids.map((id) => stage(id, [], 3)),
      'songs',
    ),
    ...ids.slice(0, 2).map((id) => started(1, id, 3)),
    ...ids.slice(0, 2).map((id, i) => progress(2, id, 5 + i, 10, {}, 'items')),
  ]
}
