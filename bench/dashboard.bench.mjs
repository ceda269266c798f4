// What the dashboard costs: its share of one core while 200 stages tell of themselves, and what it adds to the start of a
// run that nobody watches.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inTurn, installedKpipe, median, must, repository, time } from './tools.mjs'

export async function run(tools) {
  const rows = []
  for (const [columns, rowsHigh] of [
    [120, 40],
    [40, 10],
  ])
    if (tools.wants('cpu'))
      rows.push({
        case: `cpu of one core, 200 stages, ${columns}x${rowsHigh}, limit 5 %`,
        ours: share(tools, columns, rowsHigh),
        peer: 5,
        unit: '%',
        goal: 1,
        better: 'less',
      })
  if (tools.wants('start')) rows.push(start(tools))
  return rows
}

/** Whole runs with nothing to do, without a terminal: kpipe as it is against the bare runner, in turn. */
function start(tools) {
  // A project each: plans are kept by build, and in turns each would throw away the other's.
  const starter = (name, bin) => {
    const root = tools.folder(`start-${name}`)
    mkdirSync(join(root, 'pipelines'))
    writeFileSync(
      join(root, 'pipelines', 'p.yaml'),
      "name: p\nstages:\n  a: { run: 'echo a > a.txt', outs: [a.txt] }\n",
    )
    const run = () => time(process.execPath, [bin, 'run'], { cwd: root })
    for (let i = 0; i < 3; i++) run()
    return run
  }
  const whole = starter('whole', installedKpipe(tools.work))
  const { ours, peer } = inTurn(41, { ours: whole, peer: starter('bare', bareKpipe(tools)) })
  const more = `${((ours - peer) * 1000).toFixed(1)} ms apart`
  return {
    case: 'start without a terminal, nothing to do, against the bare runner',
    ours,
    peer,
    unit: 's',
    goal: 0.95,
    better: 'less',
    note: more,
  }
}

/** kpipe without anybody who tells: no dashboard, no lines, no log of the run. */
function bareKpipe(tools) {
  const root = tools.folder('bare')
  for (const name of [
    'src',
    'stages',
    'scripts',
    'pipelines',
    'configs',
    'schemas',
    'package.json',
    'package-lock.json',
  ])
    cpSync(join(repository, name), join(root, name), { recursive: true })
  symlinkSync(join(repository, 'node_modules'), join(root, 'node_modules'))
  const silent = (...names) =>
    names.map((name) => `export const ${name} = () => ({ event: () => undefined, close: () => undefined })\n`).join('')
  writeFileSync(join(root, 'src', 'reporters', 'door.ts'), silent('dashboardReporter'))
  writeFileSync(join(root, 'src', 'reporters', 'plain.ts'), silent('plainReporter', 'progressText'))
  writeFileSync(join(root, 'src', 'reporters', 'json.ts'), silent('jsonReporter'))
  writeFileSync(join(root, 'src', 'reporters', 'run-log.ts'), silent('runLog'))
  must(process.execPath, [join(root, 'scripts', 'build.mjs')], { cwd: root })
  // As installed: nothing looks whether it is to be built again.
  rmSync(join(root, 'scripts'), { recursive: true })
  return join(root, 'src', 'bin.cjs')
}

/** Percent of one core over ten seconds, after the first two. */
function share(tools, columns, rows) {
  const bundle = join(tools.work, 'live.mjs')
  const probe = join(tools.work, 'probe.mjs')
  const esbuild = join(repository, 'node_modules', '.bin', 'esbuild')
  const flags = [
    '--bundle',
    '--splitting',
    '--platform=node',
    '--format=esm',
    '--packages=external',
    '--log-level=error',
  ]
  must(esbuild, [
    join(repository, 'src/reporters/live.ts'),
    ...flags,
    `--outdir=${tools.work}`,
    '--out-extension:.js=.mjs',
  ])
  writeFileSync(probe, PROBE)
  const once = () => {
    const env = { ...process.env, CI: '0' }
    const done = spawnSync(process.execPath, [probe, bundle, columns, rows], { encoding: 'utf8', timeout: 60_000, env })
    if (done.status !== 0) throw new Error(done.stderr)
    const found = JSON.parse(done.stdout)
    tools.say(`${columns}x${rows}: ${found.percent.toFixed(2)} %, ${found.frames} frames, ${found.bytes} bytes`)
    return found.percent
  }
  return median([once(), once(), once()])
}

// 200 stages, 8 of them at work: each tells its progress ten times a second, two of them train; one ends every second.
const PROBE = `
const { openLive } = await import(process.argv[2])
const seen = { frames: 0, bytes: 0 }
const terminal = {
  columns: Number(process.argv[3]),
  rows: Number(process.argv[4]),
  write: (text) => { seen.bytes += text.length; if (text.length > 100) seen.frames++ },
  on: () => undefined,
  off: () => undefined,
}
const fail = (error) => { throw error }
const live = await openLive({ terminal, keys: null, root: '/', color: true, unicode: true, controls: true, onWish: () => undefined, onBreak: fail })
const begin = Date.now()
const tell = (event) => live.event({ ...event, at: (Date.now() - begin) / 1000, time: new Date().toISOString() })
const ids = Array.from({ length: 200 }, (_, i) => 'train@model_' + i)
tell({ type: 'run-started', run: 'bench', pipeline: 'bench', jobs: 8, stages: ids.map((id) => ({ id, kind: 'train', needs: [], expectedSeconds: 60 })) })
const open = ids.slice(0, 8)
let next = 8
const startStage = (stage) => tell({ type: 'stage-started', stage, reason: 'bench', attempt: 1, log: '', expectedSeconds: 60 })
open.forEach(startStage)
let step = 0
setInterval(() => {
  step++
  open.forEach((stage, i) => {
    const metrics = i < 2 ? { loss: 1 / step, val_loss: 1.1 / step, learning_rate: 0.001, samples_per_second: 5000 + step } : {}
    tell({ type: 'stage-progress', stage, done: step, total: 200, unit: 'epochs', metrics, note: '', etaSeconds: 20 })
  })
  if (step % 10 > 0) return
  const stage = open.pop()
  tell({ type: 'stage-finished', stage, outcome: 'ran', seconds: 1, reason: '', error: '', headline: 'done', notes: [], metrics: {}, outputs: [], items: null, cost: 1 })
  open.push(ids[next])
  startStage(ids[next++])
}, 100)
setTimeout(() => {
  const [cpu, wall] = [process.cpuUsage(), performance.now()]
  seen.frames = seen.bytes = 0
  setTimeout(() => {
    const used = process.cpuUsage(cpu)
    const percent = ((used.user + used.system) / 1000 / (performance.now() - wall)) * 100
    live.close()
    console.log(JSON.stringify({ percent, ...seen }))
    process.exit(0)
  }, 10_000)
}, 2000)
`
