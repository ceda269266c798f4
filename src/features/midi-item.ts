/**
 * The MIDI file of an item with changes of single notes, for every recipe that reads MIDI. Changes that a recipe makes in its
 * own way (transpose, tempo) stay there.
 */
import { random } from '../lib/random.ts'
import { dropNotes, jitterTiming, shiftOctaves } from '../midi/augment.ts'
import type { Notes } from '../midi/notes.ts'
import { type Midi, readMidi } from '../midi/read.ts'
import type { Change } from './changes.ts'
import type { FeatureItem } from './feature.ts'

/** Damaged files only as far as they can be repaired, where the item says so. @throws DataError as readMidi */
export function midiOf({ read, path, repair = false }: FeatureItem, change?: Change): Midi {
  const midi = readMidi(read(), path, { repair })
  const notes = changedNotes(midi.notes, change)
  return notes === midi.notes ? midi : { ...midi, notes }
}

function changedNotes(notes: Notes, change: Change | undefined): Notes {
  switch (change?.kind) {
    case 'octave':
      return shiftOctaves(notes, change.octaves)
    case 'timing':
      return jitterTiming(notes, change.milliseconds / 1000, random(change.seed))
    case 'drop':
      return dropNotes(notes, change.share, random(change.seed))
    default:
      return notes
  }
}
