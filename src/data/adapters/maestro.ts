/**
 * MAESTRO → midi/ by year, with composer, title and official split in midi/info.csv. Nobody rated these performances, so
 * there is no emotion_labels.json: models of dynamics learn from them, models that need an emotion do not.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Adapter, asMid, count, findBeside, NONE, readRows, requireSome, takeFiles, writeRows } from './adapter.ts'

const TABLE = 'maestro-v3.0.0.csv'
const layout = `${TABLE} and 2004/ … 2018/ with .midi files`

export const maestro: Adapter = {
  keep: (path) => /(^|\/)(maestro-v3\.0\.0\.csv|LICENSE|\d{4}\/[^/]+\.midi?)$/.test(path),
  layout,
  adapt: (job) => {
    const root = findBeside(job.from, TABLE, layout)
    const rows = readRows(join(root, TABLE), TABLE, ['canonical_composer', 'canonical_title', 'split', 'midi_filename'])
    const here = rows.filter((row) => existsSync(join(root, row.midi_filename!)))
    requireSome(here.length, `MIDI files that ${TABLE} names`, layout)
    takeFiles(
      job,
      here.map((row) => ({ from: join(root, row.midi_filename!), to: `midi/${asMid(row.midi_filename!)}` })),
    )
    const info = here.map((row) => ({
      midi_filename: asMid(row.midi_filename!),
      split: row.split!,
      // A piece is played by several people; the publisher's split keeps its performances together, and so does this.
      source: `${row.canonical_composer} / ${row.canonical_title}`,
      year: row.year ?? '',
    }))
    writeRows(join(job.data, 'midi/info.csv'), ['midi_filename', 'split', 'source', 'year'], info)
    const absent = rows.length - here.length
    const notes =
      absent > 0
        ? [`${count(absent)} of ${count(rows.length)} performances that ${TABLE} names are not in the folder`]
        : []
    return { counts: { ...NONE, midi: here.length }, labelled: 0, notes }
  },
}
