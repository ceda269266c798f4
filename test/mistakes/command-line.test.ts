/**
 * Mistakes that people make on the command line, through the real command line: all that they are told is compared. Every answer has the
 * place, the cause and the remedy; read it as somebody who has known kpipe for ten minutes.
 */
import { expect, test } from 'vitest'
import { commands, told } from './rig.ts'

test('a command with a slip', () => {
  expect(told(commands(), 'rnu')).toMatchInlineSnapshot(`
    "exit 2
    kpipe: there is no command rnu
           did you mean kpipe run?
    "
  `)
})

test('a folder without a project', () => {
  expect(told({}, 'run')).toMatchInlineSnapshot(`
    "exit 2
    kpipe: no kpipe project here: neither PROJECT nor a folder above it has a pipelines/ folder
           kpipe init my-models makes one; or go to yours, or name a pipeline file: kpipe run path/to/pipeline.yaml
    "
  `)
})

test('an option with a slip', () => {
  expect(told(commands(), 'run', '--jbos', '2')).toMatchInlineSnapshot(`
    "exit 2
    kpipe: run has no option --jbos
           did you mean --jobs?
    "
  `)
})

test('--jobs that is no number', () => {
  expect(told(commands(), 'run', '--jobs', 'two')).toMatchInlineSnapshot(`
    "exit 2
    kpipe: --jobs must be a whole number from 1 on, got "two"
           write --jobs 4
    "
  `)
})

test('an option without its value', () => {
  expect(told(commands(), 'run', '--jobs')).toMatchInlineSnapshot(`
    "exit 2
    kpipe: --jobs needs a value
           kpipe run --help says which
    "
  `)
})

test('a stage with a slip', () => {
  expect(told(commands(), 'run', 'prepaer')).toMatchInlineSnapshot(`
    "exit 2
    kpipe: pipelines/p.yaml has no stage prepaer
           did you mean prepare?
    "
  `)
})

test('--set without a value', () => {
  expect(told(commands(), 'run', '--set', 'rate')).toMatchInlineSnapshot(`
    "exit 2
    --set:1:1: --set takes NAME=VALUE, got "rate" – e.g. --set epochs=80
        rate
        ^^^^
    "
  `)
})

test('--set of a param with a slip', () => {
  expect(told(commands(), 'run', '--set', 'rat=3')).toMatchInlineSnapshot(`
    "exit 2
    --set:1:1: there is no param "rat", did you mean rate?
        rat=3
        ^^^
    "
  `)
})

test('--set that is no YAML', () => {
  expect(told(commands(), 'run', '--set', 'rate=[1')).toMatchInlineSnapshot(`
    "exit 2
    --set:1:8: a list is not closed – write the ] that it ends with
        rate=[1
               ^
    "
  `)
})

test('--set of a stage with a slip', () => {
  expect(told(commands(), 'run', '--set', 'stages.prepere.timeout=3')).toMatchInlineSnapshot(`
    "exit 2
    --set:1:1: there is no stage "prepere", did you mean stages.prepare?
        stages.prepere.timeout=3
        ^^^^^^^^^^^^^^^^^^^^^^
    "
  `)
})

test('two pipelines and none named', () => {
  expect(told({ ...commands(), 'pipelines/q.yaml': '' }, 'run')).toMatchInlineSnapshot(`
    "exit 2
    kpipe: which pipeline? there are p, q
           name one: kpipe run p
    "
  `)
})

test('a pipeline file that is not there', () => {
  expect(told(commands(), 'run', 'pipelines/nope.yaml')).toMatchInlineSnapshot(`
    "exit 2
    kpipe: there is no pipeline file pipelines/nope.yaml
           kpipe list pipelines names those of this project
    "
  `)
})

test('why without a stage', () => {
  expect(told(commands(), 'why')).toMatchInlineSnapshot(`
    "exit 2
    kpipe: which stage?
           name one of p: prepare, copy
    "
  `)
})

test('a list that there is not', () => {
  expect(told(commands(), 'list', 'modles')).toMatchInlineSnapshot(`
    "exit 2
    kpipe: list knows no modles
           did you mean kpipe list models?
    "
  `)
})

test('a size in words', () => {
  expect(told(commands(), 'gc', '--budget', 'lots')).toMatchInlineSnapshot(`
    "exit 2
    kpipe: --budget must be a size such as 500M or 5G, got "lots"
           write --budget 5G
    "
  `)
})

test('a template with a slip', () => {
  expect(told({}, 'init', 'x', '--template', 'kely')).toMatchInlineSnapshot(`
    "exit 2
    kpipe: there is no template kely
           did you mean --template kelly?
    "
  `)
})

test('init over a pipeline of yours', () => {
  expect(told({ 'pipelines/main.yaml': 'stages: {}' }, 'init', '--template', 'blank')).toMatchInlineSnapshot(`
    "exit 2
    kpipe: pipelines/main.yaml is there already and would be lost; nothing was written
           name another folder: kpipe init my-models
    "
  `)
})

test('import of a file that is not there', () => {
  expect(told({}, 'import', 'dvc.yaml')).toMatchInlineSnapshot(`
    "exit 2
    kpipe: there is no file dvc.yaml
           kpipe import dvc.yaml, or kpipe import training_config.json
    "
  `)
})

test('completion of another shell', () => {
  expect(told({}, 'completion', 'powershell')).toMatchInlineSnapshot(`
    "exit 2
    kpipe: there is no completion for powershell
           kpipe completion bash, zsh or fish; kpipe completion --help says where the script goes
    "
  `)
})

test('a file where the cache belongs', () => {
  expect(told({ ...commands(), cache: 'mine' }, 'run')).toMatchInlineSnapshot(`
    "exit 1
    ✗ prepare  FAILED
        ENOTDIR: not a directory, mkdir 'PROJECT/cache/state'
        a file stands where a folder is needed: move it away
    · copy  skipped · prepare failed
    "
  `)
})
