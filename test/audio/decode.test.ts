import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type Audio, decodeAudio } from '../../src/audio/decode.ts'
import { readFrameHeader, walkFrames } from '../../src/audio/mpeg.ts'
import { encodeWav } from '../../src/audio/wav.ts'
import { DataError, type DataFault } from '../../src/lib/errors.ts'
import { fitTone, largestError, tone } from './signals.ts'

const golden = (name: string) => new Uint8Array(readFileSync(new URL(`../golden/audio/${name}`, import.meta.url)))

async function faultOf(bytes: Uint8Array, path = 'a/x'): Promise<DataFault> {
  const error = await decodeAudio(bytes, path).then(
    () => new Error('decoded'),
    (reason: unknown) => reason,
  )
  if (error instanceof DataError) return error.fault
  throw error
}

/** Amplitude of the tone and how far all else lies below it, in dB: says lag, scale and length at once. */
function purity(audio: Audio, channel: number, hz: number): [number, number] {
  const { amplitude, rest } = fitTone(audio.channels[channel]!, hz, audio.sampleRate)
  return [amplitude, 20 * Math.log10(amplitude / Math.SQRT2 / rest)]
}

describe('each format, decoded whole', () => {
  it.each([
    ['tones.mp3', 'mp3', 44_100, 1, 25],
    ['tones.flac', 'flac', 16_000, 2, 80],
    ['tones.ogg', 'ogg vorbis', 22_050, 2, 20],
    ['tones.opus', 'ogg opus', 48_000, 1, 20],
  ] as const)('%s', async (name, format, sampleRate, channels, decibels) => {
    const audio = await decodeAudio(golden(name), name)
    expect(audio).toMatchObject({ format, sampleRate, warnings: [] })
    expect(audio.channels.map((samples) => samples.length)).toEqual(
      Array.from({ length: channels }, () => sampleRate / 2),
    )
    const [left, clean] = purity(audio, 0, 440)
    expect(left).toBeCloseTo(0.4, 2)
    expect(clean).toBeGreaterThan(decibels)
    if (channels === 2) expect(purity(audio, 1, 1500)[0]).toBeCloseTo(0.3, 2)
  })

  it('FLAC samples are exact multiples of 1/32768, as soundfile reads them', async () => {
    const { channels } = await decodeAudio(golden('tones.flac'), 'tones.flac')
    const written = tone(440, 16_000, 8000, 0.4)
    expect(channels[0]!.every((x) => Number.isInteger(x * 32768))).toBe(true)
    expect(largestError(channels[0]!, written)).toBeLessThanOrEqual(1.01 / 32768)
  })

  it('goes by content, and says so where the name promises another format', async () => {
    const audio = await decodeAudio(golden('tones.flac'), 'songs/x.wav')
    expect(audio.warnings).toMatchObject([{ path: 'songs/x.wav', offset: 0, code: 'extension' }])
    expect((await decodeAudio(encodeWav(tone(440, 16_000, 100), 16_000), 'x.mp3')).format).toBe('wav pcm16')
  })

  it('an ID3v2 tag before MP3 or FLAC is skipped', async () => {
    const tag = Uint8Array.from([0x49, 0x44, 0x33, 4, 0, 0, 0, 0, 1, 0, ...new Uint8Array(128)])
    for (const name of ['tones.mp3', 'tones.flac']) {
      const bytes = Uint8Array.from([...tag, ...golden(name)])
      expect((await decodeAudio(bytes, name)).channels[0]).toEqual((await decodeAudio(golden(name), name)).channels[0])
    }
  })
})

describe('damage', () => {
  it.each(['tones.mp3', 'tones.flac', 'tones.ogg', 'tones.opus'])(
    '%s cut anywhere is told, never silently short',
    async (name) => {
      const bytes = golden(name)
      for (let share = 0.05; share < 0.99; share += 0.09) {
        const fault = await faultOf(bytes.subarray(0, Math.floor(bytes.length * share)), name)
        expect(fault, `${share}`).toMatchObject({ path: name, code: expect.stringMatching(/truncated|damaged/) })
        expect(fault.offset).toBeLessThanOrEqual(bytes.length)
      }
    },
  )

  it('says how much of it is there', async () => {
    const part = (name: string) => golden(name).subarray(0, Math.floor(golden(name).length * 0.7))
    expect((await faultOf(part('tones.mp3'))).message).toMatch(/^file ends early at 0\.\d s of 0\.5 s/)
    expect((await faultOf(part('tones.flac'))).message).toMatch(/^file ends early at 0\.\d s of 0\.5 s/)
    expect((await faultOf(part('tones.ogg'))).message).toMatch(/^file ends early.*its page needs/)
  })

  it('a changed byte in an Ogg page is found by its checksum', async () => {
    const bytes = golden('tones.ogg')
    bytes[bytes.length - 50]! ^= 1
    expect(await faultOf(bytes)).toMatchObject({ code: 'damaged', message: expect.stringContaining('checksum') })
  })

  it('spoilt MP3 frames are a fault with their place; bytes put between whole ones a warning', async () => {
    const spoilt = golden('tones.mp3').fill(0, 2000, 2300)
    const fault = await faultOf(spoilt)
    expect(fault).toMatchObject({ code: 'damaged', message: expect.stringContaining('18 of 21 frames') })
    expect(fault.offset).toBeGreaterThan(1700)
    expect(fault.offset).toBeLessThan(2300)

    const bytes = golden('tones.mp3')
    const second = walkFrames(bytes, 0)!.firstOffset + readFrameHeader(bytes, 0)!.length
    const audio = await decodeAudio(
      Uint8Array.from([...bytes.subarray(0, second), 1, 2, 3, ...bytes.subarray(second)]),
      'x.mp3',
    )
    expect(audio.warnings).toMatchObject([{ code: 'garbage', offset: second }])
  })
})

describe('what is not decoded is named', () => {
  it.each([
    ['.....ftypM4A ', 'unsupported-audio', 'MP4 file (m4a, AAC or ALAC)'],
    ['FORM....AIFFCOMM', 'unsupported-audio', 'AIFF file'],
    ['caff............', 'unsupported-audio', 'CAF'],
    ['MThd............', 'not-audio', 'a MIDI file'],
    ['# a readme, not a sound', 'not-audio', 'text ("# a readme'],
    ['<!DOCTYPE html><html>', 'not-audio', 'a web page'],
    ['', 'empty', 'empty (0 bytes)'],
  ])('%s', async (text, code, label) => {
    const bytes = Uint8Array.from([...text.replace('.....ftyp', '....ftyp')].map((c) => c.charCodeAt(0)))
    const fault = await faultOf(bytes, 'audio/my song.m4a')
    expect(fault).toMatchObject({ code, offset: 0, message: expect.stringContaining(label) })
    if (code === 'unsupported-audio')
      expect(fault.hint).toBe('install ffmpeg (ffmpeg.org) and convert it: ffmpeg -i "my song.m4a" "my song.wav"')
  })
})

const broken = new URL('../../../shared/data/small/broken/wav_is_flac.wav', import.meta.url)
it.runIf(existsSync(broken))('the FLAC file named .wav of the shared data', async () => {
  const audio = await decodeAudio(new Uint8Array(readFileSync(broken)), 'wav_is_flac.wav')
  expect(audio).toMatchObject({ format: 'flac', sampleRate: 44_100, warnings: [{ code: 'extension' }] })
})
