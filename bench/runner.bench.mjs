// The runner against DVC, ninja and a bare Node: runs with nothing to do, and a thousand tiny commands.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { installedKpipe, inTurn, must, time } from './tools.mjs'

let bin = ''

export async function run(tools) {
  bin = installedKpipe(tools.work)
  const rows = []
  if (tools.wants('no-op 5,000')) rows.push(...noOp(tools, 5000, true))
  if (tools.wants('no-op 100,000')) rows.push(...noOp(tools, 100_000, false))
  if (tools.wants('1,000 commands')) rows.push(...thousand(tools))
  return rows
}

const kpipe = (cwd, ...args) => time(process.execPath, [bin, 'run', ...args], { cwd })

/** Eight stages over one folder of data; the first reads it all. */
function noOp(tools, count, withDvc) {
  const root = tools.folder(`noop-${count}`)
  mkdirSync(join(root, 'data'))
  for (let i = 0; i < count; i++) {
    if (i % 1000 === 0) mkdirSync(join(root, 'data', String(i / 1000)))
    writeFileSync(join(root, 'data', String(Math.floor(i / 1000)), `${i}.txt`), `item ${i}\n`)
  }
  const stages = Array.from({ length: 8 }, (_, i) => ({
    name: `s${i}`,
    cmd: i === 0 ? 'ls -R data | wc -l > s0.txt' : `cp s${i - 1}.txt s${i}.txt`,
    dep: i === 0 ? 'data' : `s${i - 1}.txt`,
    out: `s${i}.txt`,
  }))
  mkdirSync(join(root, 'pipelines'))
  writeFileSync(
    join(root, 'pipelines', 'p.yaml'),
    `name: p\nstages:\n${stages.map((s) => `  ${s.name}: { run: '${s.cmd}', deps: [${s.dep}], outs: [${s.out}] }\n`).join('')}`,
  )
  kpipe(root)
  kpipe(root) // files written in the last tick are hashed once more
  const label = `no-op ${count.toLocaleString('en')} files, 8 stages`
  if (!withDvc) {
    const { ours } = inTurn(5, { ours: () => kpipe(root) })
    return [{ case: `${label}, limit 1.5 s`, ours, peer: 1.5, unit: 's', goal: 1, better: 'less' }]
  }
  const dvc = dvcProject(tools, root, stages)
  const { ours, node } = inTurn(15, {
    ours: () => kpipe(root),
    node: () => time(process.execPath, ['-e', '1'], { cwd: root }),
  })
  const { ours: again, dvc: peer } = inTurn(7, { ours: () => kpipe(root), dvc })
  return [
    { case: `${label} against dvc repro`, ours: again, peer, unit: 's', goal: 10, better: 'less' },
    { case: `${label} against node -e 1`, ours, peer: node, unit: 's', goal: 0.4, better: 'less' },
  ]
}

function dvcProject(tools, root, stages) {
  const python = tools.python(['dvc==3.67.1'])
  const dvc = join(python, '..', 'dvc')
  const env = { ...process.env, DVC_NO_ANALYTICS: '1', PATH: `${join(python, '..')}:${process.env.PATH}` }
  const options = { cwd: root, env }
  // As its users have it: a git repository with everything small committed.
  must('git', ['init', '-q'], options)
  must(dvc, ['init', '-q'], options)
  writeFileSync(
    join(root, 'dvc.yaml'),
    `stages:\n${stages.map((s) => `  ${s.name}:\n    cmd: ${s.cmd}\n    deps: [${s.dep}]\n    outs: [${s.out}]\n`).join('')}`,
  )
  for (const { out } of stages) rmSync(join(root, out), { force: true })
  must(dvc, ['repro', '-q'], options)
  must('git', ['add', '--all', '--', '.', ':!cache'], options)
  must('git', ['-c', 'user.name=bench', '-c', 'user.email=bench@localhost', 'commit', '-q', '-m', 'bench'], options)
  kpipe(root)
  kpipe(root)
  return () => time(dvc, ['repro'], options)
}

/** A binary tree of 1,000 tiny commands: 500 leaves read one file each, every other one joins two. */
function thousand(tools) {
  const count = 1000
  const root = tools.folder('thousand')
  const commands = Array.from({ length: count }, (_, i) => {
    const children = [2 * i + 1, 2 * i + 2].filter((child) => child < count)
    const deps = children.length > 0 ? children.map((child) => `o/${child}.txt`) : [`in/${i}.txt`]
    return { i, deps, out: `o/${i}.txt`, run: `cat ${deps.join(' ')} > o/${i}.txt` }
  })
  for (const folder of ['in', 'o', 'pipelines']) mkdirSync(join(root, folder))
  for (const { i, deps } of commands) if (deps[0].startsWith('in/')) writeFileSync(join(root, deps[0]), `${i}\n`)
  writeFileSync(
    join(root, 'pipelines', 'p.yaml'),
    `name: p\nstages:\n${commands.map((c) => `  c${c.i}: { run: '${c.run}', deps: [${c.deps.join(', ')}], outs: [${c.out}] }\n`).join('')}`,
  )
  writeFileSync(
    join(root, 'build.ninja'),
    `rule sh\n  command = $cmd\n${commands.map((c) => `build ${c.out}: sh ${c.deps.join(' ')}\n  cmd = ${c.run}\n`).join('')}`,
  )
  const clear = (...names) => {
    for (const name of names) rmSync(join(root, name), { recursive: true, force: true })
    mkdirSync(join(root, 'o'), { recursive: true })
  }
  const first = inTurn(5, {
    ninja: () => {
      clear('o', '.ninja_log', '.ninja_deps')
      return time('ninja', ['-j2', '--quiet'], { cwd: root })
    },
    ours: () => {
      clear('o', 'cache')
      return kpipe(root, '--quiet', '--jobs', '2')
    },
  })
  const { ours } = inTurn(9, { ours: () => kpipe(root, '--quiet') })
  return [
    {
      case: '1,000 commands first run against ninja',
      ours: first.ours,
      peer: first.ninja,
      unit: 's',
      goal: 0.5,
      better: 'less',
    },
    { case: '1,000 commands no-op, limit 0.35 s', ours, peer: 0.35, unit: 's', goal: 1, better: 'less' },
  ]
}
