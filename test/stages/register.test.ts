/** The register stage and its publish rule: entries, copies, cards; the models folder before and after. */
import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { writeModel } from '../../src/network/model-file.ts'
import { notesMarker } from '../../src/registry/card.ts'
import type { Registry, RegistryEntry, Status } from '../../src/registry/schema.ts'
import type { StageInput } from '../../src/stage.ts'
import { exportStage } from '../../stages/export.ts'
import { register } from '../../stages/register.ts'
import { chain, dense, modelFile, normalizer, randomWeights } from '../exporters/networks.ts'
import { folderInput, type Rig, stageRig } from '../stage-rig.ts'

let rig: Rig
let target: string
beforeEach(() => {
  rig = stageRig()
  target = join(rig.dir, 'project/models')
})
afterEach(() => rig.dispose())

interface Lists {
  models: StageInput[]
  evaluations: StageInput[]
  exports: StageInput[]
}

/** Train, evaluate and export outputs of some models, as a pipeline would leave them. `seed` makes other weights. */
async function pipeline(ids: readonly string[], seed = 1): Promise<Lists> {
  const lists: Lists = { models: [], evaluations: [], exports: [] }
  for (const id of ids) {
    const network = chain(id, [4], [dense('hidden', 5, 'relu'), dense('out', 2)])
    const dir = join(rig.dir, `train-${id}-${seed}`)
    mkdirSync(dir, { recursive: true })
    writeModel(dir, modelFile(network, { normalizer: normalizer(4) }), randomWeights(network, `${id}${seed}`))
    const model = { ...folderInput(dir, `train@${id}`), createdAt: `2026-11-2${seed}T10:00:00.000Z` }
    const { out } = await rig.run(exportStage, { inputs: { model: dir } })
    const metrics = { loss: 0.25, baseline_loss: 0.5, beats_baseline: true, 'latency.p99_ms': 0.1 }
    rig.write(`evaluate-${id}/metrics.json`, JSON.stringify({ format: 'kpipe-evaluation/1', model: id }))
    lists.models.push(model)
    lists.evaluations.unshift(folderInput(join(rig.dir, `evaluate-${id}`), `evaluate@${id}`, metrics))
    lists.exports.unshift(folderInput(out, `export@${id}`))
  }
  return lists
}

/** Runs the stage and publishes; the answer of `check` afterwards must be yes. */
async function publish(ids: readonly string[], seed = 1): Promise<string> {
  const { out } = await rig.run(register, { lists: { ...(await pipeline(ids, seed)) } })
  expect(await register.publish!.check(out, target)).toBe(false)
  await register.publish!.apply(out, target)
  expect(await register.publish!.check(out, target)).toBe(true)
  return out
}

const registry = () => JSON.parse(readFileSync(join(target, 'registry.json'), 'utf8')) as Registry
const entry = (id: string) => registry().models.find((model) => model.id === id)!
const brief = () => registry().models.map(({ id, version, status, file }) => `${id} v${version} ${status} ${file}`)
const weightsOf = (path: string) =>
  (JSON.parse(readFileSync(join(target, path), 'utf8')) as { layers: { weights: unknown }[] }).layers[1]!.weights

function setStatus(id: string, version: number, status: Status): void {
  const now = registry()
  const models = now.models.map((model) =>
    model.id === id && model.version === version ? { ...model, status } : model,
  )
  writeFileSync(join(target, 'registry.json'), JSON.stringify({ ...now, models }, null, 2))
}

/** Every file below the folder with its content. */
function tree(folder: string, name = ''): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder).flatMap((file) => {
      const path = join(folder, file)
      return statSync(path).isDirectory()
        ? Object.entries(tree(path, `${name}${file}/`))
        : [[`${name}${file}`, readFileSync(path, 'utf8')]]
    }),
  )
}

