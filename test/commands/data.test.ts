import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dataCommand, type DataOptions } from '../../src/commands/data.ts'
import type { Io } from '../../src/io.ts'
import { beatMidi, kellyFiles, scaleMidi } from '../kelly-folder.ts'
import { Project } from '../rig.ts'

let project: Project
beforeAll(() => {
  project = new Project()
  const mine = Object.fromEntries(Object.entries(kellyFiles()).map(([path, data]) => [`music/${path}`, data]))
  project.write({
    'pipelines/p.yaml': 'name: p\nparams: { data: ./music }\nstages:\n  download: { with: { source: "${data}" } }\n',
    ...mine,
    'sets/pop/001/001.mid': scaleMidi(50),
    'sets/pop/001/chord_midi.txt': '0 1 C:maj\n1 2 G:7\n',
    'sets/takes/drums/rock/a.mid': beatMidi(2),
    'sets/takes/drums/rock/broken.mid': 'MThd',
    'sets/empty/readme.txt': 'x',
    'nothing/photo.jpg': 'x',
  })
})
afterAll(() => project.dispose())

async function data(words: string, more: Partial<DataOptions> & { unicode?: boolean } = {}) {
  let out = ''
  const io: Io = {
    cwd: project.root,
    out: (text) => void (out += text),
    err: () => {},
    color: false,
    unicode: more.unicode ?? true,
    columns: 110,
  }
  const options = { words: words.split(' ').filter(Boolean), json: false, items: 2, seed: '42', room: '', ...more }
  expect(await dataCommand(options, io)).toBe(0)
  return out
}
const json = async (words: string, more: Partial<DataOptions> = {}) =>
  JSON.parse(await data(words, { ...more, json: true })) as any

describe('data list', () => {
  it('has the catalogue and, once a run has brought it in, what is at hand', async () => {
    const before = await json('list')
    expect(before.catalogue.map(({ name }: { name: string }) => name)).toEqual(
      expect.arrayContaining(['demo', 'groove', 'pop909']),
    )
    expect(before.at_hand).toEqual([])
    project.run('p')
    const after = await json('list')
    expect(after.at_hand).toMatchObject([{ name: 'local', title: 'music', stage: 'p/download' }])
    const text = await data('list')
    expect(text).toMatch(/^name +what +rooms +download +licence +at hand\n/)
    expect(text).toContain('your own, at hand\n  music')
  })

  it('looks into folders', async () => {
    expect(await json('list sets')).toEqual({
      sets: [
        { path: 'pop', layout: 'pop909', items: { midi: 1, chords: 1 }, labelled: 0, licence: 'MIT' },
        { path: 'takes', layout: 'kelly', items: { drums: 2 }, labelled: 0, licence: '' },
      ],
    })
    expect(await data('list music')).toMatch(/music +kelly +8 audio, 8 midi, 6 chords, 6 drums +20/)
    expect(await data('list nothing')).toBe('nothing: no music in a layout that kpipe knows\n')
  })
})

describe('data show', () => {
  it('tells all of a catalogued set', async () => {
    const facts = await json('show deam')
    expect(facts).toMatchObject({ name: 'deam', rooms: 'audio', 'at hand': 'no: kpipe run --set data=deam download' })
    expect(facts.labels).toContain('1 … 9 scaled to -1 … 1; outside of it refused')
    expect(facts.models).toEqual([
      'emotion_recognizer: yes',
      'melody_transformer: no (no midi)',
      'harmony_predictor: no (no chords and no midi)',
      'dynamics_engine: no (no midi)',
      'groove_predictor: no (no drums)',
    ])
    const text = await data('show maestro')
    expect(text).toMatch(/licence +CC-BY-NC-SA-4\.0/)
    expect(text).toMatch(/split +train 962, validation 137, test 177/)
    expect(text).toMatch(/melody_transformer: no \(no midi with valence and arousal\)/)
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(160)
  })

  it('tells the same of a folder', async () => {
    const facts = await json('show sets')
    expect(facts.sets).toEqual(['pop (pop909): 1 midi, 1 chords; MIT', 'takes (kelly): 2 drums'])
    expect(facts.models).toContain('groove_predictor: yes')
    expect(facts.split).toBe('none of its own')
  })
})

describe('data stats', () => {
  it('counts what can be used and says what cannot', async () => {
    const stats = await json('stats sets')
    expect(stats.dropped).toEqual({ 'truncated-header': 1 })
    expect(stats.rooms.map(({ room, items }: { room: string; items: number }) => [room, items])).toEqual([
      ['midi', 1],
      ['chords', 1],
      ['drums', 1],
    ])
    const text = await data('stats music --room midi'.replace(' --room midi', ''), { room: 'midi' })
    expect(text).toContain('midi: 8 items of 8 sources, 8 labelled')
    expect(text).toContain('MIDI pitch (60 is middle C)')
    expect(text).toMatch(/Q1 \+valence \+arousal {2}█+ 2/)
    expect(text).not.toContain('audio')
    expect(await data('stats music', { unicode: false })).toMatch(/Q1 \+valence \+arousal {2}#+ 2/)
  })
})

describe('data sample', () => {
  it('draws by seed, the same every time', async () => {
    const first = await data('sample music')
    expect(await data('sample music')).toBe(first)
    expect(await data('sample music', { seed: '7' })).not.toBe(first)
    const items = await json('sample music', { room: 'midi', items: 3 })
    expect(items).toHaveLength(3)
    expect(items[0]).toMatchObject({ room: 'midi', notes: 32, fault: '' })
  })

  it('shows labels and a sketch of each kind, and names what cannot be read', async () => {
    const text = await data('sample music', { items: 1 })
    expect(text).toMatch(/^audio {2}audio\/clip \d\.wav\n {2}1\.0 s, valence -?0\.50, arousal -?0\.50\n {2}song: /)
    expect(text).toMatch(/[▁▂▃▄▅▆▇█]{20}/)
    expect(text).toMatch(/[⠁-⣿]{3}/)
    expect(await data('sample sets', { room: 'drums', items: 9 })).toContain(
      'cannot be read: takes/drums/rock/broken.mid: ',
    )
  })
})

describe('mistakes', () => {
  it.each([
    ['', 'kpipe data what?', 'one of list, show, stats, sample; kpipe help data says more'],
    ['stat music', 'data has no command stat', 'did you mean kpipe data stats?'],
    ['stats', 'which data? name a folder or a data set', 'kpipe data list shows what there is'],
    ['stats groove', 'groove is not at hand', 'kpipe run --set data=groove download brings it in'],
    ['show grove', 'there is no folder grove', 'did you mean groove?'],
    ['stats nothing', 'nothing holds no music in a layout that kpipe knows', 'kpipe help data says more'],
    ['sample nothing', 'nothing has no music', 'kpipe data stats tells what it has'],
  ])('%s', async (words, message, hint) => {
    await expect(data(words)).rejects.toMatchObject({ message, hint })
  })

  it('a room that is none', async () => {
    await expect(data('stats music', { room: 'lyrics' })).rejects.toMatchObject({ message: 'there is no room lyrics' })
  })
})
