/** The last lines of a log file, read again only when it has grown. */
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { harmless } from './width.ts'

const TAIL_BYTES = 32 * 1024

/** [] where there is no such file. */
export function logTail(): (path: string) => readonly string[] {
  let seen = { path: '', size: -1, lines: [] as readonly string[] }
  return (path) => {
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0
    if (seen.path !== path || seen.size !== size) seen = { path, size, lines: size > 0 ? read(path) : [] }
    return seen.lines
  }
}

function read(path: string): readonly string[] {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch {
    return []
  }
  try {
    const { size } = fstatSync(fd)
    const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES))
    const got = readSync(fd, bytes, 0, bytes.length, size - bytes.length)
    const lines = bytes.toString('utf8', 0, got).split('\n')
    if (size > TAIL_BYTES) lines.shift() // cut somewhere
    if (lines.at(-1) === '') lines.pop()
    return lines.map(harmless)
  } finally {
    closeSync(fd)
  }
}
