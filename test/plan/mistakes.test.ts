/**
 * Every mistake a pipeline can have, with all that kpipe says about it. Read the texts as a user would: is the place right,
 * is it said once, does it say what to do?
 */
import { expect, test } from 'vitest'
import { mistakes } from './rig.ts'

test('unknown key at the top', async () => {
  const pipeline = `nmae: kelly
stages:
  download: { with: { data: demo } }
`
  expect(await mistakes(pipeline)).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:1:1: unknown key "nmae", did you mean "name"?
        nmae: kelly
        ^^^^
    "
  `)
})

test('unknown key of a stage', async () => {
  const pipeline = `stages:
  download:
    wiht: { data: demo }
    with: { data: demo }
`
  expect(await mistakes(pipeline)).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:3:5: stages.download: unknown key "wiht", did you mean "with"?
            wiht: { data: demo }
            ^^^^
    "
  `)
})

test('unknown option, near another', async () => {
  const pipeline = `stages:
  download: { with: { data: demo } }
  featurize:
    inputs: { data: download }
    with: { feature: mel, n_mel: 64 }
`
  expect(await mistakes(pipeline)).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:5:27: stages.featurize.with: unknown key "n_mel", did you mean "n_mels"?
            with: { feature: mel, n_mel: 64 }
                                  ^^^^^
    "
  `)
})

test('unknown option that another kind reads', async () => {
  const pipeline = `stages:
  download: { with: { data: demo } }
  featurize:
    inputs: { data: download }
    with: { feature: mel, learning_rate: 0.1 }
`
  expect(await mistakes(pipeline)).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:5:27: stages.featurize.with: unknown key "learning_rate" – featurize does not read it, train does
            with: { feature: mel, learning_rate: 0.1 }
                                  ^^^^^^^^^^^^^
    "
  `)
})

test('wrong types of options', async () => {
  const pipeline = `stages:
  train:
    inputs: { features: ./data }
    with:
      epochs: ten
      learning_rate: 0
      hidden_layers: [64, 0.5]
      shuffle: yes
      activation: rleu
`
  expect(await mistakes(pipeline)).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:5:15: stages.train.with.epochs: must be a whole number, got "ten"
              epochs: ten
                      ^^^
    pipelines/test.yaml:6:22: stages.train.with.learning_rate: must be more than 0, got 0
              learning_rate: 0
                             ^
    pipelines/test.yaml:7:27: stages.train.with.hidden_layers.1: must be a whole number, got 0.5
              hidden_layers: [64, 0.5]
                                  ^^^
    pipelines/test.yaml:8:16: stages.train.with.shuffle: must be true or false, got "yes" – write true
              shuffle: yes
                       ^^^
    pipelines/test.yaml:9:19: stages.train.with.activation: must be one of relu, tanh, gelu, got "rleu", did you mean "relu"?
              activation: rleu
                          ^^^^
    "
  `)
})

test('numbers in quotes and texts without', async () => {
  const pipeline = `name: 2024
stages:
  train:
    inputs: { features: ./data }
    retries: "3"
    about: 7
    with: { epochs: "20" }
`
  expect(await mistakes(pipeline)).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:1:7: name: must be a text, got 2024 – write "2024" in quotes
        name: 2024
              ^^^^
    pipelines/test.yaml:5:14: stages.train.retries: must be a whole number, got "3" – write 3 without quotes
            retries: "3"
                     ^^^
    pipelines/test.yaml:6:12: stages.train.about: must be a text, got 7 – write "7" in quotes
            about: 7
                   ^
    pipelines/test.yaml:7:21: stages.train.with.epochs: must be a whole number, got "20" – write 20 without quotes
            with: { epochs: "20" }
                            ^^^^
    "
  `)
})

test('a required option that is not there', async () => {
  const pipeline = `stages:
  download:
`
  expect(await mistakes(pipeline)).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:2:3: stages.download.with: "data" is missing – Folder or demo.
          download:
          ^^^^^^^^
    "
  `)
})

test('nested options', async () => {
  const pipeline = `stages:
  featurize:
    inputs: { data: ./data }
    with:
      feature: mel
      augmentation: { copies: -1, nois_snr_db: 3 }
`
  expect(await mistakes(pipeline)).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:6:31: stages.featurize.with.augmentation.copies: must be at least 0, got -1
              augmentation: { copies: -1, nois_snr_db: 3 }
                                      ^^
    pipelines/test.yaml:6:35: stages.featurize.with.augmentation: unknown key "nois_snr_db", did you mean "noise_snr_db"?
              augmentation: { copies: -1, nois_snr_db: 3 }
                                          ^^^^^^^^^^^
    "
  `)
})

test('unknown kind', async () => {
  const pipeline = `stages:
  fetch:
    kind: downlaod
    with: { data: demo }
`
  expect(await mistakes(pipeline)).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:3:11: stages.fetch.kind: there is no stage kind "downlaod", did you mean "download"?
            kind: downlaod
                  ^^^^^^^^
    "
  `)
})

test('a stage whose name is no kind', async () => {
  const pipeline = `stages:
  trian:
    inputs: { features: ./data }
  clean: {}
`
  expect(await mistakes(pipeline)).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:2:3: stages.trian: needs \`kind:\`, "trian" is none itself, did you mean "train"?
          trian:
          ^^^^^
    pipelines/test.yaml:4:3: stages.clean: needs \`kind:\`, "clean" is none itself – kinds: download, featurize, train, evaluate, export, register, command; or give it \`run:\`
          clean: {}
          ^^^^^
    "
  `)
})

