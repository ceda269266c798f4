import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type AdaptJob, filesBelow } from '../../src/data/adapters/adapter.ts'
import { adapters } from '../../src/data/adapters/index.ts'
import { rescale } from '../../src/data/adapters/ratings.ts'
import type { CatalogueId } from '../../src/data/catalogue.ts'
import { readExamples } from '../../src/data/examples.ts'
import { DataError, UserError } from '../../src/lib/errors.ts'
import { sha256 } from '../../src/lib/files.ts'
import { zip } from './archive-bytes.ts'

const shared = fileURLToPath(new URL('../../../shared/data/', import.meta.url))
let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'kpipe-adapt-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

/** Writes `from/<path>` for each entry; a MIDI file's content is its name, so that no two are copies. */
function given(files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [path, data] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, 'from', path)), { recursive: true })
    writeFileSync(join(dir, 'from', path), data === '' ? `MThd ${path}` : data)
  }
}

const job = (take: 'move' | 'copy' = 'move'): AdaptJob => ({
  from: join(dir, 'from'),
  data: join(dir, 'data'),
  scratch: join(dir, 'scratch'),
  take,
})
const adapt = async (id: CatalogueId, take: 'move' | 'copy' = 'move') => adapters[id].adapt(job(take))
const text = (path: string) => readFileSync(join(dir, 'data', path), 'utf8')
const everything = () => filesBelow(join(dir, 'data'), [''])

/** What the next stage makes of it. */
function examples() {
  const root = join(dir, 'data')
  return readExamples(
    root,
    everything().map((path) => ({ path, hash: sha256(readFileSync(join(root, path))) })),
  )
}

const groove = (rows: string[]) =>
  [
    'drummer,session,id,style,bpm,beat_type,time_signature,midi_filename,audio_filename,duration,split',
    ...rows,
    '',
  ].join('\n')
const take = (n: number, split: string) =>
  `drummer1,drummer1/session1,drummer1/session1/${n},jazz/funk,116,fill,4-4,drummer1/session1/${n}_jazz-funk_116_fill_4-4.mid,x.wav,1.87,${split}`

describe('groove', () => {
  it('keeps folders, info.csv and licence; examples carry style and official split', async () => {
    const info = groove([take(1, 'train'), take(2, 'validation'), take(3, 'test')])
    const midi = [1, 2, 3].map((n) => [`groove/drummer1/session1/${n}_jazz-funk_116_fill_4-4.mid`, ''])
    given({ 'groove/info.csv': info, 'groove/LICENSE': 'CC BY 4.0', ...Object.fromEntries(midi) })
    const got = await adapt('groove')
    expect(got).toEqual({ counts: { audio: 0, midi: 0, chords: 0, drums: 3 }, labelled: 0, notes: [] })
    expect(text('drums/info.csv')).toBe(info)
    const reading = examples()
    expect(reading.dropped).toEqual([])
    expect(reading.examples.map((example) => [example.facts.style, example.facts.split])).toEqual([
      ['jazz/funk', 'train'],
      ['jazz/funk', 'validation'],
      ['jazz/funk', 'test'],
    ])
  })

  it('names what the folder lacks, and refuses a folder that lacks all', async () => {
    given({
      'info.csv': groove([take(1, 'train'), take(2, 'train')]),
      'drummer1/session1/2_jazz-funk_116_fill_4-4.mid': '',
    })
    expect((await adapt('groove')).notes).toEqual(['1 of 2 takes that info.csv names are not in the folder'])
    expect(text('drums/info.csv').trim().split('\n')).toHaveLength(2)
    rmSync(join(dir, 'from/drummer1'), { recursive: true })
    await expect(adapt('groove')).rejects.toThrow(/none of the MIDI files that info.csv names/)
  })

  for (const part of ['small/groove', 'train/groove']) {
    it.runIf(existsSync(join(shared, part)))(`takes the real ${part} as it is`, async () => {
      const midi = filesBelow(join(shared, part), ['.mid'])
      const got = await adapters.groove.adapt({ ...job('copy'), from: join(shared, part) })
      const rows = readFileSync(join(shared, part, 'info.csv'), 'utf8')
        .trim()
        .split(/\r?\n/)
      expect(got.counts.drums).toBe(midi.length)
      expect(filesBelow(join(dir, 'data/drums'), ['.mid'])).toEqual(midi)
      if (got.notes.length === 0) expect(text('drums/info.csv').trim().split('\n')).toEqual(rows)
      const reading = examples()
      expect(reading.unreadable).toEqual([])
      expect(reading.examples.length + reading.dropped.length).toBe(midi.length)
      expect(reading.dropped.every(({ fault }) => fault.code === 'duplicate')).toBe(true)
    })
  }
})

