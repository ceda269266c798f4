/**
 * Standard MIDI File writer (types 0, 1 and 2), and the way from a file that was read back to what the writer takes.
 * Left out: text and lyrics, system-exclusive data, aftertouch, release velocity (written as 64).
 */
import { sharpsOfKey } from './key-signature.ts'
import type { ChannelEvents, Midi } from './model.ts'

export interface WritableMidi {
  readonly ticksPerQuarter: number
  /** The header's 16-bit division word, where it is not `ticksPerQuarter` (SMPTE time). */
  readonly division?: number
  /** `microseconds` a quarter note wins over `bpm` where both are given. */
  readonly tempos: readonly { readonly ticks: number; readonly bpm: number; readonly microseconds?: number }[]
  readonly timeSignatures?: readonly {
    readonly ticks: number
    readonly numerator: number
    readonly denominator: number
  }[]
  readonly keySignatures?: readonly {
    readonly ticks: number
    readonly key: string
    readonly mode: 'major' | 'minor'
  }[]
  readonly tracks: readonly WritableTrack[]
  /** Which of `tracks` takes tempo and signatures; default: none, they get a first track of their own. */
  readonly conductorTrack?: number
}

export interface WritableTrack {
  readonly name: string
  /** 0-15; 9 = drums. */
  readonly channel: number
  /** 0-127, set at tick 0; null = none. */
  readonly program: number | null
  /** Two notes of one channel and pitch may overlap, but not one inside the other: MIDI ends the older one first. */
  readonly notes: readonly WritableNote[]
  readonly programs?: readonly { readonly ticks: number; readonly program: number; readonly channel?: number }[]
  readonly controls?: readonly {
    readonly ticks: number
    readonly number: number
    readonly value: number
    readonly channel?: number
  }[]
  /** -8192 … 8191 */
  readonly bends?: readonly { readonly ticks: number; readonly value: number; readonly channel?: number }[]
  /** Where the track ends; default: with its last event. */
  readonly endTicks?: number
}

export interface WritableNote {
  readonly startTicks: number
  readonly durationTicks: number
  readonly pitch: number
  /** 1-127 */
  readonly velocity: number
  /** Default: the track's. */
  readonly channel?: number
}

/**
 * Bytes of a MIDI file.
 * @param options.format 1 (default) keeps the tracks, 2 too, as patterns of their own; 0 puts all into one
 * @throws RangeError where a value does not fit its field (a pitch of 128, a tick of 0.5, a key of eight sharps)
 */
export function writeMidi(midi: WritableMidi, options: { readonly format?: 0 | 1 | 2 } = {}): Uint8Array {
  const format = options.format ?? 1
  const { conductorTrack } = midi
  const lists = midi.tracks.map((track, i) => {
    const conductor = i === conductorTrack ? conductorEvents(midi) : []
    return conductor.concat(trackEvents(track))
  })
  if (conductorTrack === undefined || lists.length === 0) lists.unshift(conductorEvents(midi))
  const tracks = format === 0 ? [lists.flat()] : lists
  const division = midi.division ?? whole('ticksPerQuarter', midi.ticksPerQuarter, 1, 32767)
  const header = [...ascii('MThd'), 0, 0, 0, 6, 0, format, ...word(tracks.length), ...word(division)]
  return Buffer.concat([Uint8Array.from(header), ...tracks.map(trackChunk)])
}

/** What the writer needs to write a file that was read: reading the result gives the same arrays. */
export function toWritable(midi: Midi): WritableMidi {
  const { notes } = midi
  const tracks = midi.tracks.map(({ name, endTicks }) => ({
    name,
    channel: 0,
    program: null,
    notes: [] as WritableNote[],
    programs: [] as { ticks: number; program: number; channel: number }[],
    controls: [] as { ticks: number; number: number; value: number; channel: number }[],
    bends: [] as { ticks: number; value: number; channel: number }[],
    endTicks,
  }))
  for (let i = 0; i < notes.length; i++) {
    tracks[notes.track[i]!]!.notes.push({
      startTicks: notes.startTicks[i]!,
      durationTicks: notes.durationTicks[i]!,
      pitch: notes.pitch[i]!,
      velocity: notes.velocity[i]!,
      channel: notes.channel[i]!,
    })
  }
  for (const { track, ...program } of midi.programs) tracks[track]!.programs.push(program)
  eachEvent(midi.controls, (track, event) => tracks[track]!.controls.push(event))
  eachEvent(midi.bends, (track, { ticks, value, channel }) => tracks[track]!.bends.push({ ticks, value, channel }))
  return {
    ticksPerQuarter: midi.ticksPerQuarter ?? 480,
    division: midi.division,
    tempos: midi.tempos,
    timeSignatures: midi.timeSignatures,
    keySignatures: midi.keySignatures,
    tracks,
    conductorTrack: conductorTrackOf(midi),
  }
}

/** The first track that goes on long enough to hold all tempos and signatures. */
function conductorTrackOf(midi: Midi): number {
  const events = [...midi.tempos, ...midi.timeSignatures, ...midi.keySignatures]
  const last = events.reduce((latest, { ticks }) => Math.max(latest, ticks), 0)
  return Math.max(
    0,
    midi.tracks.findIndex(({ endTicks }) => endTicks >= last),
  )
}

function eachEvent(
  events: ChannelEvents,
  visit: (track: number, event: { ticks: number; number: number; value: number; channel: number }) => void,
): void {
  for (let i = 0; i < events.length; i++) {
    visit(events.track[i]!, {
      ticks: events.ticks[i]!,
      number: events.number[i]!,
      value: events.value[i]!,
      channel: events.channel[i]!,
    })
  }
}

