/**
 * Note arrays: one typed array a property, so that a file of 10,000 notes is ten arrays and not 10,000 objects.
 * Picking and copying only; reading them from a file is read.ts, changing them is augment.ts.
 */

/** Parallel arrays of `length` entries, ordered by start, then by track, then as in the file. */
export interface Notes {
  readonly length: number
  readonly startTicks: Int32Array
  readonly durationTicks: Int32Array
  readonly startSeconds: Float64Array
  readonly durationSeconds: Float64Array
  /** 0-127, 60 = middle C. */
  readonly pitch: Uint8Array
  /** 1-127. */
  readonly velocity: Uint8Array
  /** 0-15; 9 is the drum channel ("channel 10" on a front panel). */
  readonly channel: Uint8Array
  /** 0-based position of the track in the file. */
  readonly track: Uint16Array
}

/** The General MIDI drum channel, counted from 0. */
export const DRUM_CHANNEL = 9

/** Arrays of zeros for `length` notes: views of one buffer, as one allocation costs a small file less than eight. */
export function allocateNotes(length: number): Notes {
  const buffer = new ArrayBuffer(length * 29)
  return {
    length,
    startSeconds: new Float64Array(buffer, 0, length),
    durationSeconds: new Float64Array(buffer, length * 8, length),
    startTicks: new Int32Array(buffer, length * 16, length),
    durationTicks: new Int32Array(buffer, length * 20, length),
    track: new Uint16Array(buffer, length * 24, length),
    pitch: new Uint8Array(buffer, length * 26, length),
    velocity: new Uint8Array(buffer, length * 27, length),
    channel: new Uint8Array(buffer, length * 28, length),
  }
}

/** New arrays of the notes at `indices`, in that order. */
export function takeNotes(notes: Notes, indices: ArrayLike<number>): Notes {
  const taken = allocateNotes(indices.length)
  for (let i = 0; i < indices.length; i++) {
    const from = indices[i]!
    taken.startTicks[i] = notes.startTicks[from]!
    taken.durationTicks[i] = notes.durationTicks[from]!
    taken.startSeconds[i] = notes.startSeconds[from]!
    taken.durationSeconds[i] = notes.durationSeconds[from]!
    taken.pitch[i] = notes.pitch[from]!
    taken.velocity[i] = notes.velocity[from]!
    taken.channel[i] = notes.channel[from]!
    taken.track[i] = notes.track[from]!
  }
  return taken
}

/** A copy that may be written to. */
export function copyNotes(notes: Notes): Notes {
  const copy = allocateNotes(notes.length)
  copy.startTicks.set(notes.startTicks)
  copy.durationTicks.set(notes.durationTicks)
  copy.startSeconds.set(notes.startSeconds)
  copy.durationSeconds.set(notes.durationSeconds)
  copy.pitch.set(notes.pitch)
  copy.velocity.set(notes.velocity)
  copy.channel.set(notes.channel)
  copy.track.set(notes.track)
  return copy
}

/** The notes for which `keep` says true (it gets an index), in the same order. */
export function selectNotes(notes: Notes, keep: (index: number) => boolean): Notes {
  const kept: number[] = []
  for (let i = 0; i < notes.length; i++) if (keep(i)) kept.push(i)
  return takeNotes(notes, kept)
}

/** All notes that are not on the drum channel. */
export function pitchedNotes(notes: Notes): Notes {
  return selectNotes(notes, (i) => notes.channel[i] !== DRUM_CHANNEL)
}

/** All notes on the drum channel. */
export function drumNotes(notes: Notes): Notes {
  return selectNotes(notes, (i) => notes.channel[i] === DRUM_CHANNEL)
}

/** A copy in start order again (stable), for those who have moved starts. */
export function sortNotes(notes: Notes): Notes {
  const order = Array.from({ length: notes.length }, (_, i) => i)
  const { startTicks, startSeconds } = notes
  order.sort((a, b) => startTicks[a]! - startTicks[b]! || startSeconds[a]! - startSeconds[b]! || a - b)
  return takeNotes(notes, order)
}

/** When the last note ends, in seconds; 0 without notes. */
export function endOfNotes(notes: Notes): number {
  let end = 0
  for (let i = 0; i < notes.length; i++) {
    const noteEnd = notes.startSeconds[i]! + notes.durationSeconds[i]!
    if (noteEnd > end) end = noteEnd
  }
  return end
}
