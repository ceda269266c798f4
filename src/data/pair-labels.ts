/** Labels and files brought together by name; what is left over on either side is named with the reason. */
import { extname } from 'node:path'
import type { DataFault } from '../lib/errors.ts'
import { type LabelRow, portable, repeatedName } from './labels.ts'
import type { DataFile } from './layouts/layout.ts'
import type { Dropped, Room } from './manifest.ts'

export interface LabelSheet {
  /** Path of the label file below the data folder. */
  readonly path: string
  readonly rows: readonly LabelRow[]
}

export interface Pair {
  readonly file: DataFile
  readonly label: LabelRow | null
}

/** Sounds and scores that people have and kpipe does not read; named so that nobody waits for them in vain. */
const OTHER_FORMATS = new Set([
  '.m4a',
  '.aac',
  '.wma',
  '.aif',
  '.aiff',
  '.caf',
  '.alac',
  '.webm',
  '.mp4',
  '.mscz',
  '.xml',
  '.musicxml',
  '.sib',
])

/**
 * @param files of this room, sorted
 * @param sheet null where the room has no label file
 * @param unlabelled what to do with files that no label names
 */
export function pairFiles(
  room: Room,
  files: readonly DataFile[],
  sheet: LabelSheet | null,
  extensions: readonly string[],
  unlabelled: 'drop' | 'keep',
): { pairs: Pair[]; dropped: Dropped[]; warnings: Dropped[] } {
  const dropped: Dropped[] = []
  const warnings: Dropped[] = []
  const drop = (id: string, fault: DataFault) => void dropped.push({ room, id, fault })
  const byName = new Map(files.map((file) => [portable(file.path.slice(room.length + 1)), file]))
  const labels = new Map<string, LabelRow>()
  for (const row of sheet?.rows ?? []) {
    const first = labels.get(row.name)
    if (first && row.fault?.code !== 'duplicate-name')
      warnings.push({
        room,
        id: `${room}/${row.name}`,
        fault: repeatedName(sheet!.path, row.offset, row.place, row.name),
      })
    else if (first) warnings.push({ room, id: `${room}/${row.name}`, fault: row.fault! })
    else labels.set(row.name, row)
  }
  const usable = (name: string) => extensions.includes(extname(name).toLowerCase())
  for (const [name, row] of labels) {
    const id = byName.get(name)?.path ?? `${room}/${name}`
    if (row.fault) drop(id, row.fault)
    else if (!usable(name)) drop(id, unknownExtension(sheet!.path, row, extensions))
    else if (!byName.has(name)) drop(id, missingFile(sheet!.path, row, room, byName))
  }
  const pairs: Pair[] = []
  for (const [name, file] of byName) {
    const label = labels.get(name) ?? null
    if (!usable(name)) {
      if (!label && OTHER_FORMATS.has(extname(name).toLowerCase())) drop(file.path, otherFormat(file.path, extensions))
    } else if (label?.fault) continue
    else if (label || unlabelled === 'keep') pairs.push({ file, label })
    else drop(file.path, noLabel(file.path, room, sheet))
  }
  return { pairs, dropped, warnings }
}

function unknownExtension(path: string, row: LabelRow, extensions: readonly string[]): DataFault {
  const extension = extname(row.name)
  const found = extension ? `has the extension "${extension}"` : 'has no extension'
  const message = `${row.place}: "${row.name}" ${found}, expected ${extensions.join(', ')}`
  return { path, offset: row.offset, code: 'unknown-extension', message, hint: 'convert the file, or correct its name' }
}

function otherFormat(path: string, extensions: readonly string[]): DataFault {
  const message = `format "${extname(path)}" is not read, expected ${extensions.join(', ')}`
  return { path, offset: null, code: 'unknown-extension', message, hint: 'convert the file' }
}

function missingFile(path: string, row: LabelRow, room: Room, files: ReadonlyMap<string, DataFile>): DataFault {
  const outside = row.name.startsWith('/') || row.name.split('/').includes('..') || /^[a-z]:/i.test(row.name)
  const lower = row.name.toLowerCase()
  const near = [...files.keys()].find((name) => name.toLowerCase() === lower || name.endsWith(`/${row.name}`))
  const message = outside
    ? `${row.place}: "${row.name}" is outside ${room}/`
    : `${row.place}: there is no file ${room}/${row.name}`
  const hint = near
    ? `did you mean "${near}"?`
    : outside
      ? `name files relative to ${room}/`
      : 'add the file or delete its label'
  return { path, offset: row.offset, code: 'missing-file', message, hint }
}

function noLabel(path: string, room: Room, sheet: LabelSheet | null): DataFault {
  const name = room === 'audio' ? 'audio/labels.csv' : `${room}/emotion_labels.json`
  const message = sheet ? `no label for it in ${sheet.path}` : `no label for it: there is no ${name}`
  const hint = `add it to ${name}, with valence and arousal from -1 to 1`
  return { path, offset: null, code: 'no-label', message, hint }
}
