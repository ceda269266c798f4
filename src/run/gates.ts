/** Bounds on metrics that hold a stage back: latency, accuracy, size. */
import type { StagePlan } from '../plan.ts'
import type { Metrics } from '../stage.ts'
import { recordName, type Session } from './session.ts'

/** Metrics of a stage's present result; {} where there is none. */
export function metricsOf(session: Session, stage: StagePlan): Metrics {
  const record = session.journal.get(recordName(session.plan, stage))
  return (record && session.store.results.get(record.key)?.metrics) ?? {}
}

/** Why the stage is held, or ''. A metric that is not there holds too: nothing passes a gate unseen. */
export function failingGate(session: Session, stage: StagePlan): string {
  for (const gate of stage.gates) {
    const metrics = metricsOf(session, session.stages.get(gate.stage)!)
    const value = metrics[gate.metric]
    const name = `${gate.metric} of ${gate.stage}`
    if (typeof value === 'boolean' || value === undefined || value === null || typeof value === 'string') {
      if (value === true && gate.min === 1) continue
      const known = Object.keys(metrics).filter((key) => typeof metrics[key] === 'number')
      return value === false
        ? `gate: ${name} is false`
        : `gate: ${gate.stage} reports no number ${gate.metric}${known.length > 0 ? ` (it reports ${known.join(', ')})` : ''}`
    }
    if (gate.max !== undefined && !(value <= gate.max))
      return `gate: ${name} is ${round(value)}, at most ${gate.max} is allowed`
    if (gate.min !== undefined && !(value >= gate.min))
      return `gate: ${name} is ${round(value)}, at least ${gate.min} is asked for`
  }
  return ''
}

const round = (value: number) => Number(value.toPrecision(4))
