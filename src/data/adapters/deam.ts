/** DEAM → audio/ + labels.csv from the song-level means (1 … 9). The second-by-second annotations are left out. */
import { join } from 'node:path'
import { catalogue } from '../catalogue.ts'
import { type Adapter, filesBelow, findBeside, readRows, requireSome } from './adapter.ts'
import { adaptRatings } from './ratings.ts'

const layout =
  'MEMD_audio/ with .mp3 files and "annotations/annotations averaged per song/song_level/" with static_annotations_averaged_songs_*.csv'

export const deam: Adapter = {
  keep: (path) => /(^|\/)(MEMD_audio\/[^/]+\.mp3|song_level\/static_annotations_averaged_songs[^/]*\.csv)$/.test(path),
  layout,
  adapt: (job) => {
    const folder = join(findBeside(job.from, 'MEMD_audio', layout), 'MEMD_audio')
    const tables = join(findBeside(job.from, 'song_level', layout), 'song_level')
    const names = filesBelow(tables, ['.csv']).filter((name) => name.startsWith('static_annotations_averaged_songs'))
    requireSome(names.length, 'song-level tables', layout)
    const rows = names.flatMap((name) =>
      readRows(join(tables, name), name, ['song_id', 'valence_mean', 'arousal_mean']),
    )
    const ratings = rows.map((row) => ({
      file: `${row.song_id}.mp3`,
      source: `deam/${row.song_id}`,
      valence: row.valence_mean!,
      arousal: row.arousal_mean!,
      extra: { subset: subset(Number(row.song_id)) },
    }))
    return adaptRatings(job, {
      table: names.join(' and '),
      folder,
      range: catalogue.deam.labelRange!,
      ratings,
      extraColumns: ['subset'],
      found: filesBelow(folder, ['.mp3']).length,
      layout,
    })
  },
}

/** MediaEval year by song number (DEAM manual): 2 … 1000, 1001 … 2000, and the 58 full songs 2001 … 2058. */
function subset(song: number): string {
  return song <= 1000 ? '2013' : song <= 2000 ? '2014' : '2015'
}
