/**
 * Mistakes that people make with models and data, through the real command line: all that they are told is compared. Every answer has the
 * place, the cause and the remedy; read it as somebody who has known kpipe for ten minutes.
 */
import { expect, test } from 'vitest'
import { kellyFiles } from '../kelly-folder.ts'
import { type Files, told, trainer } from './rig.ts'

/** A small data folder below `mine/`. */
const sound = (): Files =>
  Object.fromEntries(Object.entries(kellyFiles()).map(([path, file]) => [`mine/${path}`, file]))

/** The same with a valence of 7, and a MIDI file that ends early. */
function damaged(): Files {
  const files = sound()
  const labels = String(files['mine/audio/labels.csv']).replace('clip 0.wav,0.5,', 'clip 0.wav,7,')
  const midi = (files['mine/midi/piece_0.mid'] as Uint8Array).slice(0, 40)
  return { ...files, 'mine/audio/labels.csv': labels, 'mine/midi/piece_0.mid': midi }
}

test('a model that there is not', () => {
  expect(told(trainer({ 'config: groove': 'config: grove' }), 'run')).toMatchInlineSnapshot(`
    "exit 2
    pipelines/p.yaml:5:13: stages.featurize.config: there is no model "grove_predictor" and no file configs/grove_predictor.yaml, did you mean "groove_predictor"?
            config: grove_predictor
                    ^^^^^^^^^^^^^^^
    "
  `)
})

test('a config key with a slip', () => {
  expect(told(trainer({}, { 'configs/groove_predictor.yaml': 'hiden_layers: [64]\n' }), 'run')).toMatchInlineSnapshot(`
    "exit 2
    configs/groove_predictor.yaml:1:1: unknown key "hiden_layers", did you mean "hidden_layers"?
        hiden_layers: [64]
        ^^^^^^^^^^^^
    "
  `)
})

test('an activation that RTNeural has not', () => {
  expect(told(trainer({}, { 'configs/groove_predictor.yaml': 'activation: gelu\n' }), 'run')).toMatchInlineSnapshot(`
    "exit 2
    configs/groove_predictor.yaml:1:13: activation: RTNeural has no gelu, so the format rtneural cannot take this model – use one of linear, relu, leaky_relu, tanh, sigmoid, softmax, elu
        activation: gelu
                    ^^^^
    "
  `)
})

test('a format that there is not', () => {
  expect(told(trainer({ 'export:': 'export:\n    with: { formats: [rtneral] }' }), 'run')).toMatchInlineSnapshot(`
    "exit 2
    pipelines/p.yaml:11:23: stages.export.with.formats.0: must be rtneural, got "rtneral", did you mean "rtneural"?
            with: { formats: [rtneral] }
                              ^^^^^^^
    "
  `)
})

test('a device that there is not', () => {
  expect(told(trainer({ 'train:': 'train:\n    with: { device: tpu }' }), 'run')).toMatchInlineSnapshot(`
    "exit 2
    pipelines/p.yaml:8:21: stages.train.with.device: there is no device "tpu" – write one of: auto, cpu, gpu, webgpu, cuda, mps
            with: { device: tpu }
                            ^^^
    "
  `)
})

test('a data set with a slip', () => {
  expect(told(trainer({ 'download:': 'download: { with: { source: grove } }' }), 'run')).toMatchInlineSnapshot(`
    "exit 2
    pipelines/p.yaml:2:31: stages.download.with.source: there is no data set grove, did you mean \`groove\`? A folder of that name is written ./grove
          download: { with: { source: grove } }
                                      ^^^^^
    "
  `)
})

test('a data folder that is not there', () => {
  expect(told(trainer({ 'download:': 'download: { with: { source: ./music } }' }), 'run')).toMatchInlineSnapshot(`
    "exit 2
    pipelines/p.yaml:2:31: stages.download.inputs.data: ./music is not there – paths are relative to the project folder; put the data there or change the path
          download: { with: { source: ./music } }
                                      ^^^^^^^
    "
  `)
})

test('a data folder without rooms', () => {
  expect(
    told(
      trainer({ 'download:': 'download: { with: { source: ./mine } }' }, { 'mine/photo.jpg': 'x' }),
      'run',
      'download',
    ),
  ).toMatchInlineSnapshot(`
    "exit 1
    ▶ download  never ran before
    ✗ download  FAILED · never ran before
        ./mine holds no music in a layout that kpipe knows
        a data folder holds a data set as its publisher unpacks it (kpipe data list), several of them, or at least one of
          audio/   sound files and labels.csv (filename,valence,arousal)
          midi/    MIDI files and emotion_labels.json ({ "<file>": { "valence": 0.5, "arousal": -0.2 } })
          chords/  progressions.json ({ "progressions": [{ "name": "…", "chords": ["C", "Am"] }] })
          drums/   MIDI files and, if there is one, info.csv (midi_filename,style,bpm,split)
        log: cache/runs/RUN/download.log
    "
  `)
})

test('a label out of range', () => {
  expect(
    told(trainer({ 'download:': 'download: { with: { source: ./mine } }' }, damaged()), 'run', 'validate'),
  ).toMatchInlineSnapshot(`
    "exit 1
    ▶ download  never ran before
    ✓ download  ran in TIME · mine: 8 audio, 8 midi, 6 chords, 6 drums
    ▶ validate  never ran before
      warning: validate  audio/clip 0.wav  label-range  audio/labels.csv: byte 25: line 2, column "valence": 7 is outside -1 … 1 (labels on the 1 … 9 scale become (x - 5) / 4)
      warning: validate  midi/piece_0.mid  bad-chunk  byte 33: the file ends in the header of track 2 of 2 (export or download the file again; \`repair: true\` of validate keeps what can be read)
    ✗ validate  FAILED · never ran before
        2 of 28 items are bad (7.1 %), more than max_bad 5% lets pass:
          audio/clip 0.wav  label-range  audio/labels.csv: byte 25: line 2, column "valence": 7 is outside -1 … 1 (labels on the 1 … 9 scale become (x - 5) / 4)
          midi/piece_0.mid  bad-chunk  byte 33: the file ends in the header of track 2 of 2 (export or download the file again; \`repair: true\` of validate keeps what can be read)
        mend or delete them, or go on without them: max_bad: 8%
        log: cache/runs/RUN/validate.log
    "
  `)
})

test('an input size that is not the feature’s', () => {
  expect(
    told(
      trainer(
        { 'download:': 'download: { with: { source: ./mine } }' },
        { ...sound(), 'configs/groove_predictor.yaml': 'input_size: 100\n' },
      ),
      'run',
      'train',
    ),
  ).toMatchInlineSnapshot(`
    "exit 1
    ▶ download  never ran before
    ✓ download  ran in TIME · mine: 8 audio, 8 midi, 6 chords, 6 drums
    ▶ validate  never ran before
    ✓ validate  ran in TIME, 22 of 22 items computed · 28 of 28 items kept
    ▶ featurize  never ran before
    ✓ featurize  ran in TIME, 6 of 6 items computed · 6 rows (4 train, 1 val, 1 test)
    ▶ train  never ran before
    ✗ train  FAILED · never ran before
        input_size is 100, but the feature "groove" gives 64
        write input_size: 64, or leave it out
        log: cache/runs/RUN/train.log
    "
  `)
})
