/**
 * Expanded Groove → drums/ with an info.csv as Groove has it. The set holds every performance 43 times, once a drum kit;
 * timing and velocities are the performance's, so one of them is taken (the kit with the lowest number that is there).
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Adapter, asMid, count, findBeside, NONE, readRows, requireSome, takeFiles, writeRows } from './adapter.ts'
import { GROOVE_COLUMNS } from './groove.ts'

const TABLE = 'e-gmd-v1.0.0.csv'
const layout = `${TABLE} and drummer1/ … drummer10/ with .midi files`

export const eGmd: Adapter = {
  keep: (path) => /(^|\/)(e-gmd-v1\.0\.0\.csv|LICENSE|drummer\d+\/.*\.midi?)$/.test(path),
  layout,
  adapt: (job) => {
    const root = findBeside(job.from, TABLE, layout)
    const rows = readRows(join(root, TABLE), TABLE, ['id', 'midi_filename', 'split'])
    const here = rows.filter((row) => existsSync(join(root, row.midi_filename!)))
    requireSome(here.length, `MIDI files that ${TABLE} names`, layout)
    const first = new Map<string, Record<string, string>>()
    for (const row of here) {
      const known = first.get(row.id!)
      if (!known || kit(row) < kit(known)) first.set(row.id!, row)
    }
    const taken = [...first.values()]
    takeFiles(
      job,
      taken.map((row) => ({ from: join(root, row.midi_filename!), to: `drums/${asMid(row.midi_filename!)}` })),
    )
    const info = taken.map((row) => ({ ...row, midi_filename: asMid(row.midi_filename!) }))
    writeRows(join(job.data, 'drums/info.csv'), [...GROOVE_COLUMNS, 'kit_name'], info)
    const repeats = here.length - taken.length
    const notes = repeats > 0 ? [`${count(repeats)} files left out: the same performances on other drum kits`] : []
    return { counts: { ...NONE, drums: taken.length }, labelled: 0, notes }
  },
}

/** `…_beat_4-4_12.midi` → 12 */
function kit(row: Readonly<Record<string, string>>): number {
  return Number(/_(\d+)\.midi?$/.exec(row.midi_filename!)?.[1] ?? 0)
}
