import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { encodeWav } from '../../src/audio/wav.ts'
import type { ValidationReport } from '../../src/data/manifest.ts'
import type { DataStats } from '../../src/data/stats.ts'
import { readValidation } from '../../src/data/validation.ts'
import { UserError } from '../../src/lib/errors.ts'
import { validate } from '../../stages/validate.ts'
import { type Files, kellyFiles, notesMidi, toneWav } from '../kelly-folder.ts'
import { type Rig, type RigRun, stageRig } from '../stage-rig.ts'

const broken = fileURLToPath(new URL('../../../shared/data/small/broken', import.meta.url))

let rig: Rig
beforeEach(() => {
  rig = stageRig()
})
afterEach(() => rig.dispose())

function write(files: Files): string {
  for (const [path, content] of Object.entries(files)) rig.write(`data/${path}`, content)
  return join(rig.dir, 'data')
}

const run = (data: string, options = {}) => rig.run(validate, { inputs: { data }, options })
const text = ({ out }: RigRun) => readFileSync(join(out, 'validation.txt'), 'utf8')
const codes = (report: ValidationReport, list: 'dropped' | 'warnings') =>
  Object.fromEntries(report[list].map(({ id, fault }) => [id, fault.code]))

describe('validate', () => {
  it('keeps all of a sound folder and counts it', async () => {
    const ran = await run(write(kellyFiles()))
    const report = readValidation(ran.out)
    expect(report.dropped).toEqual([])
    expect(report.counts).toEqual({
      audio: { found: 8, kept: 8, dropped: 0, labelled: 8 },
      midi: { found: 8, kept: 8, dropped: 0, labelled: 8 },
      chords: { found: 6, kept: 6, dropped: 0, labelled: 4 },
      drums: { found: 6, kept: 6, dropped: 0, labelled: 0 },
    })
    expect(ran.result).toMatchObject({ headline: '28 of 28 items kept', notes: [], metrics: { found: 28, dropped: 0 } })
    const lengths = (room: string) =>
      report.examples.filter((one) => one.room === room).map((one) => one.seconds ?? 'unknown')
    expect(Math.min(...(lengths('audio') as number[]))).toBeGreaterThan(0.5)
    expect(new Set(lengths('chords'))).toEqual(new Set(['unknown']))
    expect(text(ran)).toMatch(/room +found +kept +dropped +labelled\naudio +8 +8 +0 +8\n/)
    expect(ran.progress.at(-1)).toMatchObject({ done: 22, total: 22, unit: 'items' })
    const stats = JSON.parse(readFileSync(join(ran.out, 'stats.json'), 'utf8')) as DataStats
    expect(stats.rooms.map(({ room, items, labelled }) => [room, items, labelled])).toEqual([
      ['audio', 8, 8],
      ['midi', 8, 8],
      ['chords', 6, 4],
      ['drums', 6, 0],
    ])
    expect(stats.rooms[1]!.pitches!.reduce((sum, count) => sum + count)).toBe(8 * 32)
  })

  it('drops what cannot be used with its cause, and warns of what is odd', async () => {
    const sine = (level: number) =>
      Float32Array.from({ length: 16000 }, (_, i) => Math.max(-1, Math.min(1, level * Math.sin(i / 9))))
    const audio: Files = {
      'silent.wav': encodeWav(new Float32Array(16000), 16000),
      'short.wav': toneWav(300, 0.2),
      'cut.wav': toneWav(300, 1).subarray(0, 9000),
      'zero.wav': '',
      'text.wav': 'this is no sound',
      'clipped.wav': encodeWav(sine(3), 16000),
      'odd.wav': encodeWav(sine(0.5), 12345),
      'low.wav': encodeWav(sine(0.4), 8000),
      'opposite.wav': encodeWav([sine(0.5), sine(0.5).map((value) => -value)], 16000),
      'fine.wav': toneWav(500),
    }
    const midi: Files = {
      'empty.mid': notesMidi([]),
      'drums.mid': notesMidi([{ at: 0, pitch: 36 }], { channel: 9 }),
      'cut.mid': notesMidi(Array.from({ length: 50 }, (_, i) => ({ at: i, pitch: 60 }))).subarray(0, 200),
      'fine.mid': notesMidi([{ at: 0, pitch: 60 }]),
    }
    const labels = Object.keys(audio).map((name) => `${name},0,0`)
    const data = write({
      ...Object.fromEntries(Object.entries(audio).map(([name, bytes]) => [`audio/${name}`, bytes])),
      ...Object.fromEntries(Object.entries(midi).map(([name, bytes]) => [`midi/${name}`, bytes])),
      'audio/labels.csv': ['filename,valence,arousal', ...labels].join('\n'),
      'midi/emotion_labels.json': JSON.stringify(
        Object.fromEntries(Object.keys(midi).map((name) => [name, { valence: 0, arousal: 0 }])),
      ),
    })
    const ran = await run(data, { max_bad: '100%' })
    const report = readValidation(ran.out)
    expect(codes(report, 'dropped')).toMatchObject({
      'audio/silent.wav': 'silent',
      'audio/opposite.wav': 'silent',
      'audio/short.wav': 'too-short',
      'audio/cut.wav': 'truncated',
      'audio/zero.wav': 'empty',
      'audio/text.wav': 'not-audio',
      'midi/empty.mid': 'no-notes',
      'midi/drums.mid': 'no-pitched-notes',
      'midi/cut.mid': 'truncated',
    })
    expect(codes(report, 'warnings')).toEqual({
      'audio/clipped.wav': 'clipped',
      'audio/odd.wav': 'odd-rate',
      'audio/low.wav': 'low-rate',
    })
    const kept = ['audio/clipped.wav', 'audio/fine.wav', 'audio/low.wav', 'audio/odd.wav', 'midi/fine.mid']
    expect(report.examples.map(({ id }) => id)).toEqual(kept)
    expect(text(ran)).toMatch(/audio\/cut\.wav +truncated +byte 9000: file ends early/)
    expect(text(ran)).toContain('channels cancel out')
  })

  it('goes on below max_bad, stops above it and says how to go on', async () => {
    const files = kellyFiles()
    files['audio/clip 0.wav'] = 'broken'
    const data = write(files)
    const below = await run(data)
    expect(below.result.headline).toBe('27 of 28 items kept')
    expect(below.result.notes).toEqual(['1 of 28 items dropped, see validation.txt'])
    expect(below.logs.map(({ message }) => message)).toEqual([expect.stringContaining('dropped audio/clip 0.wav')])
    expect((await run(data, { max_bad: 1 })).result.headline).toBe('27 of 28 items kept')
    for (const max_bad of [0, '0%', '3.5%']) {
      const error = await run(data, { max_bad }).catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(UserError)
      expect((error as UserError).message).toContain(`1 of 28 items are bad (3.6 %), more than max_bad ${max_bad}`)
      expect((error as UserError).message).toContain('audio/clip 0.wav')
      expect((error as UserError).hint).toContain('max_bad: 4%')
    }
  })

  it('copies and files without a label are dropped but not counted as bad', async () => {
    const files = kellyFiles()
    for (let i = 0; i < 8; i++) files[`audio/copy ${i}.wav`] = files[`audio/clip ${i}.wav`]!
    for (let i = 0; i < 8; i++) files[`drums/copy${i % 6}/${i}.mid`] = files[`drums/session${i % 6}/take.mid`]!
    const report = readValidation((await run(write(files), { max_bad: 0 })).out)
    expect(new Set(report.dropped.map(({ fault }) => fault.code))).toEqual(new Set(['no-label', 'duplicate']))
    expect(report.counts.audio).toEqual({ found: 16, kept: 8, dropped: 8, labelled: 8 })
  })

  it('decodes nothing twice: a new label, name or comment costs nothing, a new file one item', async () => {
    const files = kellyFiles()
    const data = write(files)
    expect((await run(data)).computed.length).toBe(22)
    rig.write('data/audio/labels.csv', (files['audio/labels.csv'] as string).replace('0.5,0.5', '0.1,-0.9'))
    const edited = await run(data)
    expect(edited.computed).toEqual([])
    expect(readValidation(edited.out).examples[0]!.emotion).toEqual({ valence: 0.1, arousal: -0.9 })
    rig.write('data/drums/new.mid', notesMidi([{ at: 0, pitch: 36 }], { channel: 9 }))
    expect((await run(data)).computed).toEqual(['drums/new.mid'])
    // Another least length is a question to the audio only.
    expect((await run(data, { min_seconds: 0.7 })).computed.every((id) => id.startsWith('audio/'))).toBe(true)
  })

  it('stops at label files that cannot be read, naming all of them', async () => {
    const data = write({ ...kellyFiles(), 'midi/emotion_labels.json': '{"a": }', 'audio/labels.csv': 'x\n' })
    const error = (await run(data).catch((reason: unknown) => reason)) as UserError
    expect(error.message).toContain('midi/emotion_labels.json: byte 6: line 1, column 7')
    expect(error.message).toContain('audio/labels.csv: byte 0: line 1: no column "filename"')
  })

  it('says what it expected of a folder without music', async () => {
    const data = write({ 'notes.txt': 'hello' })
    await expect(run(data)).rejects.toThrow(/no music in the Kelly layout/)
  })

  it('reads the output of download and names generated data as generated', async () => {
    const files = kellyFiles()
    for (const [path, content] of Object.entries(files)) rig.write(`download/data/${path}`, content)
    const source = {
      format: 'kpipe-source/1',
      name: 'demo',
      title: 'kpipe demo',
      licence: 'CC0',
      citation: '',
      url: '',
    }
    rig.write('download/source.json', JSON.stringify({ ...source, generated: true }))
    const ran = await run(join(rig.dir, 'download'))
    expect(readValidation(ran.out).counts.audio.kept).toBe(8)
    expect(ran.result.notes![0]).toBe('the data is generated (kpipe demo), not real music')
    expect(text(ran)).toContain('GENERATED')
    expect(ran.result.metrics!.generated).toBe(true)
  })

  it('says before anything runs that more than all cannot be bad', () => {
    const options = { max_bad: '101%', min_seconds: 1, min_notes: 1, sample_rate: 16000, repair: false }
    expect(validate.check!(options)).toMatchObject([{ path: ['max_bad'] }])
    expect(validate.check!({ ...options, max_bad: '5%' })).toEqual([])
  })

  it.runIf(existsSync(broken))('names all 21 damaged files of ../shared/data/small/broken', async () => {
    const names = readdirSync(broken)
    expect(names.length).toBe(21)
    const midi: Record<string, unknown> = {}
    const labels = ['filename,valence,arousal']
    for (const name of names) {
      const room = name.endsWith('.wav') ? 'audio' : 'midi'
      rig.write(`data/${room}/${name}`, readFileSync(join(broken, name)))
      if (room === 'midi') midi[name] = { valence: 0, arousal: 0 }
      else labels.push(`${name},0,0`)
    }
    rig.write('data/audio/labels.csv', labels.join('\n'))
    rig.write('data/midi/emotion_labels.json', JSON.stringify(midi))
    const report = readValidation((await run(join(rig.dir, 'data'), { max_bad: '100%' })).out)
    const named = new Set([...report.dropped, ...report.warnings].map(({ id }) => id.split('/')[1]))
    expect([...named].sort()).toEqual(names.sort())
    for (const { fault } of [...report.dropped, ...report.warnings]) expect(fault.message.length).toBeGreaterThan(10)
    expect(codes(report, 'dropped')).toMatchObject({
      'audio/wav_empty.wav': 'empty',
      'audio/wav_silence.wav': 'silent',
      'audio/wav_truncated.wav': 'truncated',
      'midi/truncated_half.mid': 'truncated',
      'midi/header_only.mid': 'missing-tracks',
      'midi/no_notes.mid': 'no-notes',
    })
    // A streaming header is odd, but every sample is there.
    expect(codes(report, 'dropped')['audio/wav_datalen_ffffffff.wav']).toBeUndefined()
    expect(codes(report, 'warnings')['audio/wav_datalen_ffffffff.wav']).toBe('streaming-header')
  })
})
