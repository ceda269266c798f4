import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { catalogue } from '../../src/data/catalogue.ts'
import { type DataReading, readExamples } from '../../src/data/examples.ts'
import { type LayoutName, layouts } from '../../src/data/layouts/index.ts'
import type { Layout } from '../../src/data/layouts/layout.ts'
import { rescale } from '../../src/data/layouts/ratings.ts'
import { romanChord } from '../../src/data/layouts/roman.ts'
import { splitItems, splitSources } from '../../src/data/split.ts'
import { sha256 } from '../../src/lib/files.ts'
import { parseChord } from '../../src/midi/chords.ts'
import { zip } from './archive-bytes.ts'

const shared = fileURLToPath(new URL('../../../shared/data/', import.meta.url))
let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'kpipe-layout-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

/** Writes these files and reads the folder; where no content is given it is the path, so that no two are copies. */
async function read(files: Readonly<Record<string, string | Uint8Array>>): Promise<DataReading> {
  for (const [path, data] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true })
    writeFileSync(join(dir, path), data === '' ? `content of ${path}` : data)
  }
  return readFolder(dir)
}

const pathsBelow = (root: string, at = ''): string[] =>
  readdirSync(join(root, at), { withFileTypes: true }).flatMap((entry) => {
    const path = at ? `${at}/${entry.name}` : entry.name
    return entry.isDirectory() ? pathsBelow(root, path) : [path]
  })

const readFolder = (root: string): Promise<DataReading> =>
  readExamples(
    root,
    pathsBelow(root).map((path) => ({ path, hash: sha256(readFileSync(join(root, path))) })),
  )

const layoutsOf = ({ parts }: DataReading) => parts.map(({ path, layout }) => (path ? `${path}: ${layout}` : layout))
const faults = (items: DataReading['dropped']) => items.map(({ id, fault }) => `${id} ${fault.code}`)
const csv = (...lines: string[]) => `${lines.join('\n')}\n`
/** Sources that stand in two splits, of a reading split as featurize does. */
function straddling({ examples }: DataReading): string[] {
  const splits = splitSources(splitItems(examples), { val: 0.2, test: 0.1, seed: 1 })
  const sources = new Map<string, Set<string>>()
  for (const { source } of examples) sources.set(source, (sources.get(source) ?? new Set()).add(splits.get(source)!))
  return [...sources].filter(([, found]) => found.size !== 1).map(([source]) => source)
}

describe('groove', () => {
  const head = 'drummer,session,id,style,bpm,beat_type,time_signature,midi_filename,audio_filename,duration,split'
  const take = (n: number, split: string) =>
    `drummer1,drummer1/session1,drummer1/session1/${n},jazz/funk,116,fill,4-4,drummer1/session1/${n}_funk.mid,x.wav,1.87,${split}`

  it('reads style and official split of every take; a take is a source, and what is absent is told once', async () => {
    const info = csv(head, take(1, 'train'), take(2, 'validation'), take(3, 'test'), take(4, 'train'), take(5, 'train'))
    const midi = [1, 2, 3].map((n) => [`groove/drummer1/session1/${n}_funk.mid`, ''])
    const reading = await read({ 'groove/info.csv': info, 'groove/LICENSE': 'x', ...Object.fromEntries(midi) })
    expect(layoutsOf(reading)).toEqual(['groove'])
    expect(reading.examples.map(({ source, facts }) => [source, facts.style, facts.split])).toEqual([
      ['groove/drummer1/session1/1_funk', 'jazz/funk', 'train'],
      ['groove/drummer1/session1/2_funk', 'jazz/funk', 'validation'],
      ['groove/drummer1/session1/3_funk', 'jazz/funk', 'test'],
    ])
    expect(reading.warnings.map(({ fault }) => fault.message)).toEqual([
      '2 of 5 rows name files that are not here, the first "drummer1/session1/4_funk.mid" (line 5)',
    ])
  })

  it('says which column a table lacks', async () => {
    const reading = await read({ 'info.csv': csv('midi_filename,style'), 'drummer1/a.mid': '' })
    expect(reading.unreadable[0]!.message).toContain('no column "bpm"')
  })
})

