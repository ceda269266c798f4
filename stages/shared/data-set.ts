/** A catalogued data set: its archives downloaded (or yours taken), checked, unpacked, and arranged in the Kelly layout. */
import { mkdirSync, rmSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { AdaptResult } from '../../src/data/adapters/adapter.ts'
import { adapters } from '../../src/data/adapters/index.ts'
import { unpack } from '../../src/data/archive.ts'
import type { CatalogueEntry, CatalogueFile } from '../../src/data/catalogue.ts'
import { download } from '../../src/data/http.ts'
import { UserError } from '../../src/lib/errors.ts'
import type { StageContext } from '../../src/stage.ts'

export interface DataSetOptions {
  readonly raw: string
  readonly mirror: string
  readonly retries: number
  readonly stall_seconds: number
}

type Context = StageContext<DataSetOptions>

/** Fills `ctx.out('data')`. Archives lie in `ctx.checkpoints` until all is done, so that an interrupted run goes on. */
export async function getDataSet(ctx: Context, entry: CatalogueEntry): Promise<AdaptResult> {
  // Asked of the option, not of the input: what the user has must never be replaced by a download because it is missing.
  const own = ctx.options.raw !== ''
  const raw = ctx.inputs.raw?.path ?? ''
  const notes: string[] = []
  const archives = own ? ownArchives(ctx, entry, raw) : await fetchAll(ctx, entry, notes)
  for (const archive of archives) notes.push(...(await unpackOne(ctx, entry, archive)))
  const data = ctx.out('data')
  mkdirSync(data, { recursive: true })
  const adapted = await adapters[entry.id].adapt({
    from: archives.length > 0 ? unpackedFolder(ctx) : raw,
    data,
    scratch: join(ctx.scratch, 'adapt'),
    take: archives.length > 0 ? 'move' : 'copy',
    signal: ctx.signal,
    onProgress: (done, total) => ctx.progress({ done, total, unit: 'files', note: 'arranging' }),
  })
  if (!own) for (const archive of archives) rmSync(archive)
  return { ...adapted, notes: [...notes, ...adapted.notes] }
}

const unpackedFolder = (ctx: Context) => join(ctx.scratch, 'unpacked')

/** @returns absolute paths of the archives */
async function fetchAll(ctx: Context, entry: CatalogueEntry, notes: string[]): Promise<string[]> {
  const archives: string[] = []
  for (const file of entry.files) {
    const target = join(ctx.checkpoints ?? ctx.scratch, file.name)
    const checked = file.sha256 !== null || file.md5 !== null
    const got = await download(addressOf(entry, file, ctx.options.mirror), target, {
      // A size without a checksum beside it is hearsay: good for a ceiling, not for refusing a file.
      expectedBytes: checked ? file.bytes : null,
      sha256: file.sha256,
      md5: file.md5,
      maxBytes: file.bytes === null ? 10e9 : file.bytes * 2,
      retries: ctx.options.retries,
      stallSeconds: ctx.options.stall_seconds,
      signal: ctx.signal,
      onProgress: every(4 << 20, (done, total) => ctx.progress({ done, total, unit: 'bytes', note: file.name })),
      onRetry: (message) => ctx.log('warn', `${file.name}: ${message}`),
    })
    if (got.resumedFrom > 0) ctx.log('info', `${file.name}: went on from byte ${got.resumedFrom}`)
    if (!checked) notes.push(`${file.name} could not be checked: no checksum is published`)
    archives.push(target)
  }
  return archives
}

function addressOf(entry: CatalogueEntry, file: CatalogueFile, mirror: string): string {
  if (mirror) return `${mirror.replace(/\/+$/, '')}/${file.name}`
  if (file.url) return file.url
  throw new UserError(`${entry.title} cannot be downloaded by a program: ${entry.manual}`, {
    hint: `${entry.homepage}; then pass what you got, the folder or the archive, as \`raw:\` (for example raw: ~/Downloads/${file.name})`,
  })
}

/** The user's archive, or none where it is a folder. */
function ownArchives(ctx: Context, entry: CatalogueEntry, raw: string): string[] {
  const stat = raw === '' ? undefined : statSync(raw, { throwIfNoEntry: false })
  if (!stat)
    throw new UserError(`raw: there is no ${ctx.options.raw}`, { hint: `${entry.title} is at ${entry.homepage}` })
  return stat.isDirectory() ? [] : [raw]
}

/** @returns notes on what was left out */
async function unpackOne(ctx: Context, entry: CatalogueEntry, archive: string): Promise<string[]> {
  const name = basename(archive)
  mkdirSync(unpackedFolder(ctx), { recursive: true })
  const report = every(64, (done) => ctx.progress({ done, total: 0, unit: 'files', note: `unpacking ${name}` }))
  const { collisions } = await unpack(archive, join(unpackedFolder(ctx), name.replace(/(\.tar)?\.[a-z]+$/i, '')), {
    name,
    limits: entry.limits,
    keep: adapters[entry.id].keep,
    onCollision: 'skip',
    signal: ctx.signal,
    onProgress: (files) => report(files, 0),
  })
  if (collisions.length === 0) return []
  return [
    `${collisions.length} files of ${name} left out: their names differ from others only in case, the first ${collisions[0]}`,
  ]
}

/** Calls through when `done` has grown by `step`, and at the end. */
function every(step: number, report: (done: number, total: number) => void): (done: number, total: number) => void {
  let last = -Infinity
  return (done, total) => {
    if (done - last < step && done !== total) return
    last = done
    report(done, total)
  }
}
