/** Values as YAML text that reads back as the same values: plain where that is safe, quoted where not. Only what imports need. */

export type Value = string | number | boolean | null | Written | readonly Value[] | { readonly [key: string]: Value }

/** A number or date exactly as the user wrote it (`1e-3`, `0.10`). */
export class Written {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

const WIDTH = 100

/** `key: value` at an indent; short lists and maps on one line, texts of several lines as a block. */
export function emitEntry(key: string, value: Value, indent: string): string[] {
  const head = `${indent}${scalar(key, true)}:`
  if (typeof value === 'string' && value.includes('\n')) return [`${head} ${blockMark(value)}`, ...block(value, indent)]
  const flat = flow(value, false)
  if (value === null || value === '') return [value === null ? head : `${head} ''`]
  if (!isNested(value) || head.length + flat.length < WIDTH) return [`${head} ${flat}`]
  return [head, ...emitLines(value, `${indent}  `)]
}

/** A list or map over several lines. */
function emitLines(value: Value, indent: string): string[] {
  if (Array.isArray(value)) return value.map((item) => `${indent}- ${flow(item as Value, false)}`)
  return Object.entries(value as object).flatMap(([key, item]) => emitEntry(key, item as Value, indent))
}

/** One line. `inside` brackets a text must be quoted more often. */
function flow(value: Value, inside: boolean): string {
  if (value instanceof Written) return value.text
  if (typeof value === 'string') return scalar(value, inside)
  if (Array.isArray(value)) return `[${value.map((item) => flow(item as Value, true)).join(', ')}]`
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, item]) => `${scalar(key, true)}: ${flow(item as Value, true)}`)
    return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`
  }
  return String(value)
}

function isNested(value: Value): boolean {
  return typeof value === 'object' && value !== null && !(value instanceof Written)
}

/** YAML 1.2 would read these as something else than text. */
const NOT_TEXT =
  /^(|~|null|true|false|[-+]?(\d[\d_]*)?\.?\d*(e[-+]?\d+)?|0[xo][\da-f]+|[-+]?\.(inf|nan)|---|\.\.\.|<<)$/i
const UNSAFE_START = /^[\s\-?:,[\]{}#&*!|>'"%@`=]/
const PLAIN_START = /^-[^\s]/

function scalar(text: string, inside: boolean): string {
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f\u0085\u2028\u2029\ufeff]/.test(text)) return JSON.stringify(text)
  const risky =
    NOT_TEXT.test(text) ||
    (UNSAFE_START.test(text) && !(PLAIN_START.test(text) && !inside)) ||
    /:(\s|$)|\s#|\s$/.test(text) ||
    (inside && /[,[\]{}]/.test(text))
  if (!risky) return text
  return text.includes("'") ? JSON.stringify(text) : `'${text}'`
}

/** The number is needed where the first line begins with spaces; `-` keeps a text without a last newline as it is. */
const blockMark = (text: string) => `|${/^[ \n]/.test(text) ? '2' : ''}${text.endsWith('\n') ? '' : '-'}`

const block = (text: string, indent: string) =>
  text
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => (line === '' ? '' : `${indent}  ${line}`))

/** Comment lines of at most a screen's width. */
export function comment(text: string, indent: string): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/\s+/)) {
    if (line && `${indent}# ${line} ${word}`.length > 118) {
      lines.push(line)
      line = ''
    }
    line = line ? `${line} ${word}` : word
  }
  return [...lines, line].map((one) => `${indent}# ${one}`)
}