it('e-gmd: takes each performance once, from the kit with the lowest number', async () => {
  const columns = 'drummer,session,id,style,bpm,duration,split,midi_filename,audio_filename,kit_name'
  const row = (n: number, kit: number) =>
    `d1,d1/s,d1/s/${n},funk,138,27.8,train,d1/s/${n}_b_${kit}.midi,x.wav,"Kit, ${kit}"`
  const rows = [row(1, 12), row(1, 2), row(2, 3), row(2, 1), row(3, 9)]
  const midi = rows.map((line) => [`e-gmd-v1.0.0/${line.split(',')[7]}`, ''])
  const reading = await read({ 'e-gmd-v1.0.0/e-gmd-v1.0.0.csv': csv(columns, ...rows), ...Object.fromEntries(midi) })
  expect(layoutsOf(reading)).toEqual(['e-gmd'])
  expect(reading.examples.map(({ facts }) => facts.kit_name)).toEqual(['Kit, 2', 'Kit, 1', 'Kit, 9'])
  expect(reading.notes).toEqual(['2 files left out: the same performances on other drum kits'])
})

it('maestro: keeps the performances of a piece together, in the split of the publisher', async () => {
  const rows = [
    'Alban Berg,Sonata Op. 1,train,2018,2018/a.midi,2018/a.wav,698.6',
    'Alban Berg,Sonata Op. 1,train,2008,2008/c.midi,2008/c.wav,698.6',
    '"Bach, J. S.","Prelude, BWV 846",test,2008,2008/b.midi,2008/b.wav,1',
    'Nobody,Lost,validation,2008,2008/lost.midi,2008/lost.wav,1',
  ]
  const table = csv('canonical_composer,canonical_title,split,year,midi_filename,audio_filename,duration', ...rows)
  const midi = ['2018/a', '2008/b', '2008/c'].map((name) => [`maestro-v3.0.0/${name}.midi`, ''])
  const reading = await read({ 'maestro-v3.0.0/maestro-v3.0.0.csv': table, ...Object.fromEntries(midi) })
  expect(layoutsOf(reading)).toEqual(['maestro'])
  expect(
    reading.examples.map(({ id, source, emotion, facts }) => [id.slice(-11), source, emotion, facts.split]),
  ).toEqual([
    ['2018/a.midi', 'Alban Berg / Sonata Op. 1', null, 'train'],
    ['2008/c.midi', 'Alban Berg / Sonata Op. 1', null, 'train'],
    ['2008/b.midi', 'Bach, J. S. / Prelude, BWV 846', null, 'test'],
  ])
  const splits = splitSources(splitItems(reading.examples), { val: 0, test: 0.1, seed: 1 })
  expect(splits.get('Bach, J. S. / Prelude, BWV 846')).toBe('test')
  expect(reading.warnings[0]!.fault.message).toContain('1 of 4 rows')
})

describe('vgmidi', () => {
  const row = (name: string, valence: string, arousal: string) =>
    `1,Mana,SNES,Secret of Mana,${name},labelled/phrases/Mana_SNES_${name}_0.mid,${valence},${arousal}`
  const table = (...rows: string[]) => csv('id,series,console,game,piece,midi,valence,arousal', ...rows)

  it('reads the rated phrases, with signs as labels and the piece as source', async () => {
    const reading = await read({
      'vgmidi-1e62/vgmidi_labelled.csv': table(row('A Tale', '1', '-1'), row('B', '-1', '1')),
      'vgmidi-1e62/labelled/phrases/phrases/Mana_SNES_A Tale_0.mid': '',
      'vgmidi-1e62/labelled/phrases/Mana_SNES_B_0.mid': '',
      'vgmidi-1e62/labelled/phrases/Mana_SNES_unrated_0.mid': '',
    })
    expect(layoutsOf(reading)).toEqual(['vgmidi'])
    expect(reading.examples.map(({ emotion, source }) => [emotion, source])).toEqual([
      [{ valence: 1, arousal: -1 }, 'Mana / Secret of Mana / A Tale'],
      [{ valence: -1, arousal: 1 }, 'Mana / Secret of Mana / B'],
    ])
  })

  it('refuses other labels, and says that phrases.zip is still packed', async () => {
    const packed = await read({ 'vgmidi_labelled.csv': table(row('B', '1', '1')), 'labelled/phrases.zip': 'PK' })
    expect(packed.notes).toEqual(['labelled/phrases.zip is not unpacked: unzip it beside itself'])
    const other = await read({
      'vgmidi_labelled.csv': table(row('B', '0.5', '1')),
      'labelled/phrases/Mana_SNES_B_0.mid': '',
    })
    expect(other.unreadable[0]).toMatchObject({
      code: 'label-range',
      message: 'line 2: valence is "0.5", expected -1 or 1',
    })
  })
})