test('missing input', async () => {
  const pipeline = `stages:
  train: {}
  evaluate:
    inputs: { modle: train }
`
  expect(await mistakes(pipeline)).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:2:3: stages.train: input "features" is missing – write inputs: { features: STAGE } (features to learn from)
          train: {}
          ^^^^^
    pipelines/test.yaml:4:15: stages.evaluate.inputs: evaluate has no input "modle", did you mean "model"?
            inputs: { modle: train }
                      ^^^^^
    "
  `)
})

test('an input that the kind does not have', async () => {
  const pipeline = `stages:
  download: { with: { data: demo } }
  train:
    inputs: { features: ./data, labels: ./labels.csv }
  check:
    kind: download
    with: { data: demo }
    inputs: { data: download }
`
  expect(await mistakes(pipeline)).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:4:33: stages.train.inputs: train has no input "labels" – it has features
            inputs: { features: ./data, labels: ./labels.csv }
                                        ^^^^^^
    pipelines/test.yaml:8:15: stages.check.inputs: download has no input "data" – it takes no inputs
            inputs: { data: download }
                      ^^^^
    "
  `)
})

test('unknown stage in inputs', async () => {
  const pipeline = `stages:
  train: { inputs: { features: ./data } }
  evaluate: { inputs: { model: trian } }
  export: { inputs: { model: weights } }
`
  expect(await mistakes(pipeline)).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:3:32: stages.evaluate.inputs.model: there is no stage "trian", did you mean "train"?
          evaluate: { inputs: { model: trian } }
                                       ^^^^^
    pipelines/test.yaml:4:30: stages.export.inputs.model: there is no stage "weights" – a file of yours is written with a / or a dot: ./name
          export: { inputs: { model: weights } }
                                     ^^^^^^^
    "
  `)
})

test('a list and a group where one is taken', async () => {
  const pipeline = `stages:
  train:
    foreach: [a, b]
    inputs: { features: ./data }
  evaluate:
    inputs: { model: train }
  export:
    inputs: { model: [train@a, train@b] }
`
  expect(await mistakes(pipeline)).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:6:22: stages.evaluate.inputs.model: takes one stage, "train" is 2 – write one of train@a, train@b
            inputs: { model: train }
                             ^^^^^
    pipelines/test.yaml:8:22: stages.export.inputs.model: takes one stage or file, got a list
            inputs: { model: [train@a, train@b] }
                             ^^^^^^^^^^^^^^^^^^
    "
  `)
})

test('unknown item of a group', async () => {
  const pipeline = `stages:
  train:
    foreach: [emotion, groove]
    inputs: { features: ./data }
  evaluate:
    inputs: { model: train@emotions }
  export:
    inputs: { model: evaluate@x }
`
  expect(await mistakes(pipeline)).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:6:22: stages.evaluate.inputs.model: train has no item "emotions", did you mean "train@emotion"?
            inputs: { model: train@emotions }
                             ^^^^^^^^^^^^^^
    pipelines/test.yaml:8:22: stages.export.inputs.model: evaluate has no item "x" – write "evaluate"
            inputs: { model: evaluate@x }
                             ^^^^^^^^^^
    "
  `)
})

test('cycle', async () => {
  const pipeline = `stages:
  b: { run: cat a.txt > b.txt, deps: [a.txt], outs: [b.txt] }
  a: { run: cat b.txt > a.txt, deps: [b.txt], outs: [a.txt] }
`
  expect(await mistakes(pipeline)).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:2:39: stages need each other: b -> a -> b – one of them must do without the other
          b: { run: cat a.txt > b.txt, deps: [a.txt], outs: [b.txt] }
                                              ^^^^^
    "
  `)
})

test('cycle through inputs, after and itself', async () => {
  const pipeline = `stages:
  train:
    inputs: { features: ./data }
    after: register
  export: { inputs: { model: train } }
  register: { inputs: { models: train, exports: export } }
  evaluate: { inputs: { model: evaluate } }
`
  expect(await mistakes(pipeline)).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:4:12: stages need each other: train -> register -> train – one of them must do without the other
            after: register
                   ^^^^^^^^
    pipelines/test.yaml:7:32: stages need each other: evaluate -> evaluate – one of them must do without the other
          evaluate: { inputs: { model: evaluate } }
                                       ^^^^^^^^
    "
  `)
})

test('the cycle of a foreach is told once', async () => {
  const pipeline = `stages:
  train:
    foreach: [a, b, c]
    inputs: { features: export }
  export:
    foreach: [a, b, c]
    inputs: { model: train }
`
  expect(await mistakes(pipeline)).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:4:25: stages need each other: train@a -> export@a -> train@a – one of them must do without the other
            inputs: { features: export }
                                ^^^^^^
    "
  `)
})

