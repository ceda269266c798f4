/** Rated audio clips: what DEAM and PMEmo have in common. Ratings are scaled to -1 … 1; those outside the scale are refused. */
import { DataError } from '../../lib/errors.ts'
import type { Dropped, Emotion } from '../manifest.ts'
import {
  absentLines,
  count,
  example,
  type LayoutFolder,
  type LayoutReading,
  type SetTable,
  type TableLine,
} from './layout.ts'

export interface RatedClips {
  readonly tables: readonly SetTable[]
  /** Columns of the clip's number and of its ratings. */
  readonly columns: { readonly id: string; readonly valence: string; readonly arousal: string }
  /** Every audio file of the set, rated or not. */
  readonly clips: RegExp
  readonly range: { readonly low: number; readonly high: number }
  readonly name: string
  readonly facts?: (id: string) => Readonly<Record<string, unknown>>
}

/** More ratings than this outside the scale mean that the scale is not what the catalogue says. */
const MOST_OUTSIDE = 0.05

/** @throws DataError `label-range` where a table is on another scale */
export function readRatings(folder: LayoutFolder, rated: RatedClips): LayoutReading {
  const clips = new Map(folder.where(rated.clips).map((file) => [/([^/]+)\.\w+$/.exec(file.path)![1]!, file.path]))
  const readings = rated.tables.map((table) => readOne(table, rated, clips))
  const named = new Set(rated.tables.flatMap((table) => table.lines.map(({ cells }) => cells[rated.columns.id])))
  const unrated = [...clips].filter(([id]) => !named.has(id))
  return {
    examples: readings.flatMap(({ examples }) => examples),
    dropped: [...readings.flatMap(({ dropped }) => dropped), ...unrated.map(([, path]) => noRating(path, rated))],
    warnings: readings.flatMap(({ warnings }) => warnings),
    notes: unrated.length > 0 ? [`${count(unrated.length)} clips without a rating left out`] : [],
  }
}

function readOne(table: SetTable, rated: RatedClips, clips: ReadonlyMap<string, string>) {
  const { id: idColumn, valence, arousal } = rated.columns
  const here = table.lines.filter(({ cells }) => clips.has(cells[idColumn]!))
  const absent = table.lines.filter((line) => !here.includes(line))
  const lines = here.map((line) => ({ line, emotion: emotionOf(line, rated) }))
  const bad = lines.filter(({ emotion }) => !emotion)
  if (bad.length > here.length * MOST_OUTSIDE) throw anotherScale(table, rated, bad[0]!.line, bad.length, here.length)
  const examples = lines.flatMap(({ line: { cells }, emotion }) => {
    const id = cells[idColumn]!
    if (!emotion) return []
    return [example('audio', clips.get(id)!, `${rated.name}/${id}`, { emotion, facts: rated.facts?.(id) ?? {} })]
  })
  const dropped = bad.map(({ line: { cells, offset, place } }): Dropped => {
    const { low, high } = rated.range
    const message = `${place}: rated outside ${low} … ${high} (${cells[valence]}, ${cells[arousal]})`
    const fault = { path: table.path, offset, code: 'label-range', message, hint: 'the clip is left out' }
    return { room: 'audio', id: clips.get(cells[idColumn]!)!, fault }
  })
  const warnings = absentLines(table, 'audio', absent, ({ cells }) => cells[idColumn]!)
  return { examples, dropped, warnings }
}

function emotionOf({ cells }: TableLine, { columns, range }: RatedClips): Emotion | null {
  const valence = rescale(cells[columns.valence]!, range)
  const arousal = rescale(cells[columns.arousal]!, range)
  return valence === null || arousal === null ? null : { valence, arousal }
}

function anotherScale({ path }: SetTable, rated: RatedClips, { cells, offset }: TableLine, bad: number, all: number) {
  const { columns, range } = rated
  const first = `${cells[columns.id]} with valence ${cells[columns.valence]}, arousal ${cells[columns.arousal]}`
  const message = `${count(bad)} of ${count(all)} ratings are outside ${range.low} … ${range.high}, the first ${first}`
  const hint = 'the table is on another scale than the published one'
  return new DataError({ path, offset, code: 'label-range', message, hint })
}

function noRating(path: string, { tables }: RatedClips): Dropped {
  const message = `no rating for it in ${tables.map((table) => table.path.replace(/^.*\//, '')).join(' or ')}`
  return { room: 'audio', id: path, fault: { path, offset: null, code: 'no-label', message, hint: '' } }
}

/** Linear, `low` → -1 and `high` → 1, to six decimals; null where it is no number of the scale. */
export function rescale(text: string, { low, high }: { low: number; high: number }): number | null {
  const value = text.trim() === '' ? Number.NaN : Number(text)
  if (!(value >= low && value <= high)) return null
  return Math.round((((value - low) / (high - low)) * 2 - 1) * 1e6) / 1e6 + 0
}
