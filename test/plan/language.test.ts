/** Good pipelines: what each part of the language means in the Plan. */
import { describe, expect, test } from 'vitest'
import { sha256 } from '../../src/lib/files.ts'
import { ALL_CORES } from '../../src/plan.ts'
import { catalog, kinds, load, mistakes, planOf, stage } from './rig.ts'

const ids = (plan: { stages: readonly { id: string }[] }) => plan.stages.map(({ id }) => id)

describe('a stage', () => {
  test('has everything its kind and the file say', async () => {
    const plan = await planOf(`
name: kelly
about: the five models
resources: { gpu: 2, memory: 8G }
stages:
  prepare:
    kind: train
    about: learns
    inputs: { features: data/*.csv }
    with: { epochs: 3, hidden_layers: [8, 4] }
    resources: { gpu: 1, memory: 1.5G, cpu: 2 }
    timeout: 1h30m
    retries: 2
    env: { SEED: 1.10, HOME_DIR: , pass: [HF_TOKEN] }
    to: out/models/
`)
    expect(plan.name).toBe('kelly')
    expect(plan.about).toBe('the five models')
    expect(plan.file).toBe('pipelines/test.yaml')
    expect(plan.pools).toEqual({ gpu: 2, memory: 8 * 2 ** 30 })
    expect(plan.stages).toEqual([
      {
        id: 'prepare',
        group: 'prepare',
        kind: 'train',
        options: {
          epochs: 3,
          learning_rate: 0.001,
          hidden_layers: [8, 4],
          shuffle: true,
          activation: 'relu',
          log_every: 1,
        },
        inputs: { features: { file: 'data/*.csv' } },
        needs: [],
        external: {},
        command: null,
        env: { SEED: '1.10', HOME_DIR: null },
        passEnv: ['HF_TOKEN'],
        resources: { cpu: 2, gpu: 1, memory: 1.5 * 2 ** 30 },
        timeoutSeconds: 5400,
        retries: 2,
        gates: [],
        enabled: true,
        to: 'out/models',
        about: 'learns',
        unkeyed: ['log_every'],
        keyed: { shuffle: 1 },
        resumeIgnore: ['epochs'],
        code: 'hash-of-train',
        kindFile: '',
        publishes: false,
        at: { file: 'pipelines/test.yaml', line: 6, column: 3 },
      },
    ])
  })

  test('takes environment, external inputs and publishing from its kind', async () => {
    const plan = await planOf(`
stages:
  download: { with: { data: ../music } }
  featurize: { inputs: { data: download }, with: { feature: mel } }
  register: { inputs: { models: featurize } }
`)
    expect(plan.name).toBe('test')
    expect(stage(plan, 'download').external).toEqual({ data: '../music' })
    expect(stage(plan, 'featurize').env).toEqual({ FEATURE_HOME: null })
    expect(stage(plan, 'register').publishes).toBe(true)
    expect(stage(plan, 'register').resumeIgnore).toBeNull()
  })

  test('takes the cores that its kind asks for, or what resources say', async () => {
    const cpu = async (more: string) =>
      stage(await planOf(`stages: { train: { inputs: { features: { file: a.csv } }, ${more} } }`), 'train').resources[
        'cpu'
      ]
    expect(await cpu('with: { epochs: 10 }')).toBe(1)
    expect(await cpu('with: { epochs: 2000 }')).toBe(ALL_CORES)
    expect(await cpu('with: { epochs: 2000 }, resources: { cpu: 2 }')).toBe(2)
  })

  test('of a project kind carries its file', async () => {
    const own = { kind: { ...kinds['evaluate']!, kind: 'listen' }, code: 'abc', file: '/bundles/listen.mjs' }
    const plan = await planOf('stages:\n  listen: { inputs: { model: ./m } }\n', { kinds: { listen: own } })
    expect(plan.stages[0]).toMatchObject({ kind: 'listen', code: 'abc', kindFile: '/bundles/listen.mjs' })
  })

  test('comments, order of keys and layout do not change the plan', async () => {
    const one = await planOf('stages:\n  train: { with: { epochs: 3, shuffle: false }, inputs: { features: ./x } }\n')
    const two = await planOf(
      '# about\nstages:\n  train:\n    inputs:\n      features: ./x # files\n    with:\n      shuffle: false\n      epochs: 3.0\n',
    )
    const bare = (plan: typeof one) =>
      JSON.stringify(
        plan.stages.map((one) => [{ ...one, at: null, options: null }, Object.entries(one.options).sort()]),
      )
    expect(bare(one)).toBe(bare(two))
  })
})

