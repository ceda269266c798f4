/** A value in the words of a message: `got "ten"`, `got a list`. */

/** `"ten"`, `5`, `true`, `nothing`, `a list`, `a map`; long texts are cut. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}…` : value)
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'object') return 'a map'
  return String(value)
}

/** The boolean that somebody who wrote `yes` (YAML 1.1) meant, or undefined. */
export function meantBoolean(value: unknown): boolean | undefined {
  if (typeof value !== 'string') return undefined
  if (/^(yes|y|on|true)$/i.test(value)) return true
  if (/^(no|n|off|false)$/i.test(value)) return false
  return undefined
}

/** `a, b or c` */
export function orList(words: readonly string[]): string {
  if (words.length < 2) return words.join('')
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}
