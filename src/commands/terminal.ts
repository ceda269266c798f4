/** stdout and stderr of this process as an `Io`: colour, signs and width as whoever reads them can take. */
import { stripVTControlCharacters } from 'node:util'
import type { Io } from '../io.ts'
import { asciiSigns } from '../lib/ascii.ts'

/** Where the command line speaks to, and what that can show. */
export function terminal(): Io {
  // A reader that left (kpipe run | head) ends neither the run nor kpipe: what nobody reads is not written.
  for (const stream of [process.stdout, process.stderr]) stream.off('error', letGo).on('error', letGo)
  const { env } = process
  const color = env['FORCE_COLOR']
    ? env['FORCE_COLOR'] !== '0'
    : !env['NO_COLOR'] && env['TERM'] !== 'dumb' && process.stderr.isTTY === true
  const unicode =
    process.platform !== 'win32' &&
    env['TERM'] !== 'dumb' &&
    /utf-?8/i.test(env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || 'utf-8')
  const shown = (stream: NodeJS.WriteStream, text: string) => {
    // Only before somebody's eyes: what goes into a file or another program is data.
    const signs = unicode || !stream.isTTY ? text : asciiSigns(text)
    // `color` asks about stderr; the summary on stdout may go elsewhere.
    return stream.isTTY || env['FORCE_COLOR'] ? signs : stripVTControlCharacters(signs)
  }
  return {
    cwd: process.cwd(),
    out: (text) => process.stdout.write(shown(process.stdout, text)),
    err: (text) => process.stderr.write(shown(process.stderr, text)),
    color,
    unicode,
    get columns() {
      return Number(env['COLUMNS']) || process.stdout.columns || Infinity
    },
  }
}

const letGo = () => undefined