describe('${}', () => {
  test('keeps the type of a whole value, turns to text inside a text, escapes', async () => {
    const plan = await planOf(`
params:
  size: 3
  rate: 1e-3
  name: x-\${size}
  nested: { list: [1, 2], all: "\${nested.list}" }
stages:
  a:
    run: echo \${name} \${params.rate} $\${HOME} \${ size } \${nested.list.1}
    params: { list: "\${nested.all}", size: "\${size}", text: "\${size}" }
    retries: \${size}
`)
    expect(plan.params).toEqual({ size: 3, rate: 0.001, name: 'x-3', nested: { list: [1, 2], all: [1, 2] } })
    expect(stage(plan, 'a').command).toMatchObject({
      run: 'echo x-3 1e-3 ${HOME} 3 2',
      params: { list: [1, 2], size: 3, text: 3 },
    })
    expect(stage(plan, 'a').retries).toBe(3)
  })

  test('a param may refer to a part of its own map', async () => {
    const plan = await planOf('params: { a: { x: 1, y: "${a.x}" } }\nstages: { s: { run: "echo ${a.y}" } }\n')
    expect(stage(plan, 's').command!.run).toBe('echo 1')
  })

  test('anchors and merges are followed', async () => {
    const plan = await planOf(`
stages:
  a: &base { kind: train, inputs: { features: ./x }, with: &with { epochs: 3 } }
  b: { <<: *base, with: { <<: *with, shuffle: false } }
`)
    expect(stage(plan, 'b').options).toMatchObject({ epochs: 3, shuffle: false })
    expect(stage(plan, 'b').inputs).toEqual({ features: { file: './x' } })
  })
})

describe('inputs', () => {
  test('a stage, a part of one, a group, an item, lists and files', async () => {
    const plan = await planOf(`
stages:
  train: { foreach: [a, b.c], inputs: { features: "../data/x" } }
  evaluate: { inputs: { model: train@b.c } }
  export: { inputs: { model: "train@a:model/model.json" } }
  one: { kind: evaluate, inputs: { model: { stage: train@a, path: ./weights/ } } }
  two: { kind: evaluate, inputs: { model: { file: model } } }
  register: { inputs: { models: train, exports: [export, "train@a", exports.json, "./a/*.bin"] } }
  again: { kind: register, inputs: { models: "train:model.json" } }
`)
    expect(stage(plan, 'evaluate').inputs).toEqual({ model: { stage: 'train@b.c', path: '' } })
    expect(stage(plan, 'export').inputs).toEqual({ model: { stage: 'train@a', path: 'model/model.json' } })
    expect(stage(plan, 'one').inputs).toEqual({ model: { stage: 'train@a', path: 'weights' } })
    expect(stage(plan, 'two').inputs).toEqual({ model: { file: 'model' } })
    expect(stage(plan, 'register').inputs).toEqual({
      models: [
        { stage: 'train@a', path: '' },
        { stage: 'train@b.c', path: '' },
      ],
      exports: [
        { stage: 'export', path: '' },
        { stage: 'train@a', path: '' },
        { file: 'exports.json' },
        { file: './a/*.bin' },
      ],
    })
    expect(stage(plan, 'again').inputs['models']).toEqual([
      { stage: 'train@a', path: 'model.json' },
      { stage: 'train@b.c', path: 'model.json' },
    ])
    expect(stage(plan, 'register').needs).toEqual(['train@a', 'train@b.c', 'export'])
  })

  test('inside a foreach a group means the same item, for a list the whole group', async () => {
    const plan = await planOf(`
params: { models: [a, b] }
stages:
  train: { foreach: "\${models}", inputs: { features: ./x } }
  evaluate: { foreach: "\${models}", inputs: { model: train }, after: prepare }
  prepare: { foreach: [b, c], run: "echo \${item}" }
  register: { foreach: "\${models}", inputs: { models: train } }
`)
    expect(stage(plan, 'evaluate@a').needs).toEqual(['train@a', 'prepare@b', 'prepare@c'])
    expect(stage(plan, 'evaluate@b').needs).toEqual(['train@b', 'prepare@b'])
    expect(stage(plan, 'register@a').needs).toEqual(['train@a', 'train@b'])
  })

  test('stages are sorted by need, otherwise as in the file', async () => {
    const plan = await planOf(`
stages:
  e: { run: e }
  d: { run: d, after: [c, a] }
  c: { run: c, after: b }
  b: { run: b }
  a: { run: a }
`)
    expect(ids(plan)).toEqual(['e', 'b', 'c', 'a', 'd'])
  })
})