test('duplicate stages and keys', async () => {
  const pipeline = `params: { epochs: 1, epochs: 2 }
stages:
  download: { with: { data: demo } }
  train:
    inputs: { features: download }
  download: { with: { data: other } }
`
  expect(await mistakes(pipeline)).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:1:22: "epochs" is given twice, first in line 1 – remove one of them
        params: { epochs: 1, epochs: 2 }
                             ^^^^^^
    pipelines/test.yaml:6:3: "download" is given twice, first in line 3 – remove one of them
          download: { with: { data: other } }
          ^^^^^^^^
    "
  `)
})

test('bad ${}', async () => {
  const pipeline = `params: { epochs: 5, train: { rate: 0.1 } }
stages:
  download: { with: { data: "\${dataa}/x" } }
  train:
    inputs: { features: download }
    with:
      epochs: \${epoch}
      learning_rate: \${params.train.rat}
      hidden_layers: ["\${epochs + 1}"]
  clean:
    run: echo \${train} \${HOME} \${x:-1}
`
  expect(await mistakes(pipeline)).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:3:30: stages.download.with.data: unknown name \${dataa} – there is epochs, train
          download: { with: { data: "\${dataa}/x" } }
                                     ^^^^^^^^
    pipelines/test.yaml:7:15: stages.train.with.epochs: unknown name \${epoch}, did you mean \${epochs}?
              epochs: \${epoch}
                      ^^^^^^^^
    pipelines/test.yaml:8:22: stages.train.with.learning_rate: unknown name \${params.train.rat}, did you mean \${params.train.rate}?
              learning_rate: \${params.train.rat}
                             ^^^^^^^^^^^^^^^^^^^
    pipelines/test.yaml:9:24: stages.train.with.hidden_layers.0: \${epochs + 1} is not a name – write \${name} or \${params.name.part}
              hidden_layers: ["\${epochs + 1}"]
                               ^^^^^^^^^^^^^
    pipelines/test.yaml:11:15: stages.clean.run: \${train} is a map and cannot stand inside a text
            run: echo \${train} \${HOME} \${x:-1}
                      ^^^^^^^^
    pipelines/test.yaml:11:24: stages.clean.run: unknown name \${HOME} – write $\${…} to leave it to the shell
            run: echo \${train} \${HOME} \${x:-1}
                               ^^^^^^^
    pipelines/test.yaml:11:32: stages.clean.run: \${x:-1} is not a name – write $\${…} to leave it to the shell
            run: echo \${train} \${HOME} \${x:-1}
                                       ^^^^^^^
    "
  `)
})

test('params that refer to each other in a circle', async () => {
  const pipeline = `params:
  a: \${b}
  b: x-\${c.d}
  c: { d: "\${a}" }
stages:
  download: { with: { data: "\${a}" } }
`
  expect(await mistakes(pipeline)).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:2:6: params.a: refers to itself: a -> b -> c.d -> a
          a: \${b}
             ^^^^
    "
  `)
})

test('reserved param', async () => {
  const pipeline = `params: { item: 3 }
stages:
  download: { with: { data: demo } }
`
  expect(await mistakes(pipeline)).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:1:11: params: "item" means something else inside \${} – give the param another name
        params: { item: 3 }
                  ^^^^
    "
  `)
})

test('${} inside { } without quotes', async () => {
  const pipeline = `params: { data: demo }
stages:
  download: { with: { data: \${data} } }
  train: { inputs: { features: [downlod] } }
`
  expect(await mistakes(pipeline)).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:3:29: a value with \${} inside { } or [ ] needs quotes – write "\${data}"
          download: { with: { data: \${data} } }
                                    ^^^^^^^
    pipelines/test.yaml:4:32: stages.train.inputs.features: takes one stage or file, got a list
          train: { inputs: { features: [downlod] } }
                                       ^^^^^^^^^
    "
  `)
})

test('tab', async () => {
  const pipeline = `stages:
  download:
	with: { data: demo }
    about: x
`
  expect(await mistakes(pipeline)).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:3:1: a tab indents this line – YAML takes spaces only
         with: { data: demo }
        ^
    "
  `)
})

test('an unclosed quote', async () => {
  const pipeline = `stages:
  download:
    about: "no end
    with: { data: demo }
`
  expect(await mistakes(pipeline)).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:3:12: this quote is not closed
            about: "no end
                   ^^^^^^^
    "
  `)
})

test('wrong indentation', async () => {
  const pipeline = `stages:
  download:
    with: { data: demo }
   about: x
`
  expect(await mistakes(pipeline)).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:4:4: the keys of one map must start in the same column
           about: x
           ^^^^^^^^
    "
  `)
})

test('an empty file', async () => {
  const pipeline = `# nothing yet
`
  expect(await mistakes(pipeline)).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:1:1: the file is empty – write \`stages:\`, and below it a stage: NAME: { run: COMMAND, outs: [FILE] }
        # nothing yet
        ^
    "
  `)
})

test('no stages', async () => {
  const pipeline = `name: kelly
stages: {}
`
  expect(await mistakes(pipeline)).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:2:1: stages: there are none
        stages: {}
        ^^^^^^
    "
  `)
})

test('a list of stages', async () => {
  const pipeline = `stages:
  - download
`
  expect(await mistakes(pipeline)).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:2:3: stages: must be a map, got a list – write each stage as NAME: { … }
          - download
          ^^^^^^^^^^
    "
  `)
})

test('unknown tag, second document', async () => {
  const pipeline = `stages: !pipeline
  download: { with: { data: demo } }
---
stages: {}
`
  expect(await mistakes(pipeline)).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:1:9: unknown tag !pipeline – put a text that begins with ! in quotes
        stages: !pipeline
                ^^^^^^^^^
    pipelines/test.yaml:3:1: a second document begins here – a file holds one pipeline or config; remove the ---
        ---
        ^^^
    "
  `)
})

test('not a finite number, too many digits', async () => {
  const pipeline = `params: { a: .inf, seed: 12345678901234567890 }
stages:
  download: { with: { data: demo } }
`
  expect(await mistakes(pipeline)).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:1:14: .inf is not a finite number
        params: { a: .inf, seed: 12345678901234567890 }
                     ^^^^
    pipelines/test.yaml:1:26: 12345678901234567890 has more digits than a number can hold – write it in quotes
        params: { a: .inf, seed: 12345678901234567890 }
                                 ^^^^^^^^^^^^^^^^^^^^
    "
  `)
})

