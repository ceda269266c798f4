/** PMEmo → audio/ + labels.csv from the static annotations (0 … 1). Lyrics, comments, EDA and features are left out. */
import { join } from 'node:path'
import { catalogue } from '../catalogue.ts'
import { type Adapter, filesBelow, findBeside, readRows } from './adapter.ts'
import { adaptRatings } from './ratings.ts'

const TABLE = 'annotations/static_annotations.csv'
const layout = `chorus/ with .mp3 files and ${TABLE}`

export const pmemo: Adapter = {
  keep: (path) => /(^|\/)(chorus\/[^/]+\.mp3|annotations\/static_annotations\.csv)$/.test(path),
  layout,
  adapt: (job) => {
    const root = findBeside(job.from, TABLE, layout)
    const folder = join(root, 'chorus')
    const rows = readRows(join(root, TABLE), TABLE, ['musicid', 'arousal(mean)', 'valence(mean)'])
    const ratings = rows.map((row) => ({
      file: `${row.musicid}.mp3`,
      source: `pmemo/${row.musicid}`,
      valence: row['valence(mean)']!,
      arousal: row['arousal(mean)']!,
    }))
    const found = filesBelow(folder, ['.mp3']).length
    return adaptRatings(job, {
      table: TABLE,
      folder,
      range: catalogue.pmemo.labelRange!,
      ratings,
      extraColumns: [],
      found,
      layout,
    })
  },
}