describe('lakh', () => {
  it('clean: transcriptions of one song are one source', async () => {
    const reading = await read({
      'clean_midi/ABBA/Dancing Queen.mid': '',
      'clean_midi/ABBA/Dancing Queen.1.mid': '',
      'clean_midi/AC_DC/T.N.T..mid': '',
      'clean_midi/readme.txt': '',
    })
    expect(layoutsOf(reading)).toEqual(['lakh'])
    expect(reading.examples.map(({ source }) => source)).toEqual([
      'ABBA / Dancing Queen',
      'ABBA / Dancing Queen',
      'AC_DC / T.N.T.',
    ])
  })

  it('matched and full: a recording is a source, a file without one is its own', async () => {
    const md5 = 'd'.repeat(32)
    const matched = await read({
      [`lmd_matched/A/B/C/TRABCDE12903CDDEEF/${md5}.mid`]: '',
      [`lmd_matched/A/B/C/TRABCDE12903CDDEEF/${'e'.repeat(32)}.mid`]: '',
    })
    expect(matched.examples.map(({ source }) => source)).toEqual(['lakh/TRABCDE12903CDDEEF', 'lakh/TRABCDE12903CDDEEF'])
    rmSync(join(dir, 'lmd_matched'), { recursive: true })
    const full = await read({ [`lmd_full/d/${md5}.mid`]: '' })
    expect(full.examples.map(({ source }) => source)).toEqual([`lakh/${md5}`])
  })
})

it('slakh2100: song and drum stem are one source in the split of their folder; the omitted are left out', async () => {
  const yaml = (drum: string) =>
    `UUID: abc\nstems:\n  S00:\n    inst_class: Guitar\n    is_drum: false\n  S01:\n    inst_class: Drums\n    is_drum: ${drum}\n`
  const track = (path: string, drum = 'true') => ({
    [`slakh/${path}/all_src.mid`]: '',
    [`slakh/${path}/metadata.yaml`]: yaml(drum),
    [`slakh/${path}/MIDI/S00.mid`]: '',
    [`slakh/${path}/MIDI/S01.mid`]: '',
  })
  const tracks = {
    ...track('train/Track00001'),
    ...track('validation/Track01501', 'false'),
    ...track('test/Track01876'),
  }
  const reading = await read({ ...tracks, ...track('omitted/Track00002') })
  expect(layoutsOf(reading)).toEqual(['slakh2100'])
  expect(reading.examples.map(({ room, id, source, facts }) => [room, id, source, facts.split])).toEqual([
    ['midi', 'slakh/test/Track01876/all_src.mid', 'slakh/Track01876', 'test'],
    ['midi', 'slakh/train/Track00001/all_src.mid', 'slakh/Track00001', 'train'],
    ['midi', 'slakh/validation/Track01501/all_src.mid', 'slakh/Track01501', 'validation'],
    ['drums', 'slakh/test/Track01876/MIDI/S01.mid', 'slakh/Track01876', 'test'],
    ['drums', 'slakh/train/Track00001/MIDI/S01.mid', 'slakh/Track00001', 'train'],
  ])
  expect(reading.notes).toEqual(['1 songs have no drum stem', '1 omitted tracks left out: they repeat others'])
})

const level = 'annotations/annotations averaged per song/song_level'