describe('e-gmd', () => {
  it('takes each performance once, from the kit with the lowest number', async () => {
    const columns =
      'drummer,session,id,style,bpm,beat_type,time_signature,duration,split,midi_filename,audio_filename,kit_name'
    const row = (n: number, kit: number) =>
      `drummer1,drummer1/s,drummer1/s/${n},funk,138,beat,4-4,27.8,train,drummer1/s/${n}_funk_138_beat_4-4_${kit}.midi,x.wav,"Kit, ${kit}"`
    const rows = [row(1, 12), row(1, 2), row(2, 3), row(2, 1), row(3, 9)]
    const midi = rows.map((line) => [`e-gmd-v1.0.0/${line.split(',')[9]}`, ''])
    given({ 'e-gmd-v1.0.0/e-gmd-v1.0.0.csv': [columns, ...rows].join('\n'), ...Object.fromEntries(midi) })
    const got = await adapt('e-gmd')
    expect(got.notes).toEqual(['2 files left out: the same performances on other drum kits'])
    const names = ['1_funk_138_beat_4-4_2', '2_funk_138_beat_4-4_1', '3_funk_138_beat_4-4_9']
    expect(everything()).toEqual(['drums/info.csv', ...names.map((name) => `drums/drummer1/s/${name}.mid`)].sort())
    expect(text('drums/info.csv').split('\n')[1]).toBe(
      'drummer1,drummer1/s,drummer1/s/1,funk,138,beat,4-4,drummer1/s/1_funk_138_beat_4-4_2.mid,x.wav,27.8,train,"Kit, 2"',
    )
    expect(examples().dropped).toEqual([])
    expect(examples().examples.map((example) => example.facts.kit_name)).toEqual(['Kit, 2', 'Kit, 1', 'Kit, 9'])
  })
})

describe('maestro', () => {
  it('puts performances under midi/ without labels, with split and piece in info.csv', async () => {
    const rows = [
      'Alban Berg,Sonata Op. 1,train,2018,2018/a.midi,2018/a.wav,698.6',
      '"Bach, J. S.","Prelude, BWV 846",test,2008,2008/b.midi,2008/b.wav,1',
      'Nobody,Lost,validation,2008,2008/lost.midi,2008/lost.wav,1',
    ]
    const table = ['canonical_composer,canonical_title,split,year,midi_filename,audio_filename,duration', ...rows].join(
      '\n',
    )
    given({
      'maestro-v3.0.0/maestro-v3.0.0.csv': table,
      'maestro-v3.0.0/2018/a.midi': '',
      'maestro-v3.0.0/2008/b.midi': '',
    })
    const got = await adapt('maestro')
    expect(got.counts.midi).toBe(2)
    expect(got.notes).toEqual(['1 of 3 performances that maestro-v3.0.0.csv names are not in the folder'])
    expect(everything()).toEqual(['midi/2008/b.mid', 'midi/2018/a.mid', 'midi/info.csv'])
    expect(text('midi/info.csv')).toContain('2008/b.mid,test,"Bach, J. S. / Prelude, BWV 846",2008')
    const reading = examples()
    expect(reading.dropped).toEqual([])
    expect(reading.examples.map(({ emotion }) => emotion)).toEqual([null, null])
  })
})

