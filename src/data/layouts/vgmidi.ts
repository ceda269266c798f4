/**
 * VGMIDI: the rated phrases, which are what vgmidi_labelled.csv names. Labels are -1 or 1: only the signs are known. The
 * unrated pieces of the set are left out. Phrases of one piece are one source.
 */
import { basename } from 'node:path'
import { example, filesNamed, type Layout, notThePublished, openTable, type TableLine } from './layout.ts'

const TABLE = /(^|\/)vgmidi_labelled\.csv$/

export const vgmidi: Layout = {
  shape: 'vgmidi_labelled.csv and labelled/phrases/ (or labelled/phrases.zip)',
  keep: (path) => /(^|\/)(vgmidi_labelled\.csv|labelled\/phrases(\.zip|\/[^/]+\.mid))$/.test(path),
  inner: /(^|\/)labelled\/phrases\.zip$/,
  matches: (folder) => folder.has(TABLE),
  read: (folder) => {
    const path = folder.where(TABLE)[0]!.path
    const table = openTable(folder, path, ['series', 'game', 'piece', 'midi', 'valence', 'arousal'])
    // Unpacked by hand the phrases lie in labelled/, unpacked from the archive inside in a folder of its name.
    const phrases = new Map(folder.where(/\/phrases\/[^/]+\.mid$/).map((file) => [basename(file.path), file]))
    const { found, warnings } = filesNamed(folder, table, 'midi', 'midi', (name) => phrases.get(basename(name)))
    const examples = found.map(({ line, file }) => {
      const emotion = { valence: sign(path, line, 'valence'), arousal: sign(path, line, 'arousal') }
      const { series, console, game, piece } = line.cells
      const facts = { series, console, game, piece }
      return example('midi', file.path, `${series} / ${game} / ${piece}`, { emotion, facts })
    })
    const packed = found.length === 0 && folder.has(/(^|\/)labelled\/phrases\.zip$/)
    return { examples, warnings, notes: packed ? ['labelled/phrases.zip is not unpacked: unzip it beside itself'] : [] }
  },
}

function sign(path: string, line: TableLine, name: 'valence' | 'arousal'): number {
  const value = Number(line.cells[name])
  if (value === -1 || value === 1) return value
  throw notThePublished(path, line, `${name} is ${JSON.stringify(line.cells[name])}, expected -1 or 1`)
}
