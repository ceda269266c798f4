/**
 * The demo data set: music composed and rendered here, in the Kelly layout. It is generated, not a corpus of real music;
 * docs/demo-data.md says how emotion becomes music. Writes files only below the folder it is given.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { encodeWav } from '../../audio/wav.ts'
import { writeMidi } from '../../midi/write.ts'
import { random } from '../../lib/random.ts'
import type { Emotion } from '../manifest.ts'
import { chance } from './chance.ts'
import { DRUM_KEYS } from './drum-styles.ts'
import { secondsAt } from './perform.ts'
import { RATE, renderTake } from './render.ts'
import { type Take, takesOf } from './song.ts'
import { harte, isMajorMode, leadSheet, numeral } from './theory.ts'

export interface DemoSize {
  readonly audio: number
  readonly midi: number
  readonly chords: number
  readonly drums: number
}

export interface DemoOptions {
  readonly seed: string | number
  /** Items a room; 0 leaves the room out. */
  readonly size?: Partial<DemoSize>
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: { done: number; total: number; unit: 'items'; note: string }) => void
}

export const DEMO_SIZE: DemoSize = { audio: 120, midi: 160, chords: 160, drums: 120 }

/**
 * Writes `audio/`, `midi/`, `chords/` and `drums/` below `dir`. Equal seeds give equal bytes; a larger size only adds items.
 * Labels are written last, so a folder that has them is whole.
 * @throws the signal's reason when aborted (what was written so far stays); RangeError for a size that is no count
 */
export async function composeDemo(dir: string, { seed, size, signal, onProgress }: DemoOptions): Promise<void> {
  const wanted = { ...DEMO_SIZE, ...size }
  for (const [room, count] of Object.entries(wanted)) {
    if (!(Number.isInteger(count) && count >= 0)) throw new RangeError(`size.${room} is ${count}, expected a count`)
  }
  const total = wanted.audio + wanted.midi + wanted.chords + wanted.drums
  const rooms = { audio: [], midi: [], chords: [], drums: [] } as Record<keyof DemoSize, Take[]>
  let done = 0
  for (const take of takesOf(seed)) {
    if (done === total) break
    for (const room of ['audio', 'midi', 'chords', 'drums'] as const) {
      if (rooms[room].length >= wanted[room]) continue
      rooms[room].push(take)
      if (room === 'audio') write(dir, `audio/${take.id}.wav`, encodeWav(renderTake(seed, take), RATE))
      if (room === 'midi') write(dir, `midi/${take.id}.mid`, midiOf(take))
      if (room === 'drums') write(dir, `drums/${drumFile(take)}`, drumMidiOf(take))
      done++
    }
    onProgress?.({ done, total, unit: 'items', note: take.song.id })
    // Give the event loop a turn, so that an abort can arrive.
    await setImmediate()
    signal?.throwIfAborted()
  }
  if (wanted.audio > 0) write(dir, 'audio/labels.csv', audioLabels(rooms.audio))
  if (wanted.midi > 0) write(dir, 'midi/emotion_labels.json', json(byFile(rooms.midi, (take) => `${take.id}.mid`)))
  if (wanted.chords > 0) write(dir, 'chords/progressions.json', json(progressions(rooms.chords, seed)))
  if (wanted.drums === 0) return
  write(dir, 'drums/info.csv', drumInfo(rooms.drums))
  const rated = rooms.drums.filter(({ song }) => chance(random(`${seed}:drum-label:${song.index}`), 0.8))
  write(dir, 'drums/emotion_labels.json', json(byFile(rated, drumFile)))
}

function write(dir: string, path: string, data: string | Uint8Array): void {
  const target = join(dir, path)
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, data)
}

const TICKS = 480
const ticks = (beats: number) => Math.round(beats * TICKS)

function midiOf(take: Take): Uint8Array {
  const { key } = take.song.character
  const keySignatures = [{ ticks: 0, key: key.tonic, mode: isMajorMode(key.mode) ? 'major' : 'minor' } as const]
  const tracks = take.parts.map(({ name, instrument, notes }, channel) => ({
    name,
    channel,
    program: instrument.program,
    notes: notes.map(({ beat, beats, pitch, velocity }) => ({
      startTicks: ticks(beat),
      durationTicks: Math.max(1, ticks(beat + beats) - ticks(beat)),
      pitch,
      velocity,
    })),
  }))
  return writeMidi({ ...timing(take), keySignatures, tracks })
}

function drumMidiOf(take: Take): Uint8Array {
  const notes = take.drums.map(({ drum, beat, velocity }) => ({
    startTicks: ticks(beat),
    durationTicks: TICKS / 8,
    pitch: DRUM_KEYS[drum],
    velocity,
  }))
  return writeMidi({ ...timing(take), tracks: [{ name: 'drums', channel: 9, program: 0, notes }] })
}

function timing({ song, tempos }: Take) {
  return {
    ticksPerQuarter: TICKS,
    tempos: tempos.map(({ beat, bpm }) => ({ ticks: ticks(beat), bpm })),
    timeSignatures: [{ ticks: 0, numerator: song.character.barBeats, denominator: 4 }],
  }
}

function drumFile({ song, id }: Take): string {
  return `${song.drummer.style.name}/${id}.mid`
}

function audioLabels(takes: readonly Take[]): string {
  const rows = takes.map(({ id, label, song }) => `${id}.wav,${label.valence},${label.arousal},${song.id}`)
  return `${['filename,valence,arousal,source', ...rows].join('\n')}\n`
}

function byFile(takes: readonly Take[], file: (take: Take) => string): Record<string, Emotion & { source: string }> {
  return Object.fromEntries(takes.map((take) => [file(take), { ...take.label, source: take.song.id }]))
}

/** Half of the songs in lead-sheet symbols, half in Harte's; every seventh or so without emotion. */
function progressions(takes: readonly Take[], seed: string | number) {
  return {
    progressions: takes.map((take) => {
      const { key } = take.song.character
      const labelled = chance(random(`${seed}:chord-label:${take.id}`), 0.85)
      const symbol = take.song.index % 2 ? harte : leadSheet
      return {
        name: take.spans.map(({ chord }) => numeral(chord, key)).join('-'),
        chords: take.spans.map(({ chord }) => symbol(chord, key)),
        key: key.tonic,
        mode: key.mode,
        source: take.song.id,
        ...(labelled ? { emotion: take.label } : {}),
      }
    }),
  }
}

/** The columns of the Groove MIDI Dataset that apply; a session is a song here: what must not stand in two splits. */
function drumInfo(takes: readonly Take[]): string {
  const rows = takes.map((take) => {
    const { bpm, barBeats } = take.song.character
    const seconds = secondsAt(take.tempos, take.beats).toFixed(3)
    return [
      take.song.id,
      take.id,
      take.song.drummer.style.name,
      bpm,
      'beat',
      `${barBeats}-4`,
      drumFile(take),
      seconds,
    ].join()
  })
  return `${['session,id,style,bpm,beat_type,time_signature,midi_filename,duration', ...rows].join('\n')}\n`
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 1)}\n`
}
