/**
 * Chord progressions by function: tonic, subdominant, dominant. A section is either a period (an answer to a question:
 * half cadence, then a close) or a four-bar loop played twice, as most songs do. Tension and colour come from sevenths,
 * suspensions, secondary dominants, the raised leading note and borrowed chords. Leaves out modulation.
 */
import type { Random } from '../../lib/random.ts'
import { chance, clamp, weighted } from './chance.ts'
import type { Character, SongCharacter } from './character.ts'
import { type Bar, type ChordMaker, chordMaker, dominantOf, type Role, triadHas } from './chord-colour.ts'
import { type Harmony, type Key, type ModeName, qualityOf, type Span } from './theory.ts'

/** Degree (0 = I) to how often. */
type Weights = Readonly<Record<number, number>>

/** Which degrees play which role, and how often. */
const DEGREES: Readonly<Record<ModeName, Readonly<Record<Role, Weights>>>> = {
  lydian: { T: { 0: 6, 5: 2, 2: 1 }, S: { 1: 4, 5: 1 }, D: { 4: 3, 6: 1, 1: 2 } },
  major: { T: { 0: 6, 5: 3, 2: 1 }, S: { 3: 4, 1: 3 }, D: { 4: 6, 6: 0.6 } },
  mixolydian: { T: { 0: 6, 5: 1 }, S: { 3: 4, 1: 1 }, D: { 6: 4, 4: 2 } },
  dorian: { T: { 0: 6, 2: 2 }, S: { 3: 4, 1: 2 }, D: { 6: 3, 4: 3 } },
  minor: { T: { 0: 6, 5: 3, 2: 2 }, S: { 3: 4, 5: 2, 1: 1 }, D: { 4: 4, 6: 3 } },
  'harmonic minor': { T: { 0: 6, 5: 2 }, S: { 3: 4, 1: 2.5 }, D: { 4: 5, 6: 2 } },
  phrygian: { T: { 0: 6, 5: 2 }, S: { 3: 3, 5: 1 }, D: { 1: 5, 6: 2 } },
}

const QUESTIONS = ['TTSD', 'TSTD', 'TDTD', 'TSSD', 'TTTD']
const ANSWERS = ['TSDT', 'TTDT', 'SSDT', 'STDT']
const LOOPS = ['TTSD', 'TDTS', 'TSTD', 'STDT', 'TSDS', 'TTSS', 'TDSD', 'TSSD']

/** Eight bars of chords. */
export function composeProgression(song: SongCharacter, character: Character, rng: Random): Span[] {
  const loops = chance(rng, 0.45 + 0.2 * character.emotion.arousal)
  const bars = loops ? loop(song.key, character, rng) : period(song.key, character, rng)
  const colour = chordMaker(song.key, character, rng)
  const spans: Span[] = []
  bars.forEach((bar, index) => {
    const next = bars[(index + 1) % bars.length]!
    const chords = index < 7 && divides(song, rng) ? halves(bar, next, colour, song.key, rng) : [colour(bar)]
    if (index === 7 && bar.degree === 0) chords[0] = colour(bar, 'plain')
    const beats = song.barBeats / chords.length
    chords.forEach((chord, part) => spans.push({ chord, beat: index * song.barBeats + part * beats, beats }))
  })
  return spans
}

/** Slow music changes chord twice a bar now and then; three beats are left whole. */
function divides(song: SongCharacter, rng: Random): boolean {
  return song.barBeats === 4 && chance(rng, clamp(0.18 + (95 - song.bpm) / 160, 0.05, 0.45))
}

function loop(key: Key, { emotion }: Character, rng: Random): Bar[] {
  const four = chooseDegrees(rng.pick(LOOPS), key, emotion.valence, rng)
  const turn = chooseDegrees('D', key, emotion.valence, rng)[0]!
  return [...four, ...four.slice(0, 3), chance(rng, 0.5) ? turn : four[3]!]
}

function period(key: Key, { emotion, tension }: Character, rng: Random): Bar[] {
  const question = chooseDegrees(rng.pick(QUESTIONS), key, emotion.valence, rng)
  const answer = chooseDegrees(rng.pick(ANSWERS), key, emotion.valence, rng)
  question[3] = { role: 'D', degree: key.mode === 'phrygian' ? 1 : key.mode === 'mixolydian' ? 6 : 4 }
  if (emotion.arousal < 0 && chance(rng, 0.3)) answer[2] = { role: 'S', degree: key.mode === 'lydian' ? 1 : 3 }
  // A deceptive close leaves the section open where the mood does.
  answer[3] = { role: 'T', degree: chance(rng, 0.3 * tension) ? 5 : 0 }
  return [...question, ...answer]
}

/** By the mode's habits, leaning to its major chords in bright moods and to its minor ones in dark moods. */
function chooseDegrees(roles: string, key: Key, valence: number, rng: Random): Bar[] {
  const bars: Bar[] = []
  for (const role of roles as Iterable<Role>) {
    const weights = weightsOf(key.mode, role).map(([degree, weight]) => {
      const again = bars.at(-1)?.degree === degree ? 0.05 : bars.some((bar) => bar.degree === degree) ? 0.4 : 1
      const leaning = Math.exp((triadHas(key, degree, [0, 4]) ? 0.7 : -0.7) * valence)
      return [degree, weight * again * leaning * (bars.length === 0 && degree === 0 ? 3 : 1)] as const
    })
    bars.push({ role, degree: weighted(rng, weights) })
  }
  return bars
}

/** Two chords in one bar: a suspension resolving, a subdominant before the dominant, a relative, or the dominant of what comes next. */
function halves(bar: Bar, next: Bar, colour: ChordMaker, key: Key, rng: Random): Harmony[] {
  if (bar.role === 'D') {
    const suspended = { ...colour(bar, 'plain'), tones: [0, 3, 4] }
    if (qualityOf(suspended) && chance(rng, 0.5)) return [suspended, colour(bar)]
    const before = key.mode === 'lydian' ? 1 : 3
    return bar.degree === before ? [colour(bar)] : [colour({ role: 'S', degree: before }), colour(bar)]
  }
  const leads = next.degree !== 0 && next.degree !== bar.degree && chance(rng, 0.4)
  if (leads && triadHas(key, next.degree, [0, 7])) return [colour(bar), dominantOf(next.degree, key)]
  const other = weightsOf(key.mode, bar.role).filter(([degree]) => degree !== bar.degree && degree !== next.degree)
  return other.length > 0 ? [colour(bar), colour({ role: bar.role, degree: weighted(rng, other) })] : [colour(bar)]
}

function weightsOf(mode: ModeName, role: Role): [number, number][] {
  return Object.entries(DEGREES[mode][role]).map(([degree, weight]) => [Number(degree), weight])
}
