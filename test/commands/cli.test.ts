/** How kpipe behaves as a process: exit codes, closed pipes, signals, two of them at a time, inputs that cannot be read. */
import { spawnSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { outcomes, Project, repository, until } from '../rig.ts'

let project: Project
beforeEach(() => {
  project = new Project()
})
afterEach(() => project.dispose())

const bin = join(repository, 'src', 'bin.cjs')
const shell = (line: string) => spawnSync('/bin/bash', ['-c', line], { cwd: project.root, encoding: 'utf8' })

/** A stage that says it has begun and then waits for a file called `go`. */
const WAITS = (name: string, then = `echo ${name} > ${name}.txt`) =>
  `  ${name}: { run: 'touch ${name}.started; while ! test -f go; do sleep 0.02; done; ${then}', deps: [in.txt], outs: [${name}.txt] }\n`

describe('help and unknown words', () => {
  test('help in every form, and the version', () => {
    for (const args of [[], ['help'], ['--help'], ['-h']]) {
      const done = project.kpipe(...args)
      expect([args, done.code, done.err]).toEqual([args, 0, ''])
      expect(done.out).toContain('kpipe run [pipeline]')
    }
    for (const command of ['run', 'status', 'why', 'show', 'list', 'verify', 'gc', 'job']) {
      const { out } = project.kpipe('help', command)
      expect(out.startsWith(`kpipe ${command}`)).toBe(true)
      expect(project.kpipe(command, '--help').out).toBe(out)
    }
    expect(project.kpipe('--version').out).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  test.each([
    [['rnu'], 'there is no command rnu', 'did you mean kpipe run?'],
    [['help', 'verfiy'], 'there is no command verfiy', 'did you mean kpipe verify?'],
    [['xyzzy'], 'there is no command xyzzy', 'kpipe help lists them'],
    [['run', '--forc'], 'run has no option --forc', 'did you mean --force?'],
    [['run', '-x'], 'run has no option -x', 'kpipe run --help'],
    [['gc', '--set', 'a=1'], 'gc has no option --set', 'kpipe gc --help'],
    [['run', '--from', 'nowhere'], 'has no stage nowhere', 'stages: a'],
  ])('kpipe %j', (args, message, hint) => {
    project.write({ 'pipelines/p.yaml': 'name: p\nstages:\n  a: { run: "true" }\n' })
    const done = project.kpipe(...args)
    expect(done.code).toBe(2)
    expect(done.err).toContain(message)
    expect(done.err).toContain(hint)
    expect(done.err.split('\n').length).toBeLessThanOrEqual(3)
  })
})

describe('a reader that leaves', () => {
  test('early does not end the run', () => {
    project.write({
      'pipelines/p.yaml': `name: p\nstages:\n${Array.from({ length: 30 }, (_, i) => `  s${i}: { run: 'echo ${i} > ${i}.txt', outs: [${i}.txt] }\n`).join('')}`,
    })
    const done = shell(`"${process.execPath}" "${bin}" run --json 2>/dev/null | head -n 1; echo "\${PIPESTATUS[0]}"`)
    expect(done.stdout).toMatch(/^\{"type":"run-started"[^\n]*\n0\n$/)
    expect(project.read('29.txt')).toBe('29\n')
    project.remove('29.txt')
    const plain = shell(`"${process.execPath}" "${bin}" run 2>&1 >/dev/null | true; echo "\${PIPESTATUS[0]}"`)
    expect(plain.stdout).toBe('0\n')
    expect(project.read('29.txt')).toBe('29\n')
  })
})

describe('inputs that cannot be looked at', () => {
  test('fail their stage with a sentence, and only it', () => {
    project.write({
      'pipelines/p.yaml': `
name: p
stages:
  a: { run: 'ls data > a.txt', deps: [data], outs: [a.txt] }
  b: { run: 'echo b > b.txt', outs: [b.txt] }
  c: { run: 'cp a.txt c.txt', deps: [a.txt], outs: [c.txt] }
`,
      'data/x': '',
    })
    symlinkSync('gone', project.path('data/link'))
    const done = project.kpipe('run', '--json', '--keep-going')
    expect(done.code).toBe(1)
    expect(outcomes(done.out)).toEqual({ a: 'failed', b: 'ran', c: 'skipped' })
    expect(done.out).toContain('data/link is a link to something that is not there')
    for (const args of [['status'], ['why', 'a'], ['show', 'a']]) {
      const look = project.kpipe(...args)
      expect([args, look.code]).toEqual([args, 1])
      expect(look.err).toMatch(
        /^kpipe: .*data\/link is a link to something that is not there\n +remove it or mend it\n$/,
      )
    }
    expect(project.kpipe('gc').code).toBe(0)
  })
})

describe('two runs at a time', () => {
  test('what the second had found fresh is looked at again if the first changed it meanwhile', async () => {
    project.write({
      'pipelines/p.yaml': `name: p\nparams: { word: one }\nstages:
  top: { run: 'echo \${word} > top.txt', outs: [top.txt] }
${WAITS('slow', 'cat top.txt > slow.txt').replace('deps: [in.txt]', 'deps: [in.txt, top.txt]')}  last: { run: 'cat top.txt > last.txt', deps: [top.txt, slow.txt], outs: [last.txt] }\n`,
      'in.txt': '1',
      go: '',
    })
    project.run()
    project.remove('go')
    project.remove('slow.started')
    const first = project.start('run', '--json', '--set', 'word=two')
    await until(() => project.exists('slow.started'))
    // top is in place for `word=two` just now: the second run, with `word=one`, must not take that for its own
    const second = project.start('run', '--json')
    let said = ''
    second.child.stdout!.on('data', (bytes: Buffer) => (said += bytes.toString()))
    await until(() => said.includes('waiting'))
    project.write({ go: '' })
    expect(outcomes((await first.done).out)).toEqual({ top: 'ran', slow: 'ran', last: 'ran' })
    expect(outcomes((await second.done).out)).toEqual({ top: 'restored', slow: 'restored', last: 'restored' })
    expect(project.read('last.txt')).toBe('one\n')
  })

  test('the second one looked before the first began to change things', async () => {
    project.write({
      'pipelines/p.yaml': `name: p\nparams: { word: one }\nstages:
${WAITS('gate', 'echo gate > gate.txt')}  top: { run: 'echo \${word} > top.txt', deps: [gate.txt], outs: [top.txt] }
  free: { run: 'echo free > free.txt', outs: [free.txt] }\n`,
      'in.txt': '1',
      go: '',
    })
    project.run()
    project.write({ 'in.txt': '2' })
    project.remove('go')
    project.remove('gate.started')
    const first = project.start('run', '--json', '--set', 'word=two')
    await until(() => project.exists('gate.started'))
    const second = project.start('run', '--json', 'gate', 'free')
    let said = ''
    second.child.stdout!.on('data', (bytes: Buffer) => (said += bytes.toString()))
    await until(() => said.includes('waiting'))
    project.write({ go: '' })
    await first.done
    const end = await second.done
    expect(outcomes(end.out)).toEqual({ gate: 'fresh', free: 'fresh' })
    expect(end.code).toBe(0)
  })

  test('ctrl-c while waiting for the other one ends at once, without a stack', async () => {
    project.write({ 'pipelines/p.yaml': `name: p\nstages:\n${WAITS('a')}`, 'in.txt': '1' })
    const first = project.start('run')
    await until(() => project.exists('a.started'))
    for (const args of [['run'], ['verify', 'a'], ['gc', '--apply', '--max-age', '1d']]) {
      const waiting = project.start(...args)
      let said = ''
      waiting.child.stderr!.on('data', (bytes: Buffer) => (said += bytes.toString()))
      await until(() => said.includes('waiting for it'))
      waiting.child.kill('SIGINT')
      const done = await waiting.done
      expect([args, done.code ?? done.signal]).toEqual([args, args[0] === 'gc' ? 'SIGINT' : 130])
      expect(done.err).not.toMatch(/unexpected|^ +at /m)
    }
    project.write({ go: '' })
    expect((await first.done).code).toBe(0)
  })
})

test('a command that is stopped has time to put its things in order', async () => {
  project.write({
    'pipelines/p.yaml': `name: p\nstages:\n  a: { run: 'trap "sleep 0.2; echo saved > saved.txt; exit 1" TERM; touch a.started; while true; do sleep 0.02; done', outs: [a.txt] }\n`,
  })
  const running = project.start('run', '--json')
  await until(() => project.exists('a.started'))
  running.child.kill('SIGTERM')
  const done = await running.done
  expect(done.code).toBe(130)
  expect(outcomes(done.out)).toEqual({ a: 'cancelled' })
  expect(project.read('saved.txt')).toBe('saved\n')
})

test('a second ctrl-c ends everything that a command had started', async () => {
  project.write({
    'pipelines/p.yaml': `name: p\nstages:\n  a: { run: 'trap "" TERM INT; touch a.started; while true; do echo x >> beats; sleep 0.05; done', outs: [a.txt] }\n`,
  })
  const running = project.start('run')
  await until(() => project.count('beats') > 0)
  running.child.kill('SIGINT')
  let said = ''
  running.child.stderr!.on('data', (bytes: Buffer) => (said += bytes.toString()))
  await until(() => said.includes('again to kill'))
  running.child.kill('SIGINT')
  expect((await running.done).code).toBe(130)
  const beats = project.count('beats')
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(project.count('beats')).toBe(beats)
  // and the next run finds its feet
  project.write({ 'pipelines/p.yaml': 'name: p\nstages:\n  a: { run: "echo 1 > a.txt", outs: [a.txt] }\n' })
  expect(project.run()).toEqual({ a: 'ran' })
})
