/** A catalogued data set: its archives downloaded (or yours taken), checked and unpacked, or your own folder linked. */
import { copyFileSync, mkdirSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { unpack } from '../../src/data/archive.ts'
import type { CatalogueEntry, CatalogueFile } from '../../src/data/catalogue.ts'
import { download } from '../../src/data/http.ts'
import { layouts } from '../../src/data/layouts/index.ts'
import { type DataFile, type Layout, LayoutFolder } from '../../src/data/layouts/layout.ts'
import { UserError } from '../../src/lib/errors.ts'
import type { StageContext } from '../../src/stage.ts'
import { pathsBelow } from './data-items.ts'

export interface DataSetOptions {
  readonly raw: string
  readonly mirror: string
  readonly retries: number
  readonly stall_seconds: number
}

type Context = StageContext<DataSetOptions>

/**
 * Fills `ctx.out('data')`, in the publisher's layout. Archives lie in `ctx.checkpoints` until all is done, so that an
 * interrupted run goes on.
 * @returns notes on what was left out
 */
export async function getDataSet(ctx: Context, entry: CatalogueEntry): Promise<string[]> {
  // Asked of the option, not of the input: what the user has must never be replaced by a download because it is missing.
  const own = ctx.options.raw !== ''
  const raw = ctx.inputs.raw?.path ?? ''
  const layout: Layout = layouts[entry.layout]
  const notes: string[] = []
  const archives = own ? ownArchives(ctx, entry, raw) : await fetchAll(ctx, entry, notes)
  const data = ctx.out('data')
  if (archives.length === 0) takeFolder(ctx, layout, raw, data)
  for (const archive of archives) notes.push(...(await unpackOne(ctx, entry, archive, data)))
  await unpackInner(ctx, entry, layout, data)
  const folder = new LayoutFolder(data, filesOf(data))
  if (!layout.matches(folder))
    throw new UserError(`${own ? ctx.options.raw : 'the archive'} does not hold ${entry.title}`, {
      hint: `expected: ${layout.shape}`,
    })
  if (!own) for (const archive of archives) rmSync(archive)
  return notes
}

/** Names only: nothing of it is hashed. */
export const filesOf = (folder: string): DataFile[] => pathsBelow(folder).map((path) => ({ path, hash: path }))

/** A link, unless music lies in an archive inside: then what is needed is copied, so that it can be unpacked. */
function takeFolder(ctx: Context, layout: Layout, raw: string, data: string): void {
  const paths = pathsBelow(raw)
  if (!layout.inner || !paths.some((path) => layout.inner!.test(path)))
    return symlinkSync(raw, data, process.platform === 'win32' ? 'junction' : 'dir')
  for (const path of paths.filter((one) => layout.keep?.(one))) {
    ctx.signal.throwIfAborted()
    mkdirSync(dirname(join(data, path)), { recursive: true })
    copyFileSync(join(raw, path), join(data, path))
  }
}

async function unpackInner(ctx: Context, entry: CatalogueEntry, { inner }: Layout, data: string): Promise<void> {
  for (const path of inner ? pathsBelow(data).filter((one) => inner.test(one)) : []) {
    const archive = join(data, path)
    await unpack(archive, archive.replace(/\.[a-z]+$/i, ''), {
      name: basename(path),
      limits: entry.limits,
      keep: (one) => /\.(midi?|wav|mp3)$/i.test(one) && !one.startsWith('__MACOSX/'),
      signal: ctx.signal,
    })
    rmSync(archive)
  }
}

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
async function unpackOne(ctx: Context, entry: CatalogueEntry, archive: string, data: string): Promise<string[]> {
  const name = basename(archive)
  mkdirSync(data, { recursive: true })
  const report = every(64, (done) => ctx.progress({ done, total: 0, unit: 'files', note: `unpacking ${name}` }))
  const { collisions } = await unpack(archive, join(data, name.replace(/(\.tar)?\.[a-z]+$/i, '')), {
    name,
    limits: entry.limits,
    keep: (path) => layouts[entry.layout].keep?.(path) ?? true,
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