test('unknown model, missing config file', async () => {
  const pipeline = `stages:
  train:
    config: emotoin
    inputs: { features: ./data }
  featurize:
    config: configs/grove.yaml
    inputs: { data: ./data }
`
  expect(await mistakes(pipeline, { files: { 'configs/groove.yaml': 'epochs: 3\n' } })).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:3:13: stages.train.config: there is no model "emotoin" and no file configs/emotoin.yaml, did you mean "emotion"?
            config: emotoin
                    ^^^^^^^
    pipelines/test.yaml:6:13: stages.featurize.config: there is no file configs/grove.yaml, did you mean "configs/groove.yaml"?
            config: configs/grove.yaml
                    ^^^^^^^^^^^^^^^^^^
    "
  `)
})

test('mistakes in a config stand in its file', async () => {
  const pipeline = `stages:
  train:
    config: configs/groove.yaml
    inputs: { features: ./data }
    with: { learning_rate: fast }
  export:
    config: groove
    inputs: { model: train }
`
  expect(
    await mistakes(pipeline, {
      files: {
        'configs/groove.yaml':
          '# a diff against the defaults\nepochs: ten\nactivaton: relu\nhidden_layers: []\nfeature: ${x}\nn_mels:\nmodel: drums\n',
      },
    }),
  ).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:5:28: stages.train.with.learning_rate: must be a number, got "fast"
            with: { learning_rate: fast }
                                   ^^^^
    configs/groove.yaml:2:9: epochs: must be a whole number, got "ten"
        epochs: ten
                ^^^
    configs/groove.yaml:3:1: unknown key "activaton", did you mean "activation"?
        activaton: relu
        ^^^^^^^^^
    configs/groove.yaml:4:16: hidden_layers: must have at least 1 entry, got 0
        hidden_layers: []
                       ^^
    configs/groove.yaml:5:10: feature: a config file has no \${} – set the option in \`with:\` of the stage, where \${} works
        feature: \${x}
                 ^^^^
    configs/groove.yaml:6:1: n_mels: must be a whole number, got nothing – leave the line out for the default
        n_mels:
        ^^^^^^
    configs/groove.yaml:7:8: model: must be one of emotion, groove, got "drums"
        model: drums
               ^^^^^
    "
  `)
})

test('what a kind refuses, where it came from', async () => {
  const pipeline = `stages:
  train:
    config: groove
    inputs: { features: ./data }
  export:
    config: groove
    inputs: { model: train }
  again:
    kind: export
    with: { activation: gelu }
    inputs: { model: train }
`
  expect(await mistakes(pipeline, { files: { 'configs/groove.yaml': 'activation: gelu\n' } })).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:10:25: stages.again.with.activation: the rtneural exporter cannot take gelu – relu and tanh it can
            with: { activation: gelu }
                                ^^^^
    configs/groove.yaml:1:13: activation: the rtneural exporter cannot take gelu – relu and tanh it can
        activation: gelu
                    ^^^^
    "
  `)
})

test('gates', async () => {
  const pipeline = `stages:
  train: { inputs: { features: ./data } }
  evaluate: { inputs: { model: train } }
  export:
    inputs: { model: train }
    gate:
      - { metric: "evaluat:latency.p99_ms", max: 10 }
      - { metric: accuracy, min: 0.5 }
      - { metric: "evaluate:accuracy" }
      - { metric: "evaluate:accuracy", min: 0.9, max: 0.5 }
      - { metric: "evaluate:accuracy", minimum: high, min: high }
      - evaluate
`
  expect(await mistakes(pipeline)).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:7:19: stages.export.gate.metric: there is no stage "evaluat", did you mean "evaluate"?
              - { metric: "evaluat:latency.p99_ms", max: 10 }
                          ^^^^^^^^^^^^^^^^^^^^^^^^
    pipelines/test.yaml:8:19: stages.export.gate.metric: must be stage:metric, got "accuracy" – e.g. evaluate:latency.p99_ms
              - { metric: accuracy, min: 0.5 }
                          ^^^^^^^^
    pipelines/test.yaml:9:9: stages.export.gate: needs \`max:\` or \`min:\`
              - { metric: "evaluate:accuracy" }
                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    pipelines/test.yaml:10:45: stages.export.gate: min 0.9 is more than max 0.5
              - { metric: "evaluate:accuracy", min: 0.9, max: 0.5 }
                                                    ^^^
    pipelines/test.yaml:11:40: stages.export.gate: unknown key "minimum" – known: metric, max, min
              - { metric: "evaluate:accuracy", minimum: high, min: high }
                                               ^^^^^^^
    pipelines/test.yaml:11:60: stages.export.gate.min: must be a number, got "high"
              - { metric: "evaluate:accuracy", minimum: high, min: high }
                                                                   ^^^^
    pipelines/test.yaml:12:9: stages.export.gate: must be a map, got "evaluate" – write { metric: evaluate:latency.p99_ms, max: 10 }
              - evaluate
                ^^^^^^^^
    "
  `)
})

test('foreach without items, with the same twice, with nameless ones', async () => {
  const pipeline = `params: { none: [] }
stages:
  train:
    foreach: []
    inputs: { features: ./data }
  evaluate:
    foreach: \${none}
    inputs: { model: ./model }
  export:
    foreach: [a, b, a, "x:y", { size: 3 }]
    inputs: { model: ./model }
  register:
    foreach: emotion
    inputs: { models: ./model }
`
  expect(await mistakes(pipeline)).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:1:17: stages.evaluate.foreach: has no items
        params: { none: [] }
                        ^^
    pipelines/test.yaml:4:14: stages.train.foreach: has no items
            foreach: []
                     ^^
    pipelines/test.yaml:10:21: stages.export.foreach: the item "a" is there twice
            foreach: [a, b, a, "x:y", { size: 3 }]
                            ^
    pipelines/test.yaml:10:24: stages.export.foreach: "x:y" cannot name an item – a name has no @ and no :
            foreach: [a, b, a, "x:y", { size: 3 }]
                               ^^^^^
    pipelines/test.yaml:10:31: stages.export.foreach: a map cannot name an item – give each map a \`name\`, or write foreach as a map
            foreach: [a, b, a, "x:y", { size: 3 }]
                                      ^^^^^^^^^^^
    pipelines/test.yaml:13:14: stages.register.foreach: must be a list or a map, got "emotion" – write [emotion]
            foreach: emotion
                     ^^^^^^^
    "
  `)
})

