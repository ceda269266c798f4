/** featurize and augment on a small folder: splits, keys of items, copies; real Kelly data where it is at hand. */
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { encodeWav } from '../../src/audio/wav.ts'
import { readFeatureSet } from '../../src/data/feature-file.ts'
import type { FeatureSet } from '../../src/data/feature-set.ts'
import { readValidation } from '../../src/data/validation.ts'
import { normalize } from '../../src/data/normalize.ts'
import { FEATURE_NAMES } from '../../src/features/feature.ts'
import { augment } from '../../stages/augment.ts'
import { featurize } from '../../stages/featurize.ts'
import { validate } from '../../stages/validate.ts'
import { kellyFiles, notesMidi, scaleMidi, toneWav } from '../kelly-folder.ts'
import { projection } from '../onnx-models.ts'
import { featureDefaults } from '../features/options.ts'
import { folderInput, type Rig, type RigRun, stageRig } from '../stage-rig.ts'

const kelly = fileURLToPath(new URL('../../../shared/data/kelly', import.meta.url))

let rig: Rig
let data: string
beforeEach(() => {
  rig = stageRig()
  data = join(rig.dir, 'data')
  for (const [path, content] of Object.entries(kellyFiles())) rig.write(`data/${path}`, content)
})
afterEach(() => rig.dispose())

interface Made {
  readonly features: RigRun
  readonly set: FeatureSet
  readonly validation: RigRun
}

async function make(feature: string, options: Record<string, unknown> = {}, folder = data): Promise<Made> {
  const validation = await rig.run(validate, { inputs: { data: folder } })
  const inputs = { data: folder, validation: validation.asInput, ...(feature === 'onnx_embedding' ? ownModel() : {}) }
  const model = feature === 'onnx_embedding' ? { onnx_model: 'model.onnx' } : {}
  const features = await rig.run(featurize, { inputs, options: { feature, clip_seconds: 1, ...model, ...options } })
  return { features, set: readFeatureSet(features.out), validation }
}

async function copy({ features, validation }: Made, augmentation: Record<string, unknown>, seed = 42, folder = data) {
  const model = existsSync(join(rig.dir, 'model.onnx')) ? { onnx_model: join(rig.dir, 'model.onnx') } : {}
  const inputs = { data: folder, validation: validation.asInput, features: features.asInput, ...model }
  const ran = await rig.run(augment, { inputs, options: { augmentation, seed } })
  return { ran, set: readFeatureSet(ran.out) }
}

/** A model of the user's: a second of sound → 5 numbers. */
function ownModel(length = 4000) {
  return { onnx_model: rig.write('model.onnx', projection([length], 5).bytes) }
}

const splitsOf = ({ info }: FeatureSet) => Object.fromEntries(info.rows.map(({ id, split }) => [id, split]))

