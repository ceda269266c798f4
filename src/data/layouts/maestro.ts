/**
 * MAESTRO: performances by year and the publisher's split. A piece is played by several people; the split keeps its
 * performances together, and so does the source. Nobody rated them, so there is no emotion.
 */
import { example, filesNamed, type Layout, openTable } from './layout.ts'

const TABLE = /(^|\/)maestro-v[\d.]+\.csv$/

export const maestro: Layout = {
  shape: 'maestro-v3.0.0.csv and 2004/ … 2018/ with .midi files',
  keep: (path) => /(^|\/)(maestro-v[\d.]+\.csv|LICENSE|\d{4}\/[^/]+\.midi?)$/.test(path),
  matches: (folder) => folder.has(TABLE),
  read: (folder) => {
    const columns = ['canonical_composer', 'canonical_title', 'split', 'midi_filename']
    const table = openTable(folder, folder.where(TABLE)[0]!.path, columns)
    const { found, warnings } = filesNamed(folder, table, 'midi', 'midi_filename')
    const examples = found.map(({ line: { cells }, file }) => {
      const { canonical_composer: composer, canonical_title: title, split, year } = cells
      const source = `${composer} / ${title}`
      return example('midi', file.path, source, { facts: { composer, title, split, year } })
    })
    return { examples, warnings }
  },
}
