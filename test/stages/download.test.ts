import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { catalogue } from '../../src/data/catalogue.ts'
import type { SourceInfo } from '../../src/data/manifest.ts'
import { UserError } from '../../src/lib/errors.ts'
import { download } from '../../stages/download.ts'
import { zip } from '../data/archive-bytes.ts'
import { type Rig, stageRig, withDefaults } from '../stage-rig.ts'

const kelly = fileURLToPath(new URL('../../../shared/data/kelly', import.meta.url))
let rig: Rig
beforeEach(() => {
  rig = stageRig()
})
afterEach(() => rig.dispose())

const source = (out: string) => JSON.parse(readFileSync(join(out, 'source.json'), 'utf8')) as SourceInfo

async function refused(work: Promise<unknown>): Promise<UserError> {
  const error = await work.then(
    () => new Error('it succeeded'),
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(UserError)
  return error as UserError
}

describe('options', () => {
  const check = (options: Record<string, unknown>) => download.check!(withDefaults(download, options) as never)
  const external = (options: Record<string, unknown>) => download.external!(withDefaults(download, options) as never)

  it('takes demo and catalogue names by name, and everything else as a path, as written', () => {
    expect(external({})).toEqual([])
    expect(external({ source: 'groove' })).toEqual([])
    for (const path of ['../shared/data/kelly', '/mnt/disk/music', '~/music', 'recordings', './groove']) {
      expect(external({ source: path })).toEqual([{ name: 'data', path }])
      expect(check({ source: path })).toEqual([])
    }
    expect(external({ source: 'pmemo', raw: '~/PMEmo2019.zip' })).toEqual([{ name: 'raw', path: '~/PMEmo2019.zip' }])
  })

  it('sees a misspelt name before anything runs', () => {
    expect(check({ source: 'grove' })).toEqual([
      {
        path: ['source'],
        message: 'there is no data set grove',
        hint: 'did you mean `groove`? A folder of that name is written ./grove',
      },
    ])
  })

  it('sees options that contradict each other', () => {
    expect(check({ source: 'demo', raw: 'x' })[0]).toMatchObject({ path: ['raw'] })
    expect(check({ source: './music', mirror: 'http://x' })[0]).toMatchObject({ path: ['mirror'] })
    expect(check({ source: 'groove', raw: 'x', mirror: 'http://x' })).toHaveLength(1)
    expect(check({ source: 'groove', mirror: 'http://x' })).toEqual([])
  })

  it('refuses a mirror that is no address and sizes that are no counts', () => {
    expect(() => check({ mirror: 'ftp://x' })).toThrow(/mirror/)
    expect(() => check({ size: { audio: -1 } })).toThrow(/audio/)
    expect(() => check({ size: { trombones: 3 } })).toThrow(/additional/)
  })
})

describe('a folder of the user’s', () => {
  it('is linked, not copied, and no absolute path is written down', async () => {
    rig.write('music/audio/labels.csv', 'filename,valence,arousal\na.wav,0,0\n')
    rig.write('music/audio/a.wav', 'RIFF')
    rig.write('music/midi/b.MID', 'MThd')
    rig.write('music/chords/progressions.json', '{"progressions":[{"name":"x","chords":["C"]}]}')
    rig.write('music/LICENSE', '\n# Attribution 4.0 International\n\ntext')
    const folder = join(rig.dir, 'music')
    const { out, result } = await rig.run(download, { options: { source: folder }, inputs: { data: folder } })
    expect(readdirSync(out).sort()).toEqual(['data', 'source.json'])
    expect(lstatSync(join(out, 'data')).isSymbolicLink()).toBe(true)
    expect(readlinkSync(join(out, 'data'))).toBe(folder)
    expect(readFileSync(join(out, 'data/audio/a.wav'), 'utf8')).toBe('RIFF')
    expect(source(out)).toEqual({
      format: 'kpipe-source/1',
      name: 'local',
      title: 'music',
      licence: 'Attribution 4.0 International (LICENSE)',
      citation: '',
      url: '',
      generated: false,
    })
    expect(JSON.stringify(result)).not.toContain(rig.dir)
    expect(result).toMatchObject({
      metrics: { audio: 1, midi: 1, chords: 1, drums: 0, labelled: 1 },
      headline: 'music: 1 audio, 1 midi, 1 chords',
    })
  })

  it('says that a licence is not stated', async () => {
    rig.write('music/drums/a.mid', 'MThd')
    const { out } = await rig.run(download, { options: { source: 'music/' }, inputs: { data: join(rig.dir, 'music') } })
    expect(source(out).licence).toBe('not stated')
  })

  it('shows the layout for a folder that is none', async () => {
    rig.write('music/a.wav', 'RIFF')
    const error = await refused(
      rig.run(download, { options: { source: '../music' }, inputs: { data: join(rig.dir, 'music') } }),
    )
    expect(error.message).toBe('../music holds no music in a layout that kpipe knows')
    expect(error.hint).toContain('labels.csv (filename,valence,arousal)')
  })

  it('takes data sets as their publishers lay them out, several at once, with their licences', async () => {
    rig.write('sets/pop/001/001.mid', 'MThd')
    rig.write('sets/pop/001/chord_midi.txt', '0 1 C:maj')
    rig.write('sets/takes/drums/a.mid', 'MThd2')
    const { out, result } = await rig.run(download, {
      options: { source: '../sets' },
      inputs: { data: join(rig.dir, 'sets') },
    })
    expect(lstatSync(join(out, 'data')).isSymbolicLink()).toBe(true)
    expect(result.headline).toBe('sets: 1 midi, 1 chords, 1 drums')
    expect(result.notes).toEqual(['2 data sets: pop, takes'])
    expect(source(out).licence).toBe('pop: MIT')
    const one = await rig.run(download, { options: { source: './pop' }, inputs: { data: join(rig.dir, 'sets/pop') } })
    expect(source(one.out)).toMatchObject({ title: 'pop (POP909)', licence: 'MIT', url: catalogue.pop909.homepage })
  })

  it('says that there is no folder, or that it is a file', async () => {
    const missing = refused(rig.run(download, { options: { source: '/nowhere/music' } }))
    expect((await missing).message).toBe('there is no folder /nowhere/music')
    const file = rig.write('music.zip', 'PK')
    expect(
      (await refused(rig.run(download, { options: { source: './music.zip' }, inputs: { data: file } }))).message,
    ).toBe('./music.zip is a file, not a folder')
  })

  it.runIf(existsSync(kelly))('counts the real Kelly folder', async () => {
    const { result, out } = await rig.run(download, {
      options: { source: '../shared/data/kelly' },
      inputs: { data: kelly },
    })
    expect(result.metrics).toEqual({ audio: 93, midi: 240, chords: 401, drums: 320, labelled: 434 })
    expect(source(out).title).toBe('kelly')
  })
})

describe('demo', () => {
  it('is composed, named as generated everywhere, and the same for the same seed', async () => {
    const options = { size: { audio: 1, midi: 2, chords: 2, drums: 2 } }
    const first = await rig.run(download, { options })
    expect(first.result.metrics).toEqual({ audio: 1, midi: 2, chords: 2, drums: 2, labelled: 7 })
    expect(source(first.out)).toMatchObject({
      name: 'demo',
      generated: true,
      title: 'demo music generated by kpipe (seed 42)',
    })
    expect(first.result.notes![0]).toContain('generated by kpipe')
    expect(first.progress.length).toBeGreaterThan(0)
    const again = await rig.run(download, { options })
    expect(again.asInput.hash).toBe(first.asInput.hash)
    const other = await rig.run(download, { options: { ...options, seed: 7 } })
    expect(other.asInput.hash).not.toBe(first.asInput.hash)
  })
})

describe('a catalogued set', () => {
  const info = 'drummer,session,id,style,bpm,beat_type,time_signature,midi_filename,audio_filename,duration,split\n'
  const row = 'drummer1,drummer1/s,drummer1/s/1,funk,80,beat,4-4,drummer1/s/1.mid,x.wav,8,train\n'
  const archive = zip([
    { name: 'groove/info.csv', data: info + row, deflate: true },
    { name: 'groove/drummer1/s/1.mid', data: 'MThd'.repeat(2000) },
    { name: 'groove/drummer1/s/1.wav', data: 'not wanted' },
  ])
  const phrases = zip([{ name: 'phrases/M_S_A_0.mid', data: 'MThd' }])
  const vgmidi = zip([
    {
      name: 'vgmidi-1e62/vgmidi_labelled.csv',
      data: 'id,series,console,game,piece,midi,valence,arousal\n1,M,S,G,A,labelled/phrases/M_S_A_0.mid,1,-1\n',
    },
    { name: 'vgmidi-1e62/labelled/phrases.zip', data: phrases },
  ])

  let server: Server
  let asked: string[] = []
  let answer: (response: ServerResponse, turn: number, range: string) => void
  const mirror = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/sets/`
  beforeEach(async () => {
    asked = []
    server = createServer((request, response) =>
      answer(response, asked.push(`${request.url} ${request.headers.range ?? ''}`.trim()), request.headers.range ?? ''),
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterEach(() => new Promise((resolve) => server.close(resolve)))

  it('is downloaded and unpacked, archives inside it too; nothing of them stays', async () => {
    answer = (response) => response.writeHead(200, { 'content-length': vgmidi.length }).end(vgmidi)
    const checkpoints = join(rig.dir, 'checkpoints')
    const { out, result, progress } = await rig.run(download, {
      options: { source: 'vgmidi', mirror: mirror() },
      checkpoints,
    })
    expect(asked).toEqual([`/sets/${catalogue.vgmidi.files[0]!.name}`])
    const at = join(out, 'data/vgmidi-1e62f0af/vgmidi-1e62')
    expect(readdirSync(at).sort()).toEqual(['labelled', 'vgmidi_labelled.csv'])
    expect(readdirSync(join(at, 'labelled'))).toEqual(['phrases'])
    expect(readFileSync(join(at, 'labelled/phrases/phrases/M_S_A_0.mid'), 'utf8')).toBe('MThd')
    expect(source(out)).toMatchObject({
      name: 'vgmidi',
      licence: 'none stated by the publisher',
      url: 'https://github.com/lucasnfe/vgmidi',
    })
    expect(result.metrics).toEqual({ audio: 0, midi: 1, chords: 0, drums: 0, labelled: 1 })
    expect(result.headline).toBe('vgmidi: 1 midi')
    expect(result.notes).toEqual([
      'VGMIDI (labelled phrases): none stated by the publisher',
      'vgmidi-1e62f0af.zip could not be checked: no checksum is published',
    ])
    expect(progress.some(({ unit }) => unit === 'bytes')).toBe(true)
    expect(readdirSync(checkpoints)).toEqual([])
  })

  it('goes on with an interrupted download from the checkpoint folder', async () => {
    const half = Math.floor(vgmidi.length / 2)
    answer = (response, turn, range) => {
      const headers = { etag: '"1"', 'content-length': vgmidi.length }
      if (turn === 1) {
        response.writeHead(200, headers)
        response.write(vgmidi.subarray(0, half), () => setImmediate(() => response.destroy()))
      } else {
        expect(range).toBe(`bytes=${half}-`)
        const rest = { etag: '"1"', 'content-range': `bytes ${half}-${vgmidi.length - 1}/${vgmidi.length}` }
        response.writeHead(206, rest).end(vgmidi.subarray(half))
      }
    }
    const checkpoints = join(rig.dir, 'checkpoints')
    const options = { source: 'vgmidi', mirror: mirror(), retries: 0 }
    await refused(rig.run(download, { options, checkpoints }))
    expect(readdirSync(checkpoints).sort()).toEqual(['vgmidi-1e62f0af.zip.part', 'vgmidi-1e62f0af.zip.part.json'])
    const { logs, result } = await rig.run(download, { options, checkpoints })
    expect(result.metrics).toMatchObject({ midi: 1 })
    expect(logs).toContainEqual({ level: 'info', message: `vgmidi-1e62f0af.zip: went on from byte ${half}` })
  })

  it('refuses a file that is not the published one', async () => {
    answer = (response) => response.writeHead(200, { 'content-length': archive.length }).end(archive)
    const error = await refused(rig.run(download, { options: { source: 'groove', mirror: mirror() } }))
    expect(error.message).toContain(`offers ${archive.length} bytes, 3260318 are published`)
  })

  it('takes an archive the user has, without asking anybody', async () => {
    const raw = rig.write('Downloads/groove.zip', archive)
    const { out, result } = await rig.run(download, {
      options: { source: 'groove', raw: '~/Downloads/groove.zip' },
      inputs: { raw },
    })
    expect(asked).toEqual([])
    expect(readFileSync(join(out, 'data/groove/groove/info.csv'), 'utf8')).toBe(info + row)
    expect(existsSync(join(out, 'data/groove/groove/drummer1/s/1.wav'))).toBe(false)
    expect(existsSync(raw)).toBe(true)
    expect(result.notes).toEqual(['Groove MIDI Dataset 1.0.0: CC-BY-4.0'])
  })

  it('takes a folder the user has unpacked, and leaves it as it is', async () => {
    rig.write('groove/info.csv', info + row)
    const midi = rig.write('groove/drummer1/s/1.mid', 'MThd')
    const { out } = await rig.run(download, {
      options: { source: 'groove', raw: 'groove' },
      inputs: { raw: join(rig.dir, 'groove') },
    })
    expect(readlinkSync(join(out, 'data'))).toBe(join(rig.dir, 'groove'))
    expect(existsSync(midi)).toBe(true)
  })

  it('unpacks an archive inside a folder of the user’s in a copy', async () => {
    rig.write(
      'vg/vgmidi_labelled.csv',
      'id,series,console,game,piece,midi,valence,arousal\n1,M,S,G,A,x/M_S_A_0.mid,1,-1\n',
    )
    const packed = rig.write('vg/labelled/phrases.zip', phrases)
    rig.write('vg/unlabelled/b.mid', 'MThd')
    const { out, result } = await rig.run(download, {
      options: { source: 'vgmidi', raw: 'vg' },
      inputs: { raw: join(rig.dir, 'vg') },
    })
    expect(result.metrics).toMatchObject({ midi: 1, labelled: 1 })
    expect(existsSync(join(out, 'data/unlabelled'))).toBe(false)
    expect(existsSync(packed)).toBe(true)
  })

  it('says what it expected of a folder that is something else', async () => {
    rig.write('photos/a.jpg', 'x')
    const raw = join(rig.dir, 'photos')
    const error = await refused(rig.run(download, { options: { source: 'deam', raw: '~/photos' }, inputs: { raw } }))
    expect(error.message).toBe('~/photos does not hold DEAM, MediaEval Database for Emotional Analysis in Music')
    expect(error.hint).toMatch(/^expected: MEMD_audio/)
  })

  it('says where to get a set that wants a click, and what to do then', async () => {
    const error = await refused(rig.run(download, { options: { source: 'pmemo' } }))
    expect(error.message).toContain('cannot be downloaded by a program')
    expect(error.hint).toContain('https://github.com/HuiZhangDB/PMEmo')
    expect(error.hint).toContain('raw: ~/Downloads/PMEmo2019.zip')
  })

  it('never downloads what the user said to have, even when it is not there', async () => {
    const error = await refused(rig.run(download, { options: { source: 'deam', raw: '~/DEAM' } }))
    expect(error.message).toBe('raw: there is no ~/DEAM')
    expect(error.hint).toContain('https://cvml.unige.ch/databases/DEAM/')
  })
})
