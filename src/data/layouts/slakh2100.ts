/**
 * Slakh2100: all_src.mid (the whole song) and its drum stem, in the publisher's train, validation and test folders. Song
 * and drums of a track are one source. The rendered audio has no emotion labels and is left out; the `omitted` tracks
 * repeat others.
 */
import { count, example, type Layout, type LayoutFolder } from './layout.ts'

const SONG = /(^|\/)(train|validation|test)\/(Track\d+)\/all_src\.mid$/

export const slakh2100: Layout = {
  shape:
    'train/, validation/ and test/ with Track00001/all_src.mid, Track00001/metadata.yaml, Track00001/MIDI/S00.mid …',
  keep: (path) => /(^|\/)(train|validation|test)\/Track\d+\/(all_src\.mid|metadata\.yaml|MIDI\/S\d+\.mid)$/.test(path),
  matches: (folder) => folder.has(SONG),
  read: (folder) => {
    const songs = folder.where(SONG).map(({ path }) => {
      const [, , split, name] = SONG.exec(path)!
      return { path, split, name, at: path.slice(0, -'all_src.mid'.length) }
    })
    const examples = songs.flatMap(({ path, split, name, at }) => {
      const facts = { split, track: name }
      const drums = drumStem(folder, at)
      const song = example('midi', path, `slakh/${name}`, { facts })
      return drums ? [song, example('drums', drums, `slakh/${name}`, { facts })] : [song]
    })
    const without = songs.length * 2 - examples.length
    const omitted = folder.where(/(^|\/)omitted\/Track\d+\/all_src\.mid$/).length
    const notes = [
      ...(without > 0 ? [`${count(without)} songs have no drum stem`] : []),
      ...(omitted > 0 ? [`${count(omitted)} omitted tracks left out: they repeat others`] : []),
    ]
    return { examples, notes }
  },
}

/**
 * Path of the first stem whose `is_drum` is true, or null. metadata.yaml is written by one program in one shape
 * (`stems:`, two spaces and `S03:`, four spaces and `is_drum: true`), so lines are enough to read it.
 */
function drumStem(folder: LayoutFolder, at: string): string | null {
  const path = `${at}metadata.yaml`
  if (!folder.file(path)) return null
  let stem = ''
  for (const line of folder.text(path).split(/\r?\n/)) {
    stem = /^ {2}(S\d+):\s*$/.exec(line)?.[1] ?? stem
    const file = stem && /^ {4}is_drum: true\s*$/.test(line) ? folder.file(`${at}MIDI/${stem}.mid`) : undefined
    if (file) return file.path
  }
  return null
}
