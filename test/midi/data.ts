/** Real MIDI files, where they lie beside the checkout; tests that need them say loudly that they are skipped. */
import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const SHARED = fileURLToPath(new URL('../../../shared/data', import.meta.url))
export const hasShared = existsSync(SHARED)
if (!hasShared) console.warn(`SKIPPED: tests on real files, as there is no ${SHARED}`)

/** Paths below SHARED of all MIDI files under a folder, sorted; the deliberately broken ones left out. */
export function midiFiles(folder: string): string[] {
  const found = readdirSync(`${SHARED}/${folder}`, { recursive: true, encoding: 'utf8' })
  return found
    .filter((name) => /\.midi?$/i.test(name) && !name.includes('broken'))
    .sort()
    .map((name) => `${folder}/${name}`)
}

/** Every n-th item, for tests that must stay short. */
export function everyNth<T>(items: readonly T[], n: number): T[] {
  return items.filter((_, i) => i % n === 0)
}
