/**
 * OpenEWLD: public-domain lead sheets as <composer>/<song>/<song>.mxl, whose chord symbols are read; or MIDI made of them with
 * an index.json (key, metre, chords). A song is its score. The melodies in the .mxl are not read.
 */
import { readZip } from '../archive-zip.ts'
import { chordExamples, type ChordSong } from './chord-songs.ts'
import { example, folderOf, type Layout, type LayoutFolder, type LayoutReading, stemOf } from './layout.ts'
import { harmonies } from './musicxml.ts'

const SCORE = /(^|\/)dataset\/[^/]+\/[^/]+\/[^/]+\.mxl$/
const INDEX = /(^|\/)index\.json$/

interface Song {
  readonly file: string
  readonly title: string
  readonly source: string
  readonly chords: readonly string[]
  readonly [fact: string]: unknown
}

export const openewld: Layout = {
  shape:
    'dataset/<composer>/<song>/<song>.mxl, or .mid files with index.json (file, title, key, timeSignature, chords, source)',
  keep: (path) => SCORE.test(path) || /(^|\/)LICENSE$/.test(path),
  matches: (folder) => folder.has(SCORE) || indexed(folder) !== null,
  read: async (folder) => {
    const index = indexed(folder)
    return index ? readIndexed(folder, index) : readScores(folder)
  },
}

/** Path of an index.json that names scores, or null. */
function indexed(folder: LayoutFolder): string | null {
  const path = folder.where(INDEX).find((file) => /"source":\s*"[^"]+\.mxl"/.test(folder.text(file.path)))?.path
  return path ?? null
}

async function readScores(folder: LayoutFolder): Promise<LayoutReading> {
  const songs: ChordSong[] = []
  for (const { path } of folder.where(SCORE)) {
    const score = (
      await readZip(
        folder.bytes(path),
        path,
        (name) => !name.startsWith('META-INF/') && /\.(xml|musicxml)$/i.test(name),
      )
    )[0]
    const [composer = '', song = ''] = path.split('/').slice(-3)
    const { chords, key } = harmonies(score?.bytes.toString('utf8') ?? '')
    songs.push({
      id: path,
      name: song.replaceAll('_', ' '),
      source: `${composer}/${song}`,
      chords,
      facts: { composer, key },
    })
  }
  return chordExamples(songs)
}

/** @throws DataError where the index is no list of songs */
function readIndexed(folder: LayoutFolder, path: string): LayoutReading {
  const list = folder.json(path)
  const songs = Array.isArray(list) ? (list as Song[]) : []
  const here = songs.flatMap((song) => {
    const file = folder.file(folderOf(path) + song.file)
    const { file: _, source, chords, ...facts } = song
    return file ? [{ file, source: source.replace(/\.mxl$/, ''), chords, facts, title: song.title }] : []
  })
  const { examples, dropped } = chordExamples(
    here.map(({ file, title, source, chords, facts }) => ({
      id: `${file.path}#0`,
      name: title || stemOf(file.path),
      source,
      chords,
      facts,
    })),
  )
  const absent = songs.length - here.length
  return {
    examples: [...here.map(({ file, source, facts }) => example('midi', file.path, source, { facts })), ...examples],
    dropped,
    notes: absent > 0 ? [`${absent} of ${songs.length} songs of index.json are not in the folder`] : [],
  }
}
