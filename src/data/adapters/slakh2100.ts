/**
 * Slakh2100 → midi/<track>.mid (the whole song) and drums/<track>.mid (its drum stem), with the official split in both
 * info.csv. The rendered audio has no emotion labels and is not unpacked; the `omitted` tracks repeat others.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Adapter, count, findBeside, NONE, requireSome, takeFiles, writeRows } from './adapter.ts'

const SPLITS = ['train', 'validation', 'test'] as const
const layout =
  'train/, validation/ and test/ with Track00001/all_src.mid, Track00001/metadata.yaml, Track00001/MIDI/S00.mid …'

export const slakh2100: Adapter = {
  keep: (path) => /(^|\/)(train|validation|test)\/Track\d+\/(all_src\.mid|metadata\.yaml|MIDI\/S\d+\.mid)$/.test(path),
  layout,
  adapt: (job) => {
    const root = findBeside(job.from, 'train', layout)
    const tracks = SPLITS.flatMap((split) => tracksOf(root, split))
    const songs = tracks.filter(({ folder }) => existsSync(join(folder, 'all_src.mid')))
    requireSome(songs.length, 'all_src.mid files', layout)
    const drums = tracks.flatMap((track) => {
      const stem = drumStem(track.folder)
      return stem ? [{ ...track, stem }] : []
    })
    takeFiles(job, [
      ...songs.map(({ folder, name }) => ({ from: join(folder, 'all_src.mid'), to: `midi/${name}.mid` })),
      ...drums.map(({ stem, name }) => ({ from: stem, to: `drums/${name}.mid` })),
    ])
    const rows = (list: readonly Track[]) =>
      list.map(({ name, split }) => ({ midi_filename: `${name}.mid`, split, source: name }))
    writeRows(join(job.data, 'midi/info.csv'), ['midi_filename', 'split', 'source'], rows(songs))
    if (drums.length > 0) writeRows(join(job.data, 'drums/info.csv'), ['midi_filename', 'split', 'source'], rows(drums))
    const without = songs.length - drums.length
    const notes = without > 0 ? [`${count(without)} songs have no drum stem`] : []
    return { counts: { ...NONE, midi: songs.length, drums: drums.length }, labelled: 0, notes }
  },
}

interface Track {
  readonly name: string
  readonly split: string
  readonly folder: string
}

function tracksOf(root: string, split: string): Track[] {
  const folder = join(root, split)
  if (!existsSync(folder)) return []
  const names = readdirSync(folder).filter((name) => /^Track\d+$/.test(name))
  return names.sort().map((name) => ({ name, split, folder: join(folder, name) }))
}

/**
 * Path of the first stem whose `is_drum` is true, or null. metadata.yaml is written by one program in one shape
 * (`stems:`, two spaces and `S03:`, four spaces and `is_drum: true`), so lines are enough to read it.
 */
function drumStem(folder: string): string | null {
  const path = join(folder, 'metadata.yaml')
  if (!existsSync(path)) return null
  let stem = ''
  for (const line of readFileSync(path, 'utf8').split(/\r?\n/)) {
    stem = /^ {2}(S\d+):\s*$/.exec(line)?.[1] ?? stem
    const file = join(folder, 'MIDI', `${stem}.mid`)
    if (stem && /^ {4}is_drum: true\s*$/.test(line) && existsSync(file)) return file
  }
  return null
}
