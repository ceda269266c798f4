/**
 * Mistakes that people make in a pipeline, through the real command line: all that they are told is compared. Every answer has the
 * place, the cause and the remedy; read it as somebody who has known kpipe for ten minutes.
 */
import { expect, test } from 'vitest'
import { commands, pipeline, told, trainer } from './rig.ts'

test('an empty file', () => {
  expect(told(pipeline(''), 'run')).toMatchInlineSnapshot(`
    "exit 2
    pipelines/p.yaml:1:1: the file is empty – write \`stages:\`, and below it a stage: NAME: { run: COMMAND, outs: [FILE] }
    "
  `)
})

test('a tab', () => {
  expect(told(pipeline('stages:\n  a:\n\trun: echo a\n'), 'run')).toMatchInlineSnapshot(`
    "exit 2
    pipelines/p.yaml:3:1: a tab indents this line – YAML takes spaces only
         run: echo a
        ^
    "
  `)
})

test('a key given twice', () => {
  expect(told(pipeline('stages:\n  a: { run: echo }\n  a: { run: echo }\n'), 'run')).toMatchInlineSnapshot(`
    "exit 2
    pipelines/p.yaml:3:3: "a" is given twice, first in line 2 – remove one of them
          a: { run: echo }
          ^
    "
  `)
})

test('stages as a list', () => {
  expect(told(pipeline('stages: [a, b]\n'), 'run')).toMatchInlineSnapshot(`
    "exit 2
    pipelines/p.yaml:1:9: stages: must be a map, got a list – write each stage as NAME: { … }
        stages: [a, b]
                ^^^^^^
    "
  `)
})

test('a key of a stage with a slip', () => {
  expect(told(trainer({ 'config: groove': 'confg: groove' }), 'run')).toMatchInlineSnapshot(`
    "exit 2
    pipelines/p.yaml:5:5: stages.featurize: unknown key "confg", did you mean "config"?
            confg: groove_predictor
            ^^^^^
    "
  `)
})

test('a kind with a slip', () => {
  expect(told(trainer({ 'train:': 'train:\n    kind: trian' }), 'run')).toMatchInlineSnapshot(`
    "exit 2
    pipelines/p.yaml:8:11: stages.train.kind: there is no stage kind "trian", did you mean "train"?
            kind: trian
                  ^^^^^
    "
  `)
})

test('an input that names a stage with a slip', () => {
  expect(
    told(trainer({ 'features: featurize }\n  export': 'features: featurise }\n  export' }), 'run'),
  ).toMatchInlineSnapshot(`
    "exit 2
    pipelines/p.yaml:9:25: stages.train.inputs.features: there is no stage "featurise", did you mean "featurize"?
            inputs: { features: featurise }
                                ^^^^^^^^^
    "
  `)
})

test('an input that the kind has not', () => {
  expect(told(trainer({ '{ features: featurize }': '{ feature: featurize }' }), 'run')).toMatchInlineSnapshot(`
    "exit 2
    pipelines/p.yaml:9:15: stages.train.inputs: train has no input "feature", did you mean "features"?
            inputs: { feature: featurize }
                      ^^^^^^^
    "
  `)
})

test('an option of another kind', () => {
  expect(told(trainer({ 'validate: {': 'validate: { with: { epochs: 3 },' }), 'run')).toMatchInlineSnapshot(`
    "exit 2
    pipelines/p.yaml:3:23: stages.validate.with: unknown key "epochs" – validate does not read it, train does
          validate: { with: { epochs: 3 }, inputs: { data: download } }
                              ^^^^^^
    "
  `)
})

test('an option of the wrong type', () => {
  expect(told(trainer({ 'train:': 'train:\n    with: { epochs: ten }' }), 'run')).toMatchInlineSnapshot(`
    "exit 2
    pipelines/p.yaml:8:21: stages.train.with.epochs: must be a whole number, got "ten"
            with: { epochs: ten }
                            ^^^
    "
  `)
})

test('a share that is none', () => {
  expect(told(trainer({ 'validate: {': 'validate: { with: { max_bad: five },' }), 'run')).toMatchInlineSnapshot(`
    "exit 2
    pipelines/p.yaml:3:32: stages.validate.with.max_bad: must look like 5% or 20, got "five"
          validate: { with: { max_bad: five }, inputs: { data: download } }
                                       ^^^^
    "
  `)
})

test('stages that need each other', () => {
  expect(
    told(pipeline('stages:\n  a: { run: x, deps: [b], outs: [a] }\n  b: { run: x, deps: [a], outs: [b] }\n'), 'run'),
  ).toMatchInlineSnapshot(`
    "exit 2
    pipelines/p.yaml:2:23: stages need each other: a -> b -> a – one of them must do without the other
          a: { run: x, deps: [b], outs: [a] }
                              ^
    "
  `)
})