describe('deam', () => {
  const first = `${level}/static_annotations_averaged_songs_1_2000.csv`
  const head = 'song_id, valence_mean, valence_std, arousal_mean, arousal_std'

  it('maps 1 … 9 to -1 … 1 from both tables', async () => {
    const reading = await read({
      'DEAM_audio/MEMD_audio/2.mp3': '',
      'DEAM_audio/MEMD_audio/1001.mp3': '',
      'DEAM_audio/MEMD_audio/2058.mp3': '',
      'DEAM_audio/MEMD_audio/7.mp3': '',
      [`DEAM_Annotations/${first}`]: csv(head, '2,3.1,0.94,3,0.63', '1001,9,1.75,1,1.62', '3,5,1,5,1'),
      [`DEAM_Annotations/${level}/static_annotations_averaged_songs_2000_2058.csv`]: csv(
        'song_id, valence_mean, valence_std, valence_ max_mean, arousal_mean, arousal_std',
        '2058,5,1,7,5.004,1',
      ),
    })
    expect(layoutsOf(reading)).toEqual(['deam'])
    expect(reading.examples.map(({ source, emotion, facts }) => [source, emotion, facts.subset])).toEqual([
      ['deam/2', { valence: -0.475, arousal: -0.5 }, '2013'],
      ['deam/1001', { valence: 1, arousal: -1 }, '2014'],
      ['deam/2058', { valence: 0, arousal: 0.001 }, '2015'],
    ])
    expect(faults(reading.dropped)).toEqual(['DEAM_audio/MEMD_audio/7.mp3 no-label'])
    expect(reading.warnings.map(({ fault }) => fault.message)).toEqual([
      '1 of 3 rows name files that are not here, the first "3" (line 4)',
    ])
  })

  it('leaves a rating outside the scale out by name, and refuses a table on another scale', async () => {
    const clips = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`MEMD_audio/${i}.mp3`, '']))
    const rows = Array.from({ length: 40 }, (_, i) => `${i},${i === 5 ? 9.5 : 5},0,5,0`)
    const one = await read({ ...clips, [first]: csv(head, ...rows) })
    expect(one.dropped.map(({ id, fault }) => [id, fault.message])).toEqual([
      ['MEMD_audio/5.mp3', 'line 7: rated outside 1 … 9 (9.5, 5)'],
    ])
    expect(one.examples).toHaveLength(39)
    const all = await read({ [first]: csv(head, ...rows.map((row) => row.replace(/,5,0$/, ',0.5,0'))) })
    expect(all.examples).toEqual([])
    expect(all.unreadable[0]!.message).toBe(
      '40 of 40 ratings are outside 1 … 9, the first 0 with valence 5, arousal 0.5',
    )
  })
})

it('pmemo: maps 0 … 1 to -1 … 1 and leaves unrated clips out', async () => {
  const reading = await read({
    'PMEmo2019/chorus/1.mp3': '',
    'PMEmo2019/chorus/4.mp3': '',
    'PMEmo2019/chorus/5.mp3': '',
    'PMEmo2019/annotations/static_annotations.csv': csv(
      'musicId,Arousal(mean),Valence(mean)',
      '1,0.4,0.575',
      '4,0.2625,0.2875',
    ),
  })
  expect(layoutsOf(reading)).toEqual(['pmemo'])
  expect(reading.examples.map(({ source, emotion }) => [source, emotion])).toEqual([
    ['pmemo/1', { valence: 0.15, arousal: -0.2 }],
    ['pmemo/4', { valence: -0.425, arousal: -0.475 }],
  ])
  expect(reading.notes).toEqual(['1 clips without a rating left out'])
})

it('pop909: music and chords of a song are one source, versions are left out', async () => {
  const reading = await read({
    'POP909/001/001.mid': '',
    'POP909/001/chord_midi.txt': '0.9 2.0 N\n2.0 3.1 F:maj/5\n3.1 4.2 G:min7\n',
    'POP909/001/key_audio.txt': '0 10 Gb:maj\n10 100 F:maj\n',
    'POP909/001/versions/001-v1.mid': '',
    'POP909/002/002.mid': '',
    'POP909/002/chord_midi.txt': '0 1 Q:strange\n',
  })
  expect(layoutsOf(reading)).toEqual(['pop909'])
  expect(reading.examples.map(({ room, source, facts }) => [room, source, facts.key, facts.chords])).toEqual([
    ['midi', 'pop909/001', 'F:maj', undefined],
    ['midi', 'pop909/002', undefined, undefined],
    ['chords', 'pop909/001', 'F:maj', ['N', 'F:maj/5', 'G:min7']],
  ])
  expect(reading.dropped[0]!.fault.message).toBe('chord 1 of "POP909 002", "Q:strange", is no chord name')
  expect(reading.notes).toEqual(['1 files in versions/ left out: other arrangements of the same songs'])
})

it('emopia: the quadrant is the label, the video the source', async () => {
  const reading = await read({
    'EMOPIA_2.1/midis/Q2_ab_c-1_0.mid': '',
    'EMOPIA_2.1/midis/Q2_ab_c-1_11.mid': '',
    'EMOPIA_2.1/label.csv': 'ID,4Q\n',
  })
  expect(layoutsOf(reading)).toEqual(['emopia'])
  expect(reading.examples.map(({ source, emotion, facts }) => [source, emotion, facts.label])).toEqual([
    ['emopia/ab_c-1', { valence: -0.5, arousal: 0.5 }, 'Q2'],
    ['emopia/ab_c-1', { valence: -0.5, arousal: 0.5 }, 'Q2'],
  ])
})

