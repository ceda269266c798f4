/**
 * Weimar Jazz Database: one solo a file, <Performer>_<Title>[-<n>]_FINAL.mid; where index.json lies beside them also chords, key,
 * style and tempo. Solos over one tune share its changes, so the tune is the source, whoever plays.
 */
import { chordExamples } from './chord-songs.ts'
import { example, folderOf, type Layout, type LayoutFolder, stemOf } from './layout.ts'

const SOLO = /_FINAL\.mid$/

interface Solo {
  readonly performer?: string
  readonly title?: string
  readonly chords?: readonly string[]
  readonly [fact: string]: unknown
}

export const weimar: Layout = {
  shape: '<Performer>_<Title>_FINAL.mid …, and index.json where there is one',
  keep: (path) => SOLO.test(path),
  matches: (folder) => folder.has(SOLO),
  read: (folder) => {
    const solos = folder.where(SOLO)
    const known = indexOf(folder, `${folderOf(solos[0]!.path)}index.json`)
    const read = solos.map(({ path }) => {
      const { chords = [], file: _, performer, title, ...more } = known.get(path) ?? {}
      const [player = '', tune = ''] = stemOf(path)
        .replace(/_FINAL$/, '')
        .split('_')
      // `GiantSteps-2` is a second solo over Giant Steps; the index has the title without the number.
      const name = title || tune.replace(/-\d+$/, '')
      const facts = { performer: performer || player, title: name, ...more }
      return { path, name, chords, source: `weimar/${tuneOf(name)}`, facts }
    })
    const songs = read.filter(({ chords }) => chords.length > 0)
    const { examples, dropped } = chordExamples(
      songs.map(({ path, name, chords, source, facts }) => ({ id: `${path}#0`, name, chords, source, facts })),
    )
    return {
      examples: [...read.map(({ path, source, facts }) => example('midi', path, source, { facts })), ...examples],
      dropped,
    }
  },
}

/** `Anthropology` however it is written: letters and digits alone. */
const tuneOf = (title: string): string => title.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')

/** Path of a solo → its entry. @throws DataError where it is no JSON */
function indexOf(folder: LayoutFolder, path: string): Map<string, Solo> {
  if (!folder.file(path)) return new Map()
  const list = folder.json(path)
  const solos = Array.isArray(list) ? (list as Solo[]) : []
  return new Map(solos.map((solo) => [`${folderOf(path)}${String(solo['file'])}`, solo]))
}
