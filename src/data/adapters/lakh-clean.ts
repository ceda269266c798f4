/** Lakh, clean subset → midi/<artist>/<title>.mid, unlabelled. Some of its files are damaged; validate names them. */
import { join } from 'node:path'
import { type Adapter, asMid, filesBelow, findBeside, NONE, requireSome, takeFiles } from './adapter.ts'

const layout = 'clean_midi/<artist>/<title>.mid'

export const lakhClean: Adapter = {
  keep: (path) => /^clean_midi\/[^/]+\/[^/]+\.midi?$/i.test(path),
  layout,
  adapt: (job) => {
    const root = join(findBeside(job.from, 'clean_midi', layout), 'clean_midi')
    const files = filesBelow(root, ['.mid', '.midi'])
    requireSome(files.length, 'MIDI files', layout)
    takeFiles(
      job,
      files.map((file) => ({ from: join(root, file), to: `midi/${asMid(file)}` })),
    )
    return { counts: { ...NONE, midi: files.length }, labelled: 0, notes: [] }
  },
}
