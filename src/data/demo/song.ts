/**
 * Songs and the takes cut from them. A song has a key, tempo, motifs, instruments and a drummer; a take is one eight-bar
 * section of it (verse, chorus, bridge) with its own emotion, near the song's. Every number is drawn from a stream named
 * after the seed and the item, so that asking for more takes leaves the earlier ones as they are.
 */
import { random } from '../../lib/random.ts'
import type { Emotion } from '../manifest.ts'
import { accompany, playsWithoutDrums } from './accompaniment.ts'
import { clamp, round, spreadPoint } from './chance.ts'
import { type Character, sectionCharacter, type SongCharacter, songCharacter } from './character.ts'
import { chooseDrummer, type Drummer, playDrums } from './drums.ts'
import { composeProgression } from './harmony.ts'
import { BASSES, CHORD_INSTRUMENTS, chooseInstrument, type Instrument, LEADS } from './instruments.ts'
import { composeMelody, composeMotif, type Motif } from './melody.ts'
import { perform, performDrums, type PlayedHit, type Tempo, tempoCurve } from './perform.ts'
import type { Note, Span } from './theory.ts'

export type Section = 'verse' | 'chorus' | 'bridge'

export interface Song {
  readonly index: number
  /** `demo_song012`: the source that keeps its takes in one split. */
  readonly id: string
  readonly emotion: Emotion
  readonly character: SongCharacter
  /** The sections that become takes, in order. */
  readonly sections: readonly Section[]
  readonly motifs: readonly [Motif, Motif, Motif]
  readonly instruments: Readonly<Record<PartName, Instrument>>
  readonly drummer: Drummer
  /** The recording of this song has no drums. */
  readonly unplugged: boolean
}

export type PartName = 'melody' | 'chords' | 'bass'

export interface Part {
  readonly name: PartName
  readonly instrument: Instrument
  readonly notes: readonly Note[]
}

export interface Take {
  readonly song: Song
  /** `demo_song012_1` */
  readonly id: string
  readonly section: Section
  readonly character: Character
  /** The emotion as a listener would report it: that of the music, give or take. */
  readonly label: Emotion
  readonly spans: readonly Span[]
  readonly tempos: readonly Tempo[]
  /** Length in quarter notes. */
  readonly beats: number
  readonly parts: readonly Part[]
  readonly drums: readonly PlayedHit[]
}

const BARS = 8
const SHIFTS: Readonly<Record<Section, Emotion>> = {
  verse: { valence: 0, arousal: -0.1 },
  chorus: { valence: 0.07, arousal: 0.13 },
  bridge: { valence: -0.12, arousal: -0.03 },
}
/** Standard deviation of one listener's rating around the music's own place. */
const RATING_SPREAD = 0.05

/** Takes in their fixed order: all of song 0, all of song 1 … without end. */
export function* takesOf(seed: string | number): Generator<Take> {
  for (let index = 0; ; index++) {
    const song = composeSong(seed, index)
    for (let number = 1; number <= song.sections.length; number++) yield composeTake(seed, song, number)
  }
}

function composeSong(seed: string | number, index: number): Song {
  const rng = random(`${seed}:song:${index}`)
  const emotion = songEmotion(seed, index)
  const character = songCharacter(emotion, rng)
  const feel = sectionCharacter(emotion, character)
  const sections = rng.shuffle<Section[]>(['verse', 'chorus', 'bridge']).slice(0, rng.pick([1, 2, 2, 3]))
  const motif = () => composeMotif(character, feel, rng)
  const instrument = (from: readonly Instrument[]) => chooseInstrument(from, emotion, rng)
  return {
    index,
    id: `demo_song${String(index).padStart(3, '0')}`,
    emotion,
    character,
    sections,
    motifs: [motif(), motif(), motif()],
    instruments: { melody: instrument(LEADS), chords: instrument(CHORD_INSTRUMENTS), bass: instrument(BASSES) },
    drummer: chooseDrummer(character, emotion, rng),
    unplugged: playsWithoutDrums(feel, rng),
  }
}

/** Even over the square from the first songs on, up to the edges but not into them. */
function songEmotion(seed: string | number, index: number): Emotion {
  const start = random(`${seed}:emotions`)
  const [x, y] = spreadPoint(index, [start.next(), start.next()])
  return { valence: 1.9 * x - 0.95, arousal: 1.9 * y - 0.95 }
}

function composeTake(seed: string | number, song: Song, number: number): Take {
  const rng = random(`${seed}:take:${song.index}:${number}`)
  const section = song.sections[number - 1]!
  const emotion = moved(song.emotion, SHIFTS[section], () => 0)
  const character = sectionCharacter(emotion, song.character)
  const spans = composeProgression(song.character, character, rng)
  const melody = composeMelody(spans, themesOf(song, section), song.character, character, rng)
  const backing = accompany(spans, song.character, character, rng)
  const tempos = tempoCurve(song.character, character, BARS)
  const play = (name: PartName, notes: readonly Note[], gate: number): Part => {
    const played = perform(notes, gate, song.character, character, tempos, rng)
    return { name, instrument: song.instruments[name], notes: played }
  }
  return {
    song,
    id: `${song.id}_${number}`,
    section,
    character,
    label: moved(emotion, { valence: 0, arousal: 0 }, () => RATING_SPREAD * rng.normal()),
    spans,
    tempos,
    beats: BARS * song.character.barBeats,
    parts: [play('melody', melody, character.gate), play('chords', backing.chords, 1), play('bass', backing.bass, 1)],
    drums: performDrums(playDrums(song.drummer, character, rng), song, tempos),
  }
}

/** The chorus has an idea of its own, the bridge takes up the verse's answer. */
function themesOf({ motifs: [idea, answer, hook] }: Song, section: Section): [Motif, Motif] {
  if (section === 'chorus') return [hook, answer]
  return section === 'bridge' ? [answer, hook] : [idea, answer]
}

function moved(from: Emotion, by: Emotion, noise: () => number): Emotion {
  const move = (value: number, shift: number) => round(clamp(value + shift + noise(), -1, 1), 2)
  return { valence: move(from.valence, by.valence), arousal: move(from.arousal, by.arousal) }
}
