/**
 * A small synthesizer: band-limited wavetables through an envelope and a low-pass filter, and drums from noise and sines.
 * Adds into a buffer; mixing, room and level are render.ts. No sample libraries, no stereo.
 */
import { type Random, random } from '../../lib/random.ts'
import type { Drum } from './drum-styles.ts'
import type { Timbre } from './instruments.ts'

export const RATE = 16000
const TABLE = 1024
/** Highest harmonic kept, Hz: below half the sample rate even after interpolation's own images. */
const CEILING = 7200
/** Lowest fundamental of table 0, Hz; each next table is an octave up. */
const BOTTOM = 27.5

export interface Tone {
  /** Samples from the start of the buffer. */
  readonly at: number
  readonly samples: number
  readonly hertz: number
  readonly gain: number
  /** Cut-off of the low-pass, Hz. */
  readonly cutoff: number
}

/** Adds one note, its release included, as far as the buffer goes. */
export function addTone(buffer: Float32Array, tone: Tone, timbre: Timbre): void {
  const table = tableFor(timbre, tone.hertz)
  const held = Math.max(tone.samples, Math.round(timbre.attack * RATE))
  const end = Math.min(buffer.length, tone.at + held + Math.round(timbre.release * 5 * RATE))
  const rise = 1 / Math.max(1, timbre.attack * RATE)
  const fall = decayOf(timbre.decay)
  const fade = decayOf(timbre.release)
  let [phase, one, two, level, pluck, step, k] = [0, 0, 0, 0, timbre.pluck, 0, 0]
  let rising = true
  for (let i = tone.at, age = 0; i < end; i++, age++) {
    if (age % 32 === 0) {
      const wobble = age > 2400 ? timbre.vibrato * Math.sin((2 * Math.PI * 5.5 * age) / RATE) : 0
      step = (tone.hertz * TABLE * (1 + wobble * 0.000578)) / RATE
      k = 1 - Math.exp((-2 * Math.PI * Math.min(CEILING, tone.cutoff * (1 + pluck))) / RATE)
      pluck *= 0.975
    }
    if (age >= held) level *= fade
    else if (rising) rising = (level += rise) < 1
    else level = timbre.sustain + (level - timbre.sustain) * fall
    const place = phase | 0
    const wave = table[place]! + (phase - place) * (table[place + 1]! - table[place]!)
    one += k * (wave - one)
    two += k * (one - two)
    buffer[i]! += two * level * tone.gain
    phase += step
    if (phase >= TABLE) phase -= TABLE
  }
}

/** Factor a sample for an exponential fall to 1/e in so many seconds. */
function decayOf(seconds: number): number {
  return Math.exp(-1 / (seconds * RATE))
}

const tables = new Map<Timbre, (Float32Array | undefined)[]>()

/** One cycle (and its first sample again) with the harmonics that fit under the ceiling an octave above `hertz`'s table. */
function tableFor(timbre: Timbre, hertz: number): Float32Array {
  const octave = Math.max(0, Math.floor(Math.log2(hertz / BOTTOM)))
  let octaves = tables.get(timbre)
  if (!octaves) tables.set(timbre, (octaves = []))
  return (octaves[octave] ??= buildTable(timbre, BOTTOM * 2 ** (octave + 1)))
}

function buildTable({ harmonic }: Timbre, highest: number): Float32Array {
  const table = new Float32Array(TABLE + 1)
  let power = 0
  for (let n = 1; n <= 64; n++) power += harmonic(n) ** 2
  const count = Math.max(1, Math.min(64, Math.floor(CEILING / highest)))
  for (let n = 1; n <= count; n++) {
    const amplitude = (0.5 * harmonic(n)) / Math.sqrt(power)
    if (amplitude > 0) for (let i = 0; i <= TABLE; i++) table[i]! += amplitude * SINE[(n * i) % TABLE]!
  }
  return table
}

const SINE = Float64Array.from({ length: TABLE }, (_, i) => Math.sin((2 * Math.PI * i) / TABLE))

/** One stroke of each drum as samples; made once a song, mixed at each hit. */
export type DrumKit = (drum: Drum) => Float32Array

interface DrumSound {
  /** Sine that falls from `from` to `to` Hz, and its decay in seconds. */
  readonly body?: { readonly from: number; readonly to: number; readonly decay: number; readonly gain: number }
  readonly noise?: { readonly decay: number; readonly gain: number; readonly above: number; readonly attack?: number }
  /** Inharmonic partials of a cymbal, Hz. */
  readonly metal?: { readonly decay: number; readonly gain: number }
}

