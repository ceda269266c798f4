/**
 * What a file is, by its first bytes; its name is never asked. Only names things, decodes nothing.
 * Magic numbers: RFC 9639 (FLAC), RFC 3533/7845 (Ogg, Opus), id3.org (ID3v2), ISO 14496-12 (ftyp), Apple CAF and AIFF-C.
 */
import { fourCharacters } from './audio.ts'
import { readFrameHeader } from './mpeg.ts'

export interface Sniffed {
  /** `wav`, `mp3`, `flac`, `ogg vorbis`, `ogg opus` are decoded here; any other name is only named. */
  readonly format: string
  /** With its article, for messages: `a FLAC file`. */
  readonly label: string
  /** It holds sound, in a form that has to be converted first. */
  readonly convertible: boolean
  /** Where the format itself begins: after an ID3v2 tag, which only MP3 and FLAC files have. */
  readonly start: number
}

export function sniffAudio(bytes: Uint8Array): Sniffed {
  if (bytes.length === 0) return named('empty', 'empty (0 bytes)')
  const tag = id3Length(bytes)
  if (tag === 0) return magic(bytes) ?? unknown(bytes)
  if (fourCharacters(bytes, tag) === 'fLaC') return named('flac', 'a FLAC file with an ID3 tag', tag)
  return named('mp3', 'an MP3 file with an ID3 tag', tag)
}

/** Length in bytes of an ID3v2 tag at the start, header and footer included; 0 where there is none. */
export function id3Length(bytes: Uint8Array): number {
  if (bytes.length < 10 || fourCharacters(bytes, 0).slice(0, 3) !== 'ID3') return 0
  const size = [6, 7, 8, 9].reduce((sum, at) => sum * 128 + (bytes[at]! & 0x7f), 0)
  return 10 + size + (bytes[5]! & 0x10 ? 10 : 0)
}

function magic(bytes: Uint8Array): Sniffed | undefined {
  const id = fourCharacters(bytes, 0)
  const at8 = fourCharacters(bytes, 8)
  if (id === 'RIFF' || id === 'RIFX' || id === 'RF64' || id === 'BW64') return riff(id, at8)
  if (id === 'fLaC') return named('flac', 'a FLAC file')
  if (id === 'OggS') return ogg(bytes)
  if (id === 'FORM' && (at8 === 'AIFF' || at8 === 'AIFC')) return sound('aiff', 'an AIFF file')
  if (fourCharacters(bytes, 4) === 'ftyp') return sound('m4a', 'an MP4 file (m4a, AAC or ALAC)')
  const simple = SIMPLE.find(([word]) => id.startsWith(word))
  if (simple) return { format: simple[1], label: simple[2], convertible: simple[3], start: 0 }
  if (bytes[0] === 0x1a && bytes[1] === 0x45 && bytes[2] === 0xdf) return sound('matroska', 'a Matroska or WebM file')
  if (bytes[0] === 0x30 && bytes[1] === 0x26 && bytes[2] === 0xb2) return sound('wma', 'a Windows Media file')
  if (bytes[0] === 0xff && (bytes[1]! & 0xf6) === 0xf0) return sound('aac', 'a raw AAC (ADTS) file')
  const frame = readFrameHeader(bytes, 0)
  return frame ? named('mp3', `an MPEG audio file (layer ${frame.layer})`) : undefined
}

/** Beginnings that say all: characters, format, label, whether it is sound that can be converted. */
const SIMPLE: readonly (readonly [string, string, string, boolean])[] = [
  ['MThd', 'midi', 'a MIDI file', false],
  ['caff', 'caf', 'a Core Audio (CAF) file', true],
  ['.snd', 'au', 'a Sun/NeXT AU file', true],
  ['wvpk', 'wavpack', 'a WavPack file', true],
  ['MAC ', 'ape', "a Monkey's Audio file", true],
  ['TTA1', 'tta', 'a True Audio file', true],
  ['DSD ', 'dsd', 'a DSD file', true],
  ['#!AM', 'amr', 'an AMR file', true],
  ['riff', 'w64', 'a Sony Wave64 file', true],
  ['PK', 'zip', 'a ZIP archive', false],
  ['%PDF', 'pdf', 'a PDF file', false],
  ['.PNG', 'png', 'a PNG picture', false],
  ['GIF8', 'gif', 'a GIF picture', false],
]

function riff(id: string, kind: string): Sniffed {
  if (kind === 'WAVE') return id === 'RIFX' ? sound('rifx', 'a big-endian (RIFX) WAV file') : named('wav', 'a WAV file')
  if (kind === 'RMID') return named('midi', 'a MIDI file in a RIFF envelope')
  if (kind === 'AVI ') return sound('avi', 'an AVI video')
  return named('riff', `a ${id} file of kind "${kind}"`)
}

/** The first packet of an Ogg stream begins right after the first page's segment table. */
function ogg(bytes: Uint8Array): Sniffed {
  const packet = 27 + (bytes[26] ?? 0)
  const head = fourCharacters(bytes, packet) + fourCharacters(bytes, packet + 4)
  if (head.startsWith('.vorbis')) return named('ogg vorbis', 'an Ogg Vorbis file')
  if (head === 'OpusHead') return named('ogg opus', 'an Ogg Opus file')
  if (head.startsWith('.FLAC')) return sound('ogg flac', 'an Ogg FLAC file')
  if (head.startsWith('Speex')) return sound('ogg speex', 'an Ogg Speex file')
  if (head.startsWith('.theora')) return sound('ogg video', 'an Ogg Theora video')
  return sound('ogg', 'an Ogg file of unknown content')
}

function unknown(bytes: Uint8Array): Sniffed {
  const head = bytes.subarray(0, 512)
  if (head.every((byte) => byte === 0)) return named('zeros', 'nothing but zero bytes')
  if (head[0] === 0xff && head[1] === 0xd8) return named('jpeg', 'a JPEG picture')
  if (head[0] === 0x1f && head[1] === 0x8b) return named('gzip', 'a gzip archive')
  const printable = head.reduce((n, byte) => n + Number((byte >= 32 && byte !== 127) || (byte >= 9 && byte <= 13)), 0)
  if (printable !== head.length) return named('unknown', `unknown (begins with ${hex(bytes.subarray(0, 8))})`)
  const text = new TextDecoder().decode(head.subarray(0, 16)).trimStart().toLowerCase()
  if (text.startsWith('<!doctype') || text.startsWith('<html')) return named('html', 'a web page (HTML)')
  return named(
    'text',
    `text ("${
      [...text]
        .slice(0, 12)
        .join('')
        .split(/[\r\n]/)[0]
    }…")`,
  )
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
}

function named(format: string, label: string, start = 0): Sniffed {
  return { format, label, convertible: false, start }
}

function sound(format: string, label: string): Sniffed {
  return { format, label, convertible: true, start: 0 }
}
