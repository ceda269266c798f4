/** Is the cache of the project sound? Reads only; `fix` removes what is damaged, so that the next run makes it anew. */
import {
  accessSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { sha256 } from '../../lib/files.ts'
import { lockState } from '../../run/lock.ts'
import { hashOfFile, indexFault } from '../../store/stat-index.ts'
import type { Layout } from '../../store/layout.ts'
import { Results } from '../../store/results.ts'
import { shellWord } from '../invocation.ts'
import { bad, bytes, type Check, ok, warn } from './check.ts'

/** Blobs read without --deep. */
const SAMPLE = 200
const SAMPLE_BYTES = 256 << 20

export function checkCache(
  layout: Layout,
  options: { readonly deep: boolean; readonly fix: boolean },
  kpipe: string,
): Check[] {
  if (!existsSync(layout.cache)) return [ok('cache', 'not made yet')]
  return [
    checkJournal(layout, kpipe),
    checkIndex(layout),
    checkLock(layout, kpipe),
    checkBlobs(layout, options, kpipe),
    checkResults(layout, options, kpipe),
    checkLeftovers(layout, kpipe),
    checkReflink(layout),
  ]
}

function checkJournal(layout: Layout, kpipe: string): Check {
  if (!existsSync(layout.journal)) return ok('journal', 'nothing has run yet')
  const lines = readFileSync(layout.journal, 'utf8').split('\n').filter(Boolean)
  const torn = lines.filter((line) => !isJson(line)).length
  if (torn === 0) return ok('journal', `${lines.length} entries`)
  const what = `${torn} of ${lines.length} lines cannot be read`
  // Only the last one can be news; after the others the stage has told of itself again.
  if (isJson(lines.at(-1)!)) return ok('journal', `${what} and ${torn > 1 ? 'are' : 'is'} passed over`)
  return warn('journal', `${what}: that stage runs again`, `${kpipe} run`)
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function checkIndex(layout: Layout): Check {
  const fault = indexFault(layout.statIndex)
  if (fault === '') return ok('file index', existsSync(layout.statIndex) ? 'readable' : 'not made yet')
  return warn('file index', `${fault}: every file is read once more`, `rm ${relative(layout.root, layout.statIndex)}`)
}

function checkLock(layout: Layout, kpipe: string): Check {
  const state = lockState(layout.lock)
  if (!state) return ok('lock', 'free')
  const { owner, alive } = state
  if (alive === true) return ok('lock', `a run is working here (process ${owner})`)
  if (alive === null)
    return warn(
      'lock',
      `held by ${owner}, which cannot be asked from here; if it is dead the next run takes over`,
      `${kpipe} run`,
    )
  return warn('lock', `left by a run that died (process ${owner}); the next run takes over`, `${kpipe} run`)
}

function checkBlobs(layout: Layout, { deep, fix }: { deep: boolean; fix: boolean }, kpipe: string): Check {
  const blobs = filesBelow(layout.blobs).filter((path) => !path.includes('.tmp-'))
  const chosen = deep ? blobs : sample(blobs)
  const damaged = chosen.filter((path) => nameOf(path) !== hashOfFile(path))
  const read =
    deep || chosen.length === blobs.length
      ? `all ${blobs.length} read`
      : `${chosen.length} of ${blobs.length} read; --deep reads all`
  if (damaged.length === 0) return ok('stored files', read)
  const names = damaged
    .slice(0, 3)
    .map((path) => relative(layout.root, path))
    .join(', ')
  const what = `${damaged.length} damaged (${names}${damaged.length > 3 ? ', …' : ''}), ${read}`
  if (!fix) return bad('stored files', what, `${kpipe} doctor --fix && ${kpipe} run`)
  for (const path of damaged) rmSync(path, { force: true })
  return warn('stored files', `${what}: removed, the next run makes them anew`, `${kpipe} run`)
}

/** Every nth file, so that the same cache gives the same answer. */
function sample(paths: readonly string[]): string[] {
  const step = Math.max(1, Math.ceil(paths.length / SAMPLE))
  let size = 0
  return paths.filter((path, i) => {
    if (i % step !== 0) return false
    size += statSync(path, { throwIfNoEntry: false })?.size ?? 0
    return size <= SAMPLE_BYTES || i === 0
  })
}

const nameOf = (path: string) => path.split('/').slice(-2).join('')

/** Folder listings must hash to their names; of results, lines that cannot be read are skipped by a run as if never written. */
function checkResults(layout: Layout, { fix }: { fix: boolean }, kpipe: string): Check {
  const trees = filesBelow(layout.trees).filter((path) => !path.includes('.tmp-'))
  const broken = trees.filter((path) => nameOf(path) !== sha256(readFileSync(path)))
  const results = new Results(layout.results)
  const stored = [...results.list()]
  const inline = stored.filter(({ result }) =>
    Object.entries(result.inline ?? {}).some(([hash, text]) => sha256(Buffer.from(text, 'base64')) !== hash),
  )
  if (broken.length + inline.length === 0) return ok('results', `${stored.length} stored`)
  const first = broken[0] ? relative(layout.root, broken[0]) : inline[0]!.result.stage
  const what = `${broken.length + inline.length} damaged (${first}${broken.length + inline.length > 1 ? ', …' : ''})`
  if (!fix) return bad('results', what, `${kpipe} doctor --fix && ${kpipe} run`)
  for (const path of broken) rmSync(path, { force: true })
  for (const { result } of inline) results.drop(result.key)
  results.close()
  return warn('results', `${what}: removed, the next run makes them anew`, `${kpipe} run`)
}

function checkLeftovers(layout: Layout, kpipe: string): Check {
  const alive = lockState(layout.lock)?.alive
  if (alive === true || alive === null) return ok('leftovers', 'not looked for while a run is working')
  const aside = existsSync(layout.aside) ? readdirSync(layout.aside) : []
  const temp = existsSync(layout.temp) ? readdirSync(layout.temp) : []
  if (aside.length + temp.length === 0) return ok('leftovers', 'none')
  const size = [layout.aside, layout.temp].flatMap(filesBelow).reduce((sum, path) => sum + statSync(path).size, 0)
  const kept = aside.length > 0 ? ', last good outputs among them, which are put back' : ''
  return warn('leftovers', `${bytes(size)} of a run that died${kept}`, `${kpipe} run`)
}

function checkReflink(layout: Layout): Check {
  const from = join(layout.temp, `doctor-${process.pid}`)
  mkdirSync(layout.temp, { recursive: true })
  try {
    writeFileSync(from, 'reflink?')
    copyFileSync(from, `${from}.copy`, constants.COPYFILE_FICLONE_FORCE)
    return ok('reflinks', 'yes: a stored output takes no space twice')
  } catch {
    return ok('reflinks', 'no: a stored output takes its size twice (Btrfs, XFS and APFS would share it)')
  } finally {
    for (const path of [from, `${from}.copy`]) rmSync(path, { force: true })
  }
}

/** Room for what a run makes. */
export function checkDisk(folder: string, kpipe: string): Check {
  let at = folder
  while (!existsSync(at)) at = dirname(at)
  try {
    accessSync(at, constants.W_OK)
  } catch {
    return bad('disk', `${at} may not be written to`, `chmod -R u+w ${shellWord(at)}`)
  }
  const { bavail, bsize } = statfsSync(at)
  const free = Number(bavail) * Number(bsize)
  const found = `${bytes(free)} free for ${folder}`
  if (free < 0.2e9) return bad('disk', found, `${kpipe} gc --budget 1G --apply`)
  return free < 2e9 ? warn('disk', found, `${kpipe} gc`) : ok('disk', found)
}

function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => (entry.isDirectory() ? filesBelow(`${folder}/${entry.name}`) : [`${folder}/${entry.name}`]))
}
