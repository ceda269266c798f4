/** A MIDI file as windows of 4 seconds with their notes, onsets and pedal: what the dynamics recipe computes from. */
import { random } from '../lib/random.ts'
import { clockOf, secondsAt } from '../midi/clock.ts'
import { DRUM_CHANNEL } from '../midi/notes.ts'
import type { Midi } from '../midi/read.ts'
import type { Change } from './changes.ts'

/** Times in seconds. */
export interface PlayedNote {
  readonly start: number
  readonly duration: number
  readonly pitch: number
  readonly velocity: number
}

/** Notes that begin together. */
export interface Onset {
  /** When the first of them begins. */
  readonly start: number
  /** Lowest first. */
  readonly notes: readonly PlayedNote[]
}

export interface Piece {
  readonly onsets: readonly Onset[]
  readonly notes: readonly PlayedNote[]
  /** Stretches with the sustain pedal down, in seconds. */
  readonly pedal: readonly (readonly [number, number])[]
  /** First and last note start. */
  readonly start: number
  readonly end: number
  /** Onsets a second over the whole piece. */
  readonly density: number
  readonly meanPitch: number
}

export interface Window {
  readonly start: number
  readonly seconds: number
  readonly onsets: readonly Onset[]
  readonly notes: readonly PlayedNote[]
}

export const WINDOW_SECONDS = 4
const MAX_WINDOWS = 24
const MIN_NOTES = 4
/** Notes closer than this are one onset: chords of pianists spread over 30 ms and more (Goebl 2001). */
export const CHORD_SECONDS = 0.05
const SUSTAIN = 64

/** @param change transpose, tempo or jitter; others do not touch notes */
export function openPiece(midi: Midi, change?: Change): Piece {
  const factor = change?.kind === 'tempo' ? change.factor : 1
  const notes = notesOf(midi, change, factor)
  const onsets = groupOnsets(notes)
  const start = notes[0]?.start ?? 0
  const end = notes.at(-1)?.start ?? 0
  return {
    notes,
    onsets,
    pedal: pedalOf(midi, factor),
    start,
    end,
    density: onsets.length / Math.max(1, end - start),
    meanPitch: mean(notes.map(({ pitch }) => pitch)),
  }
}

/** Windows side by side from the first note on; where there are more than 24, an even choice of them. */
export function windowsOf(piece: Piece): Window[] {
  const count = Math.floor((piece.end - piece.start) / WINDOW_SECONDS) + 1
  const all = Array.from({ length: count }, (_, i) => piece.start + i * WINDOW_SECONDS)
  const slots: Onset[][] = all.map(() => [])
  for (const onset of piece.onsets) slots[Math.floor((onset.start - piece.start) / WINDOW_SECONDS)]?.push(onset)
  const windows = all.map((start, i): Window => {
    return { start, seconds: WINDOW_SECONDS, onsets: slots[i]!, notes: slots[i]!.flatMap(({ notes }) => notes) }
  })
  const full = windows.filter(({ notes }) => notes.length >= MIN_NOTES)
  if (full.length <= MAX_WINDOWS) return full
  return Array.from({ length: MAX_WINDOWS }, (_, i) => full[Math.floor((i * full.length) / MAX_WINDOWS)]!)
}

export function mean(values: readonly number[]): number {
  return values.length > 0 ? values.reduce((sum, value) => sum + value, 0) / values.length : 0
}

/** Population standard deviation. */
export function deviation(values: readonly number[]): number {
  const middle = mean(values)
  return Math.sqrt(mean(values.map((value) => (value - middle) ** 2)))
}

/** Least-squares slope of y over x; 0 where all x are equal. */
export function slope(x: readonly number[], y: readonly number[]): number {
  const [mx, my] = [mean(x), mean(y)]
  const square = x.reduce((sum, value) => sum + (value - mx) ** 2, 0)
  return square > 0 ? x.reduce((sum, value, i) => sum + (value - mx) * (y[i]! - my), 0) / square : 0
}

function notesOf({ notes }: Midi, change: Change | undefined, factor: number): PlayedNote[] {
  const semitones = change?.kind === 'transpose' ? change.semitones : 0
  const dropped = change?.kind === 'jitter' ? change.amount : 0
  const rng = random(change?.kind === 'jitter' ? change.seed : '')
  const played: PlayedNote[] = []
  for (let i = 0; i < notes.length; i++) {
    if (notes.channel[i] === DRUM_CHANNEL) continue
    if (dropped > 0 && rng.next() < dropped) continue
    played.push({
      start: notes.startSeconds[i]! / factor,
      duration: notes.durationSeconds[i]! / factor,
      pitch: Math.min(127, Math.max(0, notes.pitch[i]! + semitones)),
      velocity: notes.velocity[i]!,
    })
  }
  return played
}

/** Notes in start order → groups; a group begins with its first note, so that a slow arpeggio is not swallowed whole. */
function groupOnsets(notes: readonly PlayedNote[]): Onset[] {
  const groups: PlayedNote[][] = []
  for (const note of notes) {
    const group = groups.at(-1)
    if (group && note.start - group[0]!.start < CHORD_SECONDS) group.push(note)
    else groups.push([note])
  }
  return groups.map((group): Onset => {
    return { start: group[0]!.start, notes: [...group].sort((a, b) => a.pitch - b.pitch || a.start - b.start) }
  })
}

/** Pedal of any channel; down from 64 on, as the MIDI specification has it. One left down ends with the file. */
function pedalOf(midi: Midi, factor: number): [number, number][] {
  const { controls } = midi
  const clock = clockOf(midi)
  const spans: [number, number][] = []
  let down: number | null = null
  for (let i = 0; i < controls.length; i++) {
    if (controls.number[i] !== SUSTAIN) continue
    const at = secondsAt(clock, controls.ticks[i]!) / factor
    if (controls.value[i]! >= 64) down ??= at
    else if (down !== null) {
      spans.push([down, at])
      down = null
    }
  }
  if (down !== null) spans.push([down, Math.max(down, midi.durationSeconds / factor)])
  return spans
}
