import { describe, expect, it } from 'vitest'
import { readDrumInfo, readEmotionJson, readLabelsCsv, readProgressions } from '../../src/data/labels.ts'

const codes = (rows: readonly { fault: { code: string } | null }[]) => rows.map((row) => row.fault?.code ?? 'ok')

describe('labels.csv', () => {
  it('reads names, emotions, sources and other columns, with and without BOM and CRLF', () => {
    const text =
      '\ufefffile,Valence,arousal,source,tempo\r\n"a, b.wav",0.5,-1,song 1,120\r\n\r\n./sub\\c.wav, 1 ,0,,\r\n'
    const rows = readLabelsCsv(text, 'audio/labels.csv')
    expect(rows).toMatchObject([
      { name: 'a, b.wav', emotion: { valence: 0.5, arousal: -1 }, source: 'song 1', facts: { tempo: '120' } },
      { name: 'sub/c.wav', emotion: { valence: 1, arousal: 0 }, source: null, place: 'line 4', fault: null },
    ])
  })

  it('names row and column of every bad value', () => {
    const text = 'filename,valence,arousal\na.wav,1.2,0\nb.wav,0,x\nc.wav,0\n,0,0\nd.wav,7,5\ne.wav,NaN,0\nf.wav,-1,1\n'
    const rows = readLabelsCsv(text, 'audio/labels.csv')
    expect(codes(rows)).toEqual([
      'label-range',
      'label-number',
      'label-missing',
      'label-name',
      'label-range',
      'label-number',
      'ok',
    ])
    expect(rows[0]!.fault).toMatchObject({ offset: 25, message: 'line 2, column "valence": 1.2 is outside -1 … 1' })
    expect(rows[1]!.fault!.message).toBe('line 3, column "arousal": "x" is not a number')
    expect(rows[4]!.fault!.hint).toContain('(x - 5) / 4')
    expect(rows.filter((row) => row.fault).every((row) => row.emotion === null)).toBe(true)
  })

  it('says what is wrong with the file as a whole', () => {
    expect(() => readLabelsCsv('filename;valence;arousal\na;0;0', 'l.csv')).toThrow(/separate the columns with commas/)
    expect(() => readLabelsCsv('name,valence,arousal\n', 'l.csv')).toThrow(/no column "filename".*"name", "valence"/)
    expect(() => readLabelsCsv('filename,valence,arousal\na,0,0\n"b,0,0\n', 'l.csv')).toThrow(/byte 31: line 3: Quote/)
  })
})

describe('emotion_labels.json', () => {
  it('reads emotions and places, and names bad ones', () => {
    const text = `{
      "a.mid": { "valence": 0.7, "arousal": -0.6, "source": "song" },
      "b.mid": { "valence": 2, "arousal": 0 },
      "c.mid": { "valence": "0.5", "arousal": 0 },
      "d.mid": { "arousal": 0 },
      "e.mid": 3,
      "a.mid": { "valence": 0, "arousal": 0 }
    }`
    const rows = readEmotionJson(text, 'midi/emotion_labels.json')
    expect(codes(rows)).toEqual([
      'ok',
      'label-range',
      'label-number',
      'label-missing',
      'label-missing',
      'duplicate-name',
    ])
    expect(rows[0]).toMatchObject({ emotion: { valence: 0.7, arousal: -0.6 }, source: 'song' })
    expect(rows[1]!.fault!.message).toBe('line 3, column 29: valence of "b.mid": 2 is outside -1 … 1')
    expect(rows[5]!.fault!.message).toBe('line 7, column 7: "a.mid" stands here a second time')
    expect(() => readEmotionJson('[]', 'x.json')).toThrow(/expected an object/)
  })
})

it('progressions.json: chords, optional emotion, other fields as facts', () => {
  const text = JSON.stringify({
    progressions: [
      { name: 'a', chords: ['C', 'F'], emotion: { valence: 1, arousal: 0 }, key: 'C' },
      { name: 'b', chords: ['C:maj'] },
      { name: 'c', chords: [] },
      { name: 'd', chords: ['C', 4] },
      { chords: ['C'], emotion: { valence: -3, arousal: 0 } },
    ],
  })
  const rows = readProgressions(text, 'p.json')
  expect(codes(rows)).toEqual(['ok', 'ok', 'no-chords', 'no-chords', 'label-range'])
  expect(rows[0]).toMatchObject({ emotion: { valence: 1, arousal: 0 }, facts: { chords: ['C', 'F'], key: 'C' } })
  expect(rows[4]!.name).toBe('progression 4')
  expect(() => readProgressions('{}', 'p.json')).toThrow(/"progressions"/)
})

it('info.csv: every other column is a fact', () => {
  const rows = readDrumInfo('style,midi_filename,split\nrock,a/b.mid,validation\n', 'drums/info.csv')
  expect(rows).toMatchObject([{ name: 'a/b.mid', facts: { style: 'rock', split: 'validation' } }])
})