describe('register', () => {
  it('leaves an entry, the exported files and a card for every model, matched by id', async () => {
    const { out, result } = await rig.run(register, { lists: { ...(await pipeline(['alpha', 'beta'])) } })
    expect(Object.keys(tree(out)).sort()).toEqual([
      'alpha.hpp',
      'alpha.json',
      'alpha.probe.json',
      'beta.hpp',
      'beta.json',
      'beta.probe.json',
      'entries.json',
      'model_cards/alpha.md',
      'model_cards/beta.md',
      'provenance.json',
    ])
    const { models, pipeline: name } = JSON.parse(tree(out)['entries.json']!)
    expect(name).toBe('rig')
    expect(models.map((model: any) => [model.entry.id, model.entry.kpipe.stages.evaluate.stage, model.files])).toEqual([
      [
        'alpha',
        'evaluate@alpha',
        { rtneural_path: 'alpha.json', header_path: 'alpha.hpp', probe_path: 'alpha.probe.json' },
      ],
      ['beta', 'evaluate@beta', { rtneural_path: 'beta.json', header_path: 'beta.hpp', probe_path: 'beta.probe.json' }],
    ])
    expect(models[0].entry).toMatchObject({
      format: 'rtneural-json',
      training: { epochs: 3, best_epoch: 2, train_loss: 0.5, val_loss: 0.6, seed: 42 },
      parameters: 4 * 5 + 5 + 5 * 2 + 2,
      input_size: 4,
      output_size: 2,
      trained_on_generated_data: true,
      metrics: { loss: 0.25, baseline_loss: 0.5, beats_baseline: true },
      latency: { p99_ms: 0.1 },
    })
    expect(tree(out)['model_cards/alpha.md']).toContain('Trained on generated data')
    expect(result).toMatchObject({ metrics: { models: 2 }, headline: '2 models: alpha, beta' })
    expect(result.notes).toEqual(['2 of 2 models were trained on music that kpipe generated, not on recordings'])
  })

  it('keeps the moment out of everything but provenance.json', async () => {
    const lists = await pipeline(['alpha'])
    const later = {
      ...lists,
      models: lists.models.map((model) => ({ ...model, createdAt: '2030-01-01T00:00:00.000Z' })),
    }
    const [a, b] = [
      tree((await rig.run(register, { lists: { ...lists } })).out),
      tree((await rig.run(register, { lists: { ...later } })).out),
    ]
    expect(Object.keys(a).filter((file) => a[file] !== b[file])).toEqual(['provenance.json'])
  })

  it('works without evaluations, and says so in the card', async () => {
    const { models, exports } = await pipeline(['alpha'])
    const { out } = await rig.run(register, { lists: { models, exports } })
    expect(tree(out)['model_cards/alpha.md']).toContain('Not evaluated on held-out data.')
  })

  it('refuses a model without export, two models of one id, and a changed file', async () => {
    const lists = await pipeline(['alpha', 'beta'])
    await expect(rig.run(register, { lists: { ...lists, exports: lists.exports.slice(1) } })).rejects.toThrow(
      'no export of the model beta',
    )
    await expect(
      rig.run(register, { lists: { ...lists, models: [lists.models[0]!, lists.models[0]!] } }),
    ).rejects.toThrow('two models have the id alpha')
    await expect(rig.run(register, { lists: { ...lists, models: lists.exports } })).rejects.toThrow(
      'left no model.json',
    )
    appendFileSync(join(lists.exports[1]!.path, 'alpha.json'), ' ')
    await expect(rig.run(register, { lists: { ...lists } })).rejects.toThrow(
      'alpha.json is not the file that export.json describes',
    )
  })
})

