/** The sustain pedal: notes that sound on after their key is up. Half pedalling counts as down from 64 on. */
import { clockOf, secondsAt } from './clock.ts'
import type { Midi } from './model.ts'
import { copyNotes, type Notes } from './notes.ts'

const SUSTAIN = 64

/**
 * The notes as they sound: each goes on while its channel's pedal is down, at most until its pitch is struck again on
 * that channel. A pedal that never comes up holds to the end of its last note or pedal event.
 */
export function sustainedNotes(midi: Midi): Notes {
  const { notes } = midi
  const sounding = copyNotes(notes)
  const clock = clockOf(midi)
  const releases = pedalReleases(midi)
  const nextStrike = nextStrikes(notes)
  for (let i = 0; i < notes.length; i++) {
    const start = notes.startTicks[i]!
    const end = start + notes.durationTicks[i]!
    const held = releaseAfter(releases[notes.channel[i]!]!, end)
    const cut = nextStrike[i]! > end ? Math.min(held, nextStrike[i]!) : end
    if (cut <= end) continue
    sounding.durationTicks[i] = cut - start
    sounding.durationSeconds[i] = secondsAt(clock, cut) - notes.startSeconds[i]!
  }
  return sounding
}

/** Stretches of pedal down, per channel: `down[k]` to `up[k]`. */
interface Pedal {
  readonly down: number[]
  readonly up: number[]
}

function pedalReleases(midi: Midi): Pedal[] {
  const pedals: Pedal[] = Array.from({ length: 16 }, () => ({ down: [], up: [] }))
  const { controls, notes } = midi
  let last = 0
  for (let i = 0; i < notes.length; i++) last = Math.max(last, notes.startTicks[i]! + notes.durationTicks[i]!)
  for (let i = 0; i < controls.length; i++) {
    if (controls.number[i] !== SUSTAIN) continue
    const { down, up } = pedals[controls.channel[i]!]!
    const isDown = down.length > up.length
    const ticks = controls.ticks[i]!
    last = Math.max(last, ticks)
    if (controls.value[i]! >= 64 && !isDown) down.push(ticks)
    else if (controls.value[i]! < 64 && isDown) up.push(ticks)
  }
  for (const { down, up } of pedals) if (down.length > up.length) up.push(last)
  return pedals
}

/** When a key let go at `ticks` stops sounding: at once, or when the pedal that is down comes up. */
function releaseAfter({ down, up }: Pedal, ticks: number): number {
  let low = 0
  let high = down.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (up[middle]! > ticks) high = middle
    else low = middle + 1
  }
  return low < down.length && down[low]! <= ticks ? up[low]! : ticks
}

/** Tick at which the same pitch of the same channel is struck next, later than the note's own start; Infinity if never. */
function nextStrikes(notes: Notes): Float64Array {
  const next = new Float64Array(notes.length)
  const later = new Float64Array(16 * 128).fill(Infinity)
  const latest = new Float64Array(16 * 128).fill(Infinity)
  for (let i = notes.length - 1; i >= 0; i--) {
    const key = notes.channel[i]! * 128 + notes.pitch[i]!
    const start = notes.startTicks[i]!
    if (latest[key]! > start) {
      later[key] = latest[key]!
      latest[key] = start
    }
    next[i] = later[key]!
  }
  return next
}