describe('vgmidi', () => {
  const row = (name: string, valence: string, arousal: string) =>
    `1,Mana,SNES,Secret of Mana,${name},labelled/phrases/Mana_SNES_${name}_0.mid,${valence},${arousal}`
  const table = (rows: string[]) => ['id,series,console,game,piece,midi,valence,arousal', ...rows].join('\n')

  it('takes the rated phrases out of the zip inside, with labels and sources', async () => {
    const phrases = zip([
      { name: 'phrases/Mana_SNES_A Tale_0.mid', data: 'a', deflate: true },
      { name: 'phrases/Mana_SNES_B_0.mid', data: 'b' },
      { name: '__MACOSX/phrases/._Mana_SNES_B_0.mid', data: 'x' },
      { name: 'phrases/Mana_SNES_unrated_0.mid', data: 'u' },
    ])
    given({
      'vgmidi-1e62/vgmidi_labelled.csv': table([row('A Tale', '1', '-1'), row('B', '-1', '1')]),
      'vgmidi-1e62/labelled/phrases.zip': phrases,
    })
    const got = await adapt('vgmidi')
    expect(got).toMatchObject({ counts: { midi: 2 }, labelled: 2, notes: [] })
    const reading = examples()
    expect(reading.dropped).toEqual([])
    expect(reading.examples.map(({ id, emotion, source }) => [id, emotion, source])).toEqual([
      ['midi/Mana_SNES_A Tale_0.mid', { valence: 1, arousal: -1 }, 'Mana / Secret of Mana / A Tale'],
      ['midi/Mana_SNES_B_0.mid', { valence: -1, arousal: 1 }, 'Mana / Secret of Mana / B'],
    ])
  })

  it('also takes phrases that are unpacked already, and refuses other labels', async () => {
    given({ 'vgmidi_labelled.csv': table([row('B', '-1', '1')]), 'labelled/phrases/Mana_SNES_B_0.mid': '' })
    expect((await adapt('vgmidi', 'copy')).labelled).toBe(1)
    given({ 'vgmidi_labelled.csv': table([row('B', '0.5', '1')]) })
    await expect(adapt('vgmidi', 'copy')).rejects.toThrow(/valence of .* is "0.5", expected -1 or 1/)
  })
})

describe('lakh-clean', () => {
  it('keeps artists as folders', async () => {
    given({
      'clean_midi/AC_DC/T.N.T..mid': '',
      'clean_midi/Édith Piaf/La vie en rose.1.mid': '',
      'clean_midi/readme.txt': 'x',
    })
    const got = await adapt('lakh-clean')
    expect(got.counts.midi).toBe(2)
    expect(everything()).toEqual(['midi/AC_DC/T.N.T..mid', 'midi/Édith Piaf/La vie en rose.1.mid'])
    expect(examples().examples).toHaveLength(2)
  })
})

describe('slakh2100', () => {
  const yaml = (drum: string) =>
    `UUID: abc\nstems:\n  S00:\n    inst_class: Guitar\n    is_drum: false\n  S01:\n    inst_class: Drums\n    is_drum: ${drum}\n`

  it('takes songs and drum stems with their split, leaves the omitted out', async () => {
    const track = (path: string, drum = 'true') => ({
      [`slakh/${path}/all_src.mid`]: '',
      [`slakh/${path}/metadata.yaml`]: yaml(drum),
      [`slakh/${path}/MIDI/S00.mid`]: '',
      [`slakh/${path}/MIDI/S01.mid`]: '',
    })
    given({
      ...track('train/Track00001'),
      ...track('validation/Track01501', 'false'),
      ...track('test/Track01876'),
      ...track('omitted/Track00002'),
    })
    const got = await adapt('slakh2100')
    expect(got).toMatchObject({ counts: { midi: 3, drums: 2 }, notes: ['1 songs have no drum stem'] })
    expect(text('drums/Track00001.mid')).toContain('Track00001/MIDI/S01.mid')
    expect(text('midi/info.csv')).toBe(
      'midi_filename,split,source\nTrack00001.mid,train,Track00001\nTrack01501.mid,validation,Track01501\nTrack01876.mid,test,Track01876\n',
    )
    const drums = examples().examples.filter(({ room }) => room === 'drums')
    expect(drums.map(({ facts }) => facts.split)).toEqual(['train', 'test'])
  })
})

