/**
 * The MK layout: emotions/<class>/ with audio, melodies/ and grooves/ with MIDI, and metadata.csv (file, label, duration, emotion,
 * genre, tempo, key) or metadata.json ({ samples: [...] }), whose names start at emotions/. The folder is the class; a row
 * that names another one wins. Where a class stands on the valence-arousal plane says emotion-words.ts; the class itself
 * is kept as `label`.
 */
import { songOf } from '../songs.ts'
import { classOf, emotionOfWords } from '../emotion-words.ts'
import { example, type Layout } from './layout.ts'
import { factsOf, type FileFacts, metadataOf } from './metadata.ts'
import { roomOf } from './rooms.ts'

const CLIP = /^(raw\/)?emotions\/([^/]+)\/[^/]+\.\w+$/

export const mk: Layout = {
  shape: 'emotions/<class>/ with audio, melodies/ and grooves/ with .mid files, metadata.csv (file,label,…)',
  matches: (folder) => folder.files.some(({ path }) => CLIP.test(path) && roomOf(path) === 'audio'),
  read: (folder) => {
    const { rows, warnings } = metadataOf(folder)
    const examples = folder.files.flatMap(({ path }) => {
      const room = roomOf(path)
      const inside = CLIP.exec(path)?.[2]
      if (!room || (!inside && !/(^|\/)(melodies|grooves)\//.test(path))) return []
      const row = rows.get(path)
      const label = labelOf(row, inside)
      const facts = { ...factsOf(row), ...(label ? { label } : {}) }
      const source = row?.source || songOf(path)
      return [example(room, path, source, { emotion: row?.emotion ?? (label ? emotionOfWords([label]) : null), facts })]
    })
    return { examples, warnings, notes: unplaced(examples) }
  },
}

function labelOf(row: FileFacts | undefined, folder: string | undefined): string {
  const word = row?.label || folder
  return word ? classOf(word) : ''
}

/** Classes that no word list knows still make a classifier; they only carry no valence and arousal. */
function unplaced(examples: ReturnType<typeof example>[]): string[] {
  const unknown = new Set(
    examples.filter((one) => one.facts.label && !one.emotion).map((one) => String(one.facts.label)),
  )
  return unknown.size > 0 ? [`no valence and arousal is known for the classes ${[...unknown].sort().join(', ')}`] : []
}
