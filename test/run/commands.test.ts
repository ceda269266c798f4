/** Command stages through the real command line: freshness, cut-off, failures, restore, crash remains. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { events, outcomes, Project, until } from '../rig.ts'

let project: Project
beforeEach(() => {
  project = new Project()
})
afterEach(() => project.dispose())

const CHAIN = `
name: chain
stages:
  upper:
    run: tr a-z A-Z < data/in.txt > build/upper.txt && echo x >> upper.count
    deps: [data/in.txt]
    outs: [build/upper.txt]
  head:
    run: head -n 1 build/upper.txt > build/head.txt && echo x >> head.count
    deps: [build/upper.txt]
    outs: [build/head.txt]
  both:
    run: cat build/head.txt build/upper.txt > build/both.txt && echo x >> both.count
    deps: [build/head.txt, build/upper.txt]
    outs: [build/both.txt]
`

function chain(): void {
  project.write({ 'pipelines/chain.yaml': CHAIN, 'data/in.txt': 'one\ntwo\n' })
}

test('runs in the order of the files, then has nothing to do', () => {
  chain()
  expect(project.run()).toEqual({ upper: 'ran', head: 'ran', both: 'ran' })
  expect(project.read('build/both.txt')).toBe('ONE\nONE\nTWO\n')
  expect(project.run()).toEqual({ upper: 'fresh', head: 'fresh', both: 'fresh' })
  expect(project.kpipe('run').out).toMatch(/^chain: 3 stages fresh, nothing to do/)
  expect(project.count('upper.count')).toBe(1)
})

test('an equal output stops the wave', () => {
  chain()
  project.run()
  project.write({ 'data/in.txt': 'one\nTWO\n' })
  expect(project.run()).toEqual({ upper: 'same', head: 'fresh', both: 'fresh' })
  project.write({ 'data/in.txt': 'one\nthree\n' })
  expect(project.run()).toEqual({ upper: 'ran', head: 'same', both: 'ran' })
})

test('going back to an earlier input restores, and runs nothing', () => {
  chain()
  project.run()
  project.write({ 'data/in.txt': 'other\n' })
  project.run()
  project.write({ 'data/in.txt': 'one\ntwo\n' })
  expect(project.run()).toEqual({ upper: 'restored', head: 'restored', both: 'restored' })
  expect(project.read('build/both.txt')).toBe('ONE\nONE\nTWO\n')
  expect(project.count('upper.count')).toBe(2)
})

test('a comment in the YAML runs nothing; a changed command runs what it makes', () => {
  chain()
  project.run()
  project.write({ 'pipelines/chain.yaml': CHAIN.replace('stages:', 'stages: # a comment') })
  expect(Object.values(project.run())).toEqual(['fresh', 'fresh', 'fresh'])
  project.write({ 'pipelines/chain.yaml': CHAIN.replace('head -n 1', 'head -n 2') })
  expect(project.run()).toEqual({ upper: 'fresh', head: 'ran', both: 'ran' })
})

test('an output changed by hand is put right, and said', () => {
  chain()
  project.run()
  project.write({ 'build/head.txt': 'vandal\n' })
  const why = project.kpipe('why', 'head')
  expect(why.out).toContain('build/head.txt was changed by hand')
  expect(project.run()).toEqual({ upper: 'fresh', head: 'restored', both: 'fresh' })
  expect(project.read('build/head.txt')).toBe('ONE\n')
  project.remove('build/head.txt')
  expect(project.run()).toEqual({ upper: 'fresh', head: 'restored', both: 'fresh' })
})

test('a failing command leaves the last good output, names its exit code and the end of its log', () => {
  chain()
  project.run()
  project.write({
    'pipelines/chain.yaml': CHAIN.replace(
      'head -n 1 build/upper.txt > build/head.txt',
      'echo half > build/head.txt; echo broken pipe >&2; exit 3',
    ),
  })
  const done = project.kpipe('run')
  expect(done.code).toBe(1)
  expect(done.err).toContain('command ended with exit code 3')
  expect(done.err).toContain('broken pipe')
  expect(done.out).toContain('skipped')
  expect(project.read('build/head.txt')).toBe('ONE\n')
  project.write({ 'pipelines/chain.yaml': CHAIN })
  expect(project.run()).toEqual({ upper: 'fresh', head: 'fresh', both: 'fresh' })
})

test('--keep-going goes on with what does not depend on the failure', () => {
  project.write({
    'pipelines/p.yaml': `
name: p
stages:
  bad: { run: 'exit 1', outs: [bad.txt] }
  after: { run: 'cp bad.txt after.txt', deps: [bad.txt], outs: [after.txt] }
  good: { run: 'sleep 0; echo hi > good.txt', outs: [good.txt] }
  later: { run: 'cp good.txt later.txt', deps: [good.txt], outs: [later.txt] }
`,
  })
  const stopped = project.kpipe('run', '--json', '--jobs', '1')
  expect(outcomes(stopped.out)).toEqual({ bad: 'failed', after: 'skipped', good: 'skipped', later: 'skipped' })
  const done = project.kpipe('run', '--json', '--jobs', '1', '--keep-going')
  expect(done.code).toBe(1)
  expect(outcomes(done.out)).toEqual({ bad: 'failed', after: 'skipped', good: 'ran', later: 'ran' })
})

test('an output that is not written fails the stage', () => {
  project.write({ 'pipelines/p.yaml': 'name: p\nstages:\n  a: { run: "true", outs: [a.txt] }\n' })
  const done = project.kpipe('run')
  expect(done.code).toBe(1)
  expect(done.err).toContain('did not write a.txt')
})

test('inputs that change while a stage runs: the result is not kept', () => {
  project.write({
    'pipelines/p.yaml':
      'name: p\nstages:\n  a: { run: "cp in.txt a.txt; echo later > in.txt", deps: [in.txt], outs: [a.txt] }\n',
    'in.txt': 'before\n',
  })
  const done = project.kpipe('run', '--json')
  expect(done.code).toBe(1)
  expect(outcomes(done.out)).toEqual({ a: 'moved' })
  expect(done.out).toContain('inputs changed while it ran (in.txt)')
  expect(project.exists('a.txt')).toBe(false)
})

test('retries, a timeout and the environment', () => {
  project.write({
    'pipelines/p.yaml': `
name: p
stages:
  flaky: { run: 'echo x >> tries; test $(wc -l < tries) -ge 3 && echo ok > flaky.txt', outs: [flaky.txt], retries: 2 }
  slow: { run: 'sleep 60', outs: [slow.txt], timeout: 1 }
  env: { run: 'echo "$MODE-$SECRET-$HIDDEN" > env.txt', outs: [env.txt], env: { MODE: fast, SECRET: null } }
`,
  })
  const done = project.kpipeWith(
    { KPIPE_RETRY_SECONDS: '0', SECRET: 'one', HIDDEN: 'no' },
    'run',
    '--json',
    '--keep-going',
  )
  expect(outcomes(done.out)).toMatchObject({ flaky: 'ran', slow: 'timed-out', env: 'ran' })
  expect(events(done.out).filter((event) => event.type === 'stage-retry')).toHaveLength(2)
  expect(project.read('env.txt')).toBe('fast-one-\n')
  expect(outcomes(project.kpipeWith({ SECRET: 'one' }, 'run', 'env', '--json').out)).toEqual({ env: 'fresh' })
  const changed = project.kpipeWith({ SECRET: 'two' }, 'why', 'env')
  expect(changed.out).toContain('environment variable SECRET changed')
  expect(outcomes(project.kpipeWith({ SECRET: 'two' }, 'run', 'env', '--json').out)).toEqual({ env: 'ran' })
})

test('ctrl-c stops cleanly and the next run goes on', async () => {
  project.write({
    'pipelines/p.yaml': `
name: p
stages:
  first: { run: 'echo 1 > first.txt', outs: [first.txt] }
  long: { run: 'touch started; sleep 60; echo 2 > long.txt', deps: [first.txt], outs: [long.txt] }
`,
  })
  const running = project.start('run')
  await until(() => project.exists('started'))
  running.child.kill('SIGINT')
  const done = await running.done
  expect(done.code).toBe(130)
  expect(done.out).toContain('cancelled')
  expect(project.remainingTemp()).toEqual([])
  project.write({ 'pipelines/p.yaml': project.read('pipelines/p.yaml').replace('sleep 60', 'sleep 0') })
  expect(project.run()).toEqual({ first: 'fresh', long: 'ran' })
})

test('a second run waits for the first and shares its result', async () => {
  project.write({
    'pipelines/p.yaml': `name: p\nstages:\n  a: { run: 'touch started; while ! test -f go; do sleep 0.02; done; echo x >> a.count; echo a > a.txt', outs: [a.txt] }\n`,
  })
  const first = project.start('run', '--json')
  await until(() => project.exists('started'))
  const second = project.start('run', '--json')
  let said = ''
  second.child.stdout!.on('data', (bytes: Buffer) => (said += bytes.toString()))
  await until(() => said.includes('waiting'))
  project.write({ go: '' })
  expect(outcomes((await first.done).out)).toEqual({ a: 'ran' })
  expect(outcomes((await second.done).out)).toEqual({ a: 'fresh' })
  expect(project.count('a.count')).toBe(1)
})

test('parallel stages respect named pools', () => {
  const stage = (name: string) =>
    `  ${name}: { run: 'mkdir busy && sleep 0.05 && rmdir busy && echo ${name} > ${name}.txt', outs: [${name}.txt], resources: { device: 1 } }\n`
  project.write({
    'pipelines/p.yaml': `name: p\nresources: { device: 1 }\nstages:\n${['a', 'b', 'c'].map(stage).join('')}`,
  })
  expect(Object.values(project.run('--jobs', '3'))).toEqual(['ran', 'ran', 'ran'])
})

test('dry run and status say what would happen and change nothing', () => {
  chain()
  project.run()
  project.write({ 'data/in.txt': 'changed\n' })
  const dry = project.kpipe('run', '--dry-run')
  expect(dry.code).toBe(0)
  expect(dry.out).toMatch(/upper +run .*in\.txt/)
  expect(dry.out).toMatch(/head +may run/)
  expect(project.kpipe('status', '--check').code).toBe(3)
  expect(project.count('upper.count')).toBe(1)
})

test('gates hold a stage with a reason, by the metrics of a command', () => {
  const pipeline = (most: number) => `
name: p
stages:
  measure: { run: 'echo "{\\"latency\\": {\\"p99_ms\\": 7.5}}" > m.json', outs: [m.json], metrics: m.json }
  ship: { run: 'cp m.json shipped.json', deps: [m.json], outs: [shipped.json], gate: [{ metric: 'measure:latency.p99_ms', max: ${most} }] }
  tell: { run: 'cp shipped.json told.json', deps: [shipped.json], outs: [told.json] }
`
  project.write({ 'pipelines/p.yaml': pipeline(5) })
  const held = project.kpipe('run', '--json')
  expect(held.code).toBe(0)
  expect(outcomes(held.out)).toEqual({ measure: 'ran', ship: 'held', tell: 'skipped' })
  expect(held.out).toContain('latency.p99_ms of measure is 7.5, at most 5 is allowed')
  project.write({ 'pipelines/p.yaml': pipeline(10) })
  expect(project.run()).toEqual({ measure: 'fresh', ship: 'ran', tell: 'ran' })
})

test('--only on a stage whose inputs no run has made says what to do', () => {
  project.write({
    'pipelines/p.yaml': `
name: p
stages:
  music: { kind: download, with: { source: demo } }
  check: { kind: validate, inputs: { data: music } }
`,
  })
  const done = project.kpipe('run', '--only', 'check')
  expect(done.code).toBe(1)
  expect(done.err + done.out).toContain('what it needs of music was never made')
  expect(done.err + done.out).toContain('run it without --only and --from')
})

test('--only, --from and stage names choose what is walked', () => {
  chain()
  expect(project.run('head')).toEqual({ upper: 'ran', head: 'ran' })
  expect(project.run('--from', 'head')).toEqual({ head: 'fresh', both: 'ran' })
  expect(project.run('--only', 'both', '--force')).toEqual({ both: 'same' })
  const unknown = project.kpipe('run', 'haed')
  expect(unknown.code).toBe(2)
  expect(unknown.err).toContain('did you mean head?')
})

test('why tells rows, options and files', () => {
  project.write({
    'pipelines/p.yaml': `
name: p
params: { rate: 0.001 }
stages:
  a: { run: 'ls data > a.txt', deps: [data], outs: [a.txt], params: [rate] }
`,
    'data/labels.csv': 'filename,valence,arousal\na.wav,0.1,0.2\nb.wav,0.3,0.4\nc.wav,0.5,0.6\n',
    'data/a.mid': 'x',
  })
  project.run()
  project.write({
    'data/labels.csv': 'filename,valence,arousal\na.wav,0.1,0.2\nb.wav,0.9,0.4\nc.wav,0.5,0.6\n',
    'data/b.mid': 'y',
    'data/c.mid': 'z',
  })
  const why = project.kpipe('why', 'a', '--set', 'rate=0.0005')
  expect(why.out).toBe(`a: stale, will run
  data: 1 of 3 rows of labels.csv changed (valence)
  data: 2 MIDI files added (b.mid, c.mid)
  rate 0.001 -> 0.0005
`)
})
