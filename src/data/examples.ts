/**
 * A data folder in the Kelly layout → examples, and everything that is wrong with names and labels.
 * Looks only at file names and label files; whether a WAV or MIDI file can be read is the validate stage's question.
 */
import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { DataError, type DataFault } from '../lib/errors.ts'
import { readChordExamples } from './chord-examples.ts'
import { type LabelRow, readDrumInfo, readEmotionJson, readLabelsCsv, readProgressions } from './labels.ts'
import type { Dropped, Example, Room } from './manifest.ts'
import { dropRepeatedFiles, type LabelSheet, pairFiles } from './pair-labels.ts'
import { songOf } from './songs.ts'
import { officialSplit } from './split.ts'
import { ROOMS } from './validation.ts'

/** A file below the data folder. */
export interface DataFile {
  /** Relative to the data folder, `/`-separated. */
  readonly path: string
  /** Hash of the content: equal hashes are copies. */
  readonly hash: string
}

export interface DataReading {
  /** Ordered by room, then by id. */
  readonly examples: readonly Example[]
  readonly dropped: readonly Dropped[]
  readonly warnings: readonly Dropped[]
  /** Label files that cannot be read at all: nothing can be said of their room until they are mended. */
  readonly unreadable: readonly DataFault[]
}

/** What `decodeAudio` and `readMidi` take; other files in a room are no items. */
export const AUDIO_EXTENSIONS = ['.wav', '.wave', '.mp3', '.flac', '.ogg', '.oga', '.opus']
export const MIDI_EXTENSIONS = ['.mid', '.midi', '.rmi', '.kar']

/**
 * @param root the data folder (with `audio/`, `midi/`, `chords/`, `drums/`; each may be missing)
 * @param files every file below it
 */
export function readExamples(root: string, files: readonly DataFile[]): DataReading {
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
  const parts = ROOMS.map((room) => {
    const inRoom = sorted.filter((file) => file.path.startsWith(`${room}/`) && !hidden(file.path))
    try {
      return READERS[room](root, inRoom)
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
}

interface RoomReading {
  readonly examples: Example[]
  readonly dropped: Dropped[]
  readonly warnings: Dropped[]
  readonly unreadable?: DataFault[]
}

const READERS: Readonly<Record<Room, (root: string, files: readonly DataFile[]) => RoomReading>> = {
  audio: (root, files) => {
    const sheet = openSheet(root, 'audio/labels.csv', readLabelsCsv)
    return labelled('audio', files, sheet, AUDIO_EXTENSIONS, 'drop')
  },
  // Without any label file the MIDI is kept unlabelled: dynamics can be learned from it, melody drops it later.
  midi: (root, files) => {
    const sheet = openSheet(root, 'midi/emotion_labels.json', readEmotionJson)
    return labelled('midi', files, sheet, MIDI_EXTENSIONS, sheet ? 'drop' : 'keep')
  },
  chords: (root) => {
    const path = 'chords/progressions.json'
    const sheet = openSheet(root, path, readProgressions)
    return sheet ? readChordExamples(sheet.rows, path) : { examples: [], dropped: [], warnings: [] }
  },
  drums: readDrums,
}

function labelled(
  room: Room,
  files: readonly DataFile[],
  sheet: LabelSheet | null,
  extensions: readonly string[],
  unlabelled: 'drop' | 'keep',
): RoomReading {
  const { pairs, dropped, warnings } = pairFiles(room, files, sheet, extensions, unlabelled)
  const kept = dropRepeatedFiles(room, pairs)
  const examples = kept.pairs.map(({ file, label }) => {
    const source = label?.source ?? `${room}/${songOf(file.path.slice(room.length + 1))}`
    return { room, id: file.path, source, emotion: label?.emotion ?? null, facts: label?.facts ?? {} }
  })
  return { examples, dropped: [...dropped, ...kept.dropped], warnings }
}

/** drums: emotion labels are rare and optional; info.csv says style, tempo and session. */
function readDrums(root: string, files: readonly DataFile[]): RoomReading {
  const sheet = openSheet(root, 'drums/emotion_labels.json', readEmotionJson)
  const info = openSheet(root, 'drums/info.csv', readDrumInfo)
  const reading = labelled('drums', files, sheet, MIDI_EXTENSIONS, 'keep')
  const rows = new Map(info?.rows.map((row) => [row.name, row.facts]))
  const named = new Map(sheet?.rows.flatMap((row) => (row.source ? [[row.name, row.source] as const] : [])))
  const examples = reading.examples.map((example): Example => {
    const name = example.id.slice('drums/'.length)
    const facts = { ...rows.get(name.normalize('NFC')), ...example.facts }
    return { ...example, facts, source: named.get(name.normalize('NFC')) ?? drumSource(name, facts) }
  })
  const absent = info ? absentRows(info, new Set(files.map((file) => file.path.normalize('NFC')))) : []
  return { ...reading, examples, warnings: [...reading.warnings, ...absent] }
}

/**
 * A session, since its takes share drummer, kit and day. Where the data set prescribes splits it is the take itself:
 * Groove's official splits put takes of one session on both sides.
 */
function drumSource(name: string, facts: Readonly<Record<string, unknown>>): string {
  if (officialSplit({ facts })) return `drums/${name.replace(/\.[^./]+$/, '')}`
  if (typeof facts.session === 'string' && facts.session) return `drums/${facts.session}`
  const folders = name.split('/').slice(0, -1)
  return `drums/${folders.length > 0 ? folders.join('/') : songOf(name)}`
}

/** Rows of info.csv without a file, as one warning: a part of Groove with the whole info.csv is usual. */
function absentRows(info: LabelSheet, paths: ReadonlySet<string>): Dropped[] {
  const absent = info.rows.filter((row) => row.name && !paths.has(`drums/${row.name}`))
  if (absent.length === 0) return []
  const message = `${absent.length} of ${info.rows.length} rows name files that are not here, the first "${absent[0]!.name}" (${absent[0]!.place})`
  const fault: DataFault = { path: info.path, offset: absent[0]!.offset, code: 'absent-rows', message, hint: '' }
  return [{ room: 'drums', id: info.path, fault }]
}

/** null where there is no such label file. @throws DataError where it cannot be read */
function openSheet(root: string, path: string, read: (text: string, path: string) => LabelRow[]): LabelSheet | null {
  const file = join(root, path)
  return existsSync(file) ? { path, rows: read(readFileSync(file, 'utf8'), path) } : null
}

/** `.DS_Store`, `._x.wav`, `__MACOSX/`: left by systems, never data. */
function hidden(path: string): boolean {
  return (
    path.split('/').some((part) => part.startsWith('.')) || path.includes('__MACOSX/') || basename(path) === 'Thumbs.db'
  )
}
