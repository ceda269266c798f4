/** The view is a fold of events: what it knows after each, and that a log read later gives the same. */
import { expect, test } from 'vitest'
import { runRemaining, stageRemaining, trainingOf } from '../../src/reporters/forecast.ts'
import { apply, emptyView } from '../../src/reporters/view.ts'
import { at, begun, finished, progress, stage, started, training, viewOf } from './story.ts'

test('the same events give the same view, also after a trip through JSON', () => {
  const events = training()
  const read = JSON.parse(JSON.stringify(events)) as typeof events
  expect(viewOf(read)).toEqual(viewOf(events))
})

test('counts follow the states of the stages after every event', () => {
  const view = emptyView()
  for (const event of training()) {
    apply(view, event)
    const counted: Record<string, number> = {}
    for (const { state } of view.stages) counted[state] = (counted[state] ?? 0) + 1
    const kept = Object.fromEntries([...view.counts].filter(([, count]) => count > 0))
    expect(kept).toEqual(counted)
  }
})

test('what the cache saved: whole stages by their cost, items by number', () => {
  expect(viewOf(training()).saved).toEqual({ stages: 2, seconds: 170, items: 1517 })
})

test('a stage that is tried again ends twice and is counted once', () => {
  const view = viewOf([
    begun(0, [stage('a')]),
    started(1, 'a'),
    finished(2, 'a', 'failed', { error: 'no', items: { computed: 1, reused: 5 } }),
    at(2, { type: 'ending', seconds: 10 }),
  ])
  expect(view.endsAt).toBe(12)
  apply(view, at(3, { type: 'stage-waiting', stage: 'a', reason: 'tried again by hand' }))
  expect(view.byId.get('a')).toMatchObject({ state: 'waiting', error: '', finished: null })
  expect(view.endsAt).toBeNull()
  apply(view, started(3, 'a'))
  apply(view, finished(4, 'a', 'ran', { items: { computed: 0, reused: 6 } }))
  expect(view.saved.items).toBe(6)
  expect(Object.fromEntries([...view.counts].filter(([, count]) => count > 0))).toEqual({ ran: 1 })
})

test('training facts: curves, best, patience; a resumed training knows a best from before', () => {
  const facts = trainingOf(viewOf(training()).byId.get('train@emotion_recognizer')!)!
  expect(facts.loss).toHaveLength(40)
  expect(facts.best).toEqual({ value: 0.0331, at: 31 })
  expect(facts).toMatchObject({ learningRate: 0.001, samplesPerSecond: 6009, patienceLeft: 1 })
  const plain = viewOf([
    begun(0, [stage('t')]),
    started(0, 't'),
    ...[0.5, 0.3, 0.4].map((loss, i) => progress(i, 't', i + 1, 10, { loss })),
  ])
  expect(trainingOf(plain.byId.get('t')!)).toMatchObject({ best: { value: 0.3, at: 2 }, patienceLeft: null })
  expect(trainingOf(viewOf(training()).byId.get('download')!)).toBeNull()
})

test('an attempt that starts over starts its curves over, and long curves keep their shape in bounded memory', () => {
  const view = viewOf([begun(0, [stage('t')]), started(0, 't')])
  for (let i = 1; i <= 10_000; i++) apply(view, progress(i, 't', i, 10_000, { loss: 1 / i }))
  const points = view.byId.get('t')!.series.get('loss')!
  expect(points.length).toBeLessThanOrEqual(2000)
  expect(points.length).toBeGreaterThan(900)
  expect(points.at(-1)).toEqual([10_000, 1 / 10_000])
  apply(view, progress(10_001, 't', 1, 10_000, { loss: 2 }))
  expect(view.byId.get('t')!.series.get('loss')).toEqual([[1, 2]])
})

test('how long a stage still takes: its own word, else history, else nothing', () => {
  const view = viewOf([
    begun(0, [
      stage('told', [], 100),
      stage('history', [], 100),
      stage('late', [], 3),
      stage('new'),
      stage('next', [], 7),
    ]),
    ...['told', 'history', 'late', 'new'].map((id) => started(0, id, { told: 100, history: 100, late: 3 }[id] ?? null)),
    progress(10, 'told', 4, 10),
  ])
  const left = (id: string) => stageRemaining(view.byId.get(id)!, 12)
  expect([left('told'), left('history'), left('late'), left('new'), left('next')]).toEqual([1, 88, null, null, 7])
})

test('how long the run still takes: two slots, needs respected', () => {
  const chain = [stage('a', [], 10), stage('b', ['a'], 5), stage('c', [], 4), stage('d', ['b', 'c'], 1)]
  const view = viewOf([begun(0, chain), started(0, 'a', 10), started(0, 'c', 4)])
  // a ends in 8, b needs 5 more, d one more; c is over long before
  expect(runRemaining(view, 2)).toEqual({ seconds: 14, atLeast: false, atMost: true })
  expect(runRemaining(viewOf([begun(0, [stage('a')])]), 0)).toBeNull()
  const unsure = viewOf([begun(0, [stage('a', [], 3), stage('b')])])
  expect(runRemaining(unsure, 0)).toEqual({ seconds: 3, atLeast: true, atMost: true })
})