test('matrix', async () => {
  const pipeline = `stages:
  a:
    run: echo \${matrix.lr} \${matrix.sizee}
    matrix: { lr: [1, 2], size: 3, exclude: [{ rl: 1 }], include: [{ lr: 5 }] }
  b:
    run: echo
    matrix: { x: [1], exclude: [{ x: 1 }] }
  c:
    run: echo
    matrix: {}
    foreach: [1]
`
  expect(await mistakes(pipeline)).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:4:33: stages.a.matrix.size: must be a list, got 3
            matrix: { lr: [1, 2], size: 3, exclude: [{ rl: 1 }], include: [{ lr: 5 }] }
                                        ^
    pipelines/test.yaml:4:48: stages.a.matrix.exclude: unknown key "rl", did you mean "lr"?
            matrix: { lr: [1, 2], size: 3, exclude: [{ rl: 1 }], include: [{ lr: 5 }] }
                                                       ^^
    pipelines/test.yaml:4:68: stages.a.matrix.include: must name every axis, size is missing
            matrix: { lr: [1, 2], size: 3, exclude: [{ rl: 1 }], include: [{ lr: 5 }] }
                                                                           ^^^^^^^^^
    pipelines/test.yaml:7:5: stages.b.matrix: \`exclude\` leaves no combination
            matrix: { x: [1], exclude: [{ x: 1 }] }
            ^^^^^^
    pipelines/test.yaml:10:5: stages.c: takes foreach or matrix, not both
            matrix: {}
            ^^^^^^
    "
  `)
})

test('conditions', async () => {
  const pipeline = `params: { epochs: 10, fast: maybe, list: [1] }
stages:
  a: { run: echo, when: yes }
  b: { run: echo, when: "\${epochs} > ten" }
  c: { run: echo, when: "\${fast}" }
  d: { run: echo, when: "\${epochs} = 10" }
  e: { run: echo, when: "(\${epochs} > 1 and true" }
  f: { run: echo, when: "\${epoch} > 1" }
  g: { run: echo, when: "\${list}" }
  h: { run: echo, when: "\${epochs} >" }
  i: { run: echo, when: 3 }
`
  expect(await mistakes(pipeline)).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:3:25: stages.a.when: must be true or false, got "yes" – write true
          a: { run: echo, when: yes }
                                ^^^
    pipelines/test.yaml:4:25: stages.b.when: > compares numbers, got "ten"
          b: { run: echo, when: "\${epochs} > ten" }
                                ^^^^^^^^^^^^^^^^^
    pipelines/test.yaml:5:25: stages.c.when: must be true or false, got "maybe"
          c: { run: echo, when: "\${fast}" }
                                ^^^^^^^^^
    pipelines/test.yaml:6:25: stages.d.when: a comparison is written ==
          d: { run: echo, when: "\${epochs} = 10" }
                                ^^^^^^^^^^^^^^^^
    pipelines/test.yaml:7:25: stages.e.when: a ( is not closed
          e: { run: echo, when: "(\${epochs} > 1 and true" }
                                ^^^^^^^^^^^^^^^^^^^^^^^^^
    pipelines/test.yaml:8:26: stages.f.when: unknown name \${epoch}, did you mean \${epochs}?
          f: { run: echo, when: "\${epoch} > 1" }
                                 ^^^^^^^^
    pipelines/test.yaml:9:25: stages.g.when: \${list} is a list, a condition takes single values
          g: { run: echo, when: "\${list}" }
                                ^^^^^^^^^
    pipelines/test.yaml:10:25: stages.h.when: a value is missing at the end
          h: { run: echo, when: "\${epochs} >" }
                                ^^^^^^^^^^^^^
    pipelines/test.yaml:11:25: stages.i.when: must be true or false, got 3
          i: { run: echo, when: 3 }
                                ^
    "
  `)
})

test('durations, sizes, pools', async () => {
  const pipeline = `resources: { gpu: 1, cpu: many }
stages:
  train:
    inputs: { features: ./data }
    timeout: 10 minutes
    retries: -1
    resources: { cpu: two, memory: 4 gigs, gpus: 1, disk: 3, gpu: 2 }
  evaluate:
    inputs: { model: train }
    timeout: 0
    retries: 1.5
`
  expect(await mistakes(pipeline)).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:1:27: resources.cpu: must be a number, got "many"
        resources: { gpu: 1, cpu: many }
                                  ^^^^
    pipelines/test.yaml:5:14: stages.train.timeout: must be a duration such as 90s, 10m or 1h30m, got "10 minutes"
            timeout: 10 minutes
                     ^^^^^^^^^^
    pipelines/test.yaml:6:14: stages.train.retries: must be at least 0, got -1
            retries: -1
                     ^^
    pipelines/test.yaml:7:23: stages.train.resources.cpu: must be a number, got "two"
            resources: { cpu: two, memory: 4 gigs, gpus: 1, disk: 3, gpu: 2 }
                              ^^^
    pipelines/test.yaml:7:36: stages.train.resources.memory: must be a size such as 512M or 4G, got "4 gigs"
            resources: { cpu: two, memory: 4 gigs, gpus: 1, disk: 3, gpu: 2 }
                                           ^^^^^^
    pipelines/test.yaml:7:44: stages.train.resources: there is no pool "gpus", did you mean "gpu"?
            resources: { cpu: two, memory: 4 gigs, gpus: 1, disk: 3, gpu: 2 }
                                                   ^^^^
    pipelines/test.yaml:7:53: stages.train.resources: there is no pool "disk" – say how much there is at the top of the file: resources: { disk: 3 }
            resources: { cpu: two, memory: 4 gigs, gpus: 1, disk: 3, gpu: 2 }
                                                            ^^^^
    pipelines/test.yaml:7:67: stages.train.resources.gpu: wants 2, the pool has 1
            resources: { cpu: two, memory: 4 gigs, gpus: 1, disk: 3, gpu: 2 }
                                                                          ^
    pipelines/test.yaml:10:14: stages.evaluate.timeout: must be a duration such as 90s, 10m or 1h30m, got 0
            timeout: 0
                     ^
    pipelines/test.yaml:11:14: stages.evaluate.retries: must be a whole number, got 1.5
            retries: 1.5
                     ^^^
    "
  `)
})

