/** How this kpipe is called from a folder, so that the commands we print can be copied as they are. */
import { accessSync, constants, existsSync, realpathSync } from 'node:fs'
import { delimiter, dirname, join, relative, sep } from 'node:path'
import { packageRoot } from '../kinds.ts'

/** npx and npm scripts put these on the PATH for as long as they run; a shell does not find what is in them. */
const OF_NPX = /[/\\]node_modules[/\\]\.bin[/\\]?$/

/** `kpipe`, `npx kpipe`, or `node …/src/bin.cjs` where it is neither on the PATH nor installed there. */
export function callFrom(folder: string, path = process.env['PATH'] ?? ''): string {
  const bin = join(packageRoot, 'src', 'bin.cjs')
  const lasting = path.split(delimiter).filter((one) => one !== '' && !OF_NPX.test(one))
  if (lasting.some((one) => isOurs(join(one, 'kpipe'), bin))) return 'kpipe'
  if (isInside(folder, packageRoot)) return 'npx kpipe'
  for (let at = folder; ; at = dirname(at)) {
    if (isOurs(join(at, 'node_modules', '.bin', 'kpipe'), bin)) return 'npx kpipe'
    if (at === dirname(at)) return `node ${shellWord(bin)}`
  }
}

/** A path as one word of a command line. */
export const shellWord = (text: string): string =>
  /^[\w@%+=:,./~-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`

function isOurs(file: string, bin: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return realpathSync(file) === realpathSync(bin)
  } catch {
    return false
  }
}

function isInside(folder: string, root: string): boolean {
  const real = (path: string) => (existsSync(path) ? realpathSync(path) : path)
  const below = relative(real(root), real(folder))
  return below === '' || (!below.startsWith('..') && !below.startsWith(sep))
}
