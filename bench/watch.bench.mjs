// Watching 20,000 data files: time until nothing is missed any more, memory, and that no event of a burst is lost.
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { median, must, repository } from './tools.mjs'

const FILES = 20_000
const FOLDERS = 100
const BURST = 500

export async function run(tools) {
  const root = tools.folder('data')
  for (let i = 0; i < FILES; i++) {
    const folder = join(root, String(i % FOLDERS))
    if (i < FOLDERS) mkdirSync(folder)
    writeFileSync(join(folder, `${i}.wav`), 'x')
  }
  const ours = measure(tools, root, 'ours')
  const peer = measure(tools, root, 'chokidar')
  const lost = `${ours.lost} lost of ${BURST}`
  return [
    {
      case: 'ready to watch 20,000 files, limit 0.5 s',
      ours: ours.ready,
      peer: 0.5,
      unit: 's',
      goal: 1,
      better: 'less',
    },
    {
      case: 'memory for 20,000 files, limit 50 MB',
      ours: ours.megabytes,
      peer: 50,
      unit: 'MB',
      goal: 1,
      better: 'less',
    },
    { case: `ready, against chokidar`, ours: ours.ready, peer: peer.ready, unit: 's', goal: 5, better: 'less' },
    {
      case: `memory, against chokidar`,
      ours: ours.megabytes,
      peer: peer.megabytes,
      unit: 'MB',
      goal: 4,
      better: 'less',
    },
    // One more than were lost, so that none lost is a number one can divide by.
    {
      case: `burst of ${BURST} files in new nested folders`,
      ours: ours.lost + 1,
      peer: 1,
      unit: '1 + lost',
      goal: 1,
      better: 'less',
      note: lost,
    },
  ]
}

/** Medians of five processes of their own: memory is that of a whole process less that of one that watches nothing. */
function measure(tools, root, watcher) {
  const runs = Array.from({ length: 5 }, (_, i) => {
    const done = spawnSync(process.execPath, ['--expose-gc', probe(tools), watcher, root, `burst-${watcher}-${i}`], {
      encoding: 'utf8',
      timeout: 60_000,
    })
    if (done.status !== 0) throw new Error(done.stderr)
    return JSON.parse(done.stdout)
  })
  return {
    ready: median(runs.map((one) => one.ready)),
    megabytes: Math.max(0.1, median(runs.map((one) => one.megabytes))),
    lost: Math.max(...runs.map((one) => one.lost)),
  }
}

/** The watcher is built by itself: the command line holds it in one file with everything else. */
function probe(tools) {
  const bundle = join(tools.work, 'watch-folders.mjs')
  const file = join(tools.work, 'probe.mjs')
  must(join(repository, 'node_modules', '.bin', 'esbuild'), [
    join(repository, 'src/run/watch-folders.ts'),
    '--bundle',
    '--platform=node',
    '--format=esm',
    `--outfile=${bundle}`,
    '--log-level=error',
  ])
  writeFileSync(file, PROBE)
  return file
}

const PROBE = `
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
const [watcher, root, burst] = process.argv.slice(2)
const heard = new Set()
const load = { ours: () => import('./watch-folders.mjs'), chokidar: () => import('chokidar') }
const module = await load[watcher]()
global.gc()
const before = process.memoryUsage().rss
const start = performance.now()
let watch
if (watcher === 'ours') {
  watch = new module.FolderWatch({ onChange: (path) => heard.add(path), ignore: () => false })
  watch.add(root)
} else {
  watch = module.watch(root, { ignoreInitial: true }).on('all', (_, path) => heard.add(path))
  await new Promise((resolve) => watch.once('ready', resolve))
}
const ready = (performance.now() - start) / 1000
const megabytes = (process.memoryUsage().rss - before) / 2 ** 20
const files = Array.from({ length: ${BURST} }, (_, i) => join(root, burst, String(i % 9), String(i % 4), i + '.mid'))
for (const file of files) {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, 'x')
}
const deadline = performance.now() + 5000
while (files.some((file) => !heard.has(file)) && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20))
const lost = files.filter((file) => !heard.has(file)).length
await watch.close()
rmSync(join(root, burst), { recursive: true })
console.log(JSON.stringify({ ready, megabytes, lost }))
process.exit(0)
`