test('environment', async () => {
  const pipeline = `stages:
  a:
    run: echo
    env: { "MY-VAR": 1, LIST: [1], pass: [OK, "NOT OK"] }
`
  expect(await mistakes(pipeline)).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:4:12: stages.a.env: "MY-VAR" cannot name an environment variable
            env: { "MY-VAR": 1, LIST: [1], pass: [OK, "NOT OK"] }
                   ^^^^^^^^
    pipelines/test.yaml:4:31: stages.a.env.LIST: must be one value, got a list
            env: { "MY-VAR": 1, LIST: [1], pass: [OK, "NOT OK"] }
                                      ^^^
    pipelines/test.yaml:4:47: stages.a.env: "NOT OK" cannot name an environment variable
            env: { "MY-VAR": 1, LIST: [1], pass: [OK, "NOT OK"] }
                                                      ^^^^^^^^
    "
  `)
})

test('overlapping outs', async () => {
  const pipeline = `stages:
  a: { run: a, outs: [data/clean] }
  b: { run: b, outs: [data/clean/x.csv, ./data/clean/] }
  c: { run: c, outs: [data, /tmp/x, ../up, ".", cache/x, "y/*.csv"] }
  d:
    run: d \${item}
    foreach: [x, y]
    outs: [out.csv]
  train:
    inputs: { features: ./f }
    to: data/clean/model
`
  expect(await mistakes(pipeline)).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:3:23: stages.b.outs: data/clean/x.csv lies inside data/clean, which a makes – give each stage a path of its own
          b: { run: b, outs: [data/clean/x.csv, ./data/clean/] }
                              ^^^^^^^^^^^^^^^^
    pipelines/test.yaml:3:41: stages.b.outs: data/clean is made by a already – give each stage a path of its own
          b: { run: b, outs: [data/clean/x.csv, ./data/clean/] }
                                                ^^^^^^^^^^^^^
    pipelines/test.yaml:4:23: stages.c.outs: data holds data/clean, which a makes – give each stage a path of its own
          c: { run: c, outs: [data, /tmp/x, ../up, ".", cache/x, "y/*.csv"] }
                              ^^^^
    pipelines/test.yaml:4:29: stages.c.outs: must lie inside the project folder
          c: { run: c, outs: [data, /tmp/x, ../up, ".", cache/x, "y/*.csv"] }
                                    ^^^^^^
    pipelines/test.yaml:4:37: stages.c.outs: must lie inside the project folder
          c: { run: c, outs: [data, /tmp/x, ../up, ".", cache/x, "y/*.csv"] }
                                            ^^^^^
    pipelines/test.yaml:4:44: stages.c.outs: must not be the project folder itself
          c: { run: c, outs: [data, /tmp/x, ../up, ".", cache/x, "y/*.csv"] }
                                                   ^^^
    pipelines/test.yaml:4:49: stages.c.outs: must not lie in cache/, which is kpipe’s own
          c: { run: c, outs: [data, /tmp/x, ../up, ".", cache/x, "y/*.csv"] }
                                                        ^^^^^^^
    pipelines/test.yaml:4:58: stages.c.outs: must be plain paths, without * and ?
          c: { run: c, outs: [data, /tmp/x, ../up, ".", cache/x, "y/*.csv"] }
                                                                 ^^^^^^^^^
    pipelines/test.yaml:8:12: stages.d.outs: out.csv is made by d@x already – put \${key} into the path, so that every item has its own
            outs: [out.csv]
                   ^^^^^^^
    pipelines/test.yaml:11:9: stages.train.to: data/clean/model lies inside data, which c makes – give each stage a path of its own
            to: data/clean/model
                ^^^^^^^^^^^^^^^^
    "
  `)
})