describe('publish', () => {
  it('makes the models folder', async () => {
    await publish(['alpha'])
    expect(Object.keys(tree(target)).sort()).toEqual([
      'alpha.hpp',
      'alpha.json',
      'alpha.probe.json',
      'model_cards/alpha.md',
      'registry.json',
      'registry.schema.json',
    ])
    expect(registry().registry_version).toBe('1.1')
    expect(Object.keys(entry('alpha')).slice(0, 8)).toEqual([
      'id',
      'file',
      'format',
      'task',
      'status',
      'version',
      'training',
      'exports',
    ])
    expect(entry('alpha')).toMatchObject({
      file: 'alpha.json',
      status: 'trained',
      version: 1,
      training: { training_date: '2026-11-21T10:00:00.000Z' },
      exports: { rtneural_path: 'alpha.json', header_path: 'alpha.hpp', probe_path: 'alpha.probe.json' },
      card: 'model_cards/alpha.md',
      history: [],
    })
    expect(readFileSync(join(target, 'model_cards/alpha.md'), 'utf8')).toContain('| Version | 1 |')
  })

  it('names the commit of the repository around the folder', async () => {
    mkdirSync(join(target, '..'), { recursive: true })
    const author = ['-c', 'user.name=a', '-c', 'user.email=a@b.c']
    const git = (...words: string[]) =>
      execFileSync('git', [...author, ...words], { cwd: join(target, '..') })
        .toString()
        .trim()
    git('init', '-q')
    git('commit', '-q', '--allow-empty', '-m', 'first')
    const out = await publish(['alpha'])
    expect(entry('alpha').training!.git_commit).toBe(git('rev-parse', 'HEAD'))
    git('commit', '-q', '--allow-empty', '-m', 'second')
    expect(await register.publish!.check(out, target)).toBe(true)
  })

  it('writes nothing the second time', async () => {
    const out = await publish(['alpha'])
    const old = new Date(1e12)
    for (const file of Object.keys(tree(target))) utimesSync(join(target, file), old, old)
    await register.publish!.apply(out, target)
    for (const file of Object.keys(tree(target))) expect(statSync(join(target, file)).mtimeMs).toBe(1e12)
  })

  it('notices and mends a file that was changed or taken away', async () => {
    const out = await publish(['alpha'])
    const before = tree(target)
    for (const spoil of [
      () => appendFileSync(join(target, 'alpha.json'), ' '),
      () => rmSync(join(target, 'model_cards/alpha.md')),
      () => rmSync(join(target, 'registry.schema.json')),
    ]) {
      spoil()
      expect(await register.publish!.check(out, target)).toBe(false)
      await register.publish!.apply(out, target)
      expect(tree(target)).toEqual(before)
    }
  })

  it('keeps models of other pipelines, statuses and notes that people set', async () => {
    await publish(['alpha'])
    setStatus('alpha', 1, 'production')
    appendFileSync(join(target, 'model_cards/alpha.md'), '\nWestern music only.\n')
    await publish(['beta'])
    expect(brief()).toEqual(['alpha v1 production alpha.json', 'beta v1 trained beta.json'])
    const out = await publish(['alpha'])
    expect(brief()).toEqual(['alpha v1 production alpha.json', 'beta v1 trained beta.json'])
    expect(readFileSync(join(target, 'model_cards/alpha.md'), 'utf8')).toMatch(
      new RegExp(`\\| Status \\| production \\|[^]*${notesMarker}\n\nWestern music only.\n$`),
    )
    expect(existsSync(join(out, 'model_cards/alpha.md'))).toBe(true)
  })

  it('replaces a trained model and goes back to it', async () => {
    await publish(['alpha'], 1)
    const first = weightsOf('alpha.json')
    await publish(['alpha'], 2)
    expect(brief()).toEqual(['alpha v2 trained alpha.json'])
    expect(weightsOf('alpha.json')).not.toEqual(first)
    await publish(['alpha'], 1)
    expect(brief()).toEqual(['alpha v1 trained alpha.json'])
    expect(weightsOf('alpha.json')).toEqual(first)
    expect(entry('alpha').history!.map(({ version, status }) => [version, status])).toEqual([[2, 'deprecated']])
  })

  it('puts a new version beside the one in production, until it is promoted', async () => {
    await publish(['alpha'], 1)
    setStatus('alpha', 1, 'production')
    const deployed = readFileSync(join(target, 'alpha.json'), 'utf8')
    const out = await publish(['alpha'], 2)
    expect(brief()).toEqual(['alpha v1 production alpha.json', 'alpha v2 trained versions/alpha/2/alpha.json'])
    expect(readFileSync(join(target, 'alpha.json'), 'utf8')).toBe(deployed)
    const fresh = readFileSync(join(target, 'versions/alpha/2/alpha.json'), 'utf8')

    setStatus('alpha', 2, 'production')
    expect(await register.publish!.check(out, target)).toBe(false)
    await expect(async () => register.publish!.apply(out, target)).rejects.toThrow(
      'two versions of alpha in production',
    )
    setStatus('alpha', 1, 'deprecated')
    expect(await register.publish!.check(out, target)).toBe(false)
    await register.publish!.apply(out, target)
    expect(brief()).toEqual(['alpha v2 production alpha.json'])
    expect(readFileSync(join(target, 'alpha.json'), 'utf8')).toBe(fresh)
    expect(Object.keys(tree(target)).filter((file) => file.startsWith('versions/'))).toEqual([])
    expect(entry('alpha').history!.map(({ version, status }) => [version, status])).toEqual([[1, 'deprecated']])
  })

  it('moves a promoted version into place when a newer one has been trained meanwhile', async () => {
    await publish(['alpha'], 1)
    setStatus('alpha', 1, 'production')
    await publish(['alpha'], 2)
    const second = readFileSync(join(target, 'versions/alpha/2/alpha.json'), 'utf8')
    setStatus('alpha', 1, 'deprecated')
    setStatus('alpha', 2, 'production')
    await publish(['alpha'], 3)
    expect(brief()).toEqual(['alpha v2 production alpha.json', 'alpha v3 trained versions/alpha/3/alpha.json'])
    expect(readFileSync(join(target, 'alpha.json'), 'utf8')).toBe(second)
    expect(Object.keys(tree(target)).filter((file) => file.startsWith('versions/'))).toEqual(
      ['alpha.hpp', 'alpha.json', 'alpha.md', 'alpha.probe.json'].map((file) => `versions/alpha/3/${file}`),
    )
  })

  it('leaves a registry it cannot read as it is', async () => {
    mkdirSync(target, { recursive: true })
    writeFileSync(join(target, 'registry.json'), '{"registry_version": "1.0"}')
    const { out } = await rig.run(register, { lists: { ...(await pipeline(['alpha'])) } })
    await expect(async () => register.publish!.apply(out, target)).rejects.toThrow(/registry\.json: /)
    expect(readdirSync(target)).toEqual(['registry.json'])
  })

  it('keeps files that other tools registered', async () => {
    await publish(['alpha'])
    const now = registry()
    const models = now.models.map(
      (model): RegistryEntry => ({
        ...model,
        exports: { ...model.exports, coreml_path: 'alpha.mlmodel' },
        owner: 'us',
      }),
    )
    writeFileSync(join(target, 'registry.json'), `${JSON.stringify({ ...now, models }, null, 2)}\n`)
    writeFileSync(join(target, 'alpha.mlmodel'), 'x')
    const { out } = await rig.run(register, { lists: { ...(await pipeline(['alpha'])) } })
    await register.publish!.apply(out, target)
    expect(entry('alpha')).toMatchObject({
      owner: 'us',
      exports: { coreml_path: 'alpha.mlmodel', rtneural_path: 'alpha.json' },
    })
    expect(existsSync(join(target, 'alpha.mlmodel'))).toBe(true)
  })
})
