/**
 * VGMIDI → midi/ with emotion_labels.json: the labelled phrases (in a zip inside the repository), which are what
 * vgmidi_labelled.csv rates. The labels are signs, -1 or 1. The unrated pieces of the set are left out: beside rated
 * files a file without a label counts as a mistake.
 */
import { existsSync, mkdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { DataError } from '../../lib/errors.ts'
import { writeAtomic } from '../../lib/files.ts'
import { unpack } from '../archive.ts'
import { catalogue } from '../catalogue.ts'
import {
  type Adapter,
  type AdaptJob,
  count,
  filesBelow,
  findBeside,
  NONE,
  readRows,
  requireSome,
  takeFiles,
} from './adapter.ts'

const TABLE = 'vgmidi_labelled.csv'
const layout = `${TABLE} and labelled/phrases/ (or labelled/phrases.zip)`

export const vgmidi: Adapter = {
  keep: (path) => /(^|\/)(vgmidi_labelled\.csv|labelled\/phrases(\.zip|\/[^/]+\.mid))$/.test(path),
  layout,
  adapt: async (job) => {
    const root = findBeside(job.from, TABLE, layout)
    const rows = readRows(join(root, TABLE), TABLE, ['series', 'game', 'piece', 'midi', 'valence', 'arousal'])
    const phrases = await phraseFiles(job, join(root, 'labelled'))
    const here = rows.filter((row) => phrases.has(basename(row.midi!)))
    requireSome(here.length, `phrases that ${TABLE} names`, layout)
    const entries = here.map((row) => {
      const emotion = { valence: sign(row, 'valence'), arousal: sign(row, 'arousal') }
      return [basename(row.midi!), { ...emotion, source: `${row.series} / ${row.game} / ${row.piece}` }] as const
    })
    takeFiles(
      job,
      entries.map(([name]) => ({ from: phrases.get(name)!, to: `midi/${name}` })),
    )
    writeAtomic(join(job.data, 'midi/emotion_labels.json'), `${JSON.stringify(Object.fromEntries(entries), null, 1)}\n`)
    const absent = rows.length - here.length
    const notes =
      absent > 0 ? [`${count(absent)} of ${count(rows.length)} phrases that ${TABLE} rates are not in the folder`] : []
    return { counts: { ...NONE, midi: entries.length }, labelled: entries.length, notes }
  },
}

/** File name → absolute path. */
async function phraseFiles(job: AdaptJob, labelled: string): Promise<Map<string, string>> {
  const packed = join(labelled, 'phrases.zip')
  let folder = join(labelled, 'phrases')
  if (!existsSync(folder) && existsSync(packed)) {
    folder = join(job.scratch, 'phrases')
    mkdirSync(job.scratch, { recursive: true })
    await unpack(packed, folder, {
      limits: catalogue.vgmidi.limits,
      keep: (path) => path.endsWith('.mid'),
      ...(job.signal ? { signal: job.signal } : {}),
    })
  }
  return new Map(filesBelow(folder, ['.mid']).map((file) => [basename(file), join(folder, file)]))
}

function sign(row: Readonly<Record<string, string>>, name: 'valence' | 'arousal'): number {
  const value = Number(row[name])
  if (value === -1 || value === 1) return value
  const message = `${name} of ${row.midi} is ${JSON.stringify(row[name])}, expected -1 or 1`
  throw new DataError({
    path: TABLE,
    offset: null,
    code: 'label-range',
    message,
    hint: 'this is not the table the set is published with',
  })
}