describe('foreach and matrix', () => {
  test('a list of values, of maps, a map, a param', async () => {
    const plan = await planOf(`
params: { list: [x, 2] }
stages:
  a: { foreach: "\${list}", run: "echo \${item} \${key}" }
  b: { foreach: [{ name: big, size: 9 }, { id: small, size: 1 }], run: "echo \${item.size} \${key}" }
  c: { foreach: { one: 1, two: { n: 2 } }, run: "echo \${key}", params: { item: "\${item}" } }
`)
    expect(plan.stages.map(({ id, command }) => `${id}: ${command!.run}`)).toEqual([
      'a@x: echo x x',
      'a@2: echo 2 2',
      'b@big: echo 9 big',
      'b@small: echo 1 small',
      'c@one: echo one',
      'c@two: echo two',
    ])
    expect(stage(plan, 'c@two').command!.params).toEqual({ item: { n: 2 } })
    expect(stage(plan, 'a@2').group).toBe('a')
  })

  test('all combinations, without some and with some', async () => {
    const plan = await planOf(`
stages:
  a:
    run: echo \${matrix.lr} \${matrix.size}
    matrix: { lr: [0.1, 0.01], size: [s, m], exclude: [{ lr: 0.1, size: m }], include: [{ size: xl, lr: 1 }] }
`)
    expect(plan.stages.map(({ id, command }) => `${id}: ${command!.run}`)).toEqual([
      'a@0.1,s: echo 0.1 s',
      'a@0.01,s: echo 0.01 s',
      'a@0.01,m: echo 0.01 m',
      'a@1,xl: echo 1 xl',
    ])
  })
})

describe('options', () => {
  const pipeline = `
stages:
  train:
    foreach: [emotion, groove]
    config: \${item}
    inputs: { features: ./x }
    with: { epochs: , shuffle: false }
`
  test('defaults of the kind < of the model < config file < with', async () => {
    const plan = await planOf(pipeline, {
      files: { 'configs/groove.yaml': 'epochs: 7\nlearning_rate: 0.5\nn_mels: 3\n' },
    })
    expect(stage(plan, 'train@emotion').options).toEqual({
      epochs: 40,
      learning_rate: 0.001,
      hidden_layers: [512, 256],
      shuffle: false,
      activation: 'relu',
      log_every: 1,
    })
    expect(stage(plan, 'train@groove').options).toEqual({
      epochs: 7,
      learning_rate: 0.5,
      hidden_layers: [128],
      shuffle: false,
      activation: 'relu',
      log_every: 1,
    })
  })

  test('all files read and looked for are the sources of the plan', async () => {
    const plan = await planOf(pipeline, { files: { 'configs/groove.yaml': 'epochs: 7\n' } })
    expect(plan.sources).toEqual({
      'pipelines/test.yaml': sha256(pipeline),
      'configs/emotion.yaml': '',
      'configs/groove.yaml': sha256('epochs: 7\n'),
    })
  })

  test('a config finds its model by `model`, by model_id, by its name; or has none', async () => {
    const files = {
      'configs/a.yaml': 'model: groove\nmodel_id: mine\n',
      'configs/b.yaml': 'model_id: groovepredictor\n',
      'other/groove.yaml': '# empty\n',
      'configs/c.yaml': 'epochs: 2\n',
    }
    const plan = await planOf(
      `
stages:
  a: { kind: train, config: configs/a.yaml, inputs: { features: ./x } }
  b: { kind: train, config: configs/b.yaml, inputs: { features: ./x } }
  g: { kind: train, config: other/groove.yaml, inputs: { features: ./x } }
  c: { kind: train, config: c, inputs: { features: ./x } }
`,
      { files },
    )
    expect(plan.stages.map(({ options }) => options['learning_rate'])).toEqual([0.01, 0.01, 0.01, 0.001])
    expect(stage(plan, 'c').options['epochs']).toBe(2)
  })

  test('maps are merged key by key, lists are replaced', async () => {
    const plan = await planOf(
      'stages:\n  featurize: { config: groove, inputs: { data: ./x }, with: { augmentation: { copies: 5 } } }\n',
      {
        files: { 'configs/groove.yaml': 'augmentation: { noise_snr_db: null }\n' },
      },
    )
    expect(stage(plan, 'featurize').options).toEqual({
      feature: 'groove',
      n_mels: 128,
      augmentation: { copies: 5, noise_snr_db: null },
    })
  })
})

