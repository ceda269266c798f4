/** `kpipe import`: imported pipelines run and make what DVC would make; whatever has no counterpart is told by line. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { comment, emitEntry, type Value } from '../../src/import/emit.ts'
import { parse } from 'yaml'
import { Project } from '../rig.ts'

let project: Project
beforeEach(() => {
  project = new Project()
})
afterEach(() => project.dispose())

function imported(dvc: string, files: Readonly<Record<string, string>> = {}): { err: string; text: string } {
  project.write({ 'dvc.yaml': dvc, ...files })
  const done = project.kpipe('import', 'dvc.yaml', '--name', 'it')
  expect(done.code, done.err).toBe(0)
  return { err: done.err, text: project.read('pipelines/it.yaml') }
}

describe('dvc.yaml', () => {
  test('cmd, deps, outs, metrics, desc: nothing to remark, and it runs', () => {
    const { err, text } = imported(
      `stages:
  prepare:
    desc: upper case
    cmd: tr a-z A-Z < raw.txt > clean.txt
    deps: [raw.txt]
    outs: [clean.txt]
  count:
    cmd:
      - n=$(wc -l < clean.txt); echo "{\\"lines\\":$n}" > m.json
      - test -z "$n" && echo second >> log.txt
    deps: [clean.txt]
    metrics: [m.json]
    outs: [log.txt]
`,
      { 'raw.txt': 'a\nb\n' },
    )
    expect(err).toBe('')
    expect(text).toContain('about: upper case')
    expect(project.run()).toEqual({ prepare: 'ran', count: 'ran' })
    expect(project.read('clean.txt')).toBe('A\nB\n')
    expect(project.read('log.txt')).toBe('second\n')
    const shown = JSON.parse(project.kpipe('show', 'count', '--json').out) as { last: { metrics: unknown } }
    expect(shown.last.metrics).toEqual({ lines: 2 })
  })

  test('${} from params.yaml and vars become params that --set changes', () => {
    const { text } = imported(
      `vars: [more.json:depth, { greeting: hello }]
stages:
  say:
    cmd: echo \${greeting} \${train.lr} \${depth} \${list[1]} \\\${HOME} > said.txt
    outs: [said.txt]
`,
      { 'params.yaml': 'train: { lr: 1e-3, unused: 1 }\nlist: [a, b]\n', 'more.json': '{"depth": 7, "no": 1}' },
    )
    expect(parse(text)).toMatchObject({
      params: { train: { lr: 0.001 }, depth: 7, greeting: 'hello', list: ['a', 'b'] },
    })
    expect(text).not.toContain('unused')
    project.run()
    expect(project.read('said.txt')).toBe(`hello 1e-3 7 b ${process.env['HOME']}\n`)
    project.run('--set', 'train.lr=0.5', '--set', 'greeting=bye')
    expect(project.read('said.txt')).toMatch(/^bye 0.5 7 b/)
  })

  test('params that the command reads by itself stay in their file, which is a dep', () => {
    const { err, text } = imported(
      'stages:\n  fit:\n    cmd: cp params.yaml out.txt\n    params: [lr, net.size]\n    outs: [out.txt]\n',
      { 'params.yaml': 'lr: 1\nnet: { size: 2 }\n' },
    )
    expect(err).toContain('dvc.yaml:4:13: stages.fit.params: the command reads lr, net.size from params.yaml by itself')
    expect(parse(text)).not.toHaveProperty('params')
    project.run()
    project.write({ 'params.yaml': 'lr: 3\n' })
    expect(project.run()).toEqual({ fit: 'ran' })
    expect(project.read('out.txt')).toBe('lr: 3\n')
  })

  test('${} in keys: a path with flags, of one item or with a param', () => {
    const { text } = imported(
      `stages:
  each:
    foreach: [a, b]
    do:
      cmd: mkdir -p \${dir} && echo '{"n":1}' > \${dir}/\${item}.json
      metrics:
        - \${dir}/\${item}.json: { cache: false }
`,
      { 'params.yaml': 'dir: made\n' },
    )
    expect(parse(text).stages.each).toMatchObject({
      outs: ['${dir}/${item}.json'],
      metrics: '${dir}/${item}.json',
    })
    expect(project.run()).toEqual({ 'each@a': 'ran', 'each@b': 'ran' })
    expect(project.list('made')).toEqual(['a.json', 'b.json'])
  })

  test('foreach over a list, a map and numbered maps', () => {
    imported(
      `stages:
  a:
    foreach: \${langs}
    do: { cmd: "echo \${item} > \${item}.txt", outs: ["\${item}.txt"] }
  b:
    foreach: { x: { n: 1 }, y: { n: 2 } }
    do: { cmd: "echo \${key} \${item.n} > b-\${key}", outs: ["b-\${key}"] }
  c:
    foreach: [{ n: 5 }, { n: 6 }]
    do: { cmd: "echo \${item} > c\${item.n}", outs: ["c\${item.n}"] }
`,
      { 'params.yaml': 'langs: [us, fr]\n' },
    )
    expect(Object.keys(project.run()).sort()).toEqual(['a@fr', 'a@us', 'b@x', 'b@y', 'c@0', 'c@1'])
    expect([project.read('us.txt'), project.read('b-y'), project.read('c6')]).toEqual(['us\n', 'y 2\n', '--n 6\n'])
  })

  test('matrix of values, lists and maps, with DVC’s names in the outputs', () => {
    imported(`stages:
  m:
    matrix:
      model: [cnn, rnn]
      feat: [[1, 2], [3]]
      size: [{ w: 4 }, { w: 8 }]
    cmd: echo \${item.model} \${item.feat} \${item.size.w} > \${key}.txt
    outs: ["\${key}.txt"]
`)
    expect(Object.keys(project.run())).toHaveLength(8)
    expect(project.read('rnn-feat0-size1.txt')).toBe('rnn 1 2 8\n')
  })

  test('wdir, and a dvc.yaml below the project', () => {
    project.write({
      'pipelines/other.yaml': 'stages: { a: { run: "true" } }',
      'ml/dvc.yaml': `stages:
  inner:
    wdir: work
    cmd: cat ../raw.txt \${unit} > out.txt
    deps: [../raw.txt]
    outs: [out.txt]
`,
      'ml/raw.txt': 'raw\n',
      'ml/work/params.yaml': 'unit: b.txt\n',
      'ml/work/b.txt': 'b\n',
    })
    expect(project.kpipe('import', 'ml/dvc.yaml')).toMatchObject({ code: 0 })
    expect(Object.values(project.run('ml'))).toEqual(['ran'])
    expect(project.read('ml/work/out.txt')).toBe('raw\nb\n')
  })

  test('frozen: what it made is a file of the user’s', () => {
    const { err } = imported(
      `stages:
  old: { cmd: make old, outs: [old.txt], frozen: true }
  new: { cmd: cp old.txt new.txt, deps: [old.txt], outs: [new.txt] }
`,
      { 'old.txt': 'kept\n' },
    )
    expect(err).toContain('dvc.yaml:2:3: stages.old: is frozen')
    expect(project.run()).toEqual({ new: 'ran' })
    expect(project.read('new.txt')).toBe('kept\n')
  })

  test('everything without a counterpart is told by line and stands as a comment', () => {
    const { err, text } = imported(
      `artifacts: { best: { path: m } }
stages:
  fit:
    cmd: echo > m; echo > p.csv; echo > s.csv
    deps: [s3://bucket/data]
    outs:
      - m: { persist: true, cache: false, remote: far }
    plots: [p.csv: { x: epoch }]
    metrics: [s.csv]
    always_changed: true
    meta: { team: us }
    colour: red
`,
    )
    const places = [...err.matchAll(/^dvc\.yaml:(\d+):(\d+):/gm)].map((match) => `${match[1]}:${match[2]}`)
    expect(places).toEqual(['1:1', '5:12', '7:14', '7:29', '7:43', '8:22', '9:5', '10:5', '11:5', '12:5'])
    for (const word of [
      'artifacts',
      's3://',
      'persist',
      'cache',
      'remote',
      'plots',
      's.csv',
      'always_changed',
      'meta',
      'colour',
    ])
      expect(text).toMatch(new RegExp(`^ *# .*${word}`, 'm'))
    expect(err).toContain('kpipe run --force fit')
    expect(project.run()).toEqual({ fit: 'ran' })
  })

  test('more than twenty remarks are all told', () => {
    const stage = (i: number) => `  s${i}: { cmd: "true", meta: 1 }\n`
    const { err } = imported(`stages:\n${Array.from({ length: 25 }, (_, i) => stage(i)).join('')}`)
    expect(err.match(/^dvc\.yaml:/gm)).toHaveLength(25)
  })

  test('broken and strange files', () => {
    project.write({ 'dvc.yaml': 'stages: {', 'empty.yaml': 'a: 1\n' })
    expect(project.kpipe('import', 'dvc.yaml')).toMatchObject({ code: 2, err: expect.stringContaining('dvc.yaml:1:') })
    expect(project.kpipe('import', 'empty.yaml').err).toContain('has no `stages:`')
    expect(project.exists('pipelines')).toBe(false)
  })

  test('a pipeline that is there is kept unless --force says so; --dry-run writes nothing', () => {
    project.write({ 'dvc.yaml': 'stages: { a: { cmd: echo } }', 'pipelines/it.yaml': 'mine' })
    const refused = project.kpipe('import', 'dvc.yaml', '--name', 'it')
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining('pipelines/it.yaml is there already') })
    expect(project.kpipe('import', 'dvc.yaml', '--name', 'it', '--dry-run').out).toContain('run: echo')
    expect(project.read('pipelines/it.yaml')).toBe('mine')
    expect(project.kpipe('import', 'dvc.yaml', '--name', 'it', '--force').code).toBe(0)
    expect(project.read('pipelines/it.yaml')).toContain('run: echo')
  })
})

describe('training_config.json', () => {
  const CONFIG = `{
  "training": { "epochs": 3, "batch_size": 32, "learning_rate": 0.0005, "device": "mps", "num_workers": 4 },
  "early_stopping": { "patience": 8 },
  "datasets_dir": "music",
  "dropout": 0.15,
  "models": {
    "DynamicsEngine": { "layers": [32, 96, 48, 16], "loss": "MSELoss", "learning_rate": 0.002 },
    "groove_predictor": { "activation": "reelu" },
    "BassPlayer": { "epochs": 3 }
  }
}
`

  test('configs hold what differs by model, --set what is for all, and the rest is told by line', () => {
    project.write({ 'training_config.json': CONFIG })
    const done = project.kpipe('import', 'training_config.json')
    expect(done.code).toBe(0)
    expect(parse(project.read('configs/dynamics_engine.yaml'))).toEqual({
      learning_rate: 0.002,
      dropout: 0.15,
      hidden_layers: [96, 48],
    })
    // A learning rate on the command line would win over that of dynamics_engine.
    expect(parse(project.read('configs/groove_predictor.yaml'))).toEqual({ learning_rate: 0.0005, dropout: 0.15 })
    expect(done.out).toContain(
      'run kelly --set epochs=3 --set batch_size=32 --set early_stopping_patience=8 --set data=music\n',
    )
    const places = [...done.err.matchAll(/^training_config\.json:(\d+):\d+: ([\w.]+)/gm)].map((m) => `${m[1]} ${m[2]}`)
    expect(places).toEqual([
      '2 training.device',
      '2 training.num_workers',
      '8 models.groove_predictor.activation',
      '9 models',
    ])
  })

  test('what it writes plans with the Kelly pipeline', () => {
    project.kpipe('init')
    project.write({ 'training_config.json': CONFIG })
    expect(project.kpipe('import', 'training_config.json')).toMatchObject({ code: 2 })
    expect(project.kpipe('import', 'training_config.json', '--force').code).toBe(0)
    const shown = project.kpipe('show', 'train@dynamics_engine', '--json', '--set', 'epochs=3')
    expect(JSON.parse(shown.out)).toMatchObject({ options: { hidden_layers: [96, 48], epochs: 3, dropout: 0.15 } })
  })
})

test.each<[string, Value]>([
  [
    'texts that look like other things',
    ['true', '12', '1e3', 'null', '~', '', ' x', 'x ', '-', '- x', '#a', 'a #b', 'a: b'],
  ],
  [
    'texts for brackets and quotes',
    ['[a]', '{a}', 'a,b', "it's", '"q"', '${x}', '*a', '&a', '!t', '|', '>', '%', '@a', '`a`'],
  ],
  ['control characters', ['a\tb', 'a\u0000b', 'é\u2028']],
  ['nesting', { a: { b: [1, { c: null }] }, 'key: odd': [true, 0.5, -1] }],
  ['long lists', { names: Array.from({ length: 40 }, (_, i) => `name ${i}`) }],
  ['texts of several lines', { run: 'a\n  b\n', plain: 'a\n\nb', lead: '  a\nb\n' }],
])('written YAML reads back: %s', (_, value) => {
  const text = emitEntry('key', value, '').join('\n')
  expect(parse(`${text}\n`)).toEqual({ key: value })
})

test('comments stay comments', () => {
  expect(comment(`${'word '.repeat(50)}end`, '  ').every((line) => line.startsWith('  # ') && line.length < 120)).toBe(
    true,
  )
})
