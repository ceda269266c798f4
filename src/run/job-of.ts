/** A stage as a job: plain JSON that a worker here or on another machine can do. */
import { dirname, join } from 'node:path'
import type { Job, JobInput } from '../executor.ts'
import type { StagePlan } from '../plan.ts'
import { stageEnvironment } from './environment.ts'
import { metricsOf } from './gates.ts'
import { coresOf } from './resources.ts'
import { type Fingerprint, recordName, type ResolvedInput, type Session } from './session.ts'
import type { Work } from './work.ts'

export function jobOf(
  session: Session,
  stage: StagePlan,
  print: Fingerprint,
  work: Work,
  checkpoints: string | null,
  log: string,
  jobs: number,
): Job {
  const { layout } = session
  const input = (one: ResolvedInput): JobInput => {
    const producer = one.stage === null ? undefined : session.stages.get(one.stage)
    const record = producer && session.journal.get(recordName(session.plan, producer))
    return {
      stage: one.stage,
      path: one.path,
      content: one.content,
      metrics: producer ? metricsOf(session, producer) : {},
      createdAt: record?.createdAt ?? null,
    }
  }
  const out = work.staged['']!
  return {
    type: stage.command ? 'command' : 'kind',
    pipeline: session.plan.name,
    stage: stage.id,
    kind: stage.kind,
    kindFile: stage.kindFile,
    code: stage.code,
    options: stage.options,
    inputs: stage.command
      ? {}
      : Object.fromEntries(
          Object.entries(print.inputs).map(([key, value]) => [
            key,
            Array.isArray(value) ? value.map(input) : input(value as ResolvedInput),
          ]),
        ),
    out: out ?? '',
    scratch: out ? join(dirname(out), 'scratch') : '',
    checkpoints,
    items: layout.items,
    trees: layout.trees,
    command: stage.command?.run ?? '',
    cwd: layout.root,
    env: stageEnvironment(session, stage, log, coresOf(session.plan, jobs, stage)),
    log,
  }
}