describe('--set', () => {
  const pipeline = `
params: { epochs: null, data: { clips: ./x, rate: 16000 } }
stages:
  train:
    foreach: [emotion, groove]
    config: \${item}
    inputs: { features: "\${data.clips}" }
    with: { epochs: "\${epochs}" }
`
  test('changes params, stages, items and configs; the last one wins', async () => {
    const set = [
      'epochs=3',
      'epochs=4',
      'data.clips=../y',
      'stages.train.with.shuffle=false',
      'stages.train@groove.with.epochs=9',
      'configs.groove.learning_rate=0.5',
      'stages.train.retries=2',
    ]
    const plan = await planOf(pipeline, { set })
    expect(stage(plan, 'train@emotion')).toMatchObject({
      options: { epochs: 4, shuffle: false, learning_rate: 0.001 },
      retries: 2,
      inputs: { features: { file: '../y' } },
    })
    expect(stage(plan, 'train@groove').options).toMatchObject({ epochs: 9, shuffle: false, learning_rate: 0.5 })
    expect(plan.params).toEqual({ epochs: 4, data: { clips: '../y', rate: 16000 } })
  })

  test('values are YAML: lists, maps, texts with = in them', async () => {
    const plan = await planOf('params: { a: 1, b: 1, c: 1, d: 1 }\nstages: { s: { run: x } }\n', {
      set: ['a=[1, x]', 'b={ k: true }', 'c=x=y z', 'd='],
    })
    expect(plan.params).toEqual({ a: [1, 'x'], b: { k: true }, c: 'x=y z', d: null })
  })

  test('a config that is set needs no file', async () => {
    const plan = await planOf(pipeline, { set: ['configs.emotion.hidden_layers=[8]'] })
    expect(stage(plan, 'train@emotion').options['hidden_layers']).toEqual([8])
  })
})

