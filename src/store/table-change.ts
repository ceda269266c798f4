/**
 * What changed between two texts of one file, where they can be read as rows or entries: "3 of 1,204 rows of labels.csv
 * changed (valence)". Files of any other sort only "changed".
 */
import { canonical } from '../lib/files.ts'

/** Tables larger than this (old and new together) are not compared: it would take longer than most stages. */
const MOST_BYTES = 4 << 20

/** One sentence without a full stop. Bytes that are not at hand any more, or not what the name says: `NAME changed`. */
export function tableChange(name: string, before: Buffer | undefined, now: Buffer | undefined): string {
  if (!before || !now || before.length + now.length > MOST_BYTES) return `${name} changed`
  try {
    if (/\.csv$/i.test(name)) return csvChange(name, before.toString(), now.toString())
    if (/\.json$/i.test(name)) return jsonChange(name, JSON.parse(before.toString()), JSON.parse(now.toString()))
  } catch {
    // Not readable as what its name says: the plain sentence is still true.
  }
  return `${name} changed`
}

/** What two tables differ in: entries by name, and the fields that changed in those that both have. */
interface Difference {
  readonly total: number
  readonly changed: number
  readonly added: number
  readonly removed: number
  readonly fields: ReadonlySet<string>
}

function sentence(
  name: string,
  { total, changed, added, removed, fields }: Difference,
  one: string,
  many: string,
): string {
  const counted = (count: number) => `${count.toLocaleString('en')} ${count === 1 ? one : many}`
  return [
    changed > 0
      ? `${changed.toLocaleString('en')} of ${total.toLocaleString('en')} ${many} of ${name} changed${fields.size > 0 ? ` (${[...fields].join(', ')})` : ''}`
      : '',
    added > 0 ? `${counted(added)} added to ${name}` : '',
    removed > 0 ? `${counted(removed)} removed from ${name}` : '',
  ]
    .filter(Boolean)
    .join(', ')
}

/** Entries by name; a Map of name to text. `fieldsOf` looks into an entry both have. */
function compare(
  old: ReadonlyMap<string, string>,
  fresh: ReadonlyMap<string, string>,
  fieldsOf: (key: string) => Iterable<string>,
): Difference {
  const changed = [...fresh].filter(([key, text]) => old.has(key) && old.get(key) !== text).map(([key]) => key)
  return {
    total: fresh.size,
    changed: changed.length,
    added: [...fresh.keys()].filter((key) => !old.has(key)).length,
    removed: [...old.keys()].filter((key) => !fresh.has(key)).length,
    fields: new Set(changed.flatMap((key) => [...fieldsOf(key)])),
  }
}

/** Quoted commas are respected, cells over several lines are not told apart. */
function csvChange(name: string, before: string, now: string): string {
  const [oldHead = [], ...oldRows] = csvRows(before)
  const [newHead = [], ...newRows] = csvRows(now)
  if (oldHead.join('\0') !== newHead.join('\0')) return `columns of ${name} changed`
  const key = rowName([oldRows, newRows])
  const old = new Map(key(oldRows))
  const fresh = new Map(key(newRows))
  const text = (rows: ReadonlyMap<string, readonly string[]>) =>
    new Map([...rows].map(([id, row]) => [id, row.join('\0')]))
  const difference = compare(text(old), text(fresh), (id) =>
    fresh.get(id)!.flatMap((cell, i) => (cell === old.get(id)![i] ? [] : [newHead[i] ?? `column ${i + 1}`])),
  )
  const said = sentence(name, difference, 'row', 'rows')
  if (said) return said
  const inOrder = [...old.keys()].join('\0') === [...fresh.keys()].join('\0')
  return inOrder ? `layout of ${name} changed, no value did` : `rows of ${name} reordered`
}

/** A row is named by its first cell; where those repeat, by its whole text and by how often that stood before. */
function rowName(
  tables: readonly (readonly string[][])[],
): (rows: readonly string[][]) => (readonly [string, readonly string[]])[] {
  if (tables.every((rows) => new Set(rows.map((row) => row[0])).size === rows.length))
    return (rows) => rows.map((row) => [row[0]!, row])
  return (rows) => {
    const names = numbered(rows.map((row) => row.join('\0')))
    return rows.map((row, i) => [names[i]!, row])
  }
}

function csvRows(text: string): string[][] {
  return text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '')
    .map(csvCells)
}

function csvCells(line: string): string[] {
  const cells: string[] = []
  for (const match of line.matchAll(/("(?:[^"]|"")*"|[^,]*)(,|$)/g)) {
    cells.push(match[1]!)
    if (match[2] === '') break
  }
  return cells
}

function jsonChange(name: string, before: unknown, now: unknown): string {
  if (!isRecord(before) || !isRecord(now)) return listChange(name, before, now)
  // A file that is one list under one name ({"progressions": [...]}) is compared by that list.
  const [inner = '', ...others] = Object.keys(now)
  if (others.length === 0 && inner in before) {
    const [old, fresh] = [before[inner], now[inner]]
    if (isRecord(old) && isRecord(fresh)) return recordChange(name, old, fresh)
    return listChange(name, old, fresh)
  }
  return recordChange(name, before, now)
}

function recordChange(name: string, old: Record<string, unknown>, fresh: Record<string, unknown>): string {
  const texts = (record: object) => new Map(Object.entries(record).map(([key, value]) => [key, canonical(value)]))
  const difference = compare(texts(old), texts(fresh), (key) => changedFields(old[key], fresh[key]))
  return sentence(name, difference, 'entry', 'entries') || `layout of ${name} changed, no value did`
}

/** Lists of one length by place; otherwise by content, since one entry more would shift all after it. */
function listChange(name: string, old: unknown, fresh: unknown): string {
  if (!Array.isArray(old) || !Array.isArray(fresh)) return `${name} changed`
  const placed = (list: readonly unknown[]) => new Map(list.map((item, i) => [String(i), canonical(item)]))
  const named = (list: readonly unknown[]) =>
    new Map(numbered(list.map((item) => canonical(item))).map((id) => [id, id]))
  const difference =
    old.length === fresh.length
      ? compare(placed(old), placed(fresh), (key) => changedFields(old[Number(key)], fresh[Number(key)]))
      : compare(named(old), named(fresh), () => [])
  return sentence(name, difference, 'entry', 'entries') || `layout of ${name} changed, no value did`
}

function changedFields(before: unknown, now: unknown): string[] {
  if (!isRecord(before) || !isRecord(now)) return []
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])]
  return names.filter((field) => canonical(before[field] ?? null) !== canonical(now[field] ?? null))
}

/** Equal texts told apart by how often they stood before. */
function numbered(texts: readonly string[]): string[] {
  const seen = new Map<string, number>()
  return texts.map((text) => {
    const count = seen.get(text) ?? 0
    seen.set(text, count + 1)
    return `${text}\0${count}`
  })
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