const level = 'annotations/annotations averaged per song/song_level'

describe('deam', () => {
  it('maps 1 … 9 to -1 … 1 from both tables', async () => {
    given({
      'DEAM_audio/MEMD_audio/2.mp3': 'a',
      'DEAM_audio/MEMD_audio/1001.mp3': 'b',
      'DEAM_audio/MEMD_audio/2058.mp3': 'c',
      'DEAM_audio/MEMD_audio/7.mp3': 'unrated',
      [`DEAM_Annotations/${level}/static_annotations_averaged_songs_1_2000.csv`]:
        'song_id, valence_mean, valence_std, arousal_mean, arousal_std\n2,3.1,0.94,3,0.63\n1001,9,1.75,1,1.62\n3,5,1,5,1\n',
      [`DEAM_Annotations/${level}/static_annotations_averaged_songs_2000_2058.csv`]:
        'song_id, valence_mean, valence_std, valence_ max_mean, arousal_mean, arousal_std\n2058,5,1,7,5.004,1\n',
    })
    const got = await adapt('deam')
    expect(got).toMatchObject({ counts: { audio: 3 }, labelled: 3 })
    expect(got.notes[0]).toMatch(/^1 of 4 clips that static_.* rates are not in the folder$/)
    expect(got.notes[1]).toBe('1 clips without a rating left out')
    expect(text('audio/labels.csv')).toBe(
      'filename,valence,arousal,source,subset\n2.mp3,-0.475,-0.5,deam/2,2013\n1001.mp3,1,-1,deam/1001,2014\n2058.mp3,0,0.001,deam/2058,2015\n',
    )
    const reading = examples()
    expect(reading.dropped).toEqual([])
    expect(reading.examples.map(({ source }) => source)).toEqual(['deam/1001', 'deam/2', 'deam/2058'])
  })

  it('leaves a rating outside the scale out by name, and refuses a table on another scale', async () => {
    const clips = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`MEMD_audio/${i}.mp3`, '']))
    const rows = Array.from({ length: 40 }, (_, i) => `${i},${i === 5 ? 9.5 : 5},0,5,0`)
    const path = `${level}/static_annotations_averaged_songs_1_2000.csv`
    const head = 'song_id, valence_mean, valence_std, arousal_mean, arousal_std\n'
    given({ ...clips, [path]: head + rows.join('\n') })
    expect((await adapt('deam', 'copy')).notes).toEqual(['left out, rated outside 1 … 9: 5.mp3 (9.5, 5)'])
    expect(text('audio/labels.csv')).not.toContain('\n5.mp3')
    given({ [path]: head + rows.map((row) => row.replace(/,5,0$/, ',0.5,0')).join('\n') })
    const error = await adapt('deam', 'copy').catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(DataError)
    expect((error as DataError).message).toContain(
      '40 of 40 ratings are outside 1 … 9, the first 0.mp3 with valence 5, arousal 0.5',
    )
  })
})

describe('pmemo', () => {
  it('maps 0 … 1 to -1 … 1 and leaves unrated clips out', async () => {
    given({
      'PMEmo2019/chorus/1.mp3': '1',
      'PMEmo2019/chorus/4.mp3': '4',
      'PMEmo2019/chorus/5.mp3': '5',
      'PMEmo2019/annotations/static_annotations.csv':
        'musicId,Arousal(mean),Valence(mean)\n1,0.4,0.575\n4,0.2625,0.2875\n',
    })
    const got = await adapt('pmemo')
    expect(got).toMatchObject({ counts: { audio: 2 }, notes: ['1 clips without a rating left out'] })
    expect(text('audio/labels.csv')).toBe(
      'filename,valence,arousal,source\n1.mp3,0.15,-0.2,pmemo/1\n4.mp3,-0.425,-0.475,pmemo/4\n',
    )
  })
})

