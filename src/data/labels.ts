/**
 * The label files of the Kelly layout as rows with places: labels.csv, emotion_labels.json, progressions.json, info.csv.
 * Only text → rows; whether the files they name are there is examples.ts' question.
 */
import { DataError, type DataFault } from '../lib/errors.ts'
import { asList, asObject, type JsonNode, type Place, parseJson, placesIn, placeText, plain } from './json.ts'
import type { Emotion } from './manifest.ts'
import { readCsv } from './csv.ts'

/** One labelled thing. With a `fault` it cannot be used; the other fields are then only good for saying which it is. */
export interface LabelRow {
  /** File as written, relative to the room's folder, `/`-separated, NFC. For progressions: the name. */
  readonly name: string
  readonly emotion: Emotion | null
  /** The `source` column or key: which song or recording this belongs to. */
  readonly source: string | null
  /** Everything else that stands in the row. */
  readonly facts: Readonly<Record<string, unknown>>
  /** Byte offset of the row in the label file. */
  readonly offset: number
  /** `line 17` or `line 17, column 3`, for messages. */
  readonly place: string
  readonly fault: DataFault | null
}

/**
 * `filename,valence,arousal[,source][,…]`; the first column may also be called `file`.
 * @throws DataError unreadable, or without these columns
 */
export function readLabelsCsv(text: string, path: string): LabelRow[] {
  const table = readCsv(text, path)
  const columns = {
    file: table.column(['filename', 'file']),
    valence: table.column(['valence']),
    arousal: table.column(['arousal']),
    source: table.optional('source'),
  }
  return table.rows.map(({ cells, line, offset }) => {
    const fail: Fail = (code, message, hint) => ({ path, offset, code, message, hint })
    const level = (name: 'valence' | 'arousal') => {
      const text = cells[columns[name]]?.trim() || undefined
      const shown = Number.isNaN(Number(text)) ? text && JSON.stringify(text) : text
      return levelFault(Number(text), shown, `line ${line}, column "${name}"`, fail)
    }
    const name = portable(cells[columns.file] ?? '')
    const unnamed = name ? null : fail('label-name', `line ${line}, column "filename": no file name`, 'name the file')
    const fault = unnamed ?? level('valence') ?? level('arousal')
    return {
      name,
      emotion: fault ? null : { valence: Number(cells[columns.valence]), arousal: Number(cells[columns.arousal]) },
      source: (columns.source >= 0 && cells[columns.source]?.trim()) || null,
      facts: table.facts(cells, Object.values(columns)),
      offset,
      place: `line ${line}`,
      fault,
    }
  })
}

/**
 * `{ "<file>": { "valence": 0.7, "arousal": 0.6, "source"?: "…" } }`
 * @throws DataError unreadable, or not an object
 */
export function readEmotionJson(text: string, path: string): LabelRow[] {
  const file = openJson(text, path)
  const object = asObject(file.root) ?? file.refuse('an object { "<file>": { "valence": …, "arousal": … } }')
  const rows = [...object.entries].map(([key, node]): LabelRow => {
    const { valence: _v, arousal: _a, source, ...facts } = fieldsOf(node)
    return { ...file.row(node.at, portable(key)), ...file.emotion(node, key), source: textOr(source), facts }
  })
  for (const { key, at } of object.repeated) {
    const row = file.row(at, portable(key))
    rows.push({ ...row, fault: repeatedName(path, row.offset, row.place, key) })
  }
  return rows
}

/**
 * `{ "progressions": [{ "name", "chords": ["C", …], "emotion"?, "source"? }] }`; the facts hold `chords` and the rest.
 * @throws DataError unreadable, or no such list
 */
