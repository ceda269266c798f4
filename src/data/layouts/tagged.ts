/** Files with a table of labels (metadata.csv, labels.csv, metadata.json), wherever they lie; what no row names is left out. */
import { classOf, emotionOfWords } from '../emotion-words.ts'
import type { Dropped } from '../manifest.ts'
import { songOf } from '../songs.ts'
import { example, type Layout } from './layout.ts'
import { factsOf, metadataOf } from './metadata.ts'
import { roomOf } from './rooms.ts'

export const tagged: Layout = {
  shape: 'metadata.csv or labels.csv (file, label or valence and arousal, …) and the files it names',
  matches: (folder) => folder.has(/^(metadata|labels)\.(csv|json)$/) && folder.files.some(({ path }) => roomOf(path)),
  read: (folder) => {
    const { rows, warnings } = metadataOf(folder)
    const dropped: Dropped[] = []
    const examples = folder.files.flatMap(({ path }) => {
      const room = roomOf(path)
      const row = rows.get(path)
      if (room && !row)
        dropped.push({
          room,
          id: path,
          fault: { path, offset: null, code: 'no-label', message: 'no row of the table names it', hint: '' },
        })
      if (!room || !row) return []
      const label = row.label && classOf(row.label)
      const facts = { ...factsOf(row), ...(label ? { label } : {}) }
      const emotion = row.emotion ?? (label ? emotionOfWords([label]) : null)
      return [example(room, path, row.source || songOf(path), { emotion, facts })]
    })
    return { examples, dropped, warnings }
  },
}
