/**
 * The JSON shape of @tonejs/midi, made and read by @tonejs/midi itself; the only door to that package.
 * Its 2.0.28 names minor keys after their relative major, writes them shifted, knows no SMPTE time and rounds velocities,
 * so keys go through our own reader and writer.
 */
import tonejs from '@tonejs/midi'
import type { MidiJSON } from '@tonejs/midi'
import { quarterTicks } from './clock.ts'
import type { Midi } from './model.ts'
import { readMidi } from './read.ts'
import { toWritable, writeMidi } from './write.ts'

export type { MidiJSON } from '@tonejs/midi'

/** The file as @tonejs/midi would give it: one track for each track, channel and program, velocities and controls 0-1. */
export function toToneJson(midi: Midi): MidiJSON {
  const division = midi.ticksPerQuarter ?? Math.round(quarterTicks(midi))
  const json = new tonejs.Midi(writeMidi({ ...toWritable(midi), division })).toJSON()
  json.header.keySignatures = midi.keySignatures.map(({ key, mode, ticks }) => ({ key, scale: mode, ticks }))
  return json
}

/**
 * A file in the JSON shape of @tonejs/midi.
 * @param path names the JSON in messages
 * @throws DataError where what the package makes of it is no sound MIDI file
 */
export function fromToneJson(json: MidiJSON, path: string): Midi {
  const tone = new tonejs.Midi()
  // The package indexes a key by its major name and adds 7 to it; handing it none keeps the wrong bytes out of the file.
  tone.fromJSON({ ...json, header: { ...json.header, keySignatures: [] } })
  const read = readMidi(tone.toArray(), path)
  const keySignatures = json.header.keySignatures.map(({ key, scale, ticks }) => ({
    key,
    mode: scale === 'minor' ? ('minor' as const) : ('major' as const),
    ticks,
  }))
  return readMidi(writeMidi({ ...toWritable(read), keySignatures }), path)
}
