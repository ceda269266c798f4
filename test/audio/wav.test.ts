import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { inspectSignal } from '../../src/audio/signal.ts'
import { decodeWav, encodeWav } from '../../src/audio/wav.ts'
import { DataError, type DataFault } from '../../src/lib/errors.ts'
import { noise, tone } from './signals.ts'

const hiss = Float32Array.from(noise(1000, 7))

const zeros = (length: number): number[] => Array.from({ length }, () => 0)

/** A WAV file put together by hand: chunks of [id, body], the RIFF size right unless given. */
function riff(
  chunks: [string, Uint8Array | number[]][],
  { id = 'RIFF', sizes = {} as Record<string, number>, pad = true } = {},
) {
  const parts: number[] = [...'WAVE'].map((c) => c.charCodeAt(0))
  const u32 = (n: number) => [n & 255, (n >>> 8) & 255, (n >>> 16) & 255, n >>> 24]
  for (const [name, body] of chunks) {
    parts.push(...[...name].map((c) => c.charCodeAt(0)), ...u32(sizes[name] ?? body.length), ...body)
    if (pad && body.length % 2) parts.push(0)
  }
  return Uint8Array.from([...[...id].map((c) => c.charCodeAt(0)), ...u32(parts.length), ...parts])
}

function fmt(
  options: { tag?: number; channels?: number; rate?: number; bits?: number; more?: number[] } = {},
): number[] {
  const { tag = 1, channels = 1, rate = 16_000, bits = 16, more = [] } = options
  const block = (channels * bits) / 8
  const u16 = (n: number) => [n & 255, n >>> 8]
  const u32 = (n: number) => [...u16(n & 65535), ...u16(n >>> 16)]
  return [...u16(tag), ...u16(channels), ...u32(rate), ...u32(rate * block), ...u16(block), ...u16(bits), ...more]
}

function faultOf(bytes: Uint8Array): DataFault {
  try {
    decodeWav(bytes, 'a/x.wav')
  } catch (error) {
    if (error instanceof DataError) return error.fault
    throw error
  }
  throw new Error('decoded')
}

