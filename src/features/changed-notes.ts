/** Changes of single notes, for every recipe that reads MIDI; what a recipe does in its own way (transpose, tempo) stays there. */
import { random } from '../lib/random.ts'
import { dropNotes, jitterTiming, shiftOctaves } from '../midi/augment.ts'
import type { Notes } from '../midi/notes.ts'
import type { Midi } from '../midi/read.ts'
import type { Change } from './changes.ts'

/** The file with its notes changed; the file itself for a change of another kind. */
export function withChangedNotes(midi: Midi, change: Change | undefined): Midi {
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
