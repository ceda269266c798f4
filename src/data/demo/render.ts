/**
 * A take as sound: five seconds cut from anywhere in it, 16 kHz mono. Each song has its own mix, room, drive, tuning, noise
 * floor and level, as recordings do. Peaks end at -3 dBFS or, in quietly mastered songs, below.
 */
import { type Random, random } from '../../lib/random.ts'
import { clamp } from './chance.ts'
import { secondsAt } from './perform.ts'
import type { PartName, Take } from './song.ts'
import { addTone, drumKit, RATE } from './synth.ts'

export { RATE } from './synth.ts'
export const CLIP_SECONDS = 5
const PEAK = 10 ** (-3 / 20)
/** Sounded before the cut so that held notes and the room are already there. */
const LEAD_IN = RATE

interface Mix {
  readonly gains: Readonly<Record<PartName | 'drums', number>>
  /** Factor on every instrument's cut-off. */
  readonly tone: number
  /** Factor on every frequency: concert pitch, a little off. */
  readonly tuning: number
  readonly drumTuning: number
  readonly wet: number
  readonly echo: number
  readonly drive: number
  /** Root mean square of hiss; full scale is 1. */
  readonly hiss: number
  readonly peak: number
}

/** @returns 80,000 samples */
export function renderTake(seed: string | number, take: Take): Float32Array {
  const rng = random(`${seed}:audio:${take.id}`)
  const mix = mixOf(seed, take)
  const length = secondsAt(take.tempos, take.beats)
  const start = Math.round(rng.uniform(0, Math.max(0, length - CLIP_SECONDS)) * RATE) - LEAD_IN
  const buffer = new Float32Array(LEAD_IN + CLIP_SECONDS * RATE)
  addParts(buffer, start, take, mix)
  if (!take.song.unplugged) addDrums(buffer, start, take, mix, `${seed}:kit:${take.song.id}`)
  addRoom(buffer, mix)
  return master(buffer.slice(LEAD_IN), mix, rng)
}

function mixOf(seed: string | number, { song, character }: Take): Mix {
  const rng = random(`${seed}:mix:${song.index}`)
  const decibels = (mean: number, spread: number) => 10 ** ((mean + spread * rng.normal()) / 20)
  const { valence, arousal } = song.emotion
  return {
    gains: {
      melody: decibels(0, 1.5),
      chords: decibels(-8, 2),
      bass: decibels(-3 - 2.5 * valence, 1.5),
      drums: decibels(-6 + 4 * arousal, 2),
    },
    tone: 2 ** (0.3 * rng.normal()),
    tuning: 2 ** ((6 * rng.normal()) / 1200),
    drumTuning: 2 ** (0.12 * rng.normal()),
    wet: clamp(0.22 - 0.12 * arousal - 0.05 * valence + 0.06 * rng.normal(), 0.02, 0.5),
    echo: rng.uniform(0.7, 0.86),
    drive: clamp(1 + 1.1 * character.emotion.arousal + 0.4 * rng.normal(), 0.2, 3),
    hiss: decibels(-64, 6),
    peak: PEAK * 10 ** (-Math.abs(2 * rng.normal() + 2 - 2 * arousal) / 20),
  }
}

function addParts(buffer: Float32Array, start: number, { parts, tempos, character }: Take, mix: Mix): void {
  for (const { name, instrument, notes } of parts) {
    for (const note of notes) {
      const from = Math.round(secondsAt(tempos, note.beat) * RATE) - start
      const to = Math.round(secondsAt(tempos, note.beat + note.beats) * RATE) - start
      if (to <= 0 || from >= buffer.length) continue
      const at = Math.max(0, from)
      const hertz = 440 * 2 ** ((note.pitch - 69) / 12) * mix.tuning
      const strength = note.velocity / 127
      const cutoff = character.brightness * mix.tone * (0.55 + 0.9 * strength) * Math.sqrt(hertz / 261.6)
      addTone(
        buffer,
        { at, samples: to - at, hertz, gain: mix.gains[name] * strength ** 1.6, cutoff },
        instrument.timbre,
      )
    }
  }
}

/** Through a filter of their own: a dull recording has dull cymbals. */
function addDrums(buffer: Float32Array, start: number, take: Take, mix: Mix, name: string): void {
  const kit = drumKit(name, mix.drumTuning)
  const bus = new Float32Array(buffer.length)
  for (const { drum, beat, velocity } of take.drums) {
    const at = Math.round(secondsAt(take.tempos, beat) * RATE) - start
    if (at < 0 || at >= bus.length) continue
    const sound = kit(drum)
    const gain = mix.gains.drums * (velocity / 127) ** 1.6
    const end = Math.min(sound.length, bus.length - at)
    for (let i = 0; i < end; i++) bus[at + i]! += gain * sound[i]!
  }
  const k = 1 - Math.exp((-2 * Math.PI * Math.min(7500, 2.2 * take.character.brightness * mix.tone)) / RATE)
  for (let i = 0, low = 0; i < bus.length; i++) {
    low += k * (bus[i]! - low)
    buffer[i]! += low
  }
}

/** Four damped combs and two all-passes (M. Schroeder 1962), mixed under the dry sound. */
function addRoom(buffer: Float32Array, { wet, echo }: Mix): void {
  const room = new Float32Array(buffer.length)
  for (const delay of [467, 523, 593, 661]) comb(buffer, room, delay, echo)
  for (const delay of [83, 29]) allPass(room, delay)
  for (let i = 0; i < buffer.length; i++) buffer[i]! += wet * room[i]!
}

function comb(input: Float32Array, output: Float32Array, delay: number, echo: number): void {
  const line = new Float32Array(delay)
  for (let i = 0, at = 0, damped = 0; i < input.length; i++) {
    const heard = line[at]!
    damped += 0.6 * (heard - damped)
    line[at] = input[i]! + echo * damped
    output[i]! += 0.5 * heard
    if (++at === delay) at = 0
  }
}

function allPass(signal: Float32Array, delay: number): void {
  const line = new Float32Array(delay)
  for (let i = 0, at = 0; i < signal.length; i++) {
    const stored = signal[i]! + 0.6 * line[at]!
    signal[i] = line[at]! - 0.6 * stored
    line[at] = stored
    if (++at === delay) at = 0
  }
}

/** Drive, a blocker for the direct current that driving leaves (below 13 Hz), hiss, level. */
function master(clip: Float32Array, { drive, hiss, peak }: Mix, rng: Random): Float32Array {
  const loudest = peakOf(clip)
  for (let i = 0, before = 0, blocked = 0; i < clip.length; i++) {
    const driven = saturate((drive * clip[i]!) / loudest)
    blocked = driven - before + 0.995 * blocked
    before = driven
    // The difference of two uniforms is noise enough for a hiss, and faster than a normal.
    clip[i] = blocked + hiss * 2.45 * (rng.next() - rng.next())
  }
  const scale = peak / peakOf(clip)
  for (let i = 0; i < clip.length; i++) clip[i]! *= scale
  return clip
}

/** tanh's Padé approximant, exact at 0 and reaching ±1 at ±3; `drive` is at most 3. */
function saturate(x: number): number {
  return (x * (27 + x * x)) / (27 + 9 * x * x)
}

function peakOf(samples: Float32Array): number {
  let peak = 1e-9
  for (let i = 0; i < samples.length; i++) peak = Math.max(peak, Math.abs(samples[i]!))
  return peak
}