describe('featurize', () => {
  it.each(FEATURE_NAMES)('%s: rows, shapes and splits hold together', async (feature) => {
    const { features, set } = await make(feature)
    const { info, x, y } = set
    expect(info.rows.length).toBeGreaterThanOrEqual(6)
    expect(new Set(info.rows.map(({ id }) => id)).size).toBe(info.rows.length)
    const size = (shape: readonly number[]) => shape.reduce((all, axis) => all * axis, info.rows.length)
    expect([x.length, y.length]).toEqual([size(info.xShape), size(info.yShape)])
    const sides = new Map<string, Set<string>>()
    for (const { source, split } of info.rows) sides.set(source, (sides.get(source) ?? new Set()).add(split))
    expect([...sides.values()].every((splits) => splits.size === 1)).toBe(true)
    expect(new Set(info.rows.map(({ split }) => split))).toEqual(new Set(['train', 'val', 'test']))
    const { train, val, test, rows } = features.result.metrics as Record<string, number>
    expect(train! + val! + test!).toBe(rows)
    expect(features.result.headline).toBe(`${rows} rows (${train} train, ${val} val, ${test} test)`)
  })

  it('classes from a label column: ids in the order of `classes`, others left out, none at all explained', async () => {
    const words = ['happy', 'Sad', 'angry', 'HAPPY', 'sad', 'angry', 'happy', 'sad', 'angry', 'bored', '']
    const header = 'filename,valence,arousal,mood'
    const rows = words.map((word, i) => `c${i}.wav,0.1,0.2,${word}`)
    rig.write('data/audio/labels.csv', `${[header, ...rows].join('\n')}\n`)
    for (let i = 0; i < words.length; i++) rig.write(`data/audio/c${i}.wav`, toneWav(200 + 40 * i))
    const options = { target: 'class', classes: ['angry', 'happy', 'sad'], class_from: 'mood', n_mels: 20 }
    const { set } = await make('log_mel', options)
    expect(set.info).toMatchObject({ xShape: [20, 32], yShape: [1], yLabels: ['angry', 'happy', 'sad'] })
    const ids = Object.fromEntries(
      set.info.rows.map(({ id }, row) => [id.replace(/^audio\/c|\.wav$/g, ''), set.y[row]]),
    )
    expect(ids).toEqual({ 0: 1, 1: 2, 2: 0, 3: 1, 4: 2, 5: 0, 6: 1, 7: 2, 8: 0 })
    await expect(make('log_mel', { ...options, class_from: 'label' })).rejects.toMatchObject({
      message: expect.stringContaining('"label" of the'),
      hint: expect.stringContaining('class_from: one of mood'),
    })
    await expect(make('log_mel', { ...options, classes: ['a', 'b'] })).rejects.toThrow(/is HAPPY, Sad, angry, bored/)
  })

  it('says before a run what a spectrum cannot be', () => {
    const places = (options: object) =>
      featurize.check!({ ...featureDefaults, feature: 'mfcc', val_split: 0, test_split: 0, ...options } as never).map(
        ({ path }) => path[0],
      )
    expect(places({})).toEqual([])
    expect(places({ n_fft: 1000 })).toEqual(['n_fft'])
    expect(places({ f_max: 9000 })).toEqual(['f_max'])
    expect(places({ f_min: 500, f_max: 400 })).toEqual(['f_min'])
    expect(places({ n_mfcc: 30, n_mels: 20 })).toEqual(['n_mfcc'])
    expect(places({ deltas: 1, hop_length: 4000 })).toEqual(['deltas'])
  })

  it('fits the normaliser on the train rows and leaves x as it is', async () => {
    const { set } = await make('mel')
    const size = set.info.xShape[0]!
    const z = normalize(set.x, set.info.normalizer, size)
    const train = set.info.rows.flatMap(({ split }, row) => (split === 'train' ? [row] : []))
    for (let column = 0; column < size; column += 13) {
      const mean = train.reduce((sum, row) => sum + z[row * size + column]!, 0) / train.length
      expect(mean).toBeCloseTo(0, 4)
    }
    expect(Math.max(...set.x.map(Math.abs))).toBeGreaterThan(10)
    expect((await make('mel', { normalization: 'none' })).set.info.normalizer).toBeNull()
    expect((await make('mel', { normalization: 'minmax' })).set.info.normalizer!.kind).toBe('minmax')
  })

  it('computes an item once: labels, splits and normalisation cost nothing', async () => {
    const first = await make('mel')
    expect(first.features.computed.length).toBe(8)
    const labels = String(kellyFiles()['audio/labels.csv']).replace('clip 3.wav,0.5,-0.5', 'clip 3.wav,0.9,-0.9')
    rig.write('data/audio/labels.csv', labels)
    const edited = await make('mel')
    expect(edited.features.computed).toEqual([])
    const row = edited.set.info.rows.findIndex(({ id }) => id === 'audio/clip 3.wav')
    expect(edited.set.info.rows[row]).toMatchObject({ valence: 0.9, arousal: -0.9 })
    expect(edited.set.y).not.toEqual(first.set.y)
    expect(edited.set.x).toEqual(first.set.x)
    for (const options of [{ seed: 3 }, { val_split: 0.4 }, { normalization: 'none' }, { unlabelled: 'drop' }])
      expect((await make('mel', options)).features.computed).toEqual([])
    expect((await make('mel', { n_mels: 40 })).features.computed.length).toBe(8)
    // Options of other recipes are no reason to decode again.
    await make('melody')
    expect((await make('melody', { n_mels: 40 })).features.computed).toEqual([])
  })

  it('one new file among many costs one item and moves at most two others', async () => {
    const before = await make('melody')
    rig.write('data/midi/new.mid', scaleMidi(70))
    const labels = JSON.parse(String(kellyFiles()['midi/emotion_labels.json'])) as Record<string, unknown>
    rig.write('data/midi/emotion_labels.json', JSON.stringify({ ...labels, 'new.mid': { valence: 0.5, arousal: 0.5 } }))
    const after = await make('melody')
    expect(after.features.computed).toEqual(['midi/new.mid'])
    const was = splitsOf(before.set)
    const moved = Object.entries(splitsOf(after.set)).filter(([id, split]) => was[id] && was[id] !== split)
    expect(moved.length).toBeLessThanOrEqual(2)
  })

  it('says where emotions do not come from labels', async () => {
    const harmony = await make('harmony')
    expect(harmony.features.result.notes).toEqual(['6 of 20 harmony rows have no label: the neutral emotion'])
    const groove = await make('groove')
    expect(groove.features.result.notes).toEqual(['6 of 6 groove rows have no label: an estimated emotion'])
    expect(groove.set.info.rows.every(({ labelled }) => !labelled)).toBe(true)
    await expect(make('groove', { unlabelled: 'drop' })).rejects.toThrow(
      /no rows for groove: 6 items of drums found, 6 usable/,
    )
  })

  it('estimates chords from MIDI files where a folder has none, says so, and leaves single voices out', async () => {
    const folder = join(rig.dir, 'notes')
    const chord = (root: number, third: number) => [root - 24, root, root + third, root + 7]
    const labels: Record<string, unknown> = {}
    for (let song = 0; song < 8; song++) {
      const bars = [chord(60, 4), chord(69, 3), chord(65, 4), chord(67, 4)].map((bar) =>
        bar.map((pitch) => pitch + song),
      )
      const notes = bars.flatMap((bar, i) => bar.map((pitch) => ({ at: 4 * i, length: 4, pitch })))
      rig.write(`notes/midi/song ${song}.mid`, notesMidi(notes))
      labels[`song ${song}.mid`] = { valence: 0.5, arousal: -0.5 }
    }
    labels['melody.mid'] = { valence: 0, arousal: 0 }
    const line = Array.from({ length: 32 }, (_, i) => ({ at: i / 2, length: 0.5, pitch: 60 + (i % 12) }))
    rig.write('notes/midi/melody.mid', notesMidi(line))
    rig.write('notes/midi/emotion_labels.json', JSON.stringify(labels))
    const made = await make('harmony', {}, folder)
    const { set, features } = made
    expect(set.info.estimated).toBe('chords, from the notes of 8 files in midi/')
    expect(features.result.notes).toEqual([
      '1 items could not be used and are left out, see the log',
      'harmony rests on estimated chords, from the notes of 8 files in midi/',
    ])
    expect(features.logs[0]!.message).toContain('midi/melody.mid')
    expect(set.info.rows.length).toBe(8 * 4)
    const next = (row: number) => set.info.yLabels[set.y.subarray(row * 64, row * 64 + 64).indexOf(1)]
    const first = set.info.rows.findIndex(({ id }) => id === 'midi/song 0.mid@0')
    expect([0, 1, 2, 3].map((bar) => next(first + bar))).toEqual(['C:maj', 'A:min', 'F:maj', 'G:maj'])
    const { set: more } = await copy(made, { copies: 1 }, 42, folder)
    expect(more.info.estimated).toBe(set.info.estimated)
    expect(more.info.rows.some(({ id }) => /^midi\/song \d.mid@\d#transpose/.test(id))).toBe(true)
    // Chords of the folder's own are never mixed with estimated ones.
    expect((await make('harmony')).set.info.estimated).toBeUndefined()
  })

  it('onnx_embedding: numbers of a model of the user, keyed by its content', async () => {
    const first = await make('onnx_embedding')
    expect(first.set.info.xShape).toEqual([5])
    expect(first.features.computed).toHaveLength(8)
    expect(first.set.info.options.onnx_model).toMatch(/^[0-9a-f]{64}$/)
    expect((await make('onnx_embedding')).features.computed).toEqual([])
    // Other content under the same name.
    const validation = await rig.run(validate, { inputs: { data } })
    const inputs = { data, validation: validation.asInput, ...ownModel(2000) }
    const options = { feature: 'onnx_embedding', clip_seconds: 1, onnx_model: 'model.onnx' }
    const second = await rig.run(featurize, { inputs, options })
    expect(second.computed).toHaveLength(8)
    expect(readFeatureSet(second.out).x).not.toEqual(first.set.x)
    await expect(rig.run(featurize, { inputs, options: { ...options, onnx_input: 'log_mel' } })).rejects.toThrow(
      'the model takes [batch, 2000], onnx_input: log_mel needs [batch, bands, frames]',
    )
    rig.write('model.onnx', 'no model')
    await expect(
      rig.run(featurize, { inputs: { ...inputs, onnx_model: join(rig.dir, 'model.onnx') }, options }),
    ).rejects.toThrow('model.onnx is no model that ONNX Runtime can open')
    const without = { feature: 'onnx_embedding', val_split: 0.2, test_split: 0.1 }
    expect(featurize.check!({ ...featureDefaults, ...without } as never)).toMatchObject([{ path: ['feature'] }])
    expect(featurize.external!({ feature: 'onnx_embedding', onnx_model: 'a.onnx' } as never)).toEqual([
      { name: 'onnx_model', path: 'a.onnx' },
    ])
    expect(featurize.external!({ feature: 'mel', onnx_model: 'a.onnx' } as never)).toEqual([])
  })

  it('damaged MIDI files are repaired only when asked, reported, and then read the same way by every stage', async () => {
    const whole = scaleMidi(50)
    rig.write('data/midi/piece_0.mid', whole.subarray(0, whole.length - 60))
    const options = { max_bad: '50%' }
    const plain = await rig.run(validate, { inputs: { data }, options })
    expect(plain.result.notes).toEqual(['1 of 28 items dropped, see validation.txt'])
    const validation = await rig.run(validate, { inputs: { data }, options: { ...options, repair: true } })
    expect(validation.result).toMatchObject({
      headline: '28 of 28 items kept',
      notes: ['1 damaged files repaired and kept, see validation.txt'],
    })
    const { warnings } = readValidation(validation.out)
    expect(warnings.map(({ id, fault }) => [id, fault.code])).toContainEqual(['midi/piece_0.mid', 'truncated'])
    expect(warnings.find(({ fault }) => fault.code === 'truncated')!.fault.hint).toMatch(
      /^repaired: \d+ notes of track/,
    )
    for (const feature of ['melody', 'dynamics']) {
      const features = await rig.run(featurize, {
        inputs: { data, validation: validation.asInput },
        options: { feature, val_split: 0, test_split: 0 },
      })
      expect(features.result.metrics).toMatchObject({ items: 8, faults: 0 })
      const { ran } = await copy({ features, validation, set: readFeatureSet(features.out) }, { copies: 1 })
      expect(ran.result.metrics).toMatchObject({ faults: 0 })
      expect(ran.computed).toContainEqual(expect.stringContaining('midi/piece_0.mid#'))
    }
  })

  it('respects official splits', async () => {
    const rows = Array.from(
      { length: 6 },
      (_, i) => `session${i}/take.mid,${i === 4 ? 'validation' : i === 1 ? 'test' : 'train'}`,
    )
    rig.write('data/drums/info.csv', `midi_filename,split\n${rows.join('\n')}\n`)
    const { set } = await make('groove')
    expect(splitsOf(set)).toEqual(
      Object.fromEntries(
        [0, 1, 2, 3, 4, 5].map((i) => [`drums/session${i}/take.mid`, i === 4 ? 'val' : i === 1 ? 'test' : 'train']),
      ),
    )
  })

  it('reports items that cannot be read any more and goes on', async () => {
    const validation = await rig.run(validate, { inputs: { data } })
    rig.write('data/audio/clip 2.wav', 'damaged since')
    const inputs = { data, validation: validation.asInput }
    const ran = await rig.run(featurize, { inputs, options: { feature: 'mel', clip_seconds: 1 } })
    expect(readFeatureSet(ran.out).info.rows.length).toBe(7)
    expect(ran.result.notes![0]).toContain('1 items could not be used')
    expect(ran.logs[0]!.message).toContain('audio/clip 2.wav')
  })

  it('refuses splits that leave nothing to train on', () => {
    const options = { val_split: 0.6, test_split: 0.5 }
    expect(featurize.check!({ ...featureDefaults, ...options } as never)).toMatchObject([{ path: ['val_split'] }])
  })
})

describe('augment', () => {
  it.each(FEATURE_NAMES)('%s: copies of train rows only, after the originals', async (feature) => {
    const made = await make(feature)
    const { set, ran } = await copy(made, { copies: 2 })
    const before = made.set.info.rows
    expect(set.info.rows.slice(0, before.length)).toEqual(before)
    expect(set.x.subarray(0, made.set.x.length)).toEqual(made.set.x)
    expect(set.y.subarray(0, made.set.y.length)).toEqual(made.set.y)
    expect(set.info.normalizer).toEqual(made.set.info.normalizer)
    const added = set.info.rows.slice(before.length)
    expect(added.length).toBeGreaterThan(0)
    expect(new Set(set.info.rows.map(({ id }) => id)).size).toBe(set.info.rows.length)
    const training = new Map(
      before.filter(({ split }) => split === 'train').map(({ id, source }) => [id.split('@')[0], source]),
    )
    for (const { id, split, source } of added) {
      expect(split).toBe('train')
      const item = id.slice(0, id.lastIndexOf('#')).split('@')[0]
      expect(training.get(item), id).toBe(source)
    }
    expect(ran.computed.length).toBe(2 * training.size)
    expect(ran.result.metrics).toMatchObject({ added: added.length, rows: set.info.rows.length })
  })

  it('is the same for the same seed and another one for another', async () => {
    const made = await make('melody')
    const one = await copy(made, { copies: 3 })
    const again = await copy(made, { copies: 3 })
    expect(again.set).toEqual(one.set)
    expect(again.ran.computed).toEqual([])
    expect((await copy(made, { copies: 3 }, 7)).set.info.rows).not.toEqual(one.set.info.rows)
    // A copy more keeps the ones there are.
    const more = await copy(made, { copies: 4 })
    expect(more.ran.reused.length).toBe(one.ran.computed.length)
  })

  it('copies: 0 passes everything on', async () => {
    const made = await make('harmony')
    const { set, ran } = await copy(made, { copies: 0 })
    expect(set).toEqual(made.set)
    expect(ran.result.headline).toBe('nothing added')
  })

  it('augment: online makes no copies and says what training is to do; both does both', async () => {
    const columns = { mel: { bands: 1 }, melody: { ladders: 1 }, harmony: { circles: 2 }, dynamics: {}, groove: {} }
    for (const [feature, counts] of Object.entries(columns)) {
      const made = await make(feature)
      const { set, ran } = await copy(made, { augment: 'online', mixup: 0.4 }, 9)
      const { online, ...rest } = set.info
      expect({ ...set, info: rest }).toEqual(made.set)
      const { bands, circles, ladders, masks, transpose, ...amounts } = online!
      expect({ bands: bands.length, circles: circles.length, ladders: ladders.length }).toEqual({
        bands: 0,
        circles: 0,
        ladders: 0,
        ...counts,
      })
      expect(amounts).toEqual({ seed: 9, noise: 0.02, mixup: 0.4 })
      expect([masks > 0, transpose > 0]).toEqual([bands.length > 0, circles.length + ladders.length > 0])
      expect(ran.computed).toEqual([])
      expect(ran.result.headline).toMatch(/^\d+ rows change while training$/)
    }
    const both = await copy(await make('melody'), { augment: 'both' })
    expect(both.set.info.online).toBeDefined()
    expect(both.ran.result.headline).toMatch(/^\d+ rows added to \d+, more while training$/)
    const nothing = await copy(await make('groove'), { augment: 'online', mixup: 0, online_noise: 0 })
    expect(nothing.set.info.online).toBeUndefined()
    expect(nothing.ran.logs[0]!.message).toContain('nothing changes while training')
  })

  it('rooms, gain, octaves, timing and dropped notes are copies like the others', async () => {
    const off = { pitch_semitones: 0, stretch: 0, noise_snr_db: 0, mel_masks: 0 }
    const still = { transpose_semitones: 0, tempo: 0, note_jitter: 0, velocity: 0 }
    const marks = async (feature: string, augmentation: Record<string, unknown>) => {
      const made = await make(feature)
      const { set } = await copy(made, { copies: 1, ...off, ...still, ...augmentation })
      return [...new Set(set.info.rows.slice(made.set.info.rows.length).map(({ id }) => id.split('#')[1]!))].sort()
    }
    expect(await marks('mel', { gain_db: 3 })).toContainEqual(expect.stringMatching(/^gain[+-][0-3](\.\d)?dB$/))
    expect(await marks('mel', { room_seconds: 0.5 })).toContainEqual(expect.stringMatching(/^room0\.[1-5]\d*s$/))
    expect(await marks('melody', { octaves: 1 })).toEqual(['octave+1', 'octave-1'])
    expect(await marks('melody', { note_drop: 0.25 })).toEqual(['drop0.25'])
    expect(await marks('dynamics', { timing_ms: 15 })).toEqual(['timing15ms'])
    expect(await marks('groove', { timing_ms: 15 })).toEqual(['timing15ms'])
  })

  it('takes room responses from a folder of the user; another response is another copy', async () => {
    const folder = join(rig.dir, 'rooms')
    const echo = (level: number) => encodeWav(Float32Array.of(1, 0, 0, 0, level), 16000)
    rig.write('rooms/hall.wav', echo(0.5))
    const made = await make('mel')
    const only = { copies: 1, pitch_semitones: 0, stretch: 0, noise_snr_db: 0, mel_masks: 0, room_folder: folder }
    const inputs = { data, validation: made.validation.asInput, features: made.features.asInput, room_folder: folder }
    const roomed = () => rig.run(augment, { inputs, options: { augmentation: only } })
    expect(augment.external!({ augmentation: only, seed: 1 } as never)).toEqual([{ name: 'room_folder', path: folder }])
    const first = await roomed()
    const set = readFeatureSet(first.out)
    expect(first.computed.length).toBeGreaterThan(3)
    expect(set.info.rows.at(-1)!.id).toMatch(/#impulse-hall\.wav$/)
    expect((await roomed()).computed).toEqual([])
    rig.write('rooms/hall.wav', echo(-0.9))
    const second = await roomed()
    expect(second.computed).toEqual(first.computed)
    expect(readFeatureSet(second.out).x).not.toEqual(set.x)
    rmSync(join(folder, 'hall.wav'))
    rig.write('rooms/notes.txt', 'no sound')
    await expect(roomed()).rejects.toThrow(/there is no sound file in/)
  })

  it('takes only what is switched on, and says so where that is nothing', async () => {
    const made = await make('mel')
    const off = { stretch: 0, noise_snr_db: 0, mel_masks: 0 }
    const { set } = await copy(made, { copies: 2, ...off })
    const marks = set.info.rows.slice(made.set.info.rows.length).map(({ id }) => id.split('#')[1]!)
    expect(marks.every((mark) => /^pitch[+-][12](\.2)?$/.test(mark))).toBe(true)
    const nothing = await copy(made, { copies: 2, ...off, pitch_semitones: 0 })
    expect(nothing.set).toEqual(made.set)
    expect(nothing.ran.logs[0]!.message).toContain('none is switched on')
  })

  it('an edited label moves the copies too, without computing them again', async () => {
    await copy(await make('mel'), { copies: 1 })
    const labels = String(kellyFiles()['audio/labels.csv']).replaceAll(',0.5,0.5', ',0.6,0.7')
    rig.write('data/audio/labels.csv', labels)
    const { ran, set } = await copy(await make('mel'), { copies: 1 })
    expect(ran.computed).toEqual([])
    const copies = set.info.rows.filter(({ id, valence }) => id.includes('#') && valence === 0.6)
    expect(copies.length).toBeGreaterThan(0)
  })

  it('stops between two items when the job is aborted', async () => {
    const made = await make('mel')
    const stop = new AbortController()
    stop.abort()
    const inputs = { data, validation: made.validation.asInput, features: made.features.asInput }
    await expect(rig.run(augment, { inputs, signal: stop.signal })).rejects.toThrow(/abort/i)
  })
})

it('a label of a file that is added later needs no second look at the others', async () => {
  rig.write('data/audio/late.wav', toneWav(999))
  await make('mel')
  rig.write('data/audio/labels.csv', `${String(kellyFiles()['audio/labels.csv'])}late.wav,0,0\n`)
  expect((await make('mel')).features.computed).toEqual(['audio/late.wav'])
})

describe.runIf(existsSync(kelly))('real Kelly data in ../shared', () => {
  const expected = { mel: 93, melody: 240, harmony: 4038, dynamics: 2182, groove: 320 }
  it('gives every model its rows', async () => {
    const folder = folderInput(kelly)
    const validation = await rig.run(validate, { inputs: { data: folder } })
    expect(validation.result.headline).toBe('1054 of 1054 items kept')
    for (const [feature, rows] of Object.entries(expected)) {
      const inputs = { data: folder, validation: validation.asInput }
      const ran = await rig.run(featurize, { inputs, options: { feature } })
      expect(ran.result.metrics!.rows, feature).toBe(rows)
      expect(ran.result.metrics!.faults).toBe(0)
    }
  })
})
