/** PMEmo: the chorus clips and their static annotations (0 … 1). Lyrics, comments, EDA and features are left out. */
import { type Layout, openTable } from './layout.ts'
import { readRatings } from './ratings.ts'

const TABLE = /(^|\/)annotations\/static_annotations\.csv$/

export const pmemo: Layout = {
  shape: 'chorus/ with .mp3 files and annotations/static_annotations.csv',
  keep: (path) => /(^|\/)(chorus\/[^/]+\.mp3|annotations\/static_annotations\.csv)$/.test(path),
  matches: (folder) => folder.has(TABLE),
  read: (folder) =>
    readRatings(folder, {
      tables: folder
        .where(TABLE)
        .map(({ path }) => openTable(folder, path, ['musicid', 'arousal(mean)', 'valence(mean)'])),
      columns: { id: 'musicid', valence: 'valence(mean)', arousal: 'arousal(mean)' },
      clips: /(^|\/)chorus\/\d+\.(mp3|wav)$/,
      range: { low: 0, high: 1 },
      name: 'pmemo',
    }),
}
