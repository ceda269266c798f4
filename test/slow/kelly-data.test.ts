/** The main job on real music, where it is at hand: every model that has labels to learn from beats predicting the mean, or is named. */
import { cpSync, existsSync, readFileSync } from 'node:fs'
import { resolve, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Metrics } from '../../src/stage.ts'
import { events, outcomes, Project, repository } from '../rig.ts'

const data = resolve(repository, '../shared/data/kelly')
const MODELS = ['emotion_recognizer', 'melody_transformer', 'harmony_predictor', 'dynamics_engine', 'groove_predictor']

describe.runIf(existsSync(data))('real music (../shared/data/kelly)', () => {
  let project: Project
  let out: string
  const set = ['--set', `data=${data}`]

  beforeAll(() => {
    project = new Project()
    cpSync(join(repository, 'configs'), project.path('configs'), { recursive: true })
    project.write({ 'pipelines/kelly.yaml': readFileSync(join(repository, 'pipelines/kelly.yaml')) })
    const done = project.kpipe('run', '--json', ...set)
    expect(done.code, done.err + done.out).toBe(0)
    out = done.out
  }, 600_000)
  afterAll(() => project.dispose())

  const finished = (stage: string) => {
    const found = events(out).flatMap((event) =>
      event.type === 'stage-finished' && event.stage === stage ? [event] : [],
    )
    expect(found, stage).toHaveLength(1)
    return found[0]! as { metrics: Metrics; notes: readonly string[]; outcome: string }
  }

  it('93 clips, 240 MIDI files, 401 progressions and 320 drum takes are found', () => {
    const { metrics } = finished('validate')
    expect(metrics).toMatchObject({ found: 93 + 240 + 401 + 320, generated: false })
    expect([metrics['audio.kept'], metrics['midi.kept'], metrics['chords.kept'], metrics['drums.kept']]).toEqual([
      93, 240, 401, 320,
    ])
  })

  it.each(MODELS)('%s beats predicting the mean, or the report says that it does not', (model) => {
    const { metrics, notes, outcome } = finished(`evaluate@${model}`)
    expect(outcome).toBe('ran')
    const [loss, baseline] = [Number(metrics['loss']), Number(metrics['baseline_loss'])]
    expect(loss).toBeGreaterThan(0)
    expect(baseline).toBeGreaterThan(0)
    const told = notes.some((note) => note.includes('does not beat predicting the mean'))
    expect(told).toBe(!(loss < baseline))
  })

  it('the summary has every note, and at least four of the five models beat it', () => {
    const better = MODELS.filter((model) => {
      const { metrics } = finished(`evaluate@${model}`)
      return Number(metrics['loss']) < Number(metrics['baseline_loss'])
    })
    expect(better.length, better.join(', ')).toBeGreaterThanOrEqual(4)
  })

  it('a second run has nothing to do, whatever the path says', () => {
    expect(new Set(Object.values(outcomes(project.kpipe('run', '--json', ...set).out)))).toEqual(new Set(['fresh']))
  })
})
