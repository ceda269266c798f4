/**
 * Groove MIDI Dataset: info.csv and the takes it names, with the publisher's split. A take is a source of its own, since
 * that split puts takes of one session on both sides. Hits of no length and Roland's drum numbers stay as recorded.
 */
import { example, filesNamed, folderOf, type Layout, openTable } from './layout.ts'

const TABLE = /(^|\/)info\.csv$/

export const groove: Layout = {
  shape: 'info.csv and drummer1/ … drummer10/ with .mid files',
  keep: (path) => /(^|\/)(info\.csv|LICENSE|drummer\d+\/.*\.mid)$/.test(path),
  matches: (folder) => folder.has(TABLE) && folder.has(/(^|\/)drummer\d+\/.*\.mid$/),
  read: (folder) => {
    const path = folder
      .where(TABLE)
      .find((file) => folder.has(new RegExp(`^${escaped(folderOf(file.path))}drummer\\d+/`)))!
    const table = openTable(folder, path.path, ['midi_filename', 'style', 'bpm', 'split'])
    const { found, warnings } = filesNamed(folder, table, 'drums', 'midi_filename')
    const examples = found.map(({ line, file }) => {
      const { midi_filename: name, audio_filename: _, ...facts } = line.cells
      return example('drums', file.path, `groove/${name!.replace(/\.[^.]+$/, '')}`, { facts })
    })
    return { examples, warnings }
  },
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