describe('every adapter', () => {
  it.each(Object.keys(adapters) as CatalogueId[])(
    '%s: says what it expects of a folder that is something else',
    async (id) => {
      given({ 'holiday/photo.jpg': 'x' })
      const error = await adapt(id).catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(UserError)
      expect((error as UserError).hint).toBe(`expected: ${adapters[id].layout}`)
      expect((error as Error).message).not.toContain(dir)
    },
  )

  it('copies from a folder that is not ours and leaves it as it was', async () => {
    given({ 'clean_midi/A/b.mid': '' })
    await adapt('lakh-clean', 'copy')
    expect(existsSync(join(dir, 'from/clean_midi/A/b.mid'))).toBe(true)
    await adapt('lakh-clean', 'move')
    expect(existsSync(join(dir, 'from/clean_midi/A/b.mid'))).toBe(false)
  })

  it('stops when told', async () => {
    given({ 'clean_midi/A/b.mid': '' })
    const signal = AbortSignal.abort(new Error('ctrl-c'))
    await expect(async () => adapters['lakh-clean'].adapt({ ...job(), signal })).rejects.toThrow('ctrl-c')
  })

  it.each<[CatalogueId, string[], string[]]>([
    [
      'groove',
      ['groove/info.csv', 'groove/LICENSE', 'groove/drummer1/session1/1_funk.mid'],
      ['groove/drummer1/session1/1_funk.wav', 'groove/README'],
    ],
    [
      'e-gmd',
      ['e-gmd-v1.0.0/e-gmd-v1.0.0.csv', 'e-gmd-v1.0.0/drummer1/eval_session/1_a_1.midi'],
      ['e-gmd-v1.0.0/drummer1/eval_session/1_a_1.wav'],
    ],
    [
      'maestro',
      ['maestro-v3.0.0/maestro-v3.0.0.csv', 'maestro-v3.0.0/2004/MIDI-Unprocessed_SMF_02.midi'],
      ['maestro-v3.0.0/maestro-v3.0.0.json', 'maestro-v3.0.0/2004/x.wav'],
    ],
    [
      'vgmidi',
      ['vgmidi-1e62f0af/vgmidi_labelled.csv', 'vgmidi-1e62f0af/labelled/phrases.zip'],
      ['vgmidi-1e62f0af/unlabelled/midi.zip', 'vgmidi-1e62f0af/labelled/audio/a.wav'],
    ],
    ['lakh-clean', ['clean_midi/ABBA/Dancing Queen.1.mid'], ['clean_midi/notes.txt']],
    [
      'slakh2100',
      ['slakh2100_flac_redux/train/Track00001/all_src.mid', 'slakh2100_flac_redux/test/Track01876/MIDI/S11.mid'],
      ['slakh2100_flac_redux/train/Track00001/mix.flac', 'slakh2100_flac_redux/omitted/Track00002/all_src.mid'],
    ],
    [
      'deam',
      ['MEMD_audio/10.mp3', `${level}/static_annotations_averaged_songs_2000_2058.csv`],
      ['annotations/annotations averaged per song/dynamic (per second annotations)/arousal.csv'],
    ],
    [
      'pmemo',
      ['PMEmo2019/chorus/1.mp3', 'PMEmo2019/annotations/static_annotations.csv'],
      ['PMEmo2019/lyrics/1.lrc', 'PMEmo2019/annotations/dynamic_annotations.csv'],
    ],
  ])('%s: unpacks what it needs and no more', (id, wanted, unwanted) => {
    expect(wanted.filter((path) => !adapters[id].keep(path))).toEqual([])
    expect(unwanted.filter((path) => adapters[id].keep(path))).toEqual([])
  })
})

describe('rescale', () => {
  it.each([
    ['1', 1, 9, -1],
    ['5', 1, 9, 0],
    ['9', 1, 9, 1],
    ['0.575', 0, 1, 0.15],
    ['0.99', 1, 9, null],
    ['9.01', 1, 9, null],
    ['', 0, 1, null],
    ['n/a', 0, 1, null],
  ])('%s of %d … %d is %s', (value, low, high, expected) => {
    expect(rescale(value, { low, high })).toBe(expected)
  })
})