const DRUM_SOUNDS: Readonly<Record<Drum, DrumSound>> = {
  kick: { body: { from: 170, to: 48, decay: 0.13, gain: 0.95 }, noise: { decay: 0.004, gain: 0.3, above: 800 } },
  snare: { body: { from: 240, to: 180, decay: 0.06, gain: 0.4 }, noise: { decay: 0.09, gain: 0.55, above: 900 } },
  rim: { body: { from: 1750, to: 1650, decay: 0.012, gain: 0.5 }, noise: { decay: 0.006, gain: 0.3, above: 2000 } },
  lowTom: { body: { from: 130, to: 85, decay: 0.2, gain: 0.7 }, noise: { decay: 0.02, gain: 0.1, above: 500 } },
  midTom: { body: { from: 180, to: 125, decay: 0.17, gain: 0.7 }, noise: { decay: 0.02, gain: 0.1, above: 500 } },
  highTom: { body: { from: 240, to: 175, decay: 0.14, gain: 0.7 }, noise: { decay: 0.02, gain: 0.1, above: 500 } },
  hat: { noise: { decay: 0.025, gain: 0.4, above: 4500 }, metal: { decay: 0.02, gain: 0.05 } },
  pedal: { noise: { decay: 0.018, gain: 0.25, above: 3500 } },
  openHat: { noise: { decay: 0.16, gain: 0.4, above: 4500 }, metal: { decay: 0.14, gain: 0.05 } },
  ride: { noise: { decay: 0.2, gain: 0.12, above: 4500 }, metal: { decay: 0.4, gain: 0.1 } },
  bell: { metal: { decay: 0.4, gain: 0.25 } },
  crash: { noise: { decay: 0.5, gain: 0.4, above: 3000 }, metal: { decay: 0.5, gain: 0.08 } },
  shaker: { noise: { decay: 0.03, gain: 0.25, above: 4000, attack: 0.015 } },
}
const METAL = [2100, 2713, 3277, 4090, 5170, 6440]

/** @param tune drums of this song higher (> 1) or lower */
export function drumKit(name: string, tune: number): DrumKit {
  const made = new Map<Drum, Float32Array>()
  return (drum) => {
    let sound = made.get(drum)
    if (!sound) made.set(drum, (sound = strike(DRUM_SOUNDS[drum], tune, random(`${name}:${drum}`))))
    return sound
  }
}

function strike({ body, noise, metal }: DrumSound, tune: number, rng: Random): Float32Array {
  const longest = Math.max(body?.decay ?? 0, noise?.decay ?? 0, metal?.decay ?? 0)
  const out = new Float32Array(Math.ceil(5 * longest * RATE))
  if (body) {
    const [fall, sweep] = [decayOf(body.decay), decayOf(body.decay / 5)]
    for (let i = 0, level = body.gain, bend = 1, phase = 0; i < out.length; i++, level *= fall, bend *= sweep) {
      phase += (2 * Math.PI * tune * (body.to + (body.from - body.to) * bend)) / RATE
      out[i]! += level * Math.sin(phase)
    }
  }
  if (noise) {
    const fall = decayOf(noise.decay)
    const k = 1 - Math.exp((-2 * Math.PI * noise.above) / RATE)
    const rise = noise.attack ? 1 / (noise.attack * RATE) : 1
    for (let i = 0, level = noise.gain, low = 0; i < out.length; i++, level *= fall) {
      const white = 2 * rng.next() - 1
      low += k * (white - low)
      out[i]! += Math.min(1, rise * i) * level * (white - low)
    }
  }
  for (const hertz of metal ? METAL : []) addPartial(out, hertz * tune, metal!.decay, metal!.gain, rng.next())
  return out
}

/** A dying sine by its two-term recurrence: no call a sample. */
function addPartial(out: Float32Array, hertz: number, decay: number, gain: number, phase: number): void {
  const turn = (2 * Math.PI * hertz) / RATE
  const fall = decayOf(decay)
  const [forward, back] = [2 * fall * Math.cos(turn), fall * fall]
  let before = gain * Math.sin(phase - turn)
  let now = gain * Math.sin(phase) * fall
  for (let i = 0; i < out.length; i++) {
    out[i]! += now
    ;[before, now] = [now, forward * now - back * before]
  }
}