test('overlapping to', async () => {
  const pipeline = `stages:
  train:
    foreach: [a, b]
    inputs: { features: ./f }
    to: models
  register:
    inputs: { models: train }
    to: models
`
  expect(await mistakes(pipeline)).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:5:9: stages.train.to: models is made by train@a already – put \${key} into the path, so that every item has its own
            to: models
                ^^^^^^
    "
  `)
})

test('command keys', async () => {
  const pipeline = `params: { epochs: 5 }
stages:
  a:
    run: echo
    with: { x: 1 }
    to: out
    params: [epoch]
    outs: [m/x.csv]
    metrics: metrics.json
    deps: [m, a.txt, a.txt]
  b: { kind: command, deps: [x] }
  train:
    run: python train.py
    kind: train
    inputs: { features: ./f }
    deps: [x]
    params: [epochs]
`
  expect(await mistakes(pipeline)).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:5:5: stages.a: unknown key "with" – a command has \`params:\`
            with: { x: 1 }
            ^^^^
    pipelines/test.yaml:6:5: stages.a: unknown key "to" – a command has no such key
            to: out
            ^^
    pipelines/test.yaml:7:14: stages.a.params: there is no param "epoch", did you mean "epochs"?
            params: [epoch]
                     ^^^^^
    pipelines/test.yaml:9:14: stages.a.metrics: metrics.json is not among the outs – add it to \`outs:\`
            metrics: metrics.json
                     ^^^^^^^^^^^^
    pipelines/test.yaml:10:12: stages.a.deps: m overlaps its own out m/x.csv
            deps: [m, a.txt, a.txt]
                   ^
    pipelines/test.yaml:10:22: stages.a.deps: "a.txt" is there twice
            deps: [m, a.txt, a.txt]
                             ^^^^^
    pipelines/test.yaml:11:3: stages.b: a command needs \`run:\` – run: the shell command
          b: { kind: command, deps: [x] }
          ^
    pipelines/test.yaml:13:5: stages.train: only a command has \`run:\`, this stage is of kind train
            run: python train.py
            ^^^
    pipelines/test.yaml:16:5: stages.train: unknown key "deps" – only a command (a stage with \`run:\`) has it
            deps: [x]
            ^^^^
    pipelines/test.yaml:17:5: stages.train: unknown key "params" – options stand in \`with:\`
            params: [epochs]
            ^^^^^^
    "
  `)
})

test('outputs of commands', async () => {
  const pipeline = `stages:
  a: { run: a, outs: [data/x.csv, data/y.csv] }
  b: { run: b }
  train: { inputs: { features: a } }
  again: { kind: train, inputs: { features: "a:data/z.csv" } }
  third: { kind: train, inputs: { features: b } }
  evaluate: { inputs: { model: "train:../x" } }
  export: { inputs: { model: { stage: trian, pth: x } } }
`
  expect(await mistakes(pipeline)).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:4:32: stages.train.inputs.features: a makes 2 outs – write one of a:data/x.csv, a:data/y.csv
          train: { inputs: { features: a } }
                                       ^
    pipelines/test.yaml:5:45: stages.again.inputs.features: a does not make "data/z.csv", did you mean "a:data/x.csv"?
          again: { kind: train, inputs: { features: "a:data/z.csv" } }
                                                    ^^^^^^^^^^^^^^
    pipelines/test.yaml:6:45: stages.third.inputs.features: b makes no outs – add \`outs:\` to b, or name it in \`after:\`
          third: { kind: train, inputs: { features: b } }
                                                    ^
    pipelines/test.yaml:7:32: stages.evaluate.inputs.model: "../x" must lie inside the output of train
          evaluate: { inputs: { model: "train:../x" } }
                                       ^^^^^^^^^^^^
    pipelines/test.yaml:8:39: stages.export.inputs.model.stage: there is no stage "trian", did you mean "train"?
          export: { inputs: { model: { stage: trian, pth: x } } }
                                              ^^^^^
    pipelines/test.yaml:8:46: stages.export.inputs.model: unknown key "pth", did you mean "path"?
          export: { inputs: { model: { stage: trian, pth: x } } }
                                                     ^^^
    "
  `)
})

test('a stage that could not be made out causes no further mistakes', async () => {
  const pipeline = `stages:
  train: { foreach: [], inputs: { features: ./data } }
  evaluate: { inputs: { model: train }, gate: { metric: "train:loss", max: 1 }, after: train@x }
  register: { inputs: { models: broken } }
  broken: 3
`
  expect(await mistakes(pipeline)).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:2:21: stages.train.foreach: has no items
          train: { foreach: [], inputs: { features: ./data } }
                            ^^
    pipelines/test.yaml:5:11: stages.broken: must be a map, got 3
          broken: 3
                  ^
    "
  `)
})

test('names', async () => {
  const pipeline = `name: my pipeline
stages:
  down@load: { kind: download, with: { data: demo } }
  "\${x}": { run: echo }
`
  expect(await mistakes(pipeline)).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:1:7: name: "my pipeline" cannot name a pipeline – names have letters, digits, _ - and dots
        name: my pipeline
              ^^^^^^^^^^^
    pipelines/test.yaml:3:3: stages: "down@load" cannot name a stage – names have letters, digits, _ - and dots
          down@load: { kind: download, with: { data: demo } }
          ^^^^^^^^^
    pipelines/test.yaml:4:3: a name cannot hold \${}: \${x}
          "\${x}": { run: echo }
          ^^^^^^
    "
  `)
})