describe('when', () => {
  const enabled = async (when: string) =>
    (
      await planOf(
        `params: { epochs: 10, quick: false, device: cuda, none: null }\nstages: { a: { run: x, when: ${JSON.stringify(when)} } }\n`,
      )
    ).stages[0]!.enabled

  test.each([
    ['${quick}', false],
    ['not ${quick}', true],
    ['${epochs} > 10', false],
    ['${epochs} >= 10 and ${device} == cuda', true],
    ['${device} != "cuda" or ${epochs} < 1e2', true],
    ['!(${quick} || ${epochs} <= 9) && true', true],
    ['${none} == null', true],
    ["${device} == 'cu da'", false],
    ['false and ${quick} or true', true],
    ['false and (${quick} or true)', false],
  ])('%s is %s', async (when, expected) => {
    expect(await enabled(when)).toBe(expected)
  })

  test('a foreach decides item by item', async () => {
    const plan = await planOf('stages: { a: { foreach: [x, y], when: "${item} == y", run: z } }\n')
    expect(plan.stages.map((one) => one.enabled)).toEqual([false, true])
  })

  test('lists, optional inputs and `after` do without what is switched off; required inputs and gates do not', async () => {
    const plan = await planOf(`
stages:
  train: { foreach: [a, b], when: "\${item} != b", inputs: { features: ./x } }
  evaluate: { foreach: [a, b], inputs: { model: train } }
  export: { inputs: { model: train@a }, gate: { metric: "evaluate@b:loss", max: 1 } }
  register: { inputs: { models: evaluate, exports: [export] }, after: train }
  last: { kind: register, inputs: { models: [train@b, export] } }
`)
    expect(stage(plan, 'evaluate@b').needs).toEqual(['train@b'])
    expect(stage(plan, 'evaluate@b').enabled).toBe(true)
    expect(stage(plan, 'export').needs).toEqual(['train@a', 'evaluate@b'])
    expect(stage(plan, 'register').inputs).toEqual({ models: [{ stage: 'evaluate@a', path: '' }] })
    expect(stage(plan, 'register').needs).toEqual(['evaluate@a', 'train@a'])
    // All it has to register is off: it keeps its needs, so that the run can say why it is skipped.
    expect(stage(plan, 'last').needs).toEqual(['train@b', 'export'])
  })
})

test('gates name the same item, or every item of a group', async () => {
  const plan = await planOf(`
stages:
  evaluate: { foreach: [a, b], inputs: { model: ./x } }
  export: { foreach: [a, b], inputs: { model: ./x }, gate: { metric: "evaluate:latency.p99_ms", max: 10 } }
  register: { inputs: { models: export }, gate: [{ metric: "evaluate:ccc", min: 0.5, max: 1 }, { metric: "evaluate@a:x:y", max: 2 }] }
`)
  expect(stage(plan, 'export@b').gates).toEqual([{ stage: 'evaluate@b', metric: 'latency.p99_ms', max: 10 }])
  expect(stage(plan, 'register').gates).toEqual([
    { stage: 'evaluate@a', metric: 'ccc', min: 0.5, max: 1 },
    { stage: 'evaluate@b', metric: 'ccc', min: 0.5, max: 1 },
    { stage: 'evaluate@a', metric: 'x:y', max: 2 },
  ])
  expect(stage(plan, 'register').needs).toEqual(['evaluate@a', 'evaluate@b', 'export@a', 'export@b'])
})

