/** Drum notes to classes of sound: General MIDI level 1, and the Roland TD-11 numbers of the Groove MIDI Dataset. */

export const DRUM_CLASSES = ['kick', 'snare', 'hat', 'tom', 'cymbal', 'percussion'] as const
export type DrumClass = (typeof DRUM_CLASSES)[number]
export type DrumMap = 'gm' | 'groove'

const ranges = (entries: Record<DrumClass, readonly number[]>): ReadonlyMap<number, DrumClass> =>
  new Map(Object.entries(entries).flatMap(([name, pitches]) => pitches.map((pitch) => [pitch, name as DrumClass])))

const from = (low: number, high: number) => Array.from({ length: high - low + 1 }, (_, i) => low + i)

/** General MIDI 1 percussion key map, 35-81. Side stick and hand clap count as snare, tambourine and cowbell as percussion. */
const GM = ranges({
  kick: [35, 36],
  snare: [37, 38, 39, 40],
  hat: [42, 44, 46],
  tom: [41, 43, 45, 47, 48, 50],
  cymbal: [49, 51, 52, 53, 55, 57, 59],
  percussion: [54, 56, 58, ...from(60, 81)],
})

/**
 * What the TD-11 of the Groove MIDI Dataset sends beside General MIDI (Gillick et al. 2019, mapping table of the data
 * set): 22 and 26 are the hi-hat's edge, closed and open; 58 is the rim of tom 3, not a vibraslap.
 */
const GROOVE = new Map<number, DrumClass>([...GM, [22, 'hat'], [26, 'hat'], [58, 'tom']])

/**
 * Class of a drum note, or null where the map has none for it.
 * @param map `groove` (default) reads General MIDI and the Roland numbers; `gm` General MIDI alone
 */
export function drumClass(pitch: number, map: DrumMap = 'groove'): DrumClass | null {
  return (map === 'gm' ? GM : GROOVE).get(pitch) ?? null
}

/** Nearest General MIDI note of a Groove pitch, for players that know no other: 22 → 42, 26 → 46, 58 → 43. */
export function grooveToGm(pitch: number): number {
  return { 22: 42, 26: 46, 58: 43 }[pitch] ?? pitch
}

/** The nine voices that drum models of the Groove set are trained on, in the order of its paper. */
export const DRUM_VOICES = [
  'kick',
  'snare',
  'closed hat',
  'open hat',
  'low tom',
  'mid tom',
  'high tom',
  'crash',
  'ride',
] as const
export type DrumVoice = (typeof DRUM_VOICES)[number]

/** Gillick et al., "Learning to groove with inverse sequence transformations" (2019), table of the data set's page. */
const VOICES: Readonly<Record<DrumVoice, readonly number[]>> = {
  kick: [36],
  snare: [37, 38, 40],
  'closed hat': [22, 42, 44],
  'open hat': [26, 46],
  'low tom': [43, 58],
  'mid tom': [45, 47],
  'high tom': [48, 50],
  crash: [49, 52, 55, 57],
  ride: [51, 53, 59],
}
const VOICE_OF = new Map(DRUM_VOICES.flatMap((voice) => VOICES[voice].map((pitch) => [pitch, voice])))

/** Voice of a note that the TD-11 of the Groove set sends, or null for any other one. */
export function drumVoice(pitch: number): DrumVoice | null {
  return VOICE_OF.get(pitch) ?? null
}
