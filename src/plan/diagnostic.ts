/** Mistakes with their places: collected here, told as `file:line:col: message` with the line and a caret under the text. */
import type { Diagnostic } from '../plan.ts'
import { placeOf, type Span } from './node.ts'

export interface Problems {
  /** `label` is the path of the value (`stages.train.with`), '' where the message says it all. */
  add(at: Span, label: string, message: string, hint?: string): void
  /** Not tied to a text that was read, e.g. a file that is not there. */
  addAt(diagnostic: Diagnostic): void
  readonly count: number
  /** Sorted by place, the pipeline file first; the same words at the same place once. */
  list(mainFile: string): Diagnostic[]
}

export function collectProblems(): Problems {
  const found = new Map<string, Diagnostic>()
  const addAt = (diagnostic: Diagnostic) => {
    const { file, line, column } = diagnostic.place
    const key = `${file}\n${line}\n${column}\n${diagnostic.message}`
    if (!found.has(key)) found.set(key, diagnostic)
  }
  return {
    addAt,
    add(at, label, message, hint = '') {
      if (!at.source) throw new Error(`a mistake without a place: ${label}: ${message}`)
      const { text } = at.source
      const end = text.indexOf('\n', at.start)
      const shown = text.slice(at.start, Math.min(at.end, end < 0 ? text.length : end)).trimEnd()
      addAt({
        place: placeOf(at.source, at.start),
        length: Math.max(1, [...shown].length),
        message: label ? `${label}: ${message}` : message,
        hint,
      })
    },
    get count() {
      return found.size
    },
    list: (mainFile) => [...found.values()].sort((a, b) => rank(a, mainFile) - rank(b, mainFile) || order(a, b)),
  }
}

const rank = (diagnostic: Diagnostic, mainFile: string) => (diagnostic.place.file === mainFile ? 0 : 1)

function order(a: Diagnostic, b: Diagnostic): number {
  if (a.place.file !== b.place.file) return a.place.file < b.place.file ? -1 : 1
  return a.place.line - b.place.line || a.place.column - b.place.column || (a.message < b.message ? -1 : 1)
}

const MOST_SHOWN = 20
/** Source lines are cut to this many characters around the caret. */
const LINE_WIDTH = 110

/**
 * @param sourceOf text of a file named in a place, undefined where it cannot be had (then no line is shown)
 * @returns all diagnostics as lines of text, at most 20 and then how many more there are; ends in a newline
 */
export function formatDiagnostics(
  diagnostics: readonly Diagnostic[],
  sourceOf: (file: string) => string | undefined,
  options: { color: boolean },
): string {
  const paint = painter(options.color)
  const lines = new Map<string, string[] | undefined>()
  const linesOf = (file: string) => {
    if (!lines.has(file)) lines.set(file, sourceOf(file)?.split(/\r?\n/))
    return lines.get(file)
  }
  const blocks = diagnostics.slice(0, MOST_SHOWN).map((diagnostic) => {
    const { file, line, column } = diagnostic.place
    const head = `${paint.bold(`${file}:${line}:${column}:`)} ${withHint(diagnostic, paint)}`
    const text = linesOf(file)?.[line - 1]
    return text === undefined || text.trim() === ''
      ? `${head}\n`
      : `${head}\n${excerpt(text, column, diagnostic.length, paint)}`
  })
  if (diagnostics.length > MOST_SHOWN) blocks.push(`… and ${diagnostics.length - MOST_SHOWN} more\n`)
  return blocks.join('')
}

function withHint({ message, hint }: Diagnostic, paint: Painter): string {
  if (!hint) return message
  return hint.startsWith('did you mean') ? `${message}, ${paint.green(hint)}` : `${message} – ${paint.green(hint)}`
}

function excerpt(line: string, column: number, length: number, paint: Painter): string {
  const characters = [...line.replaceAll('\t', ' ')]
  const from =
    characters.length > LINE_WIDTH ? Math.max(0, Math.min(column - 1 - 30, characters.length - LINE_WIDTH)) : 0
  const to = Math.min(characters.length, from + LINE_WIDTH)
  const shown = `${from > 0 ? '…' : ''}${characters.slice(from, to).join('')}${to < characters.length ? '…' : ''}`
  const indent = column - 1 - from + (from > 0 ? 1 : 0)
  const carets = Math.max(1, Math.min(length, to - column + 1))
  return `    ${shown}\n    ${' '.repeat(indent)}${paint.red('^'.repeat(carets))}\n`
}

type Painter = Record<'bold' | 'red' | 'green', (text: string) => string>

function painter(color: boolean): Painter {
  const style = (code: number, end: number) => (text: string) => (color ? `\x1b[${code}m${text}\x1b[${end}m` : text)
  return { bold: style(1, 22), red: style(31, 39), green: style(32, 39) }
}