describe('encodeWav and decodeWav', () => {
  it.each([16, 24, 32] as const)('round trip at %i bits', (bitDepth) => {
    const other = Float32Array.from(noise(1000, 8))
    const audio = decodeWav(encodeWav([hiss, other], 22_050, { bitDepth }), 'x.wav')
    expect(audio).toMatchObject({
      sampleRate: 22_050,
      warnings: [],
      format: bitDepth === 32 ? 'wav float32' : `wav pcm${bitDepth}`,
    })
    const step = bitDepth === 32 ? 0 : 0.5 / 2 ** (bitDepth - 1)
    const largest = Math.max(
      ...[hiss, other].flatMap((samples, c) => [...samples].map((x, i) => Math.abs(x - audio.channels[c]![i]!))),
    )
    expect(largest).toBeLessThanOrEqual(step * (1 + 1e-6))
    expect(encodeWav(audio.channels, 22_050, { bitDepth })).toEqual(encodeWav([hiss, other], 22_050, { bitDepth }))
  })

  it('clips at full scale instead of wrapping', () => {
    const audio = decodeWav(encodeWav(Float32Array.of(2, -2, 1, -1), 16_000), 'x.wav')
    expect([...audio.channels[0]!]).toEqual([32767 / 32768, -1, 32767 / 32768, -1])
  })

  it.each([
    [8, fmt({ bits: 8 }), [0, 128, 255], [-1, 0, 127 / 128]],
    [16, fmt(), [0, 128, 0, 0, 255, 127], [-1, 0, 32767 / 32768]],
    [24, fmt({ bits: 24 }), [0, 0, 128, 1, 0, 0, 255, 255, 127], [-1, 2 ** -23, 1 - 2 ** -23]],
    [32, fmt({ bits: 32 }), [0, 0, 0, 128, 0, 0, 0, 64], [-1, 0.5]],
    ['float 32', fmt({ tag: 3, bits: 32 }), [0, 0, 128, 63, 0, 0, 0, 191], [1, -0.5]],
    ['float 64', fmt({ tag: 3, bits: 64 }), [0, 0, 0, 0, 0, 0, 208, 63], [0.25]],
  ])('scale of %s bits is a power of two', (_, format, data, expected) => {
    const { channels } = decodeWav(
      riff([
        ['fmt ', format],
        ['data', data],
      ]),
      'x.wav',
    )
    expect([...channels[0]!]).toEqual(expected)
  })

  it('extensible with a PCM or float GUID, other chunks and odd padding before the data', () => {
    const tail = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71]
    const more = (inner: number) => [22, 0, 16, 0, 4, 0, 0, 0, inner, 0, ...tail]
    const data = [0, 64, 0, 192]
    const chunks = (inner: number): [string, number[]][] => [
      ['LIST', [1, 2, 3]],
      ['fmt ', fmt({ tag: 0xfffe, more: more(inner) })],
      ['data', data],
      ['id3 ', [9, 9]],
    ]
    expect([...decodeWav(riff(chunks(1)), 'x.wav').channels[0]!]).toEqual([0.5, -0.5])
    expect(faultOf(riff(chunks(2)))).toMatchObject({ code: 'unsupported-audio', offset: 56 })
  })

  it('RF64: the length is in the ds64 chunk', () => {
    const ds64 = [...zeros(8), 4, ...zeros(19)]
    const bytes = riff(
      [
        ['ds64', ds64],
        ['fmt ', fmt()],
        ['data', [0, 64, 0, 192]],
      ],
      { id: 'RF64', sizes: { data: 0xffffffff } },
    )
    expect(decodeWav(bytes, 'x.wav')).toMatchObject({ warnings: [], channels: [Float32Array.of(0.5, -0.5)] })
    const cut = bytes.subarray(0, bytes.length - 2)
    expect(faultOf(cut)).toMatchObject({ code: 'truncated', offset: cut.length })
  })

  it.each([0, 0xffffffff])('a streaming header with data length %i is accepted and said', (size) => {
    const bytes = riff(
      [
        ['fmt ', fmt()],
        ['data', [0, 64, 0, 192, 7]],
      ],
      { sizes: { data: size }, pad: false },
    )
    const audio = decodeWav(bytes, 'x.wav')
    expect([...audio.channels[0]!]).toEqual([0.5, -0.5])
    expect(audio.warnings.map((w) => [w.code, w.offset])).toEqual([
      ['streaming-header', 40],
      ['partial-frame', 48],
    ])
  })

  it('an odd chunk without its padding byte is accepted and said', () => {
    const bytes = riff(
      [
        ['LIST', [1, 2, 3]],
        ['fmt ', fmt()],
        ['data', [0, 64]],
      ],
      { pad: false },
    )
    expect(decodeWav(bytes, 'x.wav').warnings.map((w) => w.code)).toEqual(['no-padding'])
  })
})

