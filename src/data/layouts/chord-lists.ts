/**
 * Chords in JSON files: `{ "songs": [{ title, artist, chords }] }` (McGill Billboard in one file) or
 * `{ "progressions": [{ chords or roman, mode, moods, emotion }] }` (free-midi-chords). Mood words become a place on the
 * valence-arousal plane (emotion-words.ts); Roman numerals become chords in C.
 */
import { sha256 } from '../../lib/files.ts'
import { emotionOfWords } from '../emotion-words.ts'
import type { Emotion } from '../manifest.ts'
import { chordExamples, type ChordSong } from './chord-songs.ts'
import type { Layout, LayoutFolder } from './layout.ts'
import { romanChord } from './roman.ts'

export const chordLists: Layout = {
  shape: '.json files with "songs" or "progressions", each with chords (or roman and mode)',
  matches: (folder) => listsOf(folder).length > 0,
  read: (folder) => chordExamples(listsOf(folder).flatMap((path) => readList(folder, path))),
}

const listsOf = (folder: LayoutFolder): string[] =>
  folder.files
    .map(({ path }) => path)
    .filter((path) => /^[^/]+\.json$/i.test(path) && /"(songs|progressions)"\s*:\s*\[/.test(folder.text(path)))

interface Entry {
  readonly id?: string
  readonly name?: string
  readonly title?: string
  readonly artist?: string
  readonly chords?: readonly string[]
  readonly roman?: readonly string[]
  readonly mode?: string
  readonly moods?: readonly string[]
  readonly emotion?: Emotion
  readonly source?: string
}

/** @throws DataError where the file is no JSON */
function readList(folder: LayoutFolder, path: string): ChordSong[] {
  const root = folder.json(path) as { readonly songs?: unknown; readonly progressions?: unknown } | null
  const lists = [root?.songs, root?.progressions].map((list) => (Array.isArray(list) ? (list as Entry[]) : []))
  return lists.flat().map((entry, index) => songOf(entry, path, index))
}

function songOf(entry: Entry, path: string, index: number): ChordSong {
  const { roman = [], mode = '', moods = [], chords = roman.map((one) => romanChord(one, mode)), emotion } = entry
  const { title = '', artist = '', chords: _, emotion: __, source, name, ...facts } = entry
  const known = title ? `${artist} / ${title}` : `chords/${sha256(chords.join(' ')).slice(0, 16)}`
  return {
    id: `${path}#${index}`,
    name: name ?? (title || roman.join('-') || `${path} ${index}`),
    source: source ?? known,
    chords,
    emotion: isEmotion(emotion) ? emotion : emotionOfWords(moods),
    facts: { ...facts, ...(title ? { title, artist } : {}) },
  }
}

const isEmotion = (value: unknown): value is Emotion => {
  const { valence, arousal } = (value ?? {}) as Partial<Emotion>
  return [valence, arousal].every((level) => typeof level === 'number' && Math.abs(level) <= 1)
}
