/**
 * Melody by motif: a one-bar idea is repeated, moved along the scale, turned upside down, cut in half, and brought to rest
 * in a cadence, in two four-bar phrases that rise and fall. Works on scale indices (0 = tonic, 7 = an octave up), so every
 * development stays in the mode and follows the chord's altered notes. One voice, no ornaments.
 */
import type { Random } from '../../lib/random.ts'
import { bell, chance, clamp, mod, weighted } from './chance.ts'
import type { Character, SongCharacter } from './character.ts'
import { type Harmony, isChordTone, type Note, semitones, type Span } from './theory.ts'

export interface Motif {
  /** Onset and length in beats within the bar. */
  readonly rhythm: readonly Beat[]
  /** Scale steps from the first note, one a note. */
  readonly contour: readonly number[]
}

interface Beat {
  readonly at: number
  readonly beats: number
}

/** Rhythm figures by length in beats; the last number is how common. Syncopated ones hold a note across a beat. */
const FIGURES: readonly { readonly values: readonly number[]; readonly weight: number; readonly syncopated?: true }[] =
  [
    { values: [3], weight: 0.7 },
    { values: [2], weight: 1 },
    { values: [2, 1], weight: 0.7 },
    { values: [1.5, 0.5], weight: 1.2 },
    { values: [1], weight: 1.4 },
    { values: [0.5, 0.5], weight: 1.5 },
    { values: [0.75, 0.25], weight: 0.5 },
    { values: [0.5, 0.25, 0.25], weight: 0.6 },
    { values: [0.25, 0.25, 0.5], weight: 0.6 },
    { values: [0.25, 0.25, 0.25, 0.25], weight: 0.5 },
    { values: [1 / 3, 1 / 3, 1 / 3], weight: 0.12 },
    { values: [0.5, 1, 0.5], weight: 1.2, syncopated: true },
    { values: [0.75, 0.75, 0.5], weight: 1, syncopated: true },
    { values: [0.5, 1.5], weight: 0.6, syncopated: true },
  ]

type Step = 'state' | 'sequence' | 'invert' | 'fragment' | 'answer' | 'cadence'
const PHRASES: readonly (readonly Step[])[] = [
  ['state', 'sequence', 'fragment', 'cadence'],
  ['state', 'answer', 'state', 'cadence'],
  ['state', 'state', 'answer', 'cadence'],
  ['state', 'invert', 'sequence', 'cadence'],
  ['state', 'answer', 'sequence', 'cadence'],
]

/** A new idea; its rhythm follows density and syncopation, its direction and leaps valence and arousal. */
export function composeMotif(song: SongCharacter, character: Character, rng: Random): Motif {
  const rhythm = composeRhythm(song.barBeats, character, rng)
  const { valence, arousal } = character.emotion
  const contour = [0]
  for (let last = 0; contour.length < rhythm.length; ) {
    const leaped = Math.abs(last) > 2
    const size = leaped
      ? 1
      : weighted(rng, [
          [0, 0.12],
          [1, 0.6],
          [2, 0.18 + 0.05 * arousal],
          [4, 0.07 + 0.05 * arousal],
        ])
    // A leap is answered by a step back; otherwise bright music rises and dark music sinks a little more often than not.
    const up = leaped ? last < 0 : chance(rng, 0.5 + 0.14 * valence - 0.05 * contour.at(-1)!)
    last = up ? size : -size
    contour.push(contour.at(-1)! + last)
  }
  return { rhythm, contour }
}

/** Eight bars over the given chords. `motifs`: the idea and its answer. */
export function composeMelody(
  spans: readonly Span[],
  motifs: readonly [Motif, Motif],
  song: SongCharacter,
  character: Character,
  rng: Random,
): Note[] {
  const tonic = 60 + song.key.pitchClass
  const line = melodyLine(spans, song.barBeats, Math.round(((character.register - tonic) * 7) / 12), rng)
  const phrase = rng.pick(PHRASES)
  // The second phrase begins like the first: the ear takes it as the answer to a question.
  const second: readonly Step[] = [phrase[0]!, phrase[1]!, rng.pick(PHRASES)[2]!, 'cadence']
  const height = 1 + Math.round(1.2 + character.emotion.arousal)
  ;[...phrase, ...second].forEach((step, bar) => {
    const arch = [0, 0.5, 1, 0.3][bar % 4]! * height
    if (step === 'cadence') line.cadence(bar, bar === 7)
    else line.play(bar, develop(step, motifs, rng), step === 'state' ? 0 : Math.round(arch))
  })
  return line.notes.map(({ at, beats, index, chord }) => ({
    beat: at,
    beats,
    pitch: tonic + semitones(chord.scale, index),
    velocity: Math.round(character.loudness + 6 + stress(at, index, song.barBeats, character, line.center)),
  }))
}

function composeRhythm(barBeats: number, { density, syncopation }: Character, rng: Random): Beat[] {
  const rhythm: Beat[] = []
  for (let at = 0; at < barBeats; ) {
    const fitting = FIGURES.map((figure) => {
      const length = figure.values.reduce((sum, value) => sum + value, 0)
      const near = bell(Math.log2(figure.values.length / length / density), 0.6)
      const placed = at + length <= barBeats && (length === 1 || at % 1 === 0) ? 1 : 0
      return [figure.values, placed * near * figure.weight * (figure.syncopated ? 2 * syncopation : 1)] as const
    })
    for (const beats of weighted(rng, fitting)) {
      rhythm.push({ at, beats })
      at = Math.round((at + beats) * 12) / 12
    }
  }
  return rhythm
}

