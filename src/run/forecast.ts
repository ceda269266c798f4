/** What a run would do, stage by stage, without doing it: writes nothing, needs no lock. */
import type { StagePlan } from '../plan.ts'
import { failingGate } from './gates.ts'
import { decide } from './decide.ts'
import { recordName, type Session } from './session.ts'

export type Verdict = 'fresh' | 'restore' | 'run' | 'may run' | 'held' | 'disabled' | 'skip'

export interface Forecast {
  readonly stage: string
  readonly verdict: Verdict
  readonly reason: string
  /** From the last time it really ran; null where it never did. */
  readonly expectedSeconds: number | null
}

export function forecast(session: Session, selected: ReadonlySet<string>, forced: ReadonlySet<string>): Forecast[] {
  const verdicts = new Map<string, Verdict>()
  return session.plan.stages
    .filter((stage) => selected.has(stage.id))
    .map((stage) => {
      const { verdict, reason } = judge(session, stage, verdicts, forced)
      verdicts.set(stage.id, verdict)
      const seconds = session.journal.get(recordName(session.plan, stage))?.seconds ?? 0
      return { stage: stage.id, verdict, reason, expectedSeconds: seconds > 0 ? seconds : null }
    })
}

function judge(
  session: Session,
  stage: StagePlan,
  verdicts: ReadonlyMap<string, Verdict>,
  forced: ReadonlySet<string>,
): { verdict: Verdict; reason: string } {
  if (!stage.enabled) return { verdict: 'disabled', reason: 'its `when:` is false' }
  const stopped = stage.needs.find((id) => ['held', 'disabled', 'skip'].includes(verdicts.get(id) ?? ''))
  if (stopped) return { verdict: 'skip', reason: `${stopped} does not run` }
  // An equal output of what runs before would stop the wave, so this is as much as can be known.
  const unsure = stage.needs.find((id) => ['run', 'may run', 'restore'].includes(verdicts.get(id) ?? ''))
  if (unsure && !forced.has(stage.id)) return { verdict: 'may run', reason: `if ${unsure} gives another output` }
  const held = failingGate(session, stage)
  if (held) return { verdict: 'held', reason: held }
  const decision = decide(session, stage, forced.has(stage.id))
  if (decision.action === 'fresh') return { verdict: 'fresh', reason: '' }
  return { verdict: decision.action === 'restore' ? 'restore' : 'run', reason: decision.reason }
}
