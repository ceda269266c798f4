/** Stage kinds in worker processes: items, checkpoints, and every way in which one can end. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { events, Project, type Ran } from '../rig.ts'

let project: Project
beforeEach(() => {
  project = new Project()
})
afterEach(() => project.dispose())

/** A project with one kind and one stage of it. */
function write(body: string, stage = '', extra = ''): void {
  project.write({
    'stages/probe.ts': `
import { defineStage } from 'kpipe'
import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
${body}`,
    'pipelines/p.yaml': `name: p\nstages:\n  a: { kind: probe${stage} }\n${extra}`,
  })
}

const kind = (run: string, more = '') =>
  `export default defineStage({ kind: 'probe', summary: 'a probe', options: { type: 'object', properties: {} }, ${more} ${run} })\n`

const finished = (ran: Ran, stage = 'a') =>
  events(ran.out).findLast((event) => event.type === 'stage-finished' && event.stage === stage) as Extract<
    ReturnType<typeof events>[number],
    { type: 'stage-finished' }
  >

const read = (file: string) => JSON.parse(project.read(`cache/out/p/a/${file}`)) as unknown

describe('items', () => {
  const EACH = `
const OPTIONS = { type: 'object', properties: { scale: { type: 'integer', default: 1 } } }
export default defineStage<{ scale: number }>({
  kind: 'probe', summary: 'a probe', options: OPTIONS, inputs: { data: { about: 'texts' } },
  run: async ({ options, inputs, each, out }) => {
    const items = inputs.data!.files().map(({ path, hash }) => ({ id: path, key: hash + options.scale }))
    const { values } = await each('texts', items, (item) => {
      const text = readFileSync(inputs.data!.path + '/' + item.id, 'utf8')
      if (text === 'bad') throw Object.assign(new Error(item.id + ' is bad'), { name: 'UserError' })
      return Buffer.from(text.length * options.scale + '')
    })
    writeFileSync(out('sizes.json'), JSON.stringify(values.map((value) => Number(Buffer.from(value)))))
  },
})
`
  const items = (...args: string[]) => {
    const end = finished(project.kpipe('run', '--json', ...args))
    return [end.outcome, end.items?.computed, end.items?.reused]
  }

  test('one file more among many costs one item; going back costs none', () => {
    write(EACH, ', inputs: { data: { file: texts } }')
    project.write(Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`texts/${i + 10}.txt`, 'x'.repeat(i)])))
    expect(items()).toEqual(['ran', 50, 0])
    project.write({ 'texts/99.txt': 'one more' })
    expect(items()).toEqual(['ran', 1, 50])
    project.write({ 'texts/10.txt': 'changed' })
    expect(items()).toEqual(['ran', 1, 50])
    project.remove('texts/11.txt')
    expect(items()).toEqual(['ran', 0, 50])
    expect(items('--force')).toEqual(['same', 50, 0]) // from nothing
    expect(items('--set', 'stages.a.with.scale=2')).toEqual(['ran', 50, 0])
    expect(read('sizes.json')).toHaveLength(50)
  })

  test('items that were done before a failure are not done again', () => {
    write(EACH, ', inputs: { data: { file: texts } }')
    project.write({ 'texts/a.txt': 'a', 'texts/b.txt': 'bb', 'texts/c.txt': 'bad', 'texts/d.txt': 'd' })
    const failed = project.kpipe('run')
    expect(failed.code).toBe(1)
    expect(failed.err).toContain('c.txt is bad')
    project.write({ 'texts/c.txt': 'good' })
    expect(items()).toEqual(['ran', 2, 2])
    expect(read('sizes.json')).toEqual([1, 2, 4, 1])
  })
})

describe('checkpoints', () => {
  const CLIMB = `
const OPTIONS = { type: 'object', properties: { epochs: { type: 'integer', default: 3 }, rate: { type: 'number', default: 1 } } }
export default defineStage<{ epochs: number; rate: number }>({
  kind: 'probe', summary: 'a probe', options: OPTIONS, resume: { ignore: ['epochs'] },
  run: async ({ options, checkpoints, out, log }) => {
    const file = checkpoints + '/state.json'
    const from = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).epoch : 0
    for (let epoch = from + 1; epoch <= options.epochs; epoch++) {
      writeFileSync(file + '.tmp', JSON.stringify({ epoch }))
      renameSync(file + '.tmp', file)
      if (epoch === 2 && existsSync('die')) process.kill(process.pid, 'SIGKILL')
    }
    writeFileSync(out('result.json'), JSON.stringify({ from, to: options.epochs }))
  },
})
`
  test('offered after a crash and when only the length changed; withheld, with the reason, when anything else did', () => {
    write(CLIMB)
    project.write({ die: '' })
    const killed = project.kpipe('run')
    expect(killed.code).toBe(1)
    expect(killed.err).toContain("the stage's process was killed by SIGKILL (out of memory?)")
    project.remove('die')
    project.run()
    expect(read('result.json')).toEqual({ from: 2, to: 3 })
    project.run('--set', 'stages.a.with.epochs=5')
    expect(read('result.json')).toEqual({ from: 3, to: 5 })
    const fresh = project.kpipe('run', '--set', 'stages.a.with.epochs=5', '--set', 'stages.a.with.rate=0.5')
    expect(fresh.err).toContain('starts fresh, not from a checkpoint: rate 1 -> 0.5')
    expect(read('result.json')).toEqual({ from: 0, to: 5 })
  })

  test('a kind that declares no resume is given none', () => {
    write(kind("run: async ({ checkpoints, out }) => writeFileSync(out('c.json'), JSON.stringify({ checkpoints }))"))
    project.run()
    expect(read('c.json')).toEqual({ checkpoints: null })
  })
})