describe('mcgill-billboard', () => {
  const song = (title: string, ...lines: string[]) =>
    `# title: ${title}\n# artist: Them\n# metre: 4/4\n# tonic: Ab\n\n0.0\tsilence\n${lines.join('\n')}\n`

  it('reads bars, held beats, repeats and changes of metre; copies are dropped before any split', async () => {
    const text = song(
      'Song',
      '0.25\tA, intro, | Ab:maj . . Db:maj/5 | (3/4) G:hdim7 | x2, (synth)',
      '9.1\t| N | &pause * |',
      '12\tend',
    )
    const reading = await read({
      'McGill-Billboard/0003/salami_chords.txt': text,
      'McGill-Billboard/0004/salami_chords.txt': text,
      'McGill-Billboard/0005/salami_chords.txt': song('Other', '1.0\tB, | C:maj |'),
    })
    expect(layoutsOf(reading)).toEqual(['mcgill-billboard'])
    expect(reading.examples.map(({ source, facts }) => [source, facts.tonic, facts.chords])).toEqual([
      ['Them / Song', 'Ab', ['Ab:maj', 'Db:maj/5', 'G:hdim7', 'Ab:maj', 'Db:maj/5', 'G:hdim7', 'N']],
      ['Them / Other', 'Ab', ['C:maj']],
    ])
    expect(faults(reading.dropped)).toEqual(['McGill-Billboard/0004/salami_chords.txt duplicate'])
  })

  it('reads the .lab form', async () => {
    const reading = await read({ '0003/full.lab': '0.0\t1.5\tN\n1.5\t3.25\tC:maj\n\n' })
    expect(reading.examples.map(({ source, facts }) => [source, facts.chords])).toEqual([
      ['billboard/0003', ['N', 'C:maj']],
    ])
  })
})

it('weimar: solos over one tune are one source, whoever plays', async () => {
  const index = [
    { file: 'A_GiantSteps-2_FINAL.mid', performer: 'A A', title: 'Giant Steps', key: 'B-maj', chords: ['Bj7', 'D7'] },
  ]
  const reading = await read({
    'A_GiantSteps-2_FINAL.mid': '',
    'B_GiantSteps_FINAL.mid': '',
    'B_Misty_FINAL.mid': '',
    'index.json': JSON.stringify(index),
  })
  expect(layoutsOf(reading)).toEqual(['weimar'])
  expect(reading.examples.map(({ room, source, facts }) => [room, source, facts.performer, facts.key])).toEqual([
    ['midi', 'weimar/giantsteps', 'A A', 'B-maj'],
    ['midi', 'weimar/giantsteps', 'B', undefined],
    ['midi', 'weimar/misty', 'B', undefined],
    ['chords', 'weimar/giantsteps', 'A A', 'B-maj'],
  ])
})

describe('openewld', () => {
  const harmony = (step: string, kind: string, more = '') =>
    `<harmony print-frame="no"><root><root-step>${step}</root-step>${more}</root><kind text="x">${kind}</kind></harmony>`
  const bass = '<bass><bass-step>G</bass-step></bass>'

  it('reads chord symbols and key out of compressed scores', async () => {
    const xml = `<score-partwise><key><fifths>-3</fifths><mode>minor</mode></key>${harmony('C', 'minor')}${harmony('B', 'dominant', '<root-alter>-1</root-alter>')}${harmony('C', 'major-seventh').replace('</harmony>', `${bass}</harmony>`)}${harmony('C', 'none')}</score-partwise>`
    const mxl = zip([
      { name: 'META-INF/container.xml', data: '<container/>' },
      { name: 'Oh.xml', data: xml, deflate: true },
    ])
    const reading = await read({
      'OpenEWLD-1/dataset/Al_B/Oh,_Johnny/Oh,_Johnny.mxl': mxl,
      'OpenEWLD-1/dataset/Al_B/Oh,_Johnny/Oh,_Johnny.txt': 'la',
    })
    expect(layoutsOf(reading)).toEqual(['openewld'])
    expect(reading.examples.map(({ source, facts }) => [source, facts.key, facts.name, facts.chords])).toEqual([
      ['Al_B/Oh,_Johnny', 'C minor', 'Oh, Johnny', ['Cm', 'Bb7', 'Cmaj7/G']],
    ])
  })

  it('names a score that is damaged', async () => {
    const reading = await read({ 'dataset/A/B/B.mxl': 'PK no zip' })
    expect(reading.unreadable[0]).toMatchObject({ path: 'dataset/A/B/B.mxl', code: 'bad-archive' })
  })

  it('reads MIDI made of it by its index', async () => {
    const index = [
      { file: 'a.mid', title: 'A', key: 'C', chords: ['C', 'G7'], source: 'X/A/A.mxl' },
      { file: 'gone.mid', title: 'G', chords: ['C'], source: 'X/G/G.mxl' },
    ]
    const reading = await read({ 'index.json': JSON.stringify(index), 'a.mid': '' })
    expect(reading.examples.map(({ room, source, facts }) => [room, source, facts.key])).toEqual([
      ['midi', 'X/A/A', 'C'],
      ['chords', 'X/A/A', 'C'],
    ])
    expect(reading.notes).toEqual(['1 of 2 songs of index.json are not in the folder'])
  })
})

