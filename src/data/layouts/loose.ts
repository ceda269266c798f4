/** MIDI files without any table, in any folders: unlabelled. Models of dynamics learn from them, models of emotions do not. */
import { songOf } from '../songs.ts'
import { example, type Layout } from './layout.ts'
import { roomOf } from './rooms.ts'

export const loose: Layout = {
  shape: '.mid files in any folders, without labels',
  matches: (folder) => folder.files.some(({ path }) => roomOf(path) === 'midi' || roomOf(path) === 'drums'),
  read: (folder) => ({
    examples: folder.files.flatMap(({ path }) => {
      const room = roomOf(path)
      return room === 'midi' || room === 'drums' ? [example(room, path, songOf(path))] : []
    }),
  }),
}
