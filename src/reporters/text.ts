/** Words and columns shared by the reporters that people read. */
import type { Outcome } from '../events.ts'

export const OUTCOME_WORDS: Readonly<Record<Outcome, string>> = {
  ran: 'ran',
  same: 'ran, same output',
  fresh: 'fresh',
  restored: 'restored',
  failed: 'FAILED',
  'timed-out': 'TIMED OUT',
  moved: 'INPUTS MOVED',
  held: 'held',
  skipped: 'skipped',
  disabled: 'disabled',
  cancelled: 'cancelled',
}

/** `0.42 s`, `3 min 20 s`, `1 h 05 min` */
export function seconds(value: number): string {
  if (value < 0.0005) return '0 s'
  if (value < 10) return `${value.toFixed(value < 1 ? 2 : 1)} s`
  if (value < 100) return `${Math.round(value)} s`
  // Rounded before it is divided, or 119.7 s would be 1 min 60 s.
  const whole = Math.round(value)
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`
  const minutes = Math.round(value / 60)
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`
}

/** Four significant digits, no trailing noise. */
export const number = (value: number): string =>
  Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)))

/** Rows as aligned columns. Where they are wider than `width`, the column that is longest gives way; a first column never does. */
export function columns(rows: readonly (readonly string[])[], width: number): string[] {
  const count = Math.max(...rows.map((row) => row.length))
  const widths = Array.from({ length: count }, (_, i) => Math.max(...rows.map((row) => visible(row[i] ?? ''))))
  const gaps = 2 * (count - 1)
  for (let excess = widths.reduce((sum, one) => sum + one, gaps) - width; excess > 0; ) {
    const longest = widths.indexOf(Math.max(...widths.slice(1)), 1)
    const cut = Math.min(excess, widths[longest]! - LEAST_COLUMN)
    if (cut <= 0) break
    widths[longest]! -= cut
    excess -= cut
  }
  return rows.map((row) =>
    row
      .map((cell, i) => fit(cell, widths[i]!))
      .join('  ')
      .trimEnd(),
  )
}

const LEAST_COLUMN = 12

function fit(cell: string, width: number): string {
  const length = visible(cell)
  if (length <= width) return cell + ' '.repeat(width - length)
  return `${cell.slice(0, width - 1)}…`
}

/** Length without colour codes. */
// oxlint-disable-next-line no-control-regex
const visible = (text: string) => text.replace(/\u001B\[[0-9;]*m/g, '').length