describe('mk', () => {
  it('takes the class from the folder or the table, whose names start at emotions/', async () => {
    const reading = await read({
      'metadata.csv': csv(
        'file,label,duration,emotion,genre,tempo,key',
        'happy/a.wav,happy,3.5,happy,pop,120,C',
        'Sadness/b.wav,,4,,ballad,80,Am',
      ),
      'raw/emotions/happy/a.wav': '',
      'raw/emotions/Sadness/b.wav': '',
      'raw/emotions/bored/c.wav': '',
      'raw/melodies/m.mid': '',
      'raw/grooves/g.mid': '',
    })
    expect(layoutsOf(reading)).toEqual(['mk'])
    expect(reading.examples.map(({ room, facts, emotion }) => [room, facts.label, facts.genre, emotion])).toEqual([
      ['audio', 'sad', 'ballad', { valence: -0.7, arousal: -0.5 }],
      ['audio', 'bored', undefined, null],
      ['audio', 'happy', 'pop', { valence: 0.8, arousal: 0.5 }],
      ['midi', undefined, undefined, null],
      ['drums', undefined, undefined, null],
    ])
    expect(reading.notes).toEqual(['no valence and arousal is known for the classes bored'])
  })

  it('reads metadata.json too', async () => {
    const samples = [{ file: 'happy/a.wav', label: 'happy', duration: 3.5, tags: ['upbeat', 'major'] }]
    const reading = await read({ 'metadata.json': JSON.stringify({ samples }), 'emotions/happy/a.wav': '' })
    expect(reading.examples[0]!.facts).toEqual({ label: 'happy', duration: '3.5', tags: 'upbeat major' })
  })
})

describe('folders that people make', () => {
  it('tagged: files and a table with classes or ratings', async () => {
    const reading = await read({
      'metadata.csv': csv('file,label,valence,arousal,source', 'kick.wav,bd,,,x', 'calm.wav,,0.4,-0.6,'),
      'audio/kick.wav': '',
      'audio/calm.wav': '',
      'audio/other.wav': '',
    })
    expect(layoutsOf(reading)).toEqual(['tagged'])
    expect(reading.examples.map(({ source, facts, emotion }) => [source, facts.label, emotion])).toEqual([
      ['audio/calm', undefined, { valence: 0.4, arousal: -0.6 }],
      ['x', 'bd', null],
    ])
    expect(faults(reading.dropped)).toEqual(['audio/other.wav no-label'])
    const wrong = await read({ 'metadata.csv': csv('file,valence,arousal', 'kick.wav,7,3') })
    expect(wrong.unreadable[0]).toMatchObject({
      code: 'label-range',
      hint: 'labels on the 1 … 9 scale become (x - 5) / 4',
    })
  })

  it('kelly: label files may lie beside the folders, and midi/info.csv prescribes split and source', async () => {
    const reading = await read({
      'labels.csv': csv('filename,valence,arousal', 'a.wav,0.5,0.5', 'audio/b.wav,-0.5,0.5'),
      'audio/a.wav': '',
      'audio/b.wav': '',
      'midi/x.mid': '',
      'midi/info.csv': csv('midi_filename,split,source', 'x.mid,test,Song X'),
    })
    expect(layoutsOf(reading)).toEqual(['kelly'])
    expect(reading.examples.map(({ source, facts }) => [source, facts.split])).toEqual([
      ['audio/a', undefined],
      ['audio/b', undefined],
      ['Song X', 'test'],
    ])
    expect(reading.dropped).toEqual([])
  })

  it('classes: folders named by words of emotion; other folders are just folders', async () => {
    const words = await read({ 'happy/a.wav': '', 'sad/b.mid': '' })
    expect(layoutsOf(words)).toEqual(['classes'])
    expect(words.examples.map(({ room, facts }) => [room, facts.label])).toEqual([
      ['audio', 'happy'],
      ['midi', 'sad'],
    ])
    rmSync(join(dir, 'happy'), { recursive: true })
    const loose = await read({ 'ABBA/x.mid': '', 'songs/beats/y.mid': '' })
    expect(layoutsOf(loose)).toEqual(['loose'])
  })

  it('nothing: audio that nobody labelled, and folders without music', async () => {
    expect((await read({ 'a.wav': '', 'b/c.mp3': '' })).parts).toEqual([])
  })

  it('chord lists: songs, and Roman numerals with moods', async () => {
    const reading = await read({
      'billboard.json': JSON.stringify({ songs: [{ title: 'T', artist: 'A', tonic: 'C', chords: ['C:maj', 'N'] }] }),
      'moods.json': JSON.stringify({
        progressions: [{ mode: 'minor', roman: ['i', 'VI7', 'bIIM'], moods: ['Sad', 'Peaceful'] }],
      }),
    })
    expect(layoutsOf(reading)).toEqual(['chord-lists'])
    expect(reading.examples.map(({ source, emotion, facts }) => [source, emotion, facts.chords])).toEqual([
      ['A / T', null, ['C:maj', 'N']],
      [expect.stringMatching(/^chords\/[0-9a-f]{16}$/), { valence: -0.05, arousal: -0.55 }, ['Cm', 'Abmaj7', 'Db']],
    ])
  })
})

