/** validation.json and validation.txt: which examples are used, which are not, and why. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DataError } from '../lib/errors.ts'
import { writeAtomic } from '../lib/files.ts'
import type { Dropped, Example, Room, SourceInfo, ValidationReport } from './manifest.ts'

export const ROOMS: readonly Room[] = ['audio', 'midi', 'chords', 'drums']

/** Dropped, but nothing is wrong with the data: copies and files nobody labelled. They do not count towards `max_bad`. */
export const HARMLESS: ReadonlySet<string> = new Set(['duplicate', 'no-label'])

export function makeReport(
  source: SourceInfo,
  examples: readonly Example[],
  dropped: readonly Dropped[],
  warnings: readonly Dropped[],
): ValidationReport {
  const count = (room: Room) => {
    const kept = examples.filter((example) => example.room === room)
    const lost = dropped.filter((item) => item.room === room).length
    const labelled = kept.filter((example) => example.emotion !== null).length
    return { found: kept.length + lost, kept: kept.length, dropped: lost, labelled }
  }
  const counts = Object.fromEntries(ROOMS.map((room) => [room, count(room)])) as ValidationReport['counts']
  return { format: 'kpipe-validation/1', source, examples, dropped, warnings, counts }
}

export function writeValidation(dir: string, report: ValidationReport): void {
  writeAtomic(join(dir, 'validation.json'), `${JSON.stringify(report, null, 1)}\n`)
  writeAtomic(join(dir, 'validation.txt'), validationText(report))
}

/** @throws DataError where the folder holds no validation.json of ours */
export function readValidation(dir: string): ValidationReport {
  const path = join(dir, 'validation.json')
  const fail = (message: string) =>
    new DataError({ path, offset: null, code: 'unreadable', message, hint: 'run the validate stage again' })
  let report: ValidationReport
  try {
    report = JSON.parse(readFileSync(path, 'utf8')) as ValidationReport
  } catch (error) {
    throw fail((error as Error).message)
  }
  if (report.format !== 'kpipe-validation/1') throw fail(`format ${JSON.stringify(report.format)}`)
  return report
}

/** The report for people: counts, then every dropped item with its cause, then warnings by sort. */
export function validationText(report: ValidationReport): string {
  const { source, dropped, warnings } = report
  const generated = source.generated ? ' – GENERATED: composed by kpipe itself, not real music' : ''
  const parts = [`Data: ${source.title || source.name} (licence: ${source.licence})${generated}`, countTable(report)]
  if (dropped.length > 0) parts.push(`Dropped (${dropped.length}):\n${faultTable(dropped)}`)
  if (warnings.length > 0) parts.push(`Kept, but worth a look (${warnings.length}):\n${warningTable(warnings)}`)
  return `${parts.join('\n\n')}\n`
}

/** The most bad items that are let pass: `5%` of what was found, or a number of items. */
export function allowedBad(maxBad: string | number, found: number): number {
  if (typeof maxBad === 'number') return maxBad
  return (Number.parseFloat(maxBad) / 100) * found
}

/** `audio/x.wav  truncated  byte 44: file ends early …` */
export function faultLines(items: readonly Dropped[]): string[] {
  return items.map((item) => `${item.id}  ${item.fault.code}  ${causeOf(item)}`)
}

/** Place, message and hint; the path of the fault only where it is not the item's own (a label file). */
function causeOf({ id, fault }: Dropped): string {
  const elsewhere = fault.path === id || id.startsWith(`${fault.path}#`) ? '' : `${fault.path}: `
  const offset = fault.offset === null ? '' : `byte ${fault.offset}: `
  return `${elsewhere}${offset}${fault.message}${fault.hint ? ` (${fault.hint})` : ''}`
}

function countTable({ counts }: ValidationReport): string {
  const rooms = ROOMS.filter((room) => counts[room].found > 0)
  const sum = (key: 'found' | 'kept' | 'dropped' | 'labelled') =>
    rooms.reduce((total, room) => total + counts[room][key], 0)
  const line = (room: string, c: { found: number; kept: number; dropped: number; labelled: number }) =>
    [room, c.found, c.kept, c.dropped, c.labelled].map(String)
  const total = { found: sum('found'), kept: sum('kept'), dropped: sum('dropped'), labelled: sum('labelled') }
  const lines = [
    ['room', 'found', 'kept', 'dropped', 'labelled'],
    ...rooms.map((room) => line(room, counts[room])),
    line('all', total),
  ]
  return lines.map(([room, ...cells]) => room!.padEnd(8) + cells.map((cell) => cell.padStart(10)).join('')).join('\n')
}

function faultTable(items: readonly Dropped[]): string {
  const id = Math.min(60, Math.max(...items.map((item) => item.id.length)))
  const code = Math.max(...items.map(({ fault }) => fault.code.length))
  return items.map((item) => `  ${item.id.padEnd(id)}  ${item.fault.code.padEnd(code)}  ${causeOf(item)}`).join('\n')
}

/** Thousands of files can share one quirk: every sort of warning once, with its number and the first three. */
function warningTable(items: readonly Dropped[]): string {
  const sorts = new Map<string, Dropped[]>()
  for (const item of items) sorts.set(item.fault.code, [...(sorts.get(item.fault.code) ?? []), item])
  return [...sorts]
    .map(([code, some]) => {
      const more = some.length > 3 ? [`    … and ${some.length - 3} more in validation.json`] : []
      return [`  ${code} (${some.length})`, ...faultLines(some.slice(0, 3)).map((line) => `    ${line}`), ...more]
    })
    .flat()
    .join('\n')
}