function develop(step: Step, [motif, answer]: readonly [Motif, Motif], rng: Random): Motif {
  if (step === 'answer') return answer
  if (step === 'invert') return { ...motif, contour: motif.contour.map((offset) => -offset) }
  if (step === 'fragment') return fragment(motif, rng)
  return motif
}

/** The first half of the bar twice, the second time a step on: the drive towards a cadence. */
function fragment({ rhythm, contour }: Motif, rng: Random): Motif {
  const end = rhythm.at(-1)!.at + rhythm.at(-1)!.beats
  const half = end === 4 ? 2 : end
  const head = rhythm.filter(({ at, beats }) => at + beats <= half)
  if (head.length === 0 || half === end) return { rhythm, contour }
  const move = chance(rng, 0.5) ? 1 : -1
  const offsets = head.map((_, index) => contour[index]!)
  return {
    rhythm: [...head, ...head.map(({ at, beats }) => ({ at: at + half, beats }))],
    contour: [...offsets, ...offsets.map((offset) => offset + move)],
  }
}

/** Metrical weight, height and the swell of the phrase, in velocity. */
function stress(at: number, index: number, barBeats: number, { accent }: Character, center: number): number {
  const inBar = at % barBeats
  const metrical = inBar === 0 ? 1 : inBar % 1 === 0 ? 0.35 : -0.35
  const swell = Math.sin((Math.PI * (at % (4 * barBeats))) / (4 * barBeats))
  return 0.6 * accent * metrical + 0.8 * (index - center) + 6 * swell - 3
}

interface Placed extends Beat {
  readonly index: number
  readonly chord: Harmony
}

/** The growing line: places motifs over the chords, keeps range and leaps in bounds. */
function melodyLine(spans: readonly Span[], barBeats: number, center: number, rng: Random) {
  const notes: Placed[] = []
  const chordAt = (beat: number) => spans.findLast((span) => span.beat <= beat + 1e-6)!.chord
  let last = center
  let opening: number | null = null

  function place(at: number, beats: number, want: number, stable: boolean): void {
    const chord = chordAt(at)
    const inRange = reflect(want, center - 5, center + 6)
    const index = stable || Math.abs(inRange - last) > 2 ? nearestTone(inRange, chord, last) : inRange
    // A third stroke on one note is a stutter, not a line.
    const stuck = index === last && notes.at(-2)?.index === last
    const away = index > center ? -1 : 1
    last = !stuck ? index : stable ? nearestTone(index + 2 * away, chord, index + 3 * away) : index + away
    notes.push({ at, beats, index: last, chord })
  }

  function play(bar: number, motif: Motif, lift: number): void {
    const again = opening !== null && lift === 0 && Math.abs(opening - last) < 6 ? opening : null
    const from = again ?? clamp(last + Math.sign(center + lift - last), center - 4, center + 5)
    const start = nearestTone(from, chordAt(bar * barBeats), last)
    opening ??= start
    motif.rhythm.forEach(({ at, beats }, position) => {
      const stable = (at % 2 === 0 && at % 1 === 0) || beats >= 1
      place(bar * barBeats + at, beats, start + motif.contour[position]!, stable)
    })
  }

  /** Walks by step onto a chord tone and rests there; the last cadence goes home to the tonic where the chord has it. */
  function cadence(bar: number, final: boolean): void {
    const beat = bar * barBeats
    const chord = chordAt(beat)
    const home = nearestTone(Math.round((last + center) / 2), chord, last)
    const tonic = 7 * Math.round(home / 7)
    const goal = final && isChordTone(chord, 0) && Math.abs(tonic - last) < 6 ? tonic : home
    const walk = clamp(Math.abs(goal - last) - 1, 0, 2)
    const direction = Math.sign(goal - last)
    for (let step = 0; step < walk; step++) place(beat + step * 0.5, 0.5, goal - direction * (walk - step), false)
    const rest = chance(rng, 0.6) ? 1 : 0.5
    notes.push({
      at: beat + walk * 0.5,
      beats: barBeats - walk * 0.5 - rest,
      index: goal,
      chord: chordAt(beat + walk * 0.5),
    })
    last = goal
  }

  return { notes, center, play, cadence }
}

/** The chord tone nearest to an index; of two as near, the one nearer to where the line comes from. */
function nearestTone(index: number, chord: Harmony, from: number): number {
  const near = [0, 1, -1, 2, -2, 3, -3]
    .map((shift) => index + shift)
    .filter((candidate) => isChordTone(chord, candidate))
  const cost = (candidate: number) => Math.abs(candidate - index) + 0.1 * Math.abs(candidate - from)
  return near.reduce((best, candidate) => (cost(candidate) < cost(best) ? candidate : best), near[0] ?? index)
}

function reflect(value: number, low: number, high: number): number {
  const span = 2 * (high - low)
  const folded = mod(value - low, span)
  return low + (folded > high - low ? span - folded : folded)
}
