/** DEAM: song-level means (1 … 9) and the clips they rate. The second-by-second annotations are left out. */
import { type Layout, openTable } from './layout.ts'
import { readRatings } from './ratings.ts'

const TABLE = /(^|\/)static_annotations_averaged_songs[^/]*\.csv$/

export const deam: Layout = {
  shape:
    'MEMD_audio/ with .mp3 files and "annotations/annotations averaged per song/song_level/" with static_annotations_averaged_songs_*.csv',
  keep: (path) => /(^|\/)(MEMD_audio\/[^/]+\.mp3|song_level\/static_annotations_averaged_songs[^/]*\.csv)$/.test(path),
  matches: (folder) => folder.has(TABLE),
  read: (folder) =>
    readRatings(folder, {
      tables: folder
        .where(TABLE)
        .map(({ path }) => openTable(folder, path, ['song_id', 'valence_mean', 'arousal_mean'])),
      columns: { id: 'song_id', valence: 'valence_mean', arousal: 'arousal_mean' },
      clips: /(^|\/)\d+\.(mp3|wav)$/,
      range: { low: 1, high: 9 },
      name: 'deam',
      facts: (id) => ({ subset: subset(Number(id)) }),
    }),
}

/** MediaEval year by song number (DEAM manual): 2 … 1000, 1001 … 2000, and the 58 full songs 2001 … 2058. */
function subset(song: number): string {
  return song <= 1000 ? '2013' : song <= 2000 ? '2014' : '2015'
}
