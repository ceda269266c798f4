/** A CSV table with a header line and places for messages; the only door to csv-parse. */
import { CsvError, parse } from 'csv-parse/sync'
import { DataError } from '../lib/errors.ts'
import { placesIn } from './json.ts'

export interface Table {
  readonly rows: readonly TableRow[]
  /** Index of the first of these columns (any case). @throws DataError where there is none */
  column(names: readonly string[]): number
  /** Index, or -1. */
  optional(name: string): number
  /** The named cells but those of the given columns. */
  facts(cells: readonly string[], but: readonly number[]): Record<string, string>
}

export interface TableRow {
  readonly cells: readonly string[]
  /** Counted from 1, the header included. */
  readonly line: number
  /** Byte offset of the line. */
  readonly offset: number
}

/** @throws DataError `bad-csv` with the line */
export function readCsv(text: string, path: string): Table {
  const [head, ...records] = parseRecords(text, path)
  const header = (head?.record ?? []).map((name) => name.trim().toLowerCase())
  const places = placesIn(text)
  const optional = (name: string) => header.indexOf(name)
  return {
    rows: records.map(({ record, info }) => {
      return { cells: record, line: info.lines, offset: places.ofLine(info.lines).offset }
    }),
    optional,
    column: (names) => names.map(optional).find((index) => index >= 0) ?? noColumn(header, names[0]!, path),
    facts: (cells, but) => {
      const kept = header.flatMap((name, i) => (but.includes(i) || !name ? [] : [[name, cells[i]?.trim() ?? '']]))
      return Object.fromEntries(kept) as Record<string, string>
    },
  }
}

type Records = { record: string[]; info: { lines: number } }[]

function parseRecords(text: string, path: string): Records {
  try {
    const options = { info: true, bom: true, skip_empty_lines: true, relax_column_count: true } as const
    return parse(text, options) as unknown as Records
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    const line = (error as CsvError & { lines?: number }).lines ?? 1
    const message = `line ${line}: ${error.message.replace(/\s+at line \d+.*$/, '')}`
    const hint = 'put names that hold commas or quotes between double quotes'
    throw new DataError({ path, offset: placesIn(text).ofLine(line).offset, code: 'bad-csv', message, hint })
  }
}

function noColumn(header: readonly string[], name: string, path: string): never {
  const found = header.map((column) => `"${column}"`).join(', ') || 'none'
  const semicolons = header.length === 1 && header[0]!.includes(';')
  const hint = semicolons ? 'separate the columns with commas' : `name the column "${name}" in the first line`
  const message = `line 1: no column "${name}"; the columns are ${found}`
  throw new DataError({ path, offset: 0, code: 'bad-csv', message, hint })
}
