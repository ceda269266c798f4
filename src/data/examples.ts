/**
 * A data folder → examples, and everything that is wrong with names and labels, whatever its layout: one data set, or a
 * folder of several, each read in its own layout and named by its folder. Copies are dropped over all of it, before
 * anything is split. Looks only at names and label files; whether a file can be read is the validate stage's question.
 */
import { join } from 'node:path'
import { DataError, type DataFault } from '../lib/errors.ts'
import { sha256 } from '../lib/files.ts'
import { type LayoutName, layoutOf, layouts } from './layouts/index.ts'
import { type DataFile, LayoutFolder, type LayoutReading } from './layouts/layout.ts'
import type { Dropped, Example } from './manifest.ts'
import { ROOMS } from './validation.ts'

export type { DataFile } from './layouts/layout.ts'
export { AUDIO_EXTENSIONS, MIDI_EXTENSIONS } from './layouts/rooms.ts'

/** A data set in the folder. */
export interface DataPart {
  /** Its folder, '' where the data folder is the set. */
  readonly path: string
  readonly layout: LayoutName
}

export interface DataReading {
  readonly parts: readonly DataPart[]
  /** Ordered by room, then as the layout has them. */
  readonly examples: readonly Example[]
  readonly dropped: readonly Dropped[]
  readonly warnings: readonly Dropped[]
  /** Label files that cannot be read at all: nothing can be said of their room until they are mended. */
  readonly unreadable: readonly DataFault[]
  /** Sentences on what was left out, and why. */
  readonly notes: readonly string[]
}

/** Folders of sets inside folders of sets are looked for this deep. */
const DEEPEST = 3

/**
 * @param root the data folder
 * @param files every file below it
 * @param only the layout it has, where that is known already
 */
export async function readExamples(root: string, files: readonly DataFile[], only?: LayoutName): Promise<DataReading> {
  const folder = new LayoutFolder(root, files)
  const parts = only ? [{ path: '', layout: only }] : findParts(folder)
  const readings = []
  for (const part of parts) readings.push(await readPart(folder, part))
  const joined = {
    examples: readings.flatMap((reading) => reading.examples),
    dropped: readings.flatMap((reading) => reading.dropped ?? []),
    warnings: readings.flatMap((reading) => reading.warnings ?? []),
    unreadable: readings.flatMap((reading) => reading.unreadable ?? []),
    notes: readings.flatMap((reading) => reading.notes ?? []),
  }
  const { kept, copies } = dropCopies(joined.examples, new Map(folder.files.map((file) => [file.path, file.hash])))
  return { ...joined, parts, examples: byRoom(kept), dropped: byRoom([...joined.dropped, ...copies]) }
}

/** The data sets in a folder; none where nothing in it has a layout we know. */
export function findParts(folder: LayoutFolder): DataPart[] {
  const found = partsOf(folder, '', DEEPEST)
  if (found.length > 0) return found
  const any = layoutOf(folder, 'any')
  return any ? [{ path: '', layout: any }] : []
}

/** Where two folders or more hold a set each, it is a folder of sets; else it is one set, or leads to one. */
function partsOf(folder: LayoutFolder, at: string, depth: number): DataPart[] {
  const top = layoutOf(folder, 'top')
  if (top) return [{ path: at, layout: top }]
  const inside = foldersOf(folder).map((name) => partsIn(folder, name, at, depth))
  const sets = inside.filter((parts) => parts.length > 0)
  const whole = sets.length > 1 ? null : layoutOf(folder, 'inside')
  return whole ? [{ path: at, layout: whole }] : sets.flat()
}

function partsIn(folder: LayoutFolder, name: string, at: string, depth: number): DataPart[] {
  return depth === 0 ? [] : partsOf(below(folder, name), at ? `${at}/${name}` : name, depth - 1)
}

const foldersOf = (folder: LayoutFolder): string[] => [
  ...new Set(folder.files.flatMap(({ path }) => /^([^/]+)\//.exec(path)?.[1] ?? [])),
]

function below(folder: LayoutFolder, path: string): LayoutFolder {
  if (path === '') return folder
  const inside = folder.files.filter((file) => file.path.startsWith(`${path}/`))
  return new LayoutFolder(
    join(folder.root, path),
    inside.map((file) => ({ path: file.path.slice(path.length + 1), hash: file.hash })),
  )
}

async function readPart(folder: LayoutFolder, { path, layout }: DataPart): Promise<LayoutReading> {
  let reading: LayoutReading
  try {
    reading = await layouts[layout].read(below(folder, path))
  } catch (error) {
    if (!(error instanceof DataError)) throw error
    reading = { examples: [], unreadable: [error.fault] }
  }
  return path ? named(reading, path) : reading
}

/** What was found in one of several sets, with its folder before every name: no song of one set is that of another. */
function named(reading: LayoutReading, part: string): LayoutReading {
  const fault = (one: DataFault): DataFault => ({ ...one, path: `${part}/${one.path}` })
  const item = (one: Dropped): Dropped => ({ ...one, id: `${part}/${one.id}`, fault: fault(one.fault) })
  return {
    examples: reading.examples.map((one) => ({
      ...one,
      id: `${part}/${one.id}`,
      source: `${part}: ${one.source}`,
      part,
    })),
    dropped: reading.dropped?.map(item) ?? [],
    warnings: reading.warnings?.map(item) ?? [],
    unreadable: reading.unreadable?.map(fault) ?? [],
    notes: reading.notes?.map((note) => `${part}: ${note}`) ?? [],
  }
}

/** Empty files are equal too, but that is not what is wrong with them. */
const EMPTY = sha256('')

/** Files equal byte for byte, and equal chords with equal emotion: the first is kept, so that none stands in two splits. */
function dropCopies(
  examples: readonly Example[],
  hashes: ReadonlyMap<string, string>,
): { kept: Example[]; copies: Dropped[] } {
  const first = new Map<string, Example>()
  const copies: Dropped[] = []
  const kept = examples.filter((one) => {
    const content = contentOf(one, hashes)
    const same = content === null ? undefined : first.get(content)
    if (!same) {
      if (content !== null) first.set(content, one)
      return true
    }
    copies.push({ room: one.room, id: one.id, fault: copyFault(one, same) })
    return false
  })
  return { kept, copies }
}

function contentOf({ room, id, emotion, facts }: Example, hashes: ReadonlyMap<string, string>): string | null {
  if (room === 'chords') return JSON.stringify([facts.chords, emotion])
  const hash = hashes.get(id)
  return hash === undefined || hash === EMPTY ? null : `${room} ${hash}`
}

function copyFault({ room, id, emotion: mine }: Example, { id: first, emotion: its }: Example): DataFault {
  const path = id.replace(/#\d+$/, '')
  if (room === 'chords')
    return { path, offset: null, code: 'duplicate', message: `same chords and emotion as ${first}`, hint: '' }
  const differ = mine && its && (mine.valence !== its.valence || mine.arousal !== its.arousal)
  const message = `byte for byte the same file as ${first}${differ ? ', with another label' : ''}`
  const hint = differ ? 'decide which label is right; the first one is used' : 'the first one is used'
  return { path, offset: null, code: 'duplicate', message, hint }
}

const byRoom = <T extends { readonly room: Example['room'] }>(items: readonly T[]): T[] =>
  ROOMS.flatMap((room) => items.filter((item) => item.room === room))
