/** A data folder in the Kelly layout as `download` looks at it: is it one, how much is in it, whose is it. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { extname, join } from 'node:path'
import { AUDIO_EXTENSIONS, MIDI_EXTENSIONS } from '../../src/data/examples.ts'
import type { Room } from '../../src/data/manifest.ts'
import { UserError } from '../../src/lib/errors.ts'
import { readJson } from '../../src/lib/files.ts'

const ROOMS = ['audio', 'midi', 'chords', 'drums'] as const

export const LAYOUT = `a data folder holds at least one of
  audio/   sound files and labels.csv (filename,valence,arousal)
  midi/    MIDI files and emotion_labels.json ({ "<file>": { "valence": 0.5, "arousal": -0.2 } })
  chords/  progressions.json ({ "progressions": [{ "name": "…", "chords": ["C", "Am"] }] })
  drums/   MIDI files and, if there is one, info.csv (midi_filename,style,bpm,split)`

/** @param written the path as the user wrote it. @throws UserError that shows the layout */
export function checkFolder(folder: string, written: string): void {
  const stat = folder === '' ? undefined : statSync(folder, { throwIfNoEntry: false })
  if (!stat) throw new UserError(`there is no folder ${written}`, { hint: LAYOUT })
  if (!stat.isDirectory()) throw new UserError(`${written} is a file, not a folder`, { hint: LAYOUT })
  if (isData(folder)) return
  const folders = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  const inside = folders.map((entry) => entry.name).find((name) => isData(join(folder, name)))
  const slash = written.endsWith('/') ? '' : '/'
  const hint = inside ? `did you mean ${written}${slash}${inside}?\n${LAYOUT}` : LAYOUT
  throw new UserError(`${written} has none of ${ROOMS.map((room) => `${room}/`).join(', ')}`, { hint })
}

function isData(folder: string): boolean {
  return ROOMS.some((room) => statSync(join(folder, room), { throwIfNoEntry: false })?.isDirectory())
}

/** @param paths files below the folder, `/`-separated */
export function countItems(folder: string, paths: readonly string[]): Record<Room, number> {
  const files = (room: Room, extensions: readonly string[]) =>
    paths.filter((path) => path.startsWith(`${room}/`) && extensions.includes(extname(path).toLowerCase())).length
  return {
    audio: files('audio', AUDIO_EXTENSIONS),
    midi: files('midi', MIDI_EXTENSIONS),
    chords: progressions(join(folder, 'chords/progressions.json')),
    drums: files('drums', MIDI_EXTENSIONS),
  }
}

/** Broken JSON counts as nothing here; validate says where it is broken. */
function progressions(path: string): number {
  const file = readJson<unknown>(path)
  const list = Array.isArray(file) ? file : (file as { progressions?: unknown } | undefined)?.progressions
  return Array.isArray(list) ? list.length : 0
}

export function pathsBelow(folder: string, inner = ''): string[] {
  return readdirSync(join(folder, inner), { withFileTypes: true }).flatMap((entry) => {
    const path = inner ? `${inner}/${entry.name}` : entry.name
    return entry.isDirectory() ? pathsBelow(folder, path) : [path]
  })
}

/** First line that says something in a LICENSE, COPYING or ATTRIBUTION file, with the file's name; else `not stated`. */
export function licenceOf(folder: string): string {
  const names = readdirSync(folder).sort()
  const name = ['licen[cs]e', 'copying', 'attribution'].flatMap((word) =>
    names.filter((each) => new RegExp(`^${word}\\b`, 'i').test(each)),
  )[0]
  if (!name || !existsSync(join(folder, name)) || !statSync(join(folder, name)).isFile()) return 'not stated'
  const lines = readFileSync(join(folder, name), 'utf8').split(/\r?\n/)
  const first = lines.map((line) => line.replace(/^[#\s=*-]+/, '').trim()).find((line) => /\p{L}{3}/u.test(line))
  return first ? `${first.slice(0, 160)} (${name})` : `see ${name}`
}
