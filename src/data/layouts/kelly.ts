/**
 * The Kelly layout: audio/, midi/, chords/ and drums/, each with its label file inside or beside it at the top. Of midi/ and
 * drums/ an info.csv (midi_filename, split, source, style, …) is read too.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DataError, type DataFault } from '../../lib/errors.ts'
import { readChordExamples } from '../chord-examples.ts'
import { type LabelRow, readDrumInfo, readEmotionJson, readLabelsCsv, readProgressions } from '../labels.ts'
import type { Dropped, Example, Room } from '../manifest.ts'
import { type LabelSheet, pairFiles } from '../pair-labels.ts'
import { songOf } from '../songs.ts'
import { officialSplit } from '../split.ts'
import { ROOMS } from '../validation.ts'
import type { DataFile, Layout, LayoutReading } from './layout.ts'
import { AUDIO_EXTENSIONS, MIDI_EXTENSIONS, roomOf } from './rooms.ts'

export const kelly: Layout = {
  shape:
    'audio/ with labels.csv, midi/ with emotion_labels.json, chords/progressions.json, drums/ with info.csv: at least one of them',
  matches: (folder) =>
    folder.files.some(
      ({ path }) => path === 'chords/progressions.json' || (/^(audio|midi|drums)\//.test(path) && roomOf(path)),
    ) &&
    // A table of classes says more of the files than their folder does.
    !(folder.has(/^metadata\.(csv|json)$/) && !folder.has(/(^|\/)labels\.csv$/)),
  read: (folder) => {
    const parts = ROOMS.map((room): RoomReading => {
      const inRoom = folder.files.filter((file) => file.path.startsWith(`${room}/`))
      try {
        return READERS[room](folder.root, inRoom)
      } catch (error) {
        if (!(error instanceof DataError)) throw error
        return { examples: [], dropped: [], warnings: [], unreadable: [error.fault] }
      }
    })
    return {
      examples: parts.flatMap((part) => part.examples),
      dropped: parts.flatMap((part) => part.dropped),
      warnings: parts.flatMap((part) => part.warnings),
      unreadable: parts.flatMap((part) => part.unreadable ?? []),
    }
  },
}

interface RoomReading extends LayoutReading {
  readonly dropped: readonly Dropped[]
  readonly warnings: readonly Dropped[]
  readonly unreadable?: readonly DataFault[]
}

const READERS: Readonly<Record<Room, (root: string, files: readonly DataFile[]) => RoomReading>> = {
  audio: (root, files) => {
    const sheet = openSheet(root, 'audio', 'labels.csv', readLabelsCsv)
    return labelled('audio', files, sheet, AUDIO_EXTENSIONS, 'drop')
  },
  // Without any label file the MIDI is kept unlabelled: dynamics can be learned from it, melody drops it later.
  midi: (root, files) => {
    const sheet = openSheet(root, 'midi', 'emotion_labels.json', readEmotionJson)
    const reading = labelled('midi', files, sheet, MIDI_EXTENSIONS, sheet ? 'drop' : 'keep')
    return described(root, 'midi', files, reading)
  },
  chords: (root) => {
    const sheet = openSheet(root, 'chords', 'progressions.json', readProgressions)
    return sheet ? readChordExamples(sheet.rows, sheet.path) : { examples: [], dropped: [], warnings: [] }
  },
  // Emotion labels are rare here and optional; info.csv says style, tempo and session.
  drums: (root, files) => {
    const sheet = openSheet(root, 'drums', 'emotion_labels.json', readEmotionJson)
    const named = new Set(sheet?.rows.flatMap((row) => (row.source ? [`drums/${row.name}`] : [])))
    const reading = described(root, 'drums', files, labelled('drums', files, sheet, MIDI_EXTENSIONS, 'keep'))
    const examples = reading.examples.map((one) =>
      named.has(one.id.normalize('NFC')) || one.facts.source ? one : { ...one, source: drumSource(one.id, one.facts) },
    )
    return { ...reading, examples }
  },
}

function labelled(
  room: Room,
  files: readonly DataFile[],
  sheet: LabelSheet | null,
  extensions: readonly string[],
  unlabelled: 'drop' | 'keep',
): RoomReading {
  const { pairs, dropped, warnings } = pairFiles(room, files, sheet, extensions, unlabelled)
  const examples = pairs.map(({ file, label }) => {
    const source = label?.source ?? `${room}/${songOf(file.path.slice(room.length + 1))}`
    return { room, id: file.path, source, emotion: label?.emotion ?? null, facts: label?.facts ?? {} }
  })
  return { examples, dropped, warnings }
}

/** Examples with what info.csv says of their files; its `source` column names the song. */
function described(
  root: string,
  room: 'midi' | 'drums',
  files: readonly DataFile[],
  reading: RoomReading,
): RoomReading {
  const info = openSheet(root, room, 'info.csv', readDrumInfo)
  if (!info) return reading
  const rows = new Map(info.rows.map((row) => [row.name, row.facts]))
  const examples = reading.examples.map((one): Example => {
    const row = rows.get(one.id.slice(room.length + 1).normalize('NFC'))
    if (!row) return one
    return { ...one, facts: { ...row, ...one.facts }, source: String(row.source || '') || one.source }
  })
  const absent = absentRows(info, room, new Set(files.map((file) => file.path.normalize('NFC'))))
  return { ...reading, examples, warnings: [...reading.warnings, ...absent] }
}

/**
 * A session, since its takes share drummer, kit and day. Where the data set prescribes splits it is the take itself:
 * Groove's official splits put takes of one session on both sides.
 */
function drumSource(id: string, facts: Readonly<Record<string, unknown>>): string {
  const name = id.slice('drums/'.length)
  if (officialSplit({ facts })) return `drums/${name.replace(/\.[^./]+$/, '')}`
  if (typeof facts.session === 'string' && facts.session) return `drums/${facts.session}`
  const folders = name.split('/').slice(0, -1)
  return `drums/${folders.length > 0 ? folders.join('/') : songOf(name)}`
}

/** Rows of info.csv without a file, as one warning: a part of Groove with the whole info.csv is usual. */
function absentRows(info: LabelSheet, room: Room, paths: ReadonlySet<string>): Dropped[] {
  const absent = info.rows.filter((row) => row.name && !paths.has(`${room}/${row.name}`))
  if (absent.length === 0) return []
  const message = `${absent.length} of ${info.rows.length} rows name files that are not here, the first "${absent[0]!.name}" (${absent[0]!.place})`
  const fault: DataFault = { path: info.path, offset: absent[0]!.offset, code: 'absent-rows', message, hint: '' }
  return [{ room, id: info.path, fault }]
}

/**
 * Of `<room>/<name>`, else of `<name>` at the top where the room has files; null where there is neither.
 * @throws DataError where it cannot be read
 */
function openSheet(
  root: string,
  room: Room,
  name: string,
  read: (text: string, path: string) => LabelRow[],
): LabelSheet | null {
  const path = [`${room}/${name}`, name].find((one) => existsSync(join(root, one)))
  if (!path || (path === name && !existsSync(join(root, room)))) return null
  const rows = read(readFileSync(join(root, path), 'utf8'), path)
  if (path !== name) return { path, rows }
  // From the top a file may be named with its folder.
  const below = (row: LabelRow) =>
    row.name.startsWith(`${room}/`) ? { ...row, name: row.name.slice(room.length + 1) } : row
  return { path, rows: rows.map(below) }
}
