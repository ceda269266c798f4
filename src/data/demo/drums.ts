/**
 * Plays a drum style for eight bars: accents, ghost notes, small changes from bar to bar, a fill before each new phrase,
 * and the feel: which strokes come late or early, and by how much a hand wavers. Brushes and rolls are left out.
 */
import type { Random } from '../../lib/random.ts'
import { bell, chance, clamp, weighted } from './chance.ts'
import type { Character, SongCharacter } from './character.ts'
import { type Drum, DRUM_KEYS, DRUM_STYLES, type DrumStyle } from './drum-styles.ts'

/** What a song's drummer keeps to from section to section. */
export interface Drummer {
  readonly style: DrumStyle
  readonly pattern: DrumStyle['patterns'][number]
  /** Seconds by which this drummer habitually moves each step of the bar. */
  readonly habit: readonly number[]
}

export interface Stroke {
  readonly drum: Drum
  readonly beat: number
  readonly velocity: number
  /** Seconds after the grid (negative: before). */
  readonly offset: number
}

export function chooseDrummer(song: SongCharacter, { valence, arousal }: Character['emotion'], rng: Random): Drummer {
  const fitting = DRUM_STYLES.filter(({ beats }) => beats === song.barBeats)
  const style = weighted(
    rng,
    fitting.map(
      (each) => [each, bell(Math.hypot(each.valence - valence, each.arousal - arousal), 0.28) + 1e-6] as const,
    ),
  )
  const pattern = rng.pick(style.patterns)
  return { style, pattern, habit: Array.from({ length: 4 * style.beats }, () => 0.0025 * rng.normal()) }
}

/** Eight bars. */
export function playDrums(drummer: Drummer, character: Character, rng: Random): Stroke[] {
  const strokes: Stroke[] = []
  const steps = 4 * drummer.style.beats
  const { emotion, activity } = character
  for (let bar = 0; bar < 8; bar++) {
    const fill = bar === 7 || (bar === 3 && chance(rng, 0.3 + 0.5 * activity)) ? fillLength(activity, rng) : 0
    for (const [drum, line] of Object.entries(drummer.pattern) as [Drum, string][]) {
      for (let step = 0; step < steps - (drum === 'kick' || drum === 'pedal' ? 0 : fill); step++) {
        const level = strength(line[step]!, character, rng)
        if (level > 0) strokes.push(hit(drum, bar, step, level))
      }
    }
    if (fill > 0) playFill(bar, steps - fill, fill)
    const crashes = bar % 4 === 0 && emotion.arousal > -0.2 && !drummer.pattern.crash
    if (crashes && chance(rng, 0.5 + 0.5 * activity)) strokes.push(hit('crash', bar, 0, 1.1))
  }
  return strokes.sort((a, b) => a.beat - b.beat || DRUM_KEYS[a.drum] - DRUM_KEYS[b.drum])

  function hit(drum: Drum, bar: number, step: number, level: number): Stroke {
    const velocity = Math.round(clamp(level * (character.loudness + 8) + 3.5 * rng.normal(), 8, 127))
    const late = lateness(drum, step, character)
    const offset = late + drummer.habit[step]! + 0.8 * character.looseness * rng.normal()
    return { drum, beat: bar * drummer.style.beats + step / 4, velocity, offset }
  }

  /** Down the toms, growing; sparse in quiet music. */
  function playFill(bar: number, from: number, length: number): void {
    const way: readonly Drum[] = ['snare', 'highTom', 'midTom', 'lowTom']
    const stride = activity > 0.55 ? 1 : 2
    for (let step = 0; step < length; step += stride) {
      if (step > 0 && chance(rng, 0.15)) continue
      const drum = way[Math.min(3, Math.floor((4 * step) / length))]!
      strokes.push(hit(drum, bar, from + step, 0.75 + (0.35 * step) / length))
    }
  }
}

function fillLength(activity: number, rng: Random): number {
  return weighted(rng, [
    [2, 1 - 0.7 * activity],
    [4, 1],
    [8, activity * activity],
  ])
}

/** Share of the mean velocity; 0 is silence. */
function strength(mark: string, { activity, accent, emotion }: Character, rng: Random): number {
  const contrast = accent / 60
  switch (mark) {
    case 'X':
      return 1 + contrast
    case 'x':
      return 0.82 - 0.4 * contrast
    case 'o':
      return chance(rng, 0.15 + 0.55 * activity) ? 0.72 : 0
    // Ghost notes are what a relaxed, contented groove has more of.
    case 'g':
      return chance(rng, clamp(0.6 + 0.3 * emotion.valence, 0.2, 0.95)) ? 0.38 : 0
    default:
      return 0
  }
}

/** Back beats lie back or push with the mood; off-beat hats follow half as far; the bass drum keeps time. */
function lateness(drum: Drum, step: number, { lag }: Character): number {
  if (drum === 'snare' || drum === 'rim') return lag + (step % 8 === 4 ? 0.4 * lag : 0)
  if (drum === 'kick') return 0.25 * lag
  return step % 4 === 2 ? 0.5 * lag : 0.15 * lag
}
