/** Why a stage is stale, in the words of the domain. Each sentence here is what a user reads. */
import { symlinkSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { explainChange } from '../../src/store/explain.ts'
import type { KeyDocument } from '../../src/store/fingerprint.ts'
import { tableChange } from '../../src/store/table-change.ts'
import { keyDocument } from './documents.ts'
import { openStore, tempDir } from './rig.ts'

const temp = tempDir()

function explain(
  before: Partial<KeyDocument>,
  now: Partial<KeyDocument>,
  places: Record<string, string> = {},
): string[] {
  const { trees, store } = openStore(temp.at('project'))
  return explainChange(keyDocument(before), keyDocument(now), trees, store, places)
}

describe('values', () => {
  test.each<[string, Partial<KeyDocument>, Partial<KeyDocument>, string[]]>([
    ['nothing', { options: { a: 1 } }, { options: { a: 1 } }, []],
    [
      'options, by path',
      { options: { learning_rate: 0.001, hidden_layers: [512, 256], augmentation: { copies: 1, noise: [20, 40] } } },
      { options: { learning_rate: 0.0005, hidden_layers: [512, 128], augmentation: { copies: 2, noise: [20, 40] } } },
      ['augmentation.copies 1 -> 2', 'hidden_layers [512,256] -> [512,128]', 'learning_rate 0.001 -> 0.0005'],
    ],
    [
      'options that come and go',
      { options: { old: 'x' } },
      { options: { fresh: { a: 1 } } },
      ['fresh added: {"a":1}', 'old removed (was x)'],
    ],
    ['an option emptied', { options: { seed: 42 } }, { options: { seed: null } }, ['seed 42 -> null']],
    [
      'a command and its params',
      { command: { run: 'python fit.py', outs: ['a'], params: { train: { rate: 1 } } } },
      { command: { run: 'python fit.py -v', outs: ['a', 'b'], params: { train: { rate: 2 } } } },
      ['command changed: python fit.py -> python fit.py -v', 'train.rate 1 -> 2', 'outs ["a"] -> ["a","b"]'],
    ],
    [
      'environment',
      { env: { A: 'unset', B: 'x', C: 'x', D: 'same' } },
      { env: { A: 'x', B: 'unset', C: 'y', D: 'same', E: 'x' } },
      [
        'environment variable A is now set',
        'environment variable B is no longer set',
        'environment variable C changed',
        'environment variable E is now set',
      ],
    ],
    ['code', { code: 'a' }, { code: 'b' }, ['code of kind train changed']],
    ['another kind', { kind: 'train' }, { kind: 'fit' }, ['kind train -> fit']],
    ['another machine', { platform: 'linux-x64' }, { platform: 'linux-arm64' }, ['platform linux-x64 -> linux-arm64']],
    [
      'inputs that come and go',
      { inputs: { a: 'D:1' } },
      { inputs: { b: 'D:1' } },
      ['input a removed', 'input b added'],
    ],
    [
      'more stages in a list',
      { inputs: { models: ['D:1'] } },
      { inputs: { models: ['D:1', 'D:2'] } },
      ['input models: 1 -> 2 stages'],
    ],
    ['a file for a folder', { inputs: { a: 'F:1' } }, { inputs: { a: 'D:1' } }, ['a is now a folder']],
    ['bytes nobody has any more', { inputs: { a: 'F:1' } }, { inputs: { a: 'F:2' } }, ['a changed']],
    ['a folder nobody has any more', { inputs: { a: 'D:1' } }, { inputs: { a: 'D:2' } }, ['a changed']],
    ['a long text is cut', { options: { t: 'x'.repeat(99) } }, { options: { t: 'y' } }, [`t ${'x'.repeat(57)}… -> y`]],
  ])('%s', (_, before, now, sentences) => {
    expect(explain(before, now)).toEqual(sentences)
  })
})

describe('files', () => {
  /** Sentences after the folder `data` was changed: its earlier state was kept as a run keeps it. */
  function folderChange(before: Record<string, string>, change: () => void): string[] {
    temp.write(Object.fromEntries(Object.entries(before).map(([path, text]) => [`data/${path}`, text])))
    const first = openStore(temp.at('project'))
    const old = first.trees.hash(temp.at('data'))
    first.store.keepTrees(old)
    for (const file of first.trees.files(old))
      if (/\.(csv|json)$/.test(file.path)) first.store.keepBlob(temp.at(`data/${file.path}`), file.hash)
    change()
    const { trees, store } = openStore(temp.at('project'))
    const now = keyDocument({ inputs: { data: trees.hash(temp.at('data')) } })
    return explainChange(keyDocument({ inputs: { data: old } }), now, trees, store, { data: temp.at('data') })
  }

  test('added, removed and changed ones are counted by what they are', () => {
    const before = { 'midi/a.mid': '1', 'midi/b.MIDI': '1', 'audio/a.wav': '1', LICENSE: '1', 'x.npy': '1' }
    const sentences = folderChange(before, () => {
      temp.write({ 'data/midi/c.mid': '1', 'data/midi/d.mid': '1', 'data/audio/a.wav': '2', 'data/LICENSE': '2' })
      temp.write({ 'data/audio/b.wav': '1' })
    })
    expect(sentences).toEqual([
      'data: 1 WAV file added (audio/b.wav)',
      'data: 2 MIDI files added (midi/c.mid, midi/d.mid)',
      'data: 1 file changed (LICENSE)',
      'data: 1 WAV file changed (audio/a.wav)',
    ])
  })

  test('of many, three are named', () => {
    const sentences = folderChange({ 'keep.mid': '' }, () => {
      temp.write(Object.fromEntries(Array.from({ length: 1204 }, (_, i) => [`data/${1000 + i}.mid`, 'x'])))
    })
    expect(sentences).toEqual(['data: 1,204 MIDI files added (1000.mid, 1001.mid, 1002.mid, …)'])
  })

  test('tables are looked into, also behind a link', () => {
    temp.write({ 'disk/labels.csv': 'filename,valence\na.wav,0.1\nb.wav,0.2\n' })
    const sentences = folderChange({ 'keep.txt': '' }, () => undefined)
    expect(sentences).toEqual([])
    symlinkSync(temp.at('disk'), temp.at('data/linked'))
    const first = openStore(temp.at('project'))
    const old = first.trees.hash(temp.at('data'))
    first.store.keepTrees(old)
    first.store.keepBlob(temp.at('disk/labels.csv'), first.trees.files(old)[1]!.hash)
    temp.write({ 'disk/labels.csv': 'filename,valence\na.wav,0.5\nb.wav,0.2\n' })
    const { trees, store } = openStore(temp.at('project'))
    const now = keyDocument({ inputs: { data: trees.hash(temp.at('data')) } })
    expect(explainChange(keyDocument({ inputs: { data: old } }), now, trees, store, { data: temp.at('data') })).toEqual(
      ['data: 1 of 2 rows of linked/labels.csv changed (valence)'],
    )
  })
})

describe('rows and entries', () => {
  const LABELS = 'filename,valence,arousal\na.wav,0.1,0.2\nb.wav,0.3,0.4\n"c, d.wav",0.5,0.6\n'
  const csv = (now: string, before = LABELS) => tableChange('labels.csv', Buffer.from(before), Buffer.from(now))
  const json = (before: unknown, now: unknown) =>
    tableChange('x.json', Buffer.from(JSON.stringify(before)), Buffer.from(JSON.stringify(now)))

  test.each([
    ['one cell', LABELS.replace('0.3', '0.9'), '1 of 3 rows of labels.csv changed (valence)'],
    [
      'cells of two rows',
      LABELS.replace('0.3', '0.9').replace('0.6', '0.7'),
      '2 of 3 rows of labels.csv changed (valence, arousal)',
    ],
    ['a quoted name keeps its comma', LABELS.replace('0.5', '0.7'), '1 of 3 rows of labels.csv changed (valence)'],
    ['a row more', `${LABELS}e.wav,0,0\n`, '1 row added to labels.csv'],
    ['rows less', LABELS.split('\n').slice(0, 2).join('\n'), '2 rows removed from labels.csv'],
    [
      'all at once',
      LABELS.replace('0.3', '0.9').replace('a.wav', 'z.wav'),
      '1 of 3 rows of labels.csv changed (valence), 1 row added to labels.csv, 1 row removed from labels.csv',
    ],
    ['another order', LABELS.split('\n').toReversed().join('\n'), 'columns of labels.csv changed'],
    [
      'rows in another order',
      'filename,valence,arousal\nb.wav,0.3,0.4\na.wav,0.1,0.2\n"c, d.wav",0.5,0.6\n',
      'rows of labels.csv reordered',
    ],
    ['a column more', LABELS.replace('arousal', 'arousal,source'), 'columns of labels.csv changed'],
    ['line ends alone', LABELS.replaceAll('\n', '\r\n'), 'layout of labels.csv changed, no value did'],
  ])('%s', (_, now, sentence) => {
    expect(csv(now)).toBe(sentence)
  })

  test('rows without a name of their own are compared whole', () => {
    const takes = 'style,bpm\nrock,120\nrock,120\nrock,90\n'
    expect(csv('style,bpm\nrock,120\nrock,120\nrock,95\n', takes)).toBe(
      '1 row added to labels.csv, 1 row removed from labels.csv',
    )
    expect(csv('style,bpm\nrock,120\nrock,90\n', takes)).toBe('1 row removed from labels.csv')
  })

  test.each<[string, unknown, unknown, string]>([
    [
      'labels by file',
      { 'a.mid': { valence: 0.7, arousal: 0.6 }, 'b.mid': { valence: 0 } },
      { 'a.mid': { valence: 0.8, arousal: 0.6 }, 'b.mid': { valence: 0 } },
      '1 of 2 entries of x.json changed (valence)',
    ],
    ['a field that went', { a: { v: 1, w: 2 }, b: {} }, { a: { v: 1 }, b: {} }, '1 of 2 entries of x.json changed (w)'],
    ['entries', { a: 1, b: 2 }, { b: 2, c: 3, d: 4 }, '2 entries added to x.json, 1 entry removed from x.json'],
    [
      'a list under one name',
      { progressions: [{ chords: ['C'] }, { chords: ['F'] }] },
      { progressions: [{ chords: ['C'] }, { chords: ['G'] }] },
      '1 of 2 entries of x.json changed (chords)',
    ],
    [
      'an entry in the middle of a list shifts nothing',
      { progressions: ['a', 'b', 'c'] },
      { progressions: ['a', 'new', 'b', 'c'] },
      '1 entry added to x.json',
    ],
    ['a bare list', [1, 2], [1, 3], '1 of 2 entries of x.json changed'],
    ['keys in another order', { a: 1, b: 2 }, { b: 2, a: 1 }, 'layout of x.json changed, no value did'],
    ['a bare value', 1, 2, 'x.json changed'],
    ['another shape', [1], { a: 1 }, 'x.json changed'],
  ])('%s', (_, before, now, sentence) => {
    expect(json(before, now)).toBe(sentence)
  })

  test('what cannot be read only changed', () => {
    expect(tableChange('x.json', Buffer.from('{'), Buffer.from('{}'))).toBe('x.json changed')
    expect(tableChange('x.csv', undefined, Buffer.from('a'))).toBe('x.csv changed')
    expect(tableChange('x.wav', Buffer.from('a'), Buffer.from('b'))).toBe('x.wav changed')
  })
})
