/** Builds MIDI files byte by byte, so that tests can say exactly what is wrong with one. */

/** Header chunk and track chunks around the given event bytes. */
export function smf(
  options: { format?: number; ntrks?: number; division?: number } = {},
  ...tracks: number[][]
): Uint8Array {
  const { format = tracks.length > 1 ? 1 : 0, ntrks = tracks.length, division = 480 } = options
  return Uint8Array.from([
    ...ascii('MThd'),
    ...uint32(6),
    ...uint16(format),
    ...uint16(ntrks),
    ...uint16(division),
    ...tracks.flatMap((events) => chunk('MTrk', events)),
  ])
}

export const chunk = (name: string, data: number[]): number[] => [...ascii(name), ...uint32(data.length), ...data]

/** Delta 0, end of track. */
export const END = [0x00, 0xff, 0x2f, 0x00]

export const on = (delta: number, pitch: number, velocity = 80, channel = 0) => [
  ...varint(delta),
  0x90 | channel,
  pitch,
  velocity,
]
export const off = (delta: number, pitch: number, channel = 0) => [...varint(delta), 0x80 | channel, pitch, 64]
export const meta = (delta: number, type: number, data: number[]) => [
  ...varint(delta),
  0xff,
  type,
  data.length,
  ...data,
]
export const tempo = (delta: number, microseconds: number) =>
  meta(delta, 0x51, [microseconds >> 16, (microseconds >> 8) & 255, microseconds & 255])

/** Bytes as they are, for lists of events with one on a line. */
export const raw = (...bytes: number[]) => bytes

export const ascii = (text: string) => [...text].map((char) => char.charCodeAt(0))
export const uint16 = (value: number) => [(value >> 8) & 255, value & 255]
export const uint32 = (value: number) => [...uint16(value >>> 16), ...uint16(value & 0xffff)]

export function varint(value: number): number[] {
  const bytes = [value & 127]
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) bytes.unshift((rest & 127) | 128)
  return bytes
}
