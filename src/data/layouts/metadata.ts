/**
 * Tables that describe single files, as people write them: metadata.csv, labels.csv, metadata.json, at the top or beside the
 * files. A row names a file and has a label (class), valence and arousal, a split, a source, and whatever else.
 */
import { DataError } from '../../lib/errors.ts'
import { readCsv } from '../csv.ts'
import { asList, asObject, parseJson, placesIn, placeText, plain } from '../json.ts'
import { portable } from '../labels.ts'
import type { Dropped, Emotion } from '../manifest.ts'
import { absentLines, folderOf, type LayoutFolder, type TableLine } from './layout.ts'
import { roomOf } from './rooms.ts'

export interface FileFacts {
  /** Class, or ''. */
  readonly label: string
  readonly emotion: Emotion | null
  readonly source: string
  /** All cells of the row. */
  readonly cells: Readonly<Record<string, string>>
}

const METADATA = /(^|\/)(metadata|labels)\.(csv|json)$/
const FILE_COLUMNS = ['file', 'filename', 'path', 'midi_filename', 'audio_filename']

/** Path of a file → what the tables of the folder say of it. @throws DataError for a table that cannot be read or used */
export function metadataOf(folder: LayoutFolder): { rows: Map<string, FileFacts>; warnings: Dropped[] } {
  const rows = new Map<string, FileFacts>()
  const warnings: Dropped[] = []
  const bySuffix = suffixes(folder)
  for (const { path } of folder.where(METADATA)) {
    const lines = path.endsWith('.csv') ? csvLines(folder, path) : jsonLines(folder, path)
    const absent: TableLine[] = []
    for (const line of lines) {
      const name = nameOf(line)
      const file = folder.file(folderOf(path) + name)?.path ?? bySuffix.get(portable(name)) ?? null
      if (file) rows.set(file, factsFrom(line, path))
      else absent.push(line)
    }
    warnings.push(...absentLines({ path, lines }, 'audio', absent, nameOf))
  }
  return { rows, warnings }
}

/** What of a row is kept with the example: what neither names the file nor stands in a field of its own. */
export function factsOf(row: FileFacts | undefined): Record<string, string> {
  const entries = Object.entries(row?.cells ?? {})
  return Object.fromEntries(entries.filter(([name, text]) => text !== '' && !ELSEWHERE.includes(name)))
}

const ELSEWHERE = [...FILE_COLUMNS, 'label', 'source', 'valence', 'arousal']

const nameOf = ({ cells }: TableLine): string => FILE_COLUMNS.map((column) => cells[column]).find(Boolean) ?? ''

/** Ends of paths (`happy/a.wav`, `a.wav`) that only one music file has: tables name files from some folder above them. */
function suffixes(folder: LayoutFolder): Map<string, string | null> {
  const found = new Map<string, string | null>()
  for (const { path } of folder.files) {
    if (!roomOf(path)) continue
    const parts = portable(path).split('/')
    for (let from = parts.length - 1; from > 0; from--) {
      const end = parts.slice(from).join('/')
      found.set(end, found.has(end) ? null : path)
    }
  }
  return found
}

function csvLines(folder: LayoutFolder, path: string): TableLine[] {
  const table = readCsv(folder.text(path), path)
  table.column(FILE_COLUMNS)
  return table.rows.map(({ cells, line, offset }) => ({ cells: table.facts(cells, []), offset, place: `line ${line}` }))
}

/** `{ "samples": [{ "file": …, "label": … }] }`, or the list alone. */
function jsonLines(folder: LayoutFolder, path: string): TableLine[] {
  const text = folder.text(path)
  const root = parseJson(text, path)
  const places = placesIn(text)
  const list = asList(asObject(root)?.entries.get('samples')) ?? asList(root) ?? []
  return list.map((node) => {
    const place = places.at(node.at)
    const fields = asObject(node) ? (plain(node) as Record<string, unknown>) : {}
    const cells = Object.entries(fields).map(([key, value]) => [
      key.toLowerCase(),
      Array.isArray(value) ? value.join(' ') : String(value),
    ])
    return { cells: Object.fromEntries(cells) as Record<string, string>, offset: place.offset, place: placeText(place) }
  })
}

function factsFrom(line: TableLine, path: string): FileFacts {
  const { cells } = line
  const label = cells.label || cells.emotion || cells.class || cells.mood || ''
  return { label, emotion: emotionIn(line, path), source: cells.source ?? '', cells }
}

/** @throws DataError `label-range`: on a wrong scale a whole table is wrong, and nothing is guessed */
function emotionIn({ cells, offset, place }: TableLine, path: string): Emotion | null {
  const level = (name: 'valence' | 'arousal') => {
    const text = cells[name]
    if (!text) return null
    const value = Number(text)
    if (Math.abs(value) <= 1) return value
    const hint =
      value > 1 && value <= 9 ? 'labels on the 1 … 9 scale become (x - 5) / 4' : 'write a number from -1 to 1'
    const message = `${place}, column "${name}": ${text} is outside -1 … 1`
    throw new DataError({ path, offset, code: 'label-range', message, hint })
  }
  const [valence, arousal] = [level('valence'), level('arousal')]
  return valence === null || arousal === null ? null : { valence, arousal }
}