test('a file that is not there', () => {
  expect(
    told(pipeline('stages:\n  a:\n    run: wc song.txt > n.txt\n    deps: [song.txt]\n    outs: [n.txt]\n'), 'run'),
  ).toMatchInlineSnapshot(`
    "exit 2
    pipelines/p.yaml:4:12: stages.a.deps: song.txt is not there – paths are relative to the project folder; put the data there or change the path
            deps: [song.txt]
                   ^^^^^^^^
    "
  `)
})

test('a file with a slip', () => {
  expect(
    told(
      pipeline('stages:\n  a: { run: wc x > n, deps: [data/lables.csv], outs: [n] }\n', { 'data/labels.csv': '' }),
      'run',
    ),
  ).toMatchInlineSnapshot(`
    "exit 2
    pipelines/p.yaml:2:30: stages.a.deps: data/lables.csv is not there, did you mean "data/labels.csv"?
          a: { run: wc x > n, deps: [data/lables.csv], outs: [n] }
                                     ^^^^^^^^^^^^^^^
    "
  `)
})

test('one output inside another', () => {
  expect(
    told(pipeline('stages:\n  a: { run: x, outs: [o] }\n  b: { run: y, outs: [o/x] }\n'), 'run'),
  ).toMatchInlineSnapshot(`
    "exit 2
    pipelines/p.yaml:3:23: stages.b.outs: o/x lies inside o, which a makes – give each stage a path of its own
          b: { run: y, outs: [o/x] }
                              ^^^
    "
  `)
})

test('a param with a slip', () => {
  expect(told(pipeline('params: { name: x }\nstages:\n  a: { run: "echo ${nmae}" }\n'), 'run')).toMatchInlineSnapshot(`
    "exit 2
    pipelines/p.yaml:3:19: stages.a.run: unknown name \${nmae}, did you mean \${name}?
          a: { run: "echo \${nmae}" }
                          ^^^^^^^
    "
  `)
})

test('a timeout in a unit of its own', () => {
  expect(told(commands(', timeout: 10 mins'), 'run')).toMatchInlineSnapshot(`
    "exit 2
    pipelines/p.yaml:3:59: stages.prepare.timeout: must be a duration such as 90s, 10m or 1h30m, got "10 mins"
          prepare: { run: echo a > a.txt, outs: [a.txt], timeout: 10 mins }
                                                                  ^^^^^^^
    "
  `)
})

test('a size in a unit of its own', () => {
  expect(told(commands(', resources: { memory: 4 gigs }'), 'run')).toMatchInlineSnapshot(`
    "exit 2
    pipelines/p.yaml:3:71: stages.prepare.resources.memory: must be a size such as 512M or 4G, got "4 gigs"
          prepare: { run: echo a > a.txt, outs: [a.txt], resources: { memory: 4 gigs } }
                                                                              ^^^^^^
    "
  `)
})

test('a pool without a size', () => {
  expect(told(commands(', resources: { gpu: 1 }'), 'run')).toMatchInlineSnapshot(`
    "exit 2
    pipelines/p.yaml:3:63: stages.prepare.resources: there is no pool "gpu" – say how much there is at the top of the file: resources: { gpu: 1 }
          prepare: { run: echo a > a.txt, outs: [a.txt], resources: { gpu: 1 } }
                                                                      ^^^
    "
  `)
})

test('a gate without a stage', () => {
  expect(told(trainer({ 'export:': 'export:\n    gate: { metric: latency, max: 10 }' }), 'run')).toMatchInlineSnapshot(`
    "exit 2
    pipelines/p.yaml:11:21: stages.export.gate.metric: must be stage:metric, got "latency" – e.g. evaluate:latency.p99_ms
            gate: { metric: latency, max: 10 }
                            ^^^^^^^
    "
  `)
})

test('several mistakes at once', () => {
  expect(
    told(
      trainer({ 'validate: {': 'validate: { whit: 1,', 'train:': 'train:\n    with: { learning_rate: -1 }' }),
      'run',
    ),
  ).toMatchInlineSnapshot(`
    "exit 2
    pipelines/p.yaml:3:15: stages.validate: unknown key "whit", did you mean "with"?
          validate: { whit: 1, inputs: { data: download } }
                      ^^^^
    pipelines/p.yaml:8:28: stages.train.with.learning_rate: must be more than 0, got -1
            with: { learning_rate: -1 }
                                   ^^
    "
  `)
})
