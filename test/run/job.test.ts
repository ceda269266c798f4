/** What a kind is given, and how each of its ends is told: the same in a worker process and through `kpipe job`. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Job, JobOutcome } from '../../src/executor.ts'
import { DataError, UserError } from '../../src/lib/errors.ts'
import { sha256 } from '../../src/lib/files.ts'
import { runJob, takeEnvironment } from '../../src/run/job.ts'
import type { Progress, StageContext, StageResult } from '../../src/stage.ts'
import { openStore, tempDir } from '../store/rig.ts'

const temp = tempDir()

interface Told {
  readonly outcome: JobOutcome
  readonly progress: Progress[]
  readonly log: string[]
}

async function run(
  work: (ctx: StageContext) => Promise<StageResult | void>,
  changes: Partial<Job> = {},
  signal = new AbortController().signal,
): Promise<Told> {
  const progress: Progress[] = []
  const log: string[] = []
  const job: Job = {
    type: 'kind',
    pipeline: 'p',
    stage: 'a',
    kind: 'k',
    kindFile: '',
    code: 'c',
    options: { rate: 1 },
    inputs: {},
    out: temp.at('out'),
    scratch: temp.at('scratch'),
    checkpoints: null,
    items: temp.at('items'),
    trees: openStore(temp.path).layout.trees,
    command: '',
    cwd: temp.path,
    env: {},
    log: temp.at('log'),
    ...changes,
  }
  const hooks = {
    progress: (one: Progress) => progress.push(one),
    log: (level: string, text: string) => log.push(`${level}: ${text}`),
  }
  const kind = { kind: 'k', summary: '', options: {}, run: work }
  return { outcome: await runJob(job, kind, hooks, signal), progress, log }
}

test('a kind reads its options and inputs, writes its outputs, uses a scratch folder that goes', async () => {
  temp.write({ 'data/sub/a.mid': 'music', 'one.json': '{}' })
  const { trees, store } = openStore(temp.path)
  const content = trees.hash(temp.at('data'))
  store.keepTrees(content)
  const input = { stage: 'before', path: temp.at('data'), content, metrics: { files: 1 }, createdAt: '2026-01-01' }
  const file = { ...input, stage: null, path: temp.at('one.json'), content: trees.hash(temp.at('one.json')) }
  const { outcome } = await run(
    async (ctx) => {
      writeFileSync(ctx.out('deep/er/result.json'), JSON.stringify(ctx.options))
      writeFileSync(`${ctx.scratch}/x`, '')
      expect(ctx.out('')).toBe(temp.at('out'))
      expect(ctx).toMatchObject({ stage: 'a', pipeline: 'p', checkpoints: null })
      expect(ctx.inputs['data']).toMatchObject({ stage: 'before', metrics: { files: 1 }, hash: content.slice(2) })
      expect(ctx.inputs['data']!.files()).toEqual([{ path: 'sub/a.mid', hash: sha256('music'), bytes: 5 }])
      expect(ctx.inputs['file']!.files()).toEqual([{ path: '', hash: sha256('{}'), bytes: 2 }])
      expect(ctx.lists['many']!.map((one) => one.path)).toEqual([temp.at('data'), temp.at('one.json')])
      return { metrics: { loss: 1 }, headline: 'loss 1' }
    },
    { inputs: { data: input, file, many: [input, file] } },
  )
  expect(outcome).toEqual({ ok: true, result: { metrics: { loss: 1 }, headline: 'loss 1' }, items: null })
  expect(readFileSync(temp.at('out/deep/er/result.json'), 'utf8')).toBe('{"rate":1}')
  expect(existsSync(temp.at('scratch'))).toBe(false)
})

test('a kind that says nothing ended well', async () => {
  expect((await run(async () => undefined)).outcome).toEqual({ ok: true, result: {}, items: null })
})

test('each counts over all tables, and tells how far it is', async () => {
  const items = ['a', 'b'].map((id) => ({ id, key: id }))
  const work = async (ctx: StageContext) => {
    await ctx.each('one', items, (item) => Buffer.from(item.id))
    const two = await ctx.each('two', items, (item) => Buffer.from(item.id))
    expect(two.values.map((value) => Buffer.from(value).toString())).toEqual(['a', 'b'])
  }
  const first = await run(work)
  expect(first.outcome).toMatchObject({ items: { computed: 4, reused: 0 } })
  expect(first.progress).toEqual([1, 2, 1, 2].map((done) => ({ done, total: 2, unit: 'items' })))
  expect((await run(work)).outcome).toMatchObject({ items: { computed: 0, reused: 4 } })
  expect((await run(work, { code: 'other' })).outcome).toMatchObject({ items: { computed: 4 } })
  expect((await run(work, { items: '' })).outcome).toMatchObject({ items: { computed: 4 } })
})

describe('ends that are not good', () => {
  const failed = async (error: unknown) => {
    const { outcome, log } = await run(async () => {
      throw error
    })
    return { ...(outcome as Extract<JobOutcome, { ok: false }>), log }
  }

  test('a mistake of the user: its sentence and its hint', async () => {
    const told = await failed(new UserError('no labels', { hint: 'write labels.csv' }))
    expect(told).toEqual({ ok: false, cause: 'failed', error: 'no labels', hint: 'write labels.csv', log: [] })
  })

  test('damaged data: the place', async () => {
    const fault = { path: 'a.wav', offset: 44, code: 'truncated', message: 'file ends early', hint: 'export it again' }
    const told = await failed(new DataError(fault))
    expect(told.error).toBe('a.wav: byte 44: file ends early (export it again)')
    expect(told.log).toEqual([])
  })

  test('the same from a bundle with classes of its own', async () => {
    const foreign = Object.assign(new Error('no labels'), { name: 'UserError', hint: 'write labels.csv' })
    expect(await failed(foreign)).toMatchObject({ error: 'no labels', hint: 'write labels.csv', log: [] })
  })

  test('anything else: a fault, with its stack in the log and not in the message', async () => {
    const told = await failed(new TypeError('x is not a function'))
    expect(told.error).toBe('unexpected error: x is not a function')
    expect(told.error).not.toContain('at ')
    expect(told.hint).toBe('the log has the details')
    expect(told.log).toEqual([])
    expect(readFileSync(temp.at('log'), 'utf8')).toMatch(/^TypeError: x is not a function\n {4}at /)
  })

  test.each([
    ['a text', 'broken', 'unexpected error: broken'],
    ['nothing', undefined, 'unexpected error: undefined'],
  ])('%s thrown', async (_, thrown, error) => {
    expect((await failed(thrown)).error).toBe(error)
  })

  test.each([
    ['cancelled', 'cancelled'],
    ['timed-out', 'timed-out'],
  ])('stopped from outside: %s, even where the kind did not look', async (reason, cause) => {
    const abort = new AbortController()
    const { outcome } = await run(
      async () => {
        abort.abort(reason)
      },
      {},
      abort.signal,
    )
    expect(outcome).toMatchObject({ ok: false, cause })
  })

  test('the scratch folder goes then, too', async () => {
    mkdirSync(temp.at('scratch'))
    await failed(new Error('x'))
    expect(existsSync(temp.at('scratch'))).toBe(false)
  })
})

test('the environment of a job is what it declares and nothing else', () => {
  const before = { ...process.env }
  try {
    process.env['KPIPE_TEST_SECRET'] = 'x'
    takeEnvironment({ env: { PATH: '/bin', SEED: '7' } } as unknown as Job)
    expect({ ...process.env }).toEqual({ PATH: '/bin', SEED: '7' })
  } finally {
    for (const name of Object.keys(process.env)) delete process.env[name]
    Object.assign(process.env, before)
    delete process.env['KPIPE_TEST_SECRET']
  }
})
