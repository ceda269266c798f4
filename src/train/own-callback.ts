/**
 * A user's own callback: one TypeScript or JavaScript file whose default export makes it. The file must stand alone
 * (Node's own modules aside), because its content alone is what tells one training from another.
 */
import { readFileSync } from 'node:fs'
import { UserError } from '../lib/errors.ts'
import type { CallbackFactory } from '../callback.ts'

/**
 * @param path absolute
 * @param shown path as the user wrote it, for messages
 * @throws UserError where the file is missing, has mistakes, imports other files or packages, or exports no function
 */
export async function loadOwnCallback(path: string, shown: string): Promise<CallbackFactory> {
  const source = read(path, shown)
  const { transform } = await import('esbuild')
  const made = await transform(source, {
    loader: /\.m?js$/.test(path) ? 'js' : 'ts',
    format: 'esm',
    target: 'node20',
    sourcefile: shown,
  }).catch((error: { errors?: { text: string; location?: { line: number } | null }[] }) => {
    const [first] = error.errors ?? []
    throw new UserError(`${shown}:${first?.location?.line ?? 1}: ${first?.text ?? String(error)}`)
  })
  const foreign = imports(made.code).find((name) => !name.startsWith('node:'))
  if (foreign !== undefined) {
    throw new UserError(`${shown} imports "${foreign}"; a callback must stand alone`, {
      hint: 'put what it needs into the file, import only node: modules and types',
    })
  }
  const url = `data:text/javascript;base64,${Buffer.from(made.code).toString('base64')}`
  const module = (await import(url)) as { default?: unknown }
  if (typeof module.default === 'function') return module.default as CallbackFactory
  throw new UserError(`${shown} must export a function as its default`, {
    hint: 'export default (options) => ({ name: "mine", onEpochEnd(record, control) { … } })',
  })
}

/** Module names of static imports, re-exports and dynamic imports of a literal, as esbuild prints them. */
function imports(code: string): string[] {
  const pattern = /^(?:import|export)\s(?:[^'"`;]*?\sfrom\s)?\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']/gm
  return [...code.matchAll(pattern)].map((match) => (match[1] ?? match[2])!)
}

function read(path: string, shown: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new UserError(`callback file ${shown} cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
}
