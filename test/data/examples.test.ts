import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readExamples } from '../../src/data/examples.ts'
import { songOf } from '../../src/data/songs.ts'
import { folderInput, type Rig, stageRig } from '../stage-rig.ts'

let rig: Rig
beforeEach(() => {
  rig = stageRig()
})
afterEach(() => rig.dispose())

/** Reads a folder with these files; content is the name where none is given. */
async function read(files: Record<string, string>) {
  for (const [path, content] of Object.entries(files)) rig.write(`data/${path}`, content || path)
  return readExamples(`${rig.dir}/data`, folderInput(`${rig.dir}/data`).files())
}

const brief = (items: readonly { id: string; fault: { code: string } }[]) =>
  items.map(({ id, fault }) => `${id} ${fault.code}`)

it('songOf takes clip numbers off, and nothing else', async () => {
  expect(songOf('Q1_0vLPYiPN7qY_0.mid')).toBe('Q1_0vLPYiPN7qY')
  expect(songOf('Q1_1_Q1_1_12.wav')).toBe('Q1_1_Q1_1')
  expect(songOf('sub_dir/a_b_3.mid')).toBe('sub_dir/a_b')
  for (const own of ['happy_001', 'happy_7', 'audio_001', 'a_b_007', 'a_b_123', 'x', '12', 'sub_dir/take_3'])
    expect(songOf(`${own}.wav`)).toBe(own)
})

describe('audio', () => {
  it('pairs labels and files, drops what does not fit, and says why', async () => {
    const { examples, dropped, warnings } = await read({
      'audio/labels.csv': [
        'filename,valence,arousal',
        'song_a_0.wav,0.5,0.5',
        'song_a_1.wav,0.5,0.5',
        'gone.wav,0,0',
        'Clip.wav,0,0',
        'bad.wav,3,0',
        'noext,0,0',
        'text.txt,0,0',
        '../x.wav,0,0',
        'song_a_0.wav,0.1,0.1',
      ].join('\n'),
      'audio/song_a_0.wav': '',
      'audio/song_a_1.wav': '',
      'audio/clip.wav': '',
      'audio/bad.wav': '',
      'audio/noext': '',
      'audio/text.txt': '',
      'audio/nolabel.flac': '',
      'audio/phone.m4a': '',
      'audio/README.md': '',
      'audio/.DS_Store': '',
      'audio/._song_a_0.wav': '',
    })
    expect(examples.map(({ id, source }) => [id, source])).toEqual([
      ['audio/song_a_0.wav', 'audio/song_a'],
      ['audio/song_a_1.wav', 'audio/song_a'],
    ])
    expect(brief(dropped).sort()).toEqual([
      'audio/../x.wav missing-file',
      'audio/Clip.wav missing-file',
      'audio/bad.wav label-range',
      'audio/clip.wav no-label',
      'audio/gone.wav missing-file',
      'audio/noext unknown-extension',
      'audio/nolabel.flac no-label',
      'audio/phone.m4a unknown-extension',
      'audio/text.txt unknown-extension',
    ])
    expect(dropped.find(({ id }) => id === 'audio/Clip.wav')!.fault).toMatchObject({
      path: 'audio/labels.csv',
      offset: 80,
      message: 'line 5: there is no file audio/Clip.wav',
      hint: 'did you mean "clip.wav"?',
    })
    expect(brief(warnings)).toEqual(['audio/song_a_0.wav duplicate-name'])
  })

  it('keeps the first of identical files and lets a source column win', async () => {
    const { examples, dropped } = await read({
      'audio/labels.csv': 'filename,valence,arousal,source\nb.wav,0.5,0,x\na.wav,-0.5,0,x\nc.wav,0,0,\n',
      'audio/a.wav': 'same',
      'audio/b.wav': 'same',
      'audio/c.wav': '',
    })
    expect(examples.map(({ id, source }) => [id, source])).toEqual([
      ['audio/a.wav', 'x'],
      ['audio/c.wav', 'audio/c'],
    ])
    expect(dropped[0]!.fault.message).toBe('byte for byte the same file as audio/a.wav, with another label')
  })

  it('finds files whose names are written with decomposed letters', async () => {
    const { examples, dropped } = await read({
      'audio/labels.csv': 'filename,valence,arousal\nbl\u00fcte.wav,0,0\n',
      'audio/blu\u0308te.wav': '',
    })
    expect(dropped).toEqual([])
    expect(examples[0]!.id.normalize('NFC')).toBe('audio/bl\u00fcte.wav')
  })
})

