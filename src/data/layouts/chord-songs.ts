/** Chords of songs as examples: what data sets with chord annotations have in common. */
import { parseChord } from '../../midi/chords.ts'
import type { Dropped, Emotion, Example } from '../manifest.ts'

export interface ChordSong {
  /** `<file>` or `<file>#<place in it>` */
  readonly id: string
  readonly name: string
  readonly source: string
  readonly chords: readonly string[]
  readonly emotion?: Emotion | null
  readonly facts?: Readonly<Record<string, unknown>>
}

/** A song with a chord name that nobody can read is dropped by name; one without any chord is too. */
export function chordExamples(songs: readonly ChordSong[]): { examples: Example[]; dropped: Dropped[] } {
  const examples: Example[] = []
  const dropped: Dropped[] = []
  for (const { id, name, source, chords, emotion = null, facts = {} } of songs) {
    const unknown = chords.findIndex((chord) => !isChord(chord))
    if (unknown < 0 && chords.length > 0) {
      examples.push({ room: 'chords', id, source, emotion, facts: { name, chords, ...facts } })
      continue
    }
    const [code, message] =
      chords.length === 0
        ? ['no-chords', `"${name}" has no chords`]
        : ['unknown-chord', `chord ${unknown + 1} of "${name}", ${JSON.stringify(chords[unknown])}, is no chord name`]
    const fault = { path: id.replace(/#\d+$/, ''), offset: null, code, message, hint: '' }
    dropped.push({ room: 'chords', id, fault })
  }
  return { examples, dropped }
}

/** A data set has a few hundred names, each of them a thousand times. */
function isChord(name: string): boolean {
  let known = KNOWN.get(name)
  if (known === undefined) KNOWN.set(name, (known = parseChord(name) !== null))
  return known
}

const KNOWN = new Map<string, boolean>()

/** Chords of a `.lab` file or POP909's chord_midi.txt: `start end chord` a line, seconds and Harte names. */
export function labChords(text: string): string[] {
  return text.split(/\r?\n/).flatMap((line) => /^\s*[\d.]+\s+[\d.]+\s+(\S+)/.exec(line)?.[1] ?? [])
}
