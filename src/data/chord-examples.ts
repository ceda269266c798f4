/** Chord progressions as examples: every chord name has to be read, equal progressions are one source. */
import { sha256 } from '../lib/files.ts'
import { parseChord } from '../midi/chords.ts'
import type { LabelRow } from './labels.ts'
import type { Dropped, Example } from './manifest.ts'

/** The id is the place in the list, `chords/progressions.json#12`; facts: { name, chords, … }. */
export function readChordExamples(rows: readonly LabelRow[], path: string) {
  const examples: Example[] = []
  const dropped: Dropped[] = []
  const first = new Map<string, string>()
  rows.forEach((row, index) => {
    const id = `${path}#${index}`
    const drop = (code: string, message: string, hint: string) =>
      dropped.push({ room: 'chords', id, fault: { path, offset: row.offset, code, message, hint } })
    if (row.fault) return dropped.push({ room: 'chords', id, fault: row.fault })
    const chords = row.facts.chords as string[]
    const unknown = chords.findIndex((chord) => parseChord(chord) === null)
    if (unknown >= 0) {
      const message = `${row.place}: chord ${unknown + 1} of "${row.name}", ${JSON.stringify(chords[unknown])}, is no chord name`
      return drop('unknown-chord', message, 'write lead-sheet (Am7) or Harte (A:min7) names')
    }
    // The same chords with another emotion are two examples of one source; with the same one they are a copy.
    const whole = JSON.stringify([chords, row.emotion])
    const same = first.get(whole)
    if (same !== undefined) return drop('duplicate', `${row.place}: same chords and emotion as ${same}`, '')
    first.set(whole, id)
    const source = row.source ?? `chords/${progressionKey(chords)}`
    return examples.push({ room: 'chords', id, source, emotion: row.emotion, facts: { name: row.name, ...row.facts } })
  })
  return { examples, dropped, warnings: [] }
}

/** Short ones read as they are, long ones as a hash. */
function progressionKey(chords: readonly string[]): string {
  const text = chords.join('-')
  return text.length <= 40 ? text : sha256(text).slice(0, 16)
}