/** An event with its place: at one tick, lower ranks come first and equal ranks keep their order. */
interface TimedEvent {
  readonly ticks: number
  readonly rank: number
  readonly bytes: readonly number[]
}

/** Ends of notes stand before anything new at their tick, so that a repeated note is not cut by its forerunner's end. */
const RANK = { meta: 0, noteOff: 1, program: 2, control: 3, bend: 4, noteOn: 5, end: 6 }
const RELEASE_VELOCITY = 64

function conductorEvents(midi: WritableMidi): TimedEvent[] {
  const events: TimedEvent[] = []
  const meta = (ticks: number, type: number, data: number[]) =>
    events.push({ ticks: checkTicks(ticks), rank: RANK.meta, bytes: [0xff, type, data.length, ...data] })
  for (const { ticks, bpm, microseconds } of midi.tempos) {
    const value = whole('microseconds a quarter note', microseconds ?? Math.round(6e7 / bpm), 1, 0xffffff)
    meta(ticks, 0x51, [value >> 16, (value >> 8) & 255, value & 255])
  }
  for (const { ticks, numerator, denominator } of midi.timeSignatures ?? []) {
    const power = whole(`power of two of denominator ${denominator}`, Math.log2(denominator), 0, 7)
    meta(ticks, 0x58, [whole('numerator', numerator, 1, 255), power, 24, 8])
  }
  for (const { ticks, key, mode } of midi.keySignatures ?? []) {
    const sharps = sharpsOfKey(key, mode)
    if (sharps === null) throw new RangeError(`no MIDI key signature writes ${key} ${mode}`)
    meta(ticks, 0x59, [sharps & 255, mode === 'minor' ? 1 : 0])
  }
  return events
}

function trackEvents(track: WritableTrack): TimedEvent[] {
  const events: TimedEvent[] = []
  const channelOf = (item: { readonly channel?: number }) => whole('channel', item.channel ?? track.channel, 0, 15)
  const add = (ticks: number, rank: number, bytes: number[]) => events.push({ ticks: checkTicks(ticks), rank, bytes })
  if (track.name !== '') {
    const text = [...Buffer.from(track.name, 'utf8')]
    add(0, RANK.meta, [0xff, 0x03, ...varint(text.length), ...text])
  }
  if (track.program !== null) add(0, RANK.program, [0xc0 | channelOf(track), byte('program', track.program)])
  for (const item of track.programs ?? []) {
    add(item.ticks, RANK.program, [0xc0 | channelOf(item), byte('program', item.program)])
  }
  for (const item of track.controls ?? []) {
    add(item.ticks, RANK.control, [0xb0 | channelOf(item), byte('controller', item.number), byte('value', item.value)])
  }
  for (const item of track.bends ?? []) {
    const value = whole('pitch bend', item.value, -8192, 8191) + 8192
    add(item.ticks, RANK.bend, [0xe0 | channelOf(item), value & 127, value >> 7])
  }
  for (const note of track.notes) {
    const channel = channelOf(note)
    const pitch = byte('pitch', note.pitch)
    const on = [0x90 | channel, pitch, whole('velocity', note.velocity, 1, 127)]
    const off = [0x80 | channel, pitch, RELEASE_VELOCITY]
    if (note.durationTicks === 0) add(note.startTicks, RANK.noteOn, [...on, 0, ...off])
    else {
      add(note.startTicks, RANK.noteOn, on)
      add(note.startTicks + whole('duration', note.durationTicks, 1, 2 ** 31 - 1), RANK.noteOff, off)
    }
  }
  if (track.endTicks !== undefined) add(track.endTicks, RANK.end, [])
  return events
}

const LONGEST_DELTA = 0x0fffffff
/** An empty text event: bridges waits that one delta time cannot hold. */
const FILLER = [0xff, 0x01, 0x00]

function trackChunk(events: TimedEvent[]): Uint8Array {
  const order = events.map((event, i) => ({ event, i }))
  order.sort((a, b) => a.event.ticks - b.event.ticks || a.event.rank - b.event.rank || a.i - b.i)
  const out: number[] = []
  let now = 0
  let wait = 0
  for (const { event } of order) {
    wait = event.ticks - now
    if (event.rank === RANK.end) continue
    for (; wait > LONGEST_DELTA; wait -= LONGEST_DELTA) out.push(...varint(LONGEST_DELTA), ...FILLER)
    out.push(...varint(wait))
    for (const value of event.bytes) out.push(value)
    now = event.ticks
    wait = 0
  }
  for (; wait > LONGEST_DELTA; wait -= LONGEST_DELTA) out.push(...varint(LONGEST_DELTA), ...FILLER)
  out.push(...varint(wait), 0xff, 0x2f, 0x00)
  return Uint8Array.from([...ascii('MTrk'), ...word(out.length >>> 16), ...word(out.length & 0xffff), ...out])
}

/** Variable-length quantity: seven bits a byte, the most significant first. */
function varint(value: number): number[] {
  const bytes = [value & 127]
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) bytes.unshift((rest & 127) | 128)
  return bytes
}

const ascii = (text: string) => [...text].map((char) => char.charCodeAt(0))
const word = (value: number) => [(value >> 8) & 255, value & 255]
const byte = (what: string, value: number) => whole(what, value, 0, 127)
const checkTicks = (ticks: number) => whole('tick', ticks, 0, 2 ** 31 - 1)

function whole(what: string, value: number, low: number, high: number): number {
  if (Number.isInteger(value) && value >= low && value <= high) return value
  throw new RangeError(`MIDI ${what} is ${value}; expected a whole number from ${low} to ${high}`)
}
