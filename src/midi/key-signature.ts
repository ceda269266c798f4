/** The 30 key signatures of a MIDI file, to names and back. Finding a key in notes is key.ts. */

const MAJOR = ['Cb', 'Gb', 'Db', 'Ab', 'Eb', 'Bb', 'F', 'C', 'G', 'D', 'A', 'E', 'B', 'F#', 'C#']
const MINOR = ['Ab', 'Eb', 'Bb', 'F', 'C', 'G', 'D', 'A', 'E', 'B', 'F#', 'C#', 'G#', 'D#', 'A#']

/**
 * Name of a key signature (Standard MIDI Files 1.0, meta event 59).
 * @param sharps -7 (seven flats) to 7 (seven sharps)
 * @param minor 0 major, 1 minor
 * @returns null where there is no such key
 */
export function keyFromSharps(sharps: number, minor: number): { key: string; mode: 'major' | 'minor' } | null {
  if (minor !== 0 && minor !== 1) return null
  const key = (minor ? MINOR : MAJOR)[sharps + 7]
  return key === undefined ? null : { key, mode: minor ? 'minor' : 'major' }
}

/** Sharps (negative: flats) of a key, or null where no signature writes it (`G#` major). */
export function sharpsOfKey(key: string, mode: 'major' | 'minor'): number | null {
  const place = (mode === 'minor' ? MINOR : MAJOR).indexOf(key)
  return place < 0 ? null : place - 7
}
