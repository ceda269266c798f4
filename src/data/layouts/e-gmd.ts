/**
 * Expanded Groove: every performance 43 times, once a drum kit. Timing and velocities are the performance's, so one of them
 * is taken: the kit with the lowest number that is there.
 */
import { count, example, filesNamed, type Layout, openTable, type TableLine } from './layout.ts'

const TABLE = /(^|\/)e-gmd-v[\d.]+\.csv$/

export const eGmd: Layout = {
  shape: 'e-gmd-v1.0.0.csv and drummer1/ … drummer10/ with .midi files',
  keep: (path) => /(^|\/)(e-gmd-v1\.0\.0\.csv|LICENSE|drummer\d+\/.*\.midi?)$/.test(path),
  matches: (folder) => folder.has(TABLE),
  read: (folder) => {
    const table = openTable(folder, folder.where(TABLE)[0]!.path, ['id', 'midi_filename', 'split'])
    const { found, warnings } = filesNamed(folder, table, 'drums', 'midi_filename')
    const first = new Map<string, (typeof found)[number]>()
    for (const one of found) {
      const known = first.get(one.line.cells.id!)
      if (!known || kit(one.line) < kit(known.line)) first.set(one.line.cells.id!, one)
    }
    const examples = [...first.values()].map(({ line, file }) => {
      const { midi_filename: _, audio_filename: __, ...facts } = line.cells
      return example('drums', file.path, `e-gmd/${line.cells.id}`, { facts })
    })
    const repeats = found.length - examples.length
    const notes = repeats > 0 ? [`${count(repeats)} files left out: the same performances on other drum kits`] : []
    return { examples, warnings, notes }
  },
}

/** `…_beat_4-4_12.midi` → 12 */
const kit = ({ cells }: TableLine): number => Number(/_(\d+)\.midi?$/.exec(cells.midi_filename!)?.[1] ?? 0)