describe('what is wrong with a WAV file, where', () => {
  const good = encodeWav(tone(440, 16_000, 80_000), 16_000)
  const fault = (change: (bytes: Uint8Array, view: DataView) => Uint8Array | void) => {
    const bytes = good.slice()
    return faultOf(change(bytes, new DataView(bytes.buffer)) ?? bytes)
  }

  it('truncated: how much is there', () => {
    expect(fault((b) => b.subarray(0, 44 + 102_400))).toMatchObject({
      path: 'a/x.wav',
      offset: 102_444,
      code: 'truncated',
      message: 'file ends early at 3.2 s of 5.0 s (102400 of 160000 data bytes)',
    })
    expect(fault((b) => b.subarray(0, 160_042)).message).toContain('4.9999 s of 5.0000 s')
    for (const length of [1, 4, 11, 12, 20, 30, 38])
      expect(
        fault((b) => b.subarray(0, length)),
        `${length} bytes`,
      ).toMatchObject({ code: expect.stringMatching(/truncated|bad-header/) })
  })

  it.each([
    [[0x66, 0x4c, 0x61, 0x43], 'a FLAC file'],
    [[0xff, 0xfb, 0x90, 0x64], 'an MPEG audio file (layer 3)'],
    [[0x49, 0x44, 0x33, 3, 0, 0, 0, 0, 0, 0], 'an MP3 file with an ID3 tag'],
    [[0x4d, 0x54, 0x68, 0x64], 'a MIDI file'],
    [[0, 0, 0, 32, 0x66, 0x74, 0x79, 0x70], 'an MP4 file'],
    [[...'hello, world'].map((c) => c.charCodeAt(0)), 'text ("hello, world'],
    [[0, 0, 0, 0, 0, 0, 0, 0], 'nothing but zero bytes'],
    [[1, 2, 3, 254], 'unknown (begins with 01 02 03 fe)'],
  ])('not a WAV: says what it is (%#)', (bytes, label) => {
    expect(faultOf(Uint8Array.from(bytes))).toMatchObject({ code: 'not-wav', offset: 0 })
    expect(faultOf(Uint8Array.from(bytes)).message).toContain(label)
  })

  it('header fields that cannot be', () => {
    expect(faultOf(new Uint8Array(0))).toMatchObject({ code: 'empty', offset: 0 })
    expect(fault((_, v) => v.setUint16(20, 0x55, true))).toMatchObject({ code: 'unsupported-audio', offset: 20 })
    expect(fault((_, v) => v.setUint16(20, 0x55, true)).message).toContain('MP3 (format tag 0x0055)')
    expect(fault((_, v) => v.setUint16(22, 0, true))).toMatchObject({ code: 'bad-header', offset: 22 })
    expect(fault((_, v) => v.setUint16(22, 65_535, true))).toMatchObject({ code: 'bad-header', offset: 22 })
    expect(fault((_, v) => v.setUint32(24, 0, true))).toMatchObject({ code: 'bad-header', offset: 24 })
    expect(fault((_, v) => v.setUint32(24, 4e9, true))).toMatchObject({ code: 'bad-header', offset: 24 })
    expect(fault((_, v) => v.setUint16(32, 7, true))).toMatchObject({ code: 'bad-header', offset: 32 })
    expect(fault((_, v) => v.setUint16(34, 12, true))).toMatchObject({ code: 'bad-header', offset: 34 })
    expect(fault((_, v) => v.setUint32(16, 1e9, true))).toMatchObject({ code: 'bad-header', offset: 16 })
    expect(fault((_, v) => v.setUint32(36, 0x20202020))).toMatchObject({ code: 'truncated', offset: good.length })
    expect(faultOf(riff([['data', [0, 0]]]))).toMatchObject({ code: 'bad-header', offset: 12 })
    expect(
      faultOf(
        riff([
          ['fmt ', fmt()],
          ['data', []],
        ]),
      ),
    ).toMatchObject({ code: 'empty', offset: 40 })
    expect(
      faultOf(
        riff([
          ['fmt ', fmt()],
          ['data', [1]],
        ]),
      ),
    ).toMatchObject({ code: 'empty' })
  })

  it('a length of four gigabytes in a small file asks for no memory', () => {
    const before = process.memoryUsage().arrayBuffers
    expect(fault((_, v) => v.setUint32(40, 0xfffffff0, true))).toMatchObject({ code: 'truncated' })
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20)
  })

  it('float samples that are no numbers, or absurd', () => {
    for (const value of [NaN, Infinity, -Infinity, 1e30]) {
      const bytes = encodeWav(Float32Array.of(0, 0.5, value), 16_000, { bitDepth: 32 })
      expect(faultOf(bytes)).toMatchObject({ code: 'bad-sample', offset: 52 })
    }
  })
})

const broken = new URL('../../../shared/data/small/broken/', import.meta.url)
it.runIf(existsSync(broken))('the broken WAV files of the shared data', () => {
  const outcome = (name: string) => {
    const bytes = new Uint8Array(readFileSync(new URL(name, broken)))
    try {
      const audio = decodeWav(bytes, name)
      return [...audio.warnings, ...inspectSignal(audio.channels[0]!, audio.sampleRate, name)].map((f) => f.code).join()
    } catch (error) {
      return (error as DataError).fault.code
    }
  }
  const names = readdirSync(broken).filter((name) => name.endsWith('.wav'))
  expect(Object.fromEntries(names.map((name) => [name, outcome(name)]))).toEqual({
    'wav_datalen_ffffffff.wav': 'streaming-header',
    'wav_empty.wav': 'empty',
    'wav_format_mp3.wav': 'unsupported-audio',
    'wav_is_flac.wav': 'not-wav',
    'wav_silence.wav': 'silent',
    'wav_truncated.wav': 'truncated',
  })
})