describe('commands', () => {
  test('a dep on an out makes an edge: the same, inside, above, by glob, from inputs and data folders', async () => {
    const plan = await planOf(`
params: { lr: 0.1, net: { size: 3 } }
stages:
  same: { run: a, deps: [out/a.csv] }
  inside: { run: a, deps: [out/b/deep/x.csv] }
  above: { run: a, deps: [out] }
  glob: { run: a, deps: ["out/*.csv", "./x/**/y.txt"] }
  other: { run: a, deps: [out2/a.csv, "o*/z.csv"] }
  input: { kind: train, inputs: { features: out/b/f.npy } }
  part: { kind: train, inputs: { features: "b:out/b/f.npy" } }
  whole: { kind: train, inputs: { features: b } }
  data: { kind: download, with: { data: ./out/b } }
  published: { run: a, deps: [models/x.json] }
  a: { run: "make a", outs: [out/a.csv], params: [lr, net.size], metrics: out/a.csv }
  b: { run: "make b", outs: ./out/b/ }
  x: { run: "make x", outs: [x/1/2/y.txt] }
  export: { inputs: { model: ./m }, to: models }
`)
    expect(Object.fromEntries(plan.stages.map(({ id, needs }) => [id, needs]))).toEqual({
      same: ['a'],
      inside: ['b'],
      above: ['a', 'b'],
      glob: ['a', 'x'],
      other: [],
      input: ['b'],
      part: ['b'],
      whole: ['b'],
      data: ['b'],
      published: ['export'],
      a: [],
      b: [],
      x: [],
      export: [],
    })
    expect(stage(plan, 'a').command).toEqual({
      run: 'make a',
      deps: [],
      outs: ['out/a.csv'],
      params: { lr: 0.1, 'net.size': 3 },
      metrics: 'out/a.csv',
    })
    expect(stage(plan, 'b').command!.outs).toEqual(['out/b'])
    expect(stage(plan, 'a')).toMatchObject({ kind: 'command', options: {}, code: '' })
  })

  test('a stage named like a kind is a command if it has `run:`', async () => {
    const plan = await planOf('stages: { train: { run: python train.py, outs: [model.pt] } }\n')
    expect(stage(plan, 'train').kind).toBe('command')
  })

  test('a kind that publishes may share its folder, its own external file is no cycle', async () => {
    const plan = await planOf(`
stages:
  export: { foreach: [a, b], inputs: { model: ./m }, to: "models/\${item}" }
  register: { inputs: { models: export }, to: models }
`)
    expect(stage(plan, 'register').to).toBe('models')
  })

  test('a thousand commands and thousands of items load', async () => {
    const tree = Array.from(
      { length: 1000 },
      (_, i) =>
        `  n${i + 1}: { run: x, outs: [y/${i + 1}.txt], deps: [${i < 499 ? `y/${2 * i + 2}.txt, y/${2 * i + 3}.txt` : 'src.txt'}] }\n`,
    )
    const items = Array.from({ length: 2000 }, (_, i) => `clip${i}`).join(', ')
    const plan = await planOf(
      `stages:\n${tree.join('')}  f: { foreach: [${items}], kind: train, inputs: { features: "y/1.txt" } }\n  r: { kind: register, inputs: { models: f } }\n`,
    )
    expect(plan.stages).toHaveLength(3001)
    expect(stage(plan, 'n1').needs).toEqual(['n2', 'n3'])
    expect(stage(plan, 'r').needs).toHaveLength(2000)
    const at = new Map(plan.stages.map(({ id }, index) => [id, index]))
    expect(plan.stages.every(({ id, needs }) => needs.every((need) => at.get(need)! < at.get(id)!))).toBe(true)
  })
})

describe('odd files', () => {
  test('a byte order mark and CRLF are no mistakes, places stay right', async () => {
    const plan = await planOf('\uFEFFstages:\r\n  train:\r\n    inputs: { features: ./x }\r\n')
    expect(plan.stages[0]!.at).toEqual({ file: 'pipelines/test.yaml', line: 2, column: 3 })
    expect(await mistakes('stages:\r\n  train:\r\n    inptus: { features: ./x }\r\n')).toContain(
      'test.yaml:3:5: stages.train: unknown key "inptus"',
    )
  })

  test('aliases that stand for a billion values are refused', async () => {
    const bomb = [
      'params:',
      '  a: &a [x, x, x, x, x, x, x, x, x]',
      ...'bcdefghi'
        .split('')
        .map((name, index) => `  ${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[index]}`).join(', ')}]`),
      'stages: { s: { run: x } }',
    ].join('\n')
    const said = await mistakes(bomb)
    expect(said.match(/the aliases of this file stand for more than 1,000,000 values/g)).toHaveLength(1)
  })

  test('a key named __proto__ is only a key', async () => {
    const { result } = await load('params: { __proto__: { polluted: true } }\nstages: { s: { run: x } }\n')
    expect('plan' in result && Object.keys(result.plan.params)).toEqual(['__proto__'])
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  test('a pipeline file that is not there', async () => {
    const { loadPlan } = await import('../../src/plan/index.ts')
    const result = await loadPlan({ root: '/nowhere', file: '/nowhere/pipelines/x.yaml', kinds: {}, catalog, set: [] })
    expect(result).toEqual({
      diagnostics: [
        {
          place: { file: 'pipelines/x.yaml', line: 1, column: 1 },
          length: 1,
          message: 'there is no such file',
          hint: '',
        },
      ],
    })
  })

  test('a kind that throws while it looks at options is named', async () => {
    const bad = {
      kind: {
        ...kinds['evaluate']!,
        check: () => {
          throw new Error('boom')
        },
      },
      code: '',
      file: '',
    }
    expect(
      await mistakes('stages: { evaluate: { inputs: { model: ./m } } }\n', { kinds: { evaluate: bad } }),
    ).toContain('the kind evaluate failed while it looked at its options: boom')
  })
})
