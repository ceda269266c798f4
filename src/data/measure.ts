/** What one decoded file is like, in a few numbers: length, notes, pitches. Small enough to be kept for every item. */
import { DRUM_CHANNEL, endOfNotes, type Notes } from '../midi/notes.ts'

export interface Measure {
  /** Of sound, or from the start of the file to the end of the last note. */
  readonly seconds: number
  /** Sounded notes or hits; left out of audio. */
  readonly notes?: number
  /** Notes on each MIDI pitch that occurs, as pairs: pitch, count, pitch, count … rising. */
  readonly pitches?: readonly number[]
  /** Audio: Hz and channels. */
  readonly sampleRate?: number
  readonly channels?: number
}

/** @param which pitched notes of a midi/ file, all of a drum take */
export function measureNotes(notes: Notes, which: 'pitched' | 'all'): Measure {
  const counts = new Map<number, number>()
  let found = 0
  for (let i = 0; i < notes.length; i++) {
    if (which === 'pitched' && notes.channel[i] === DRUM_CHANNEL) continue
    const pitch = notes.pitch[i]!
    counts.set(pitch, (counts.get(pitch) ?? 0) + 1)
    found++
  }
  const pitches = [...counts].sort(([a], [b]) => a - b).flat()
  return { seconds: milli(endOfNotes(notes)), notes: found, pitches }
}

export function measureAudio(frames: number, sampleRate: number, channels: number): Measure {
  return { seconds: milli(frames / sampleRate), sampleRate, channels }
}

const milli = (seconds: number): number => Math.round(seconds * 1000) / 1000
