/**
 * From the written notes to played ones: tempo that bends with the phrase, swing, articulation, a hand that is not exact.
 * Times stay in quarter notes; `secondsAt` gives the clock time.
 */
import type { Random } from '../../lib/random.ts'
import { clamp, mod } from './chance.ts'
import type { Character, SongCharacter } from './character.ts'
import type { DrumStyle } from './drum-styles.ts'
import type { Stroke } from './drums.ts'
import type { Note } from './theory.ts'

export interface Tempo {
  readonly beat: number
  /** Quarter notes a minute from here on. */
  readonly bpm: number
}

export interface PlayedHit {
  readonly drum: Stroke['drum']
  readonly beat: number
  readonly velocity: number
}

/** Slightly on in the middle of a four-bar phrase, back at its end, and slower at the close; steady in lively music. */
export function tempoCurve({ bpm, barBeats }: SongCharacter, { rubato }: Character, bars: number): Tempo[] {
  if (rubato < 0.004) return [{ beat: 0, bpm }]
  const curve = Array.from({ length: bars }, (_, bar) => {
    const bend = [0.2, -0.6, -0.4, 0.8][bar % 4]!
    return { beat: bar * barBeats, bpm: bpm * (1 - rubato * bend) }
  })
  curve.push({ beat: (bars - 0.5) * barBeats, bpm: bpm * (1 - 4 * rubato) })
  return curve
}

/** Clock time of a beat; before the first tempo event its tempo holds. */
export function secondsAt(tempos: readonly Tempo[], beat: number): number {
  let seconds = 0
  for (let i = 0; i < tempos.length; i++) {
    const { beat: from, bpm } = tempos[i]!
    const to = Math.min(beat, tempos[i + 1]?.beat ?? beat)
    if (i > 0 && to <= from) break
    seconds += ((to - from) * 60) / bpm
  }
  return seconds
}

/** @param gate share of the written length that sounds */
export function perform(
  notes: readonly Note[],
  gate: number,
  song: SongCharacter,
  { looseness }: Character,
  tempos: readonly Tempo[],
  rng: Random,
): Note[] {
  const played = notes.map(({ beat, beats, pitch, velocity }) => {
    const start = swung(beat, song.swing, 1)
    const offset = (looseness * rng.normal() * bpmAt(tempos, beat)) / 60
    return {
      beat: Math.max(0, start + offset),
      beats: Math.max(0.08, (swung(beat + beats, song.swing, 1) - start) * gate),
      pitch,
      velocity: Math.round(clamp(velocity + 3 * rng.normal(), 12, 127)),
    }
  })
  return withoutOverlaps(played)
}

export function performDrums(
  strokes: readonly Stroke[],
  { character, drummer }: { readonly character: SongCharacter; readonly drummer: { readonly style: DrumStyle } },
  tempos: readonly Tempo[],
): PlayedHit[] {
  const { swings } = drummer.style
  const grid = swings === 'sixteenths' ? 0.5 : 1
  // Jazz swings whatever the song does; a straight style follows the song so that the band stays together.
  const swing = swings === 'eighths' ? Math.max(character.swing, 0.58) : character.swing
  const hits = strokes.map(({ drum, beat, velocity, offset }) => {
    const moved = swung(beat, swings === 'sixteenths' ? 0.5 + 0.6 * (swing - 0.5) : swing, grid)
    return { drum, beat: Math.max(0, moved + (offset * bpmAt(tempos, beat)) / 60), velocity }
  })
  return hits.sort((a, b) => a.beat - b.beat)
}

/** The middle of each `grid` moves to the share `swing` of it, the rest stretches along. */
function swung(beat: number, swing: number, grid: number): number {
  const share = mod(beat, grid) / grid
  const bent = share < 0.5 ? share * 2 * swing : swing + (share - 0.5) * 2 * (1 - swing)
  return beat + (bent - share) * grid
}

function bpmAt(tempos: readonly Tempo[], beat: number): number {
  return (tempos.findLast((tempo) => tempo.beat <= beat) ?? tempos[0]!).bpm
}

/** A key cannot be struck again before it is released: the earlier note ends where the next of its pitch begins. */
function withoutOverlaps(notes: readonly Note[]): Note[] {
  const sorted = [...notes].sort((a, b) => a.beat - b.beat || a.pitch - b.pitch)
  const next = new Map<number, number>()
  const kept: Note[] = []
  for (const note of sorted.reverse()) {
    const beats = Math.min(note.beats, (next.get(note.pitch) ?? Infinity) - note.beat - 0.01)
    if (beats < 0.03) continue
    next.set(note.pitch, note.beat)
    kept.push({ ...note, beats })
  }
  return kept.reverse()
}
