/** A folder for each class: happy/a.wav, sad/b.wav … The folder's name is the label; emotion words also give valence and arousal. */
import { classOf, emotionOfWords } from '../emotion-words.ts'
import { songOf } from '../songs.ts'
import { example, type Layout, type LayoutFolder } from './layout.ts'
import { roomOf } from './rooms.ts'

export const classes: Layout = {
  shape: '<class>/ with audio or MIDI files, two classes or more',
  matches: (folder) => namesOf(folder).length > 1,
  read: (folder) => ({
    examples: folder.files.flatMap(({ path }) => {
      const room = roomOf(path)
      const word = classIn(path)
      if (!room || word === null) return []
      const label = classOf(word)
      return [example(room, path, songOf(path), { emotion: emotionOfWords([label]), facts: { label } })]
    }),
  }),
}

const classIn = (path: string): string | null => /^([^/]+)\/[^/]+$/.exec(path)?.[1] ?? null

/** Only where the names are words of emotion: folders of artists or years are no classes. */
function namesOf(folder: LayoutFolder): string[] {
  const names = new Set(folder.files.filter(({ path }) => roomOf(path)).map(({ path }) => classIn(path)))
  const known = [...names].filter((name) => name !== null && emotionOfWords([name]) !== null)
  return known.length === names.size ? (known as string[]) : []
}
