/** The plain reporter, told recorded runs: all that it says is compared. */
import { describe, expect, test } from 'vitest'
import type { KpipeEvent, Outcome, TimedEvent } from '../../src/events.ts'
import { jsonReporter } from '../../src/reporters/json.ts'
import { reporterOptions } from '../../src/reporters/index.ts'
import { plainReporter } from '../../src/reporters/plain.ts'
import { columns, number, seconds } from '../../src/reporters/text.ts'

type Finished = Extract<KpipeEvent, { type: 'stage-finished' }>

const at = (time: number, event: KpipeEvent): TimedEvent => ({ ...event, at: time, time: '2026-11-21T07:19:03.000Z' })

const started = (stage: string, reason: string, more: Partial<Extract<KpipeEvent, { type: 'stage-started' }>> = {}) =>
  ({
    type: 'stage-started',
    stage,
    reason,
    attempt: 1,
    log: 'cache/runs/x/a.log',
    expectedSeconds: null,
    ...more,
  }) as const

const finished = (stage: string, outcome: Outcome, more: Partial<Finished> = {}): Finished => ({
  type: 'stage-finished',
  stage,
  outcome,
  seconds: 0,
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

const progress = (
  stage: string,
  done: number,
  total: number,
  metrics = {},
  note = '',
  etaSeconds: number | null = null,
) => ({ type: 'stage-progress', stage, done, total, unit: 'epochs', metrics, note, etaSeconds }) as const

const begun = (ids: readonly string[]) =>
  ({
    type: 'run-started',
    run: '20261121-071903-4f2a',
    pipeline: 'kelly',
    stages: ids.map((id) => ({ id, kind: id.split('@')[0]!, needs: [] })),
    jobs: 2,
  }) as const

/** What stands on stderr and on stdout afterwards. */
function told(events: readonly TimedEvent[], options: { quiet?: boolean; unicode?: boolean; columns?: number } = {}) {
  const text = { err: '', out: '' }
  const reporter = plainReporter({
    err: (more) => (text.err += more),
    out: (more) => (text.out += more),
    color: false,
    unicode: true,
    columns: 100,
    quiet: false,
    ...options,
  })
  for (const event of events) reporter.event(event)
  reporter.close()
  return text
}

const RUN: readonly TimedEvent[] = [
  at(
    0,
    begun(['download', 'validate', 'featurize@a', 'train@a', 'train@b', 'evaluate@a', 'export@a', 'register', 'extra']),
  ),
  at(0.1, { type: 'waiting', reason: 'another kpipe run (process 7) is working in this project; waiting for it' }),
  at(2, finished('download', 'fresh', { outputs: ['cache/out/kelly/download'], cost: 61.5 })),
  at(2, started('validate', 'data: 2 MIDI files added (a.mid, b.mid)', { expectedSeconds: 3.25 })),
  at(2.5, { type: 'stage-log', stage: 'validate', level: 'warn', text: 'midi/b.mid: byte 14: file ends early' }),
  at(
    3,
    finished('validate', 'ran', {
      seconds: 1,
      headline: '2 of 240 files dropped',
      items: { computed: 2, reused: 1238 },
      outputs: ['cache/out/kelly/validate'],
      notes: ['2 files dropped'],
    }),
  ),
  at(
    3,
    finished('featurize@a', 'restored', {
      seconds: 0.004,
      reason: 'n_mels 64 -> 128',
      outputs: ['cache/out/kelly/featurize@a'],
      items: { computed: 9, reused: 0 },
      cost: 20,
    }),
  ),
  at(3, started('train@a', 'learning_rate 0.001 -> 0.0005')),
  at(3, started('train@b', 'never ran before')),
  at(3.5, progress('train@a', 1, 50, { loss: 0.5 })),
  at(6, progress('train@a', 5, 50, { loss: 0.31234567, val_loss: 0.35 }, 'patience 2 of 10', 44)),
  at(8, progress('train@a', 7, 50)), // too soon after the last one
  at(11, progress('train@b', 1200, 0)),
  at(13, progress('train@a', 12, 50)),
  at(13.1, {
    type: 'stage-retry',
    stage: 'train@b',
    attempt: 1,
    of: 3,
    error: 'command ended with exit code 1\nmore',
    delaySeconds: 4,
  }),
  at(17, started('train@b', 'never ran before', { attempt: 2 })),
  at(
    18,
    finished('train@b', 'failed', {
      seconds: 1,
      reason: 'never ran before',
      error: 'loss is NaN in epoch 3\nlower learning_rate',
      outputs: ['cache/runs/x/train@b.2.log'],
    }),
  ),
  at(
    20,
    finished('train@a', 'same', {
      seconds: 17,
      headline: 'val_loss 0.3123',
      outputs: ['cache/out/kelly/train@a'],
      notes: ['demo data'],
    }),
  ),
  at(
    20,
    finished('evaluate@a', 'fresh', {
      seconds: 0,
      headline: 'rmse 0.2',
      outputs: ['cache/out/kelly/evaluate@a'],
      cost: 2,
    }),
  ),
  at(20, finished('export@a', 'held', { reason: 'gate: latency.p99_ms of evaluate@a is 12.5, at most 10 is allowed' })),
  at(20, finished('register', 'skipped', { reason: 'export@a was held by its gate' })),
  at(20, finished('extra', 'disabled', { reason: 'its `when:` is false' })),
  at(20.1, {
    type: 'run-finished',
    outcome: 'failed',
    seconds: 20.1,
    counts: { fresh: 2, ran: 1, restored: 1, failed: 1, same: 1, held: 1, skipped: 1, disabled: 1 },
  }),
]

test('a run with everything in it', () => {
  const { err, out } = told(RUN)
  expect(err).toBe(`· another kpipe run (process 7) is working in this project; waiting for it
▶ validate  data: 2 MIDI files added (a.mid, b.mid) · took 3.3 s last time
  warning: validate  midi/b.mid: byte 14: file ends early
✓ validate  ran in 1.0 s, 2 of 1,240 items computed · 2 of 240 files dropped
✓ featurize@a  restored in 0.00 s · n_mels 64 -> 128
▶ train@a  learning_rate 0.001 -> 0.0005
▶ train@b  never ran before
  train@a  5/50 epochs · loss 0.3123 · val_loss 0.35 · patience 2 of 10 · 44 s left
  train@a  12/50 epochs
· train@b  attempt 1 of 3 failed: command ended with exit code 1; again in 4.0 s
▶ train@b  never ran before (attempt 2)
✗ train@b  FAILED · never ran before
    loss is NaN in epoch 3
    lower learning_rate
    log: cache/runs/x/train@b.2.log
✓ train@a  ran, same output in 17 s · val_loss 0.3123
· export@a  held · gate: latency.p99_ms of evaluate@a is 12.5, at most 10 is allowed
· register  skipped · export@a was held by its gate
`)
  expect(out).toBe(`
stage        outcome           time    key metric              outputs
download     fresh                                             cache/out/kelly/download
validate     ran               1.0 s   2 of 240 files dropped  cache/out/kelly/validate
featurize@a  restored          0.00 s                          cache/out/kelly/featurize@a
train@a      ran, same output  17 s    val_loss 0.3123         cache/out/kelly/train@a
train@b      FAILED            1.0 s
evaluate@a   fresh                     rmse 0.2                cache/out/kelly/evaluate@a
export@a     held
register     skipped
extra        disabled

· validate: 2 files dropped
· train@a: demo data

kelly: failed in 20 s · 2 fresh, 1 ran, 1 restored, 1 failed, 1 ran with the same output, 1 held, 1 skipped, 1 disabled, 84 s of work saved
`)
})

test('quiet: the summary alone, with the errors in it', () => {
  const { err, out } = told(RUN, { quiet: true })
  expect(err).toBe('')
  expect(out).toContain('\ntrain@b: loss is NaN in epoch 3\nlower learning_rate\n')
  expect(out).toContain('\nexport@a: gate: latency.p99_ms of evaluate@a is 12.5, at most 10 is allowed\n')
  expect(out).toContain('kelly: failed in 20 s')
})

test('where there is no Unicode', () => {
  const { err, out } = told(RUN, { unicode: false })
  expect(err).toContain('\n> train@a  learning_rate 0.001 -> 0.0005\n')
  expect(err).toContain('\n+ train@a  ran, same output in 17 s')
  expect(err).toContain('\nx train@b  FAILED')
  expect(out).toContain('\n- train@a: demo data\n')
})

test('a narrow terminal: no line of the table is wider, and stage names stay whole', () => {
  const { out } = told(RUN, { columns: 72 })
  const table = out.split('\n').slice(1, 11)
  expect(Math.max(...table.map((line) => line.length))).toBeLessThanOrEqual(72)
  expect(table.map((line) => line.split(' ')[0])).toContain('featurize@a')
})

test('nothing to do is one line', () => {
  const events = [
    at(0, begun(['a', 'b'])),
    at(0.01, finished('a', 'fresh', { cost: 0.2, notes: ['demo data'] })),
    at(0.01, finished('b', 'disabled')),
    at(0.02, { type: 'run-finished', outcome: 'ok', seconds: 0.02, counts: { fresh: 1, disabled: 1 } } as const),
  ]
  expect(told(events)).toEqual({ err: '', out: 'kelly: 1 stage fresh, 1 disabled, nothing to do (0.02 s)\n' })
  const saving = events.map((event) => (event.type === 'stage-finished' ? { ...event, cost: 3600 } : event))
  expect(told(saving).out).toBe('kelly: 1 stage fresh, 1 disabled, nothing to do (0.02 s, 1 h 00 min of work saved)\n')
})

test('of very many stages only those that did something are listed', () => {
  const ids = Array.from({ length: 100 }, (_, i) => `s${i}`)
  const events = [
    at(0, begun(ids)),
    ...ids.map((id, i) => at(1, finished(id, i === 7 ? 'ran' : 'fresh', { seconds: i === 7 ? 1 : 0 }))),
    at(1, { type: 'run-finished', outcome: 'ok', seconds: 1, counts: { fresh: 99, ran: 1 } } as const),
  ]
  expect(told(events).out).toBe(`
stage  outcome  time
s7     ran      1.0 s
… and 99 more stages (99 fresh)

kelly: done in 1.0 s · 99 fresh, 1 ran
`)
})

test('a stage told twice stands in the summary as it was told last', () => {
  const { out } = told([
    at(0, begun(['a', 'b'])),
    at(0, finished('a', 'fresh')),
    at(5, finished('a', 'restored', { reason: 'word two -> one' })),
    at(6, finished('b', 'ran', { seconds: 1 })),
    at(6, { type: 'run-finished', outcome: 'ok', seconds: 6, counts: { restored: 1, ran: 1 } }),
  ])
  expect(out.match(/^a .*$/gm)).toEqual(['a      restored'])
})

test('as JSON: each event is one line, as it was told', () => {
  let text = ''
  const options = { err: () => undefined, color: false, unicode: true, columns: 80, quiet: false }
  const reporter = jsonReporter({ ...options, out: (more) => (text += more) })
  for (const event of RUN) reporter.event(event)
  const lines = text.trimEnd().split('\n')
  expect(lines.map((line) => JSON.parse(line) as TimedEvent)).toEqual(RUN)
})

describe('words', () => {
  test.each([
    [0, '0 s'],
    [0.0004, '0 s'],
    [0.0123, '0.01 s'],
    [0.999, '1.00 s'],
    [1.25, '1.3 s'],
    [61.5, '62 s'],
    [100, '1 min 40 s'],
    [119.7, '2 min 00 s'],
    [3599.4, '59 min 59 s'],
    [3599.7, '1 h 00 min'],
    [7199, '2 h 00 min'],
    [90_000, '25 h 00 min'],
  ])('%d seconds are %s', (value, words) => {
    expect(seconds(value)).toBe(words)
  })

  test.each([
    [3, '3'],
    [0.31234567, '0.3123'],
    [1234.5678, '1235'],
    [1e-9, '1e-9'],
  ])('%d is %s', (value, words) => {
    expect(number(value)).toBe(words)
  })

  test('a window that was resized meanwhile: the table is as wide as it is at the end', () => {
    let out = ''
    const io = { err: () => undefined, out: (text: string) => (out += text), color: false, unicode: true, columns: 60 }
    const reporter = plainReporter(reporterOptions(io, { quiet: false }))
    io.columns = 200
    for (const event of RUN) reporter.event(event)
    expect(out).not.toContain('…')
  })

  test('columns: the longest gives way, the first one never', () => {
    const rows = [
      ['a long first cell', 'x'.repeat(40), 'end'],
      ['b', 'y', 'z'],
    ]
    expect(columns(rows, Infinity)[1]).toBe(`b                  y${' '.repeat(41)}z`)
    const narrow = columns(rows, 40)
    expect(narrow).toEqual(['a long first cell  xxxxxxxxxxxxxxx…  end', `b                  y                 z`])
    expect(columns(rows, 1)[0]).toBe('a long first cell  xxxxxxxxxxx…  end')
    expect(columns([], 80)).toEqual([])
  })
})