describe('midi', () => {
  it('without any label file keeps everything unlabelled, with one drops what it does not name', async () => {
    expect((await read({ 'midi/a.mid': '', 'midi/b.midi': '' })).examples.map(({ emotion }) => emotion)).toEqual([
      null,
      null,
    ])
    const named = await read({ 'midi/emotion_labels.json': '{"a.mid": {"valence": 0, "arousal": 1}}' })
    expect(named.examples.map(({ id }) => id)).toEqual(['midi/a.mid'])
    expect(brief(named.dropped)).toEqual(['midi/b.midi no-label'])
  })

  it('reports an unreadable label file once, with line and column', async () => {
    const { unreadable, examples } = await read({ 'midi/a.mid': '', 'midi/emotion_labels.json': '{\n "a.mid": {]\n}' })
    expect(unreadable[0]).toMatchObject({ path: 'midi/emotion_labels.json', offset: 13 })
    expect(unreadable[0]!.message).toContain('line 2, column 12')
    expect(examples).toEqual([])
  })
})

it('chords: every name must be a chord; equal ones are one source or copies', async () => {
  const { examples, dropped } = await read({
    'chords/progressions.json': JSON.stringify({
      progressions: [
        { name: 'a', chords: ['C', 'Am'], emotion: { valence: 1, arousal: 0 } },
        { name: 'b', chords: ['C', 'Am'], emotion: { valence: -1, arousal: 0 } },
        { name: 'c', chords: ['C', 'Am'], emotion: { valence: 1, arousal: 0 } },
        { name: 'd', chords: ['C', 'Hello'] },
        { name: 'e', chords: ['C:maj', 'A:min7', 'N'] },
      ],
    }),
  })
  expect(examples.map(({ id, source }) => [id.split('#')[1], source])).toEqual([
    ['0', 'chords/C-Am'],
    ['1', 'chords/C-Am'],
    ['4', 'chords/C:maj-A:min7-N'],
  ])
  expect(brief(dropped)).toEqual(['chords/progressions.json#2 duplicate', 'chords/progressions.json#3 unknown-chord'])
  expect(dropped[1]!.fault.message).toContain('chord 2 of "d", "Hello"')
})

describe('drums', () => {
  it('needs no labels; a session is a source, unless the data set prescribes splits', async () => {
    const { examples, warnings } = await read({
      'drums/info.csv':
        'midi_filename,session,style,split\nd1/s1/1.mid,d1/s1,rock,validation\nd1/s1/2.mid,d1/s1,funk,\nz.mid,x,,\n',
      'drums/d1/s1/1.mid': '',
      'drums/d1/s1/2.mid': '',
      'drums/d2/s1/3.mid': '',
      'drums/flat.mid': '',
    })
    expect(examples.map(({ source, emotion }) => [source, emotion])).toEqual([
      ['drums/d1/s1/1', null],
      ['drums/d1/s1', null],
      ['drums/d2/s1', null],
      ['drums/flat', null],
    ])
    expect(examples[1]!.facts).toMatchObject({ style: 'funk' })
    expect(warnings[0]!.fault.message).toBe('1 of 3 rows name files that are not here, the first "z.mid" (line 4)')
  })

  it('takes emotion labels where there are some', async () => {
    const { examples } = await read({
      'drums/emotion_labels.json': '{"d/1.mid": {"valence": 0.2, "arousal": 0.9, "source": "me"}}',
      'drums/d/1.mid': '',
      'drums/d/2.mid': '',
    })
    expect(examples.map(({ emotion, source }) => [emotion, source])).toEqual([
      [{ valence: 0.2, arousal: 0.9 }, 'me'],
      [null, 'drums/d'],
    ])
  })
})