test('options that several words name enter the key as one of them', () => {
  const options = "options: { type: 'object', properties: { place: { type: 'string', default: 'here' } } }"
  const keyed = "keyed: ({ place }) => ({ place: place === 'hier' ? 'here' : place })"
  const body = `export default defineStage<{ place: string }>({ kind: 'probe', summary: 'a probe', ${options}, ${keyed},
    run: async ({ options, out }) => writeFileSync(out('place.txt'), options.place) })`
  write(body)
  expect(finished(project.kpipe('run', '--json')).outcome).toBe('ran')
  expect(finished(project.kpipe('run', '--json', '--set', 'stages.a.with.place=hier')).outcome).toBe('fresh')
  expect(finished(project.kpipe('run', '--json', '--set', 'stages.a.with.place=there')).outcome).toBe('ran')
  expect(project.read('cache/out/p/a/place.txt')).toBe('there')
})

test('a stage finds the number of its cores in KPIPE_CORES', () => {
  const told = (stage: string, ...args: string[]) => {
    write(
      kind("run: async ({ out }) => writeFileSync(out('c.json'), process.env['KPIPE_CORES']!)", "cores: () => 'all',"),
      stage,
    )
    project.run('--force', ...args)
    return read('c.json')
  }
  expect(told('', '--jobs', '3')).toBe(3)
  expect(told(', resources: { cpu: 2 }', '--jobs', '3')).toBe(2)
  expect(told(', resources: { cpu: 1 }')).toBe(1)
})

describe('ends', () => {
  const fails = (run: string): Ran => {
    write(kind(`run: async (ctx) => { ${run} }`))
    const ran = project.kpipe('run')
    expect(ran.code).toBe(1)
    expect(ran.out).toContain('FAILED')
    return ran
  }
  const logOf = (ran: Ran) => project.read(/log: (\S+\.log)/.exec(ran.err)![1]!)

  test("a user's mistake: its sentence and what to do, no stack anywhere", () => {
    const ran = fails("throw Object.assign(new Error('no labels'), { name: 'UserError', hint: 'write labels.csv' })")
    expect(ran.err).toContain('    no labels\n    write labels.csv\n')
    expect(ran.err + ran.out).not.toMatch(/^ +at /m)
  })

  test('an unexpected error: its message to the user, its stack to the log', () => {
    const ran = fails('(ctx as any).nothing.at.all')
    expect(ran.err).toContain("unexpected error: Cannot read properties of undefined (reading 'at')")
    expect(ran.err).toContain('the log has the details')
    expect(ran.err + ran.out).not.toMatch(/^ +at /m)
    expect(logOf(ran)).toMatch(/^TypeError: Cannot read[^\n]*\n +at /m)
  })

  test('an error nobody waits for: the line that helps, not the version of Node', () => {
    const ran = fails(
      "setTimeout(() => { throw new RangeError('late') }, 1); await new Promise(() => setInterval(() => {}, 1000))",
    )
    expect(ran.err).toContain("the stage's process ended with exit code 1\n    RangeError: late")
    expect(logOf(ran)).toContain('RangeError: late')
  })

  test('a promise nobody waits for', () => {
    const ran = fails(
      "void Promise.reject(new Error('forgotten')); await new Promise(() => setInterval(() => {}, 1000))",
    )
    expect(ran.err).toMatch(/ended with exit code 1\n +Error: forgotten/)
  })

  test('a kind that ends its process', () => {
    expect(fails("console.log('that is all'); process.exit(3)").err).toContain(
      "the stage's process ended with exit code 3\n    that is all",
    )
  })

  test('out of time: the signal says so', () => {
    write(
      kind("run: async ({ signal }) => { await new Promise((resolve) => signal.addEventListener('abort', resolve)) }"),
      ', timeout: 1',
    )
    const end = finished(project.kpipe('run', '--json'))
    expect(end).toMatchObject({ outcome: 'timed-out', error: 'took longer than its timeout of 1 s' })
  })

  test('the last good output stands after a failure, and what was half made is gone', () => {
    write(kind("run: async ({ out }) => writeFileSync(out('r.json'), '1')"))
    project.run()
    fails("writeFileSync(ctx.out('r.json'), '2'); throw new Error('late')")
    expect(project.read('cache/out/p/a/r.json')).toBe('1')
    expect(project.remainingTemp()).toEqual([])
  })
})

