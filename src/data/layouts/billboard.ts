/**
 * McGill Billboard: one folder an entry of the chart, with salami_chords.txt (bars of Harte chords) or full.lab, or all of
 * them in one JSON list (chord-lists.ts). A song that was in the chart twice has its annotation twice, byte for byte (150
 * of 890): the caller keeps one. A song is its artist and title.
 */
import { chordExamples, type ChordSong, labChords } from './chord-songs.ts'
import type { Layout, LayoutFolder } from './layout.ts'

const SALAMI = /(^|\/)\d{4}\/salami_chords\.txt$/
const LAB = /(^|\/)\d{4}\/full\.lab$/

export const billboard: Layout = {
  shape: 'McGill-Billboard/<entry>/ with salami_chords.txt or full.lab',
  keep: (path) => SALAMI.test(path) || LAB.test(path),
  matches: (folder) => folder.has(SALAMI) || folder.has(LAB),
  read: (folder) => {
    const salami = folder.where(SALAMI)
    const songs =
      salami.length > 0
        ? salami.map(({ path }) => readSalami(folder, path))
        : folder.where(LAB).map(({ path }) => readLab(folder, path))
    return chordExamples(songs)
  },
}

const entryOf = (path: string): string => path.split('/').at(-2)!

function readLab(folder: LayoutFolder, path: string): ChordSong {
  const entry = entryOf(path)
  return { id: path, name: `Billboard ${entry}`, source: `billboard/${entry}`, chords: labChords(folder.text(path)) }
}

function readSalami(folder: LayoutFolder, path: string): ChordSong {
  const lines = folder.text(path).split(/\r?\n/)
  const head = (name: string) =>
    lines
      .find((line) => line.startsWith(`# ${name}: `))
      ?.slice(name.length + 4)
      .trim() ?? ''
  const [title, artist] = [head('title'), head('artist')]
  const name = title || `Billboard ${entryOf(path)}`
  const source = title ? `${artist} / ${title}` : `billboard/${entryOf(path)}`
  const facts = { title, artist, metre: head('metre'), tonic: head('tonic') }
  return { id: path, name, source, facts, chords: lines.flatMap(chordsOfLine) }
}

/**
 * `12.3  B, chorus, | C:maj . F:maj . | (3/4) G:7 | x2, (voice`: `.` holds the chord before, `(3/4)` changes the metre, `x2`
 * says how often the line is played; `*` and `&pause` carry no chord.
 */
function chordsOfLine(line: string): string[] {
  if (line.startsWith('#') || !line.includes('|')) return []
  const bars = line.slice(line.indexOf('|') + 1, line.lastIndexOf('|')).split('|')
  const words = bars.flatMap((bar) => bar.trim().split(/\s+/))
  const chords = words.filter((word) => word.includes(':') || /^[NX]$/.test(word))
  const times = Number(/\bx(\d+)\b/.exec(line.slice(line.lastIndexOf('|') + 1))?.[1] ?? 1)
  return Array.from({ length: times }, () => chords).flat()
}
