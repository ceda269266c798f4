/**
 * Chords and bass under the melody: voicings that move as little as they can, played in a pattern that suits the mood.
 * Leaves out counter-melodies.
 */
import type { Random } from '../../lib/random.ts'
import { bell, chance, clamp, mod, weighted } from './chance.ts'
import type { Character, SongCharacter } from './character.ts'
import { BASS_PATTERNS, CHORD_PATTERNS, type Pattern, WALTZ_BASS, WALTZ_PATTERNS } from './patterns.ts'
import { type Key, type Note, pitchClasses, semitones, type Span } from './theory.ts'
import { voiceChord } from './voicing.ts'

export interface Accompaniment {
  readonly chords: Note[]
  readonly bass: Note[]
}

export function accompany(
  spans: readonly Span[],
  song: SongCharacter,
  character: Character,
  rng: Random,
): Accompaniment {
  const waltz = song.barBeats === 3
  const chordPattern = choosePattern(waltz ? WALTZ_PATTERNS : CHORD_PATTERNS, character, rng)
  const bassPattern = choosePattern(waltz ? WALTZ_BASS : BASS_PATTERNS, character, rng)
  const chords: Note[] = []
  const bass: Note[] = []
  let voices: readonly number[] | null = null
  spans.forEach((span, index) => {
    voices = voiceChord(pitchClasses(span.chord, song.key), voices, character.register - 10)
    chords.push(...playChord(span, voices, chordPattern, character, song.barBeats))
    bass.push(...playBass(span, spans[index + 1] ?? spans[0]!, bassPattern, song.key, character))
  })
  return { chords, bass }
}

function choosePattern(
  patterns: Readonly<Record<string, Pattern>>,
  { activity, emotion }: Character,
  rng: Random,
): Pattern {
  const weigh = (pattern: Pattern) =>
    bell(activity - pattern.activity, 0.15) *
    (pattern.valence === undefined ? 0.6 : bell(emotion.valence - pattern.valence, 0.5))
  return weighted(
    rng,
    Object.values(patterns).map((pattern) => [pattern, weigh(pattern) + 1e-4] as const),
  )
}

function playChord(
  span: Span,
  voices: readonly number[],
  pattern: Pattern,
  character: Character,
  barBeats: number,
): Note[] {
  return strokes(span, pattern, character.gate).flatMap(({ beat, beats, voices: named }) => {
    const chosen =
      named === '*' ? voices : named === '^' ? voices.slice(1) : [voices[Math.min(Number(named), voices.length - 1)]!]
    const weight = beat % barBeats === 0 ? 0.5 : beat % 1 === 0 ? 0.1 : -0.3
    const velocity = Math.round(character.loudness - 12 + weight * character.accent)
    return chosen.map((pitch) => ({ beat, beats, pitch, velocity }))
  })
}

function playBass(span: Span, next: Span, pattern: Pattern, key: Key, character: Character): Note[] {
  const low = 33 + Math.round(clamp((character.register - 67) / 2, -5, 5))
  const at = ({ chord }: Span, tone: number) =>
    low + mod(key.pitchClass + semitones(chord.scale, chord.degree + tone) - low, 12)
  const root = at(span, span.chord.bass)
  const target = at(next, next.chord.bass)
  const pitches: Record<string, number> = {
    r: root,
    f: span.chord.tones.includes(4) ? at(span, 4) : root,
    o: root + 12,
    a: target + neighbour(next, target > root ? -1 : 1),
  }
  return strokes(span, pattern, Math.max(character.gate, 0.6)).map(({ beat, beats, voices }) => {
    const approach = voices === 'a' && beat + beats < span.beat + span.beats - 1e-6
    const velocity = Math.round(character.loudness - 2 + (beat === span.beat ? 0.4 : -0.1) * character.accent)
    return { beat, beats, pitch: pitches[approach ? 'f' : voices]!, velocity }
  })
}

/** Semitones from the bass note of a chord to the scale step below (-1) or above (1) it. */
function neighbour({ chord }: Span, step: 1 | -1): number {
  const index = chord.degree + chord.bass
  return semitones(chord.scale, index + step) - semitones(chord.scale, index)
}

/** The strokes of a pattern that fall into the span, cut at its end. */
function strokes(
  { beat, beats }: Span,
  pattern: Pattern,
  gate: number,
): { beat: number; beats: number; voices: string }[] {
  const played = []
  for (let start = 0; start < beats; start += pattern.cycle) {
    for (const [at, length, voices] of pattern.strokes) {
      const room = beats - start - at
      if (room > 1e-6) played.push({ beat: beat + start + at, beats: Math.min(length * gate, room), voices })
    }
  }
  return played
}

/** Is this song's texture without drums? Quiet songs often are. */
export function playsWithoutDrums({ emotion }: Character, rng: Random): boolean {
  return chance(rng, clamp(0.35 - 0.6 * emotion.arousal, 0.03, 0.85))
}
