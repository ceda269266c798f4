/** Finds the MIDI data in a file: RMID wrapping, leading junk, and what a file that is no MIDI looks like. */
import type { Faults } from './faults.ts'

export interface MidiHeader {
  readonly format: 0 | 1 | 2
  readonly trackCount: number
  readonly division: number
  /** First byte after the header chunk. */
  readonly body: number
  /** End of the MIDI data (a RIFF wrapper may go on after it). */
  readonly end: number
}

const EXPORT_AGAIN = 'export or download the file again'

/** Reads the header chunk. Throws DataError: `empty`, `not-midi`, `truncated-header`, `bad-header`. */
export function readHeader(bytes: Uint8Array, faults: Faults): MidiHeader {
  if (bytes.length === 0) faults.fail('empty', 0, 'the file is empty (0 bytes)', EXPORT_AGAIN)
  const { at, end } = findMidi(bytes, faults)
  if (end - at < 14) {
    const found = `the file ends inside the MIDI header: ${end - at} of its 14 bytes are there`
    faults.fail('truncated-header', end, found, EXPORT_AGAIN)
  }
  const length = uint32(bytes, at + 4)
  if (length < 6 || at + 8 + length > end) {
    faults.fail('bad-header', at + 4, `header length ${length}, expected 6`, EXPORT_AGAIN)
  }
  const trackCount = uint16(bytes, at + 10)
  const format = readFormat(uint16(bytes, at + 8), at + 8, trackCount, faults)
  const division = uint16(bytes, at + 12)
  return { format, trackCount, division, body: at + 8 + length, end }
}

function readFormat(format: number, offset: number, trackCount: number, faults: Faults): 0 | 1 | 2 {
  if (format > 2) {
    faults.stumble('bad-format', offset, `MIDI format ${format}, expected 0, 1 or 2`, EXPORT_AGAIN, 'read as format 1')
    return 1
  }
  if (format === 0 && trackCount > 1) {
    const message = `format 0 has one track, but the header announces ${trackCount}`
    faults.warn('format-0-tracks', offset, message, 'all of them are read')
  }
  if (format === 2) {
    const message = 'format 2 holds independent patterns; they are read as tracks that start together'
    faults.warn('format-2', offset, message, 'export each pattern as a file of its own if that is not what you want')
  }
  return format as 0 | 1 | 2
}

function findMidi(bytes: Uint8Array, faults: Faults): { at: number; end: number } {
  const end = bytes.length
  if (tag(bytes, 0) === 'MThd') return { at: 0, end }
  if (tag(bytes, 0) === 'RIFF' && tag(bytes, 8) === 'RMID') return unwrapRmid(bytes, faults)
  if (isPrefix(bytes, 'MThd')) {
    faults.fail('truncated-header', end, `the file ends after ${end} bytes of its 14-byte header`, EXPORT_AGAIN)
  }
  const later = indexOfTag(bytes, 'MThd', 1, Math.min(end, 4096))
  if (later >= 0) {
    const message = `the MIDI header stands at byte ${later}, expected at byte 0`
    faults.stumble('leading-junk', 0, message, 'cut what stands before `MThd`', `${later} bytes before it skipped`)
    return { at: later, end }
  }
  const message = `this is not a MIDI file: it looks like ${looksLike(bytes)}; expected it to begin with MThd`
  return faults.fail('not-midi', 0, message, 'leave it out or replace it')
}

function unwrapRmid(bytes: Uint8Array, faults: Faults): { at: number; end: number } {
  let at = 12
  while (at + 8 <= bytes.length) {
    const length = uint32Little(bytes, at + 4)
    if (tag(bytes, at) === 'data') {
      if (tag(bytes, at + 8) !== 'MThd') break
      faults.warn('rmid', 0, 'the MIDI data is wrapped in a RIFF (RMID) file; it is unwrapped')
      return { at: at + 8, end: Math.min(bytes.length, at + 8 + length) }
    }
    at += 8 + length + (length & 1)
  }
  return faults.fail('not-midi', Math.min(at, bytes.length), 'an RMID file without a data chunk of MIDI', EXPORT_AGAIN)
}

const SIGNATURES: readonly (readonly [string, string])[] = [
  ['RIFF', 'a RIFF file'],
  ['fLaC', 'FLAC audio'],
  ['OggS', 'Ogg audio'],
  ['ID3', 'MP3 audio'],
  ['PK\x03\x04', 'a ZIP archive (a compressed score?)'],
  ['\x1f\x8b', 'gzip-compressed data'],
  ['\x89PNG', 'a PNG picture'],
  ['%PDF', 'a PDF document'],
  ['FORM', 'an IFF file (XMI?)'],
  ['\0\x05\x16\x07', 'a macOS resource file (`._name`)'],
  ['version https://git-lfs', 'a Git LFS pointer, not the file itself'],
]

function looksLike(bytes: Uint8Array): string {
  if (tag(bytes, 0) === 'RIFF' && tag(bytes, 8) === 'WAVE') return 'WAV audio'
  const known = SIGNATURES.find(([signature]) => isPrefix(bytes, signature))
  if (known) return known[1]
  const start = Buffer.from(bytes.subarray(0, 256)).toString('latin1')
  if (/^\s*<(\?xml|!doctype score|score)/i.test(start)) return 'an XML file (MusicXML?)'
  if (/^\s*<(!doctype|html)/i.test(start)) return 'a web page'
  if (/^[\t\n\r\x20-\x7e]+$/.test(start)) return `text ("${start.slice(0, 24).replaceAll(/\s+/g, ' ').trim()}…")`
  if (bytes.every((byte) => byte === 0)) return 'nothing but zeros'
  const first = [...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
  return `unknown data (${first})`
}

/** True where the file begins with the text, or is a shorter piece of its beginning. */
function isPrefix(bytes: Uint8Array, text: string): boolean {
  const n = Math.min(bytes.length, text.length)
  for (let i = 0; i < n; i++) if (bytes[i] !== text.charCodeAt(i)) return false
  return true
}

/** Four characters at a byte, '' near the end of the file. */
export function tag(bytes: Uint8Array, at: number): string {
  if (at + 4 > bytes.length) return ''
  return String.fromCharCode(bytes[at]!, bytes[at + 1]!, bytes[at + 2]!, bytes[at + 3]!)
}

/** Where a four-character tag stands in [from, end), or -1. */
export function indexOfTag(bytes: Uint8Array, text: string, from: number, end: number): number {
  const found = Buffer.from(bytes.buffer, bytes.byteOffset, end).indexOf(text, from, 'latin1')
  return found
}

export function uint16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!
}

export function uint32(bytes: Uint8Array, at: number): number {
  return uint16(bytes, at) * 65536 + uint16(bytes, at + 2)
}

function uint32Little(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16)) + bytes[at + 3]! * 2 ** 24
}