export function readProgressions(text: string, path: string): LabelRow[] {
  const file = openJson(text, path)
  const list = asList(asObject(file.root)?.entries.get('progressions')) ?? asList(file.root)
  return (list ?? file.refuse('an object { "progressions": [ … ] }')).map((node, index): LabelRow => {
    const { name, source, emotion: _e, ...facts } = fieldsOf(node)
    const row = file.row(node.at, textOr(name) ?? `progression ${index}`)
    const emotion = asObject(node)?.entries.get('emotion')
    const chords = facts.chords
    const named = Array.isArray(chords) && chords.length > 0 && chords.every((chord) => typeof chord === 'string')
    const message = `${row.place}: ${JSON.stringify(row.name)} has no list of chord names in "chords"`
    const shape: DataFault | null = named ? null : { path, offset: row.offset, code: 'no-chords', message, hint: '' }
    const label = emotion ? file.emotion(emotion, row.name) : { emotion: null, fault: null }
    return { ...row, ...label, source: textOr(source), facts, fault: shape ?? label.fault }
  })
}

/**
 * Groove's info.csv: `midi_filename` + style, bpm, session, split, …; every other column is kept as a fact.
 * @throws DataError unreadable, or without the column
 */
export function readDrumInfo(text: string, path: string): LabelRow[] {
  const table = readCsv(text, path)
  const file = table.column(['midi_filename', 'filename', 'file'])
  return table.rows.map(({ cells, line, offset }) => {
    const facts = table.facts(cells, [file])
    const name = portable(cells[file] ?? '')
    return { name, emotion: null, source: null, facts, offset, place: `line ${line}`, fault: null }
  })
}

export function repeatedName(path: string, offset: number, where: string, name: string): DataFault {
  const message = `${where}: ${JSON.stringify(name)} stands here a second time`
  return { path, offset, code: 'duplicate-name', message, hint: 'the first one is used; delete the other' }
}

/** Names as they can be compared: `/` between folders, composed letters (macOS writes them decomposed), no `./`. */
export function portable(name: string): string {
  return name.trim().replaceAll('\\', '/').replace(/^\.\//, '').normalize('NFC')
}

type Fail = (code: string, message: string, hint: string) => DataFault

/**
 * null where `value` is a number in -1 … 1.
 * @param shown the value as it stands in the file; undefined where there is none
 */
function levelFault(value: unknown, shown: string | undefined, where: string, fail: Fail): DataFault | null {
  if (shown === undefined) return fail('label-missing', `${where}: no value`, 'every label needs valence and arousal')
  if (typeof value !== 'number' || !Number.isFinite(value))
    return fail('label-number', `${where}: ${shown} is not a number`, 'write a number from -1 to 1')
  if (value >= -1 && value <= 1) return null
  const nine = value > 1 && value <= 9
  const hint = nine ? 'labels on the 1 … 9 scale become (x - 5) / 4' : 'write a number from -1 to 1'
  return fail('label-range', `${where}: ${shown} is outside -1 … 1`, hint)
}

/** A parsed JSON label file with what its rows have in common. */
function openJson(text: string, path: string) {
  const root = parseJson(text, path)
  const places = placesIn(text)
  return {
    root,
    row: (at: number, name: string): LabelRow => {
      const place: Place = places.at(at)
      return {
        name,
        emotion: null,
        source: null,
        facts: {},
        offset: place.offset,
        place: placeText(place),
        fault: null,
      }
    },
    emotion: (node: JsonNode, name: string): Pick<LabelRow, 'emotion' | 'fault'> => {
      const values = (['valence', 'arousal'] as const).map((key) => {
        const value = asObject(node)?.entries.get(key)
        const place = places.at(value?.at ?? node.at)
        const fail: Fail = (code, message, hint) => ({ path, offset: place.offset, code, message, hint })
        const where = `${placeText(place)}: ${key} of ${JSON.stringify(name)}`
        const shown = value && JSON.stringify(plain(value))
        return { number: value?.value, fault: levelFault(value?.value, shown, where, fail) }
      })
      const fault = values[0]!.fault ?? values[1]!.fault
      if (fault) return { emotion: null, fault }
      return { emotion: { valence: values[0]!.number as number, arousal: values[1]!.number as number }, fault: null }
    },
    refuse: (expected: string): never => {
      const { offset } = places.at(root.at)
      throw new DataError({ path, offset, code: 'bad-shape', message: `expected ${expected}`, hint: '' })
    },
  }
}

function fieldsOf(node: JsonNode): Record<string, unknown> {
  return asObject(node) ? (plain(node) as Record<string, unknown>) : {}
}

function textOr(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}