describe('a folder of several sets', () => {
  it('reads each in its own layout, keeps their songs apart, drops copies over all, and splits each by itself', async () => {
    const info = csv(
      'midi_filename,style,bpm,split',
      'drummer1/1.mid,rock,120,train',
      'drummer1/2.mid,rock,120,validation',
      'drummer1/3.mid,rock,120,test',
    )
    const own = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`mine/drums/s${i}/x.mid`, '']))
    const reading = await read({
      'groove/info.csv': info,
      'groove/drummer1/1.mid': 'same',
      'groove/drummer1/2.mid': '',
      'groove/drummer1/3.mid': '',
      'mine/drums/copy.mid': 'same',
      ...own,
      'pop/001/001.mid': '',
      'pop/001/chord_midi.txt': '0 1 C:maj\n',
      'notes.txt': '',
    })
    expect(layoutsOf(reading)).toEqual(['groove: groove', 'mine: kelly', 'pop: pop909'])
    expect(reading.examples.find(({ room }) => room === 'midi')).toMatchObject({
      id: 'pop/001/001.mid',
      source: 'pop: pop909/001',
      part: 'pop',
    })
    expect(reading.dropped.map(({ id, fault }) => [id, fault.message])).toEqual([
      ['mine/drums/copy.mid', 'byte for byte the same file as groove/drummer1/1.mid'],
    ])
    const splits = splitSources(splitItems(reading.examples.filter(({ room }) => room === 'drums')), {
      val: 0.2,
      test: 0.1,
      seed: 1,
    })
    const count = (part: string, split: string) =>
      [...splits].filter(([source, is]) => source.startsWith(part) && is === split).length
    // Groove's own validation and test leave those of the other set as they are asked for.
    expect([count('mine', 'val'), count('mine', 'test'), count('groove', 'val'), count('groove', 'test')]).toEqual([
      2, 1, 1, 1,
    ])
  })
})

describe('every catalogued set', () => {
  it.each<[LayoutName, string[], string[]]>([
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
    ['lakh', ['clean_midi/ABBA/Dancing Queen.1.mid'], ['clean_midi/notes.txt']],
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
    [
      'pop909',
      ['P-1/POP909/001/001.mid', 'P-1/POP909/001/chord_midi.txt', 'P-1/POP909/001/key_audio.txt'],
      ['P-1/POP909/001/versions/001-v1.mid', 'P-1/README.md', 'P-1/data_process/x.py'],
    ],
    [
      'emopia',
      ['EMOPIA_2.1/midis/Q1_0vLPYiPN7qY_0.mid', 'EMOPIA_2.1/label.csv'],
      ['EMOPIA_2.1/timestamps/x.json', '__MACOSX/EMOPIA_2.1/midis/._Q1_0vLPYiPN7qY_0.mid.json'],
    ],
    [
      'openewld',
      ["O-1/dataset/A._B/The_Bells_of_St._Mary's/The_Bells_of_St._Mary's.mxl"],
      ['O-1/OpenEWLD.db', 'O-1/dataset/A/B/B.csv'],
    ],
    [
      'mcgill-billboard',
      ['McGill-Billboard/0003/salami_chords.txt', 'McGill-Billboard/0003/full.lab'],
      ['McGill-Billboard/0003/tuning.csv'],
    ],
    ['weimar', ['ArtPepper_Anthropology_FINAL.mid'], ['readme.txt']],
  ])('%s: unpacks what it needs and no more', (name, wanted, unwanted) => {
    const keep = (layouts[name] as Layout).keep!
    expect(wanted.filter((path) => !keep(path))).toEqual([])
    expect(unwanted.filter((path) => keep(path))).toEqual([])
    expect(Object.values(catalogue).some((entry) => entry.layout === name)).toBe(true)
  })
})

