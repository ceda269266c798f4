/** Seeded damage to MIDI files, and what must hold whatever the damage: a DataError with its place, or a sound result. */
import { expect } from 'vitest'
import { DataError } from '../../src/lib/errors.ts'
import { random, type Random } from '../../src/lib/random.ts'
import { notePositions } from '../../src/midi/beats.ts'
import { findKey } from '../../src/midi/key.ts'
import { sustainedNotes } from '../../src/midi/pedal.ts'
import { type Midi, readMidi } from '../../src/midi/read.ts'

/** One to four changes: bytes, cuts, doubled pieces, huge lengths. */
export function mutate(bytes: Uint8Array, rng: Random): Uint8Array {
  let data = [...bytes]
  for (let change = 1 + rng.below(4); change > 0; change--) {
    const at = rng.below(data.length + 1)
    const kind = rng.below(7)
    if (kind <= 1 && at < data.length) data[at] = rng.below(256)
    else if (kind === 2 && at < data.length) data[at]! ^= 1 << rng.below(8)
    else if (kind === 3) data = data.slice(0, Math.max(at, 1))
    else if (kind === 4) data.splice(at, 1 + rng.below(40))
    else if (kind === 5) data.splice(at, 0, ...data.slice(at, at + rng.below(60)))
    else for (let i = at; i < Math.min(at + 4, data.length); i++) data[i] = rng.pick([0xff, 0x7f, 0x80, 0x00])
  }
  return Uint8Array.from(data)
}

/** Reads `count` mutations, each with and without repair; returns how many were read and how many refused. */
export function fuzz(sources: readonly Uint8Array[], count: number, seed: string): { read: number; refused: number } {
  const outcome = { read: 0, refused: 0 }
  for (let i = 0; i < count; i++) {
    const rng = random(`${seed}:${i}`)
    const bytes = mutate(rng.pick(sources), rng)
    const strict = attempt(bytes, false, i)
    const repaired = attempt(bytes, true, i)
    if (strict) expect(repaired, `mutation ${i}: sound without repair, so repair must not change it`).toEqual(strict)
    if (strict) outcome.read++
    else outcome.refused++
  }
  return outcome
}

function attempt(bytes: Uint8Array, repair: boolean, i: number): Midi | null {
  const began = performance.now()
  const midi = readOrNull(bytes, repair, i)
  if (performance.now() - began > 2000) throw new Error(`mutation ${i} took more than 2 s`)
  if (midi) checkSound(midi, bytes.length, i)
  return midi
}

function readOrNull(bytes: Uint8Array, repair: boolean, i: number): Midi | null {
  try {
    return readMidi(bytes, 'mutated.mid', { repair })
  } catch (error) {
    if (!(error instanceof DataError)) throw new Error(`mutation ${i} threw ${error}`, { cause: error })
    const { offset, message, code } = error.fault
    const placed = offset !== null && offset >= 0 && offset <= bytes.length
    if (!placed || !message || !code) throw new Error(`mutation ${i}: fault without place or cause: ${error.message}`)
    return null
  }
}

/** Plain comparisons rather than an `expect` each, as there are millions of them. */
function checkSound(midi: Midi, size: number, i: number): void {
  const { notes, controls, bends } = midi
  const problems: string[] = []
  if (notes.length * 3 > size || controls.length * 3 > size || bends.length * 3 > size) problems.push('too many events')
  if (midi.warnings.length > size) problems.push('too many warnings')
  for (let n = 0; n < notes.length; n++) {
    const times = [notes.startSeconds[n]!, notes.durationSeconds[n]!, notes.startTicks[n]!, notes.durationTicks[n]!]
    if (!times.every((time) => Number.isFinite(time) && time >= 0)) problems.push(`note ${n} has times ${times}`)
    if (notes.pitch[n]! > 127 || notes.velocity[n]! < 1 || notes.velocity[n]! > 127)
      problems.push(`note ${n} is no note`)
    if (notes.channel[n]! > 15 || notes.track[n]! >= midi.tracks.length) problems.push(`note ${n} is nowhere`)
    if (n > 0 && notes.startTicks[n]! < notes.startTicks[n - 1]!) problems.push(`note ${n} is out of order`)
  }
  for (const { seconds, bpm } of midi.tempos) {
    if (!(seconds >= 0 && bpm > 0 && Number.isFinite(bpm) && Number.isFinite(seconds))) problems.push('bad tempo')
  }
  if (!Number.isFinite(midi.durationSeconds)) problems.push('bad duration')
  const finite = (values: ArrayLike<number>) => Array.from(values).every(Number.isFinite)
  const { beat, deviation } = notePositions(midi)
  if (!finite(beat) || !deviation.every((value) => Math.abs(value) <= 0.5)) problems.push('bad position')
  if (!finite(sustainedNotes(midi).durationSeconds)) problems.push('bad sustain')
  if (!finite(findKey(notes)?.scores ?? [])) problems.push('bad key')
  if (problems.length > 0) throw new Error(`mutation ${i}: ${problems.slice(0, 5).join('; ')}`)
}
