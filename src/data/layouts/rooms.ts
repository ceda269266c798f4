/** Which files are music, and to which room of the Kelly layout a file belongs where no table says so. */
import { extname } from 'node:path'
import type { Room } from '../manifest.ts'

/** What `decodeAudio` and `readMidi` take; other files in a room are no items. */
export const AUDIO_EXTENSIONS = ['.wav', '.wave', '.mp3', '.flac', '.ogg', '.oga', '.opus']
export const MIDI_EXTENSIONS = ['.mid', '.midi', '.rmi', '.kar']

/** By its ending; MIDI below a folder of drums or grooves is drums. Null for what is no music. */
export function roomOf(path: string): Exclude<Room, 'chords'> | null {
  const ending = extname(path).toLowerCase()
  if (AUDIO_EXTENSIONS.includes(ending)) return 'audio'
  if (!MIDI_EXTENSIONS.includes(ending)) return null
  return /(^|\/)(drums?|grooves?|beats?|percussion)\//i.test(path) ? 'drums' : 'midi'
}