test('aliases and merges', async () => {
  const pipeline = `params: { a: &a [*a], b: &b 3 }
stages:
  download: { <<: *b, with: { data: demo } }
  train: *nothing
`
  expect(await mistakes(pipeline)).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:1:18: this alias stands inside the very value it stands for
        params: { a: &a [*a], b: &b 3 }
                         ^^
    pipelines/test.yaml:3:15: << merges a map: <<: *name
          download: { <<: *b, with: { data: demo } }
                      ^^
    pipelines/test.yaml:4:10: nothing above is called &nothing
          train: *nothing
                 ^^^^^^^^
    "
  `)
})

test('--set', async () => {
  const pipeline = `params: { epochs: 5, train: { rate: 0.1 } }
stages:
  train:
    foreach: [emotion, groove]
    config: \${item}
    inputs: { features: ./data }
    with: { epochs: "\${epochs}" }
`
  expect(
    await mistakes(pipeline, {
      set: [
        'epoch=3',
        'train.rat=3',
        'epochs',
        'epochs=ten',
        'stages.trian.with.epochs=3',
        'stages.train.wiht.epochs=3',
        'stages.train@groov.with.epochs=3',
        'stages.train.with.epoch=3',
        'configs.groov.epochs=3',
        'configs.groove.epoch=3',
        'configs.emotion.epochs=yes',
        'params.epochs.x=3',
        'stages.train=3',
        'a=[',
        'resources.gpu=lots',
      ],
    }),
  ).toMatchInlineSnapshot(`
    "
    --set:1:1: there is no param "epoch", did you mean epochs?
        epoch=3
        ^^^^^
    --set:2:1: there is no param "train.rat", did you mean train.rate?
        train.rat=3
        ^^^^^^^^^
    --set:3:1: --set takes NAME=VALUE, got "epochs" – e.g. --set epochs=80
        epochs
        ^^^^^^
    --set:4:8: stages.train.with.epochs: must be a whole number, got "ten"
        epochs=ten
               ^^^
    --set:5:1: there is no stage "trian", did you mean stages.train?
        stages.trian.with.epochs=3
        ^^^^^^^^^^^^^^^^^^^^^^^^
    --set:6:1: a stage has no key "wiht", did you mean stages.train.with?
        stages.train.wiht.epochs=3
        ^^^^^^^^^^^^^^^^^^^^^^^^
    --set:7:1: there is no stage "train@groov", did you mean stages.train@groove?
        stages.train@groov.with.epochs=3
        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    --set:8:1: stages.train.with: unknown key "epoch", did you mean "epochs"?
        stages.train.with.epoch=3
        ^^^^^^^^^^^^^^^^^^^^^^^
    --set:9:1: no stage uses a config "groov", did you mean configs.groove?
        configs.groov.epochs=3
        ^^^^^^^^^^^^^^^^^^^^
    --set:10:1: unknown key "epoch", did you mean "epochs"?
        configs.groove.epoch=3
        ^^^^^^^^^^^^^^^^^^^^
    --set:11:24: epochs: must be a whole number, got "yes"
        configs.emotion.epochs=yes
                               ^^^
    --set:12:1: there is no param "epochs.x" – give it a value under \`params:\` first
        params.epochs.x=3
        ^^^^^^^^^^^^^^^
    --set:13:1: --set stages.train needs a key, such as stages.train.with.NAME
        stages.train=3
        ^^^^^^^^^^^^
    --set:14:4: a list is not closed – write the ] that it ends with
        a=[
           ^
    --set:15:15: resources.gpu: must be a number, got "lots"
        resources.gpu=lots
                      ^^^^
    "
  `)
})

test('--set below a value that has no parts', async () => {
  const pipeline = `params: { all: { epochs: 3 } }
stages:
  train: { inputs: { features: ./data }, with: "\${all}", retries: 2 }
`
  expect(
    await mistakes(pipeline, { set: ['stages.train.with.epochs=4', 'stages.train.retries.x=4'] }),
  ).toMatchInlineSnapshot(`
    "
    --set:1:1: stages.train.with is \${all}, nothing can be set below it – set the param it stands for
        stages.train.with.epochs=4
        ^^^^^^^^^^^^^^^^^^^^^^^^
    --set:2:1: stages.train.retries is 2, nothing can be set below it
        stages.train.retries.x=4
        ^^^^^^^^^^^^^^^^^^^^^^
    "
  `)
})

test('positions count characters', async () => {
  const pipeline = `about: "𝄞 a score"
stages:
  "♫": { run: "echo 𝄞𝄞", afte: x }
`
  expect(await mistakes(pipeline)).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:3:3: stages: "♫" cannot name a stage – names have letters, digits, _ - and dots
          "♫": { run: "echo 𝄞𝄞", afte: x }
          ^^^
    pipelines/test.yaml:3:26: stages.♫: unknown key "afte", did you mean "after"?
          "♫": { run: "echo 𝄞𝄞", afte: x }
                                 ^^^^
    "
  `)
})

test('a long line is cut around the caret', async () => {
  const pipeline = `stages: { s0: { run: echo 0 }, s1: { run: echo 1 }, s2: { run: echo 2 }, s3: { run: echo 3 }, s4: { run: echo 4 }, s5: { run: echo 5 }, s6: { run: echo 6 }, s7: { run: echo 7 }, s8: { run: echo 8 }, s9: { run: echo 9 }, s10: { run: echo 10 }, s11: { run: echo 11 }, s12: { run: echo 12 }, s13: { run: echo 13 }, s14: { run: echo 14 }, s15: { run: echo 15 }, s16: { run: echo 16 }, s17: { run: echo 17 }, s18: { run: echo 18 }, s19: { run: echo 19 }, s20: { runn: echo } }
`
  expect(await mistakes(pipeline)).toMatchInlineSnapshot(`
    "
    pipelines/test.yaml:1:451: stages.s20: needs \`kind:\`, "s20" is none itself – kinds: download, featurize, train, evaluate, export, register, command; or give it \`run:\`
        …: { run: echo 16 }, s17: { run: echo 17 }, s18: { run: echo 18 }, s19: { run: echo 19 }, s20: { runn: echo } }
                                                                                                  ^^^
    pipelines/test.yaml:1:458: stages.s20: unknown key "runn", did you mean "run"?
        …: { run: echo 16 }, s17: { run: echo 17 }, s18: { run: echo 18 }, s19: { run: echo 19 }, s20: { runn: echo } }
                                                                                                         ^^^^
    "
  `)
})

test('at most twenty are shown', async () => {
  const stages = Array.from({ length: 27 }, (_, index) => `  s${index}: { runn: echo }\n`).join('')
  const text = await mistakes(`stages:\n${stages}`)
  expect(text.split('\n').filter((line) => line.startsWith('pipelines/'))).toHaveLength(20)
  expect(text.endsWith('… and 34 more\n')).toBe(true)
})