describe('what a kind may say', () => {
  test('printed lines go to the log, down to the last one, and not to our own output', () => {
    write(
      kind("run: async () => { for (let i = 0; i < 2000; i++) console.log('line ' + i); console.error('the last') }"),
    )
    const ran = project.kpipe('run')
    expect(ran.code).toBe(0)
    expect(ran.out + ran.err).not.toContain('line 7')
    const started = events(project.read(`cache/runs/${runs()[0]}/events.jsonl`)).find((e) => e.type === 'stage-started')
    const log = project.read((started as { log: string }).log)
    expect(log).toContain('line 1999\n')
    expect(log).toContain('the last\n')
  })

  test('metrics, a headline, notes, progress and messages', () => {
    const run = `run: async ({ progress, log, out }) => {
      for (let done = 1; done <= 300; done++) progress({ done, total: 300, unit: 'steps', metrics: { loss: 1 / done }, note: 'warm' })
      log('warn', 'two files left out')
      writeFileSync(out('x'), '')
      return { metrics: { 'loss': 0.25, ok: true }, headline: 'loss 0.25', notes: ['demo data'] }
    }`
    write(kind(run))
    const ran = project.kpipe('run', '--json')
    const told = events(ran.out)
    expect(finished(ran)).toMatchObject({
      metrics: { loss: 0.25, ok: true },
      headline: 'loss 0.25',
      notes: ['demo data'],
      outputs: ['cache/out/p/a'],
    })
    const progress = told.filter((event) => event.type === 'stage-progress')
    expect(progress.at(-1)).toMatchObject({
      done: 300,
      total: 300,
      unit: 'steps',
      note: 'warm',
      metrics: { loss: 1 / 300 },
    })
    expect(progress.length).toBeLessThan(100)
    expect(told).toContainEqual(
      expect.objectContaining({ type: 'stage-log', stage: 'a', level: 'warn', text: 'two files left out' }),
    )
    // and once more for a gate or a reader of the stored result
    expect(project.kpipe('show', 'a').out).toContain('loss: 0.25')
  })
})

test('stages of one kind share a process, and none sees the environment of another', () => {
  write(
    kind(
      "run: async ({ out }) => writeFileSync(out('x.json'), JSON.stringify([process.pid, process.env.MODE, process.env.HIDDEN, process.cwd()]))",
    ),
    ', env: { MODE: fast }',
    '  b: { kind: probe, after: a }\n',
  )
  project.write({ 'sub/keep': '' })
  const ran = project.kpipeWith({ HIDDEN: 'x' }, 'run')
  expect(ran.err).toContain('✓ b')
  const [pidA, modeA, hiddenA, cwd] = read('x.json') as [number, string, string, string]
  const [pidB, modeB] = JSON.parse(project.read('cache/out/p/b/x.json')) as [number, string]
  expect(pidB).toBe(pidA)
  expect([modeA, modeB, hiddenA]).toEqual(['fast', null, null])
  expect(cwd.endsWith(project.root.split('/').at(-1)!)).toBe(true)
})

test('parts of an output and whole groups reach a kind as declared', () => {
  project.write({
    'stages/make.ts': `import { defineStage } from 'kpipe'
import { writeFileSync } from 'node:fs'
const options = { type: 'object', properties: { text: { type: 'string', default: '' } } }
export const make = defineStage<{ text: string }>({ kind: 'make', summary: 's', options,
  run: async ({ options, out }) => { writeFileSync(out('sub/x.txt'), options.text); return { metrics: { size: options.text.length } } } })
`,
    'stages/join.ts': `import { defineStage } from 'kpipe'
import { writeFileSync } from 'node:fs'
export const join = defineStage({ kind: 'join', summary: 's', options: { type: 'object', properties: {} },
  inputs: { all: { about: 'parts', many: true }, one: { about: 'a file', required: false } },
  run: async ({ lists, inputs, out }) => {
    writeFileSync(out('j.json'), JSON.stringify({
      all: lists.all!.map((one) => [one.stage, one.metrics.size, one.files().map((file) => file.path)]),
      one: inputs.one && [inputs.one.stage, inputs.one.files()[0]!.bytes],
    }))
  } })
`,
    'pipelines/p.yaml': `
name: p
stages:
  make: { foreach: [a, bb], with: { text: "\${item}" } }
  a: { kind: join, inputs: { all: make, one: "make@bb:sub/x.txt" } }
  b: { kind: join, inputs: { all: [make@a] } }
`,
  })
  project.run()
  expect(read('j.json')).toEqual({
    all: [
      ['make@a', 1, ['sub/x.txt']],
      ['make@bb', 2, ['sub/x.txt']],
    ],
    one: ['make@bb', 2],
  })
  expect(JSON.parse(project.read('cache/out/p/b/j.json'))).toEqual({ all: [['make@a', 1, ['sub/x.txt']]] })
})

const runs = () => project.list('cache/runs')
