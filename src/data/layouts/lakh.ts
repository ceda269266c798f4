/**
 * The Lakh MIDI Dataset in its three forms: clean_midi/<artist>/<title>.mid, lmd_matched/A/B/C/<track>/<md5>.mid and
 * lmd_full/<0-f>/<md5>.mid. `Title.1.mid` is another transcription of `Title.mid`, and files beside each other in a track
 * folder are of one recording: each of those is one source. Some files are damaged; validate names them.
 */
import { dirname } from 'node:path'
import { type DataFile, example, type Layout, type LayoutFolder, stemOf } from './layout.ts'

const MIDI = /\.midi?$/i
const FULL = /(^|\/)[0-9a-f]\/[0-9a-f]{32}\.mid$/i
const MATCHED = /(^|\/)[A-Z]\/[A-Z]\/[A-Z]\/(TR[A-Z0-9]{16})\/[0-9a-f]{32}\.mid$/i
const CLEAN = /(^|\/)clean_midi\/[^/]+\/[^/]+\.midi?$/i

export const lakh: Layout = {
  shape: 'clean_midi/<artist>/<title>.mid, lmd_full/<0-f>/<md5>.mid or lmd_matched/A/B/C/<track>/<md5>.mid',
  keep: (path) => /^clean_midi\/[^/]+\/[^/]+\.midi?$/i.test(path) || FULL.test(path) || MATCHED.test(path),
  matches: (folder) => [CLEAN, FULL, MATCHED].some((pattern) => folder.has(pattern)),
  read: (folder) => ({ examples: midiOf(folder).map((file) => example('midi', file.path, sourceOf(file.path))) }),
}

function midiOf(folder: LayoutFolder): readonly DataFile[] {
  return folder.where(MIDI).filter(({ path }) => CLEAN.test(path) || FULL.test(path) || MATCHED.test(path))
}

function sourceOf(path: string): string {
  const track = MATCHED.exec(path)?.[2]
  if (track) return `lakh/${track}`
  if (FULL.test(path)) return `lakh/${stemOf(path)}`
  return `${dirname(path).split('/').at(-1)} / ${stemOf(path).replace(/\.\d+$/, '')}`
}