describe('real excerpts', () => {
  /** Layout, examples and drops a room of every folder of train/ and of kelly/, and what no song may do. */
  it.each<[string, string[], Record<string, number>, Record<string, number>]>([
    ['train/groove', ['groove'], { drums: 1020 }, { duplicate: 1 }],
    ['train/pop909', ['pop909'], { midi: 560, chords: 560 }, {}],
    ['train/openewld_midi', ['openewld'], { midi: 451, chords: 451 }, {}],
    ['train/weimar', ['weimar'], { midi: 352, chords: 339 }, { duplicate: 13 }],
    ['train/emopia', ['kelly'], { midi: 965 }, {}],
    ['train/chords', ['chord-lists'], { chords: 836 }, {}],
    ['train/audio_va', ['kelly'], { audio: 93 }, {}],
    ['train/sonicpi', ['tagged'], { audio: 109 }, {}],
    ['kelly', ['kelly'], { audio: 93, midi: 240, chords: 401, drums: 320 }, {}],
  ])('%s', async (path, expected, rooms, drops) => {
    const folder = join(shared, path)
    if (!existsSync(folder)) return
    const reading = await readFolder(folder)
    expect(layoutsOf(reading)).toEqual(expected)
    expect(reading.unreadable).toEqual([])
    expect(tally(reading.examples.map(({ room }) => room))).toEqual(rooms)
    expect(tally(reading.dropped.map(({ fault }) => fault.code))).toEqual(drops)
    expect(straddling(reading)).toEqual([])
  })

  it.runIf(existsSync(join(shared, 'train/groove')))('Groove keeps its official split', async () => {
    const reading = await readFolder(join(shared, 'train/groove'))
    const splits = splitSources(splitItems(reading.examples), { val: 0.2, test: 0, seed: 1 })
    const official: Record<string, string> = { train: 'train', validation: 'val', test: 'test' }
    for (const { source, facts } of reading.examples) expect(splits.get(source)).toBe(official[String(facts.split)])
  })

  it.runIf(existsSync(join(shared, 'train/chords')))(
    'every Roman numeral and mood of free-midi-chords is understood',
    () => {
      const { progressions } = JSON.parse(readFileSync(join(shared, 'train/chords/free_midi_chords.json'), 'utf8')) as {
        progressions: { mode: string; roman: string[] }[]
      }
      const chords = progressions.flatMap(({ mode, roman }) => roman.map((one) => romanChord(one, mode)))
      expect(chords.filter((chord) => parseChord(chord) === null)).toEqual([])
      expect(chords.length).toBeGreaterThan(800)
    },
  )
})

const tally = (words: readonly string[]) => {
  const found: Record<string, number> = {}
  for (const word of words) found[word] = (found[word] ?? 0) + 1
  return found
}

it.each([
  ['I7', 'major', 'Cmaj7'],
  ['V7', 'major', 'G7'],
  ['Idom7', 'major', 'C7'],
  ['ii7', 'major', 'Dm7'],
  ['III', 'minor', 'Eb'],
  ['VI7', 'minor', 'Abmaj7'],
  ['bVIIM', 'modal', 'Bb'],
  ['ivm', 'modal', 'Fm'],
  ['#IVdim', 'modal', 'F#dim'],
  ['vsus4', 'minor', 'Gsus4'],
  ['bIIM7', 'modal', 'Dbmaj7'],
  ['H', 'major', 'H'],
])('numeral %s in %s is %s', (numeral, mode, chord) => {
  expect(romanChord(numeral, mode)).toBe(chord)
})

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
