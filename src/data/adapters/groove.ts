/** Groove MIDI Dataset → drums/ with its info.csv. The folder names stay: info.csv points into them. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Adapter, count, findBeside, NONE, readRows, requireSome, takeFiles, writeRows } from './adapter.ts'

export const GROOVE_COLUMNS: readonly string[] =
  'drummer,session,id,style,bpm,beat_type,time_signature,midi_filename,audio_filename,duration,split'.split(',')

const layout = 'info.csv and drummer1/ … drummer10/ with .mid files'

export const groove: Adapter = {
  keep: (path) => /(^|\/)(info\.csv|LICENSE|drummer\d+\/.*\.mid)$/.test(path),
  layout,
  adapt: (job) => {
    const root = findBeside(job.from, 'info.csv', layout)
    const rows = readRows(join(root, 'info.csv'), 'info.csv', ['midi_filename', 'style', 'bpm', 'split'])
    const here = rows.filter((row) => existsSync(join(root, row.midi_filename!)))
    requireSome(here.length, 'MIDI files that info.csv names', layout)
    const licence = existsSync(join(root, 'LICENSE')) ? [{ from: join(root, 'LICENSE'), to: 'LICENSE' }] : []
    const takes = here.map((row) => ({ from: join(root, row.midi_filename!), to: `drums/${row.midi_filename}` }))
    takeFiles(job, [...takes, ...licence])
    writeRows(join(job.data, 'drums/info.csv'), GROOVE_COLUMNS, here)
    const absent = rows.length - here.length
    const notes =
      absent > 0 ? [`${count(absent)} of ${count(rows.length)} takes that info.csv names are not in the folder`] : []
    return { counts: { ...NONE, drums: here.length }, labelled: 0, notes }
  },
}
