/** A data folder as `download` looks at it: which data sets it holds, how much is in it, whose it is. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { catalogue } from '../../src/data/catalogue.ts'
import type { DataPart, DataReading } from '../../src/data/examples.ts'
import type { Room, SourceInfo } from '../../src/data/manifest.ts'
import { UserError } from '../../src/lib/errors.ts'

const ROOMS = ['audio', 'midi', 'chords', 'drums'] as const

export const LAYOUT = `a data folder holds a data set as its publisher unpacks it (kpipe data list), several of them, or at least one of
  audio/   sound files and labels.csv (filename,valence,arousal)
  midi/    MIDI files and emotion_labels.json ({ "<file>": { "valence": 0.5, "arousal": -0.2 } })
  chords/  progressions.json ({ "progressions": [{ "name": "…", "chords": ["C", "Am"] }] })
  drums/   MIDI files and, if there is one, info.csv (midi_filename,style,bpm,split)`

/** @param written the path as the user wrote it. @throws UserError that shows the layout */
export function checkFolder(folder: string, written: string): void {
  const stat = folder === '' ? undefined : statSync(folder, { throwIfNoEntry: false })
  if (!stat) throw new UserError(`there is no folder ${written}`, { hint: LAYOUT })
  if (!stat.isDirectory()) throw new UserError(`${written} is a file, not a folder`, { hint: LAYOUT })
}

/** Found in each room, used or not; and how many have an emotion. */
export function countItems({ examples, dropped }: DataReading): Record<Room | 'labelled', number> {
  const inRoom = (room: Room) => [...examples, ...dropped].filter((item) => item.room === room).length
  const [audio, midi, chords, drums] = ROOMS.map(inRoom) as [number, number, number, number]
  return { audio, midi, chords, drums, labelled: examples.filter((example) => example.emotion).length }
}

/** Whose a folder of the user's is: the publishers' words where its sets are catalogued and no file in it says more. */
export function sourceOf(folder: string, title: string, parts: readonly DataPart[]): SourceInfo {
  const own = licenceOf(folder)
  const sets = parts.map(({ path, layout }) => ({
    path,
    entry: Object.values(catalogue).find((one) => one.layout === layout),
  }))
  const known = sets.flatMap(({ path, entry }) => (entry ? [{ path, entry }] : []))
  const single = known.length === 1 && sets.length === 1 ? known[0]!.entry : null
  const said = known.map(({ path, entry }) => `${path}: ${entry.licence}`).join('; ')
  return {
    format: 'kpipe-source/1',
    name: 'local',
    title: single ? `${title} (${single.title})` : title,
    licence: own !== 'not stated' ? own : (single?.licence ?? (said || own)),
    citation: single?.citation ?? known.map(({ entry }) => entry.citation).join(' '),
    url: single?.homepage ?? '',
    generated: false,
  }
}

export function pathsBelow(folder: string, inner = ''): string[] {
  return readdirSync(join(folder, inner), { withFileTypes: true }).flatMap((entry) => {
    const path = inner ? `${inner}/${entry.name}` : entry.name
    return entry.isDirectory() ? pathsBelow(folder, path) : [path]
  })
}

/** First line that says something in a LICENSE, COPYING or ATTRIBUTION file, with the file's name; else `not stated`. */
function licenceOf(folder: string): string {
  const names = readdirSync(folder).sort()
  const name = ['licen[cs]e', 'copying', 'attribution'].flatMap((word) =>
    names.filter((each) => new RegExp(`^${word}\\b`, 'i').test(each)),
  )[0]
  if (!name || !existsSync(join(folder, name)) || !statSync(join(folder, name)).isFile()) return 'not stated'
  const lines = readFileSync(join(folder, name), 'utf8').split(/\r?\n/)
  const first = lines.map((line) => line.replace(/^[#\s=*-]+/, '').trim()).find((line) => /\p{L}{3}/u.test(line))
  // A heading alone says nothing, and what follows may be about a part of the folder.
  const said = first && !/^(licen[cs]e|copying|attribution)s?$/i.test(first)
  return said ? `${first.slice(0, 160)} (${name})` : `see ${name}`
}
