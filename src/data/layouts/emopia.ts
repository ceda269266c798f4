/**
 * EMOPIA: pop piano clips with the quadrant of their emotion in the name, `Q1_<video>_<clip>.mid`. Only the signs of valence
 * and arousal are known: they stand as ±0.5. Clips of one video are one source. label.csv repeats the names and is not needed.
 */
import { basename } from 'node:path'
import { QUADRANTS } from '../emotion-words.ts'
import { songOf } from '../songs.ts'
import { example, type Layout } from './layout.ts'

const CLIP = /(^|\/)(Q[1-4])_[^/]+_\d+\.mid$/

export const emopia: Layout = {
  shape: 'midis/ (or midi/) with Q1_<video>_<clip>.mid …',
  keep: (path) => /(^|\/)(midis\/Q[1-4]_[^/]+\.mid|label\.csv)$/.test(path),
  matches: (folder) => folder.has(/(^|\/)midis\/Q[1-4]_[^/]+_\d+\.mid$/),
  read: (folder) => ({
    examples: folder.where(CLIP).map(({ path }) => {
      const quadrant = CLIP.exec(path)![2]!
      const video = songOf(basename(path)).slice(quadrant.length + 1)
      return example('midi', path, `emopia/${video}`, { emotion: QUADRANTS[quadrant]!, facts: { label: quadrant } })
    }),
  }),
}
