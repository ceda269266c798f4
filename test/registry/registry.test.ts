/** registry.json: what may be in it, and what becomes of an entry when a model is exported again. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { UserError } from '../../src/lib/errors.ts'
import {
  type Candidate,
  mergeModel,
  type Moment,
  ordered,
  readRegistry,
  registryText,
  statusSteps,
  stepStatus,
} from '../../src/registry/registry.ts'
import { type Registry, type RegistryEntry, registrySchemaText, statuses } from '../../src/registry/schema.ts'

const dir = mkdtempSync(join(tmpdir(), 'kpipe-registry-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const empty: Registry = { registry_version: '1.1', models: [] }
const hash = (letter: string) => letter.repeat(64)

/** The example of the documented format, as another tool may have written it. */
const documented = {
  registry_version: '1.1',
  models: [
    {
      id: 'emotionrecognizer',
      file: 'emotionrecognizer.json',
      format: 'rtneural-json',
      task: 'emotion_embedding',
      status: 'trained',
      training: {
        epochs: 100,
        train_loss: 0.05,
        val_loss: 0.08,
        git_commit: 'abc123',
        training_date: '2025-12-23T10:00:00',
      },
      exports: { onnx_path: 'emotionrecognizer.onnx', coreml_path: 'emotionrecognizer.mlmodel' },
    },
  ],
}

function candidate(letter: string, extra: object = {}): Candidate {
  const training = { epochs: 50, train_loss: 0.5, val_loss: 0.6 }
  return { id: 'm', format: 'rtneural-json', task: 't', sha256: hash(letter), training, ...extra }
}

const moment = (date: string): Moment => ({ trainingDate: date, gitCommit: () => `commit of ${date}` })

/** Merges and puts files where publish.ts would, so that the result is a whole registry. */
function merge(registry: Registry, model: Candidate, date = 'day 1'): Registry {
  const merged = mergeModel(registry, model, moment(date))
  const models = merged.models.map((entry) => ordered({ ...entry, file: entry.file ?? `${entry.id}.json` }))
  registryText({ ...merged, models }, 'registry.json')
  return { ...merged, models }
}

function setStatus(registry: Registry, version: number, status: RegistryEntry['status']): Registry {
  return {
    ...registry,
    models: registry.models.map((entry) => (entry.version === version ? { ...entry, status } : entry)),
  }
}

const brief = (registry: Registry) =>
  registry.models.map(({ id, version, status, sha256 }) => `${id} v${version} ${status} ${sha256?.[0]}`)
const past = (registry: Registry) =>
  registry.models[0]!.history?.map(({ version, status, sha256 }) => `v${version} ${status} ${sha256?.[0]}`)

describe('the schema', () => {
  it('is schemas/registry.schema.json', () => {
    expect(readFileSync(join(import.meta.dirname, '../../schemas/registry.schema.json'), 'utf8')).toBe(
      registrySchemaText(),
    )
  })

  it('takes the documented example as it is', () => {
    const path = join(dir, 'documented.json')
    writeFileSync(path, JSON.stringify(documented))
    expect(readRegistry(path)).toEqual(documented)
  })

  it.each<[string, (entry: any) => void, RegExp]>([
    [
      'an unknown status',
      (entry) => (entry.status = 'live'),
      /models\[0\]\.status must be one of stub, training, trained, production, deprecated, got "live"/,
    ],
    ['a missing id', (entry) => delete entry.id, /models\[0\] "id" is missing/],
    ['a path out of the folder', (entry) => (entry.file = '../x.json'), /models\[0\]\.file must match/],
    [
      'an absolute path',
      (entry) => (entry.exports.onnx_path = '/x.onnx'),
      /models\[0\]\.exports\.onnx_path must match/,
    ],
    [
      'a loss that is text',
      (entry) => (entry.training.train_loss = '0.05'),
      /models\[0\]\.training\.train_loss must be a number, got "0.05"/,
    ],
  ])('refuses %s, and leaves the file as it is', (_, spoil, message) => {
    const spoilt = structuredClone(documented)
    spoil(spoilt.models[0])
    const path = join(dir, 'spoilt.json')
    writeFileSync(path, JSON.stringify(spoilt))
    expect(() => readRegistry(path)).toThrow(message)
  })

  it('refuses another version, and text that is not JSON', () => {
    writeFileSync(join(dir, 'v2.json'), JSON.stringify({ ...documented, registry_version: '2.0' }))
    expect(() => readRegistry(join(dir, 'v2.json'))).toThrow('registry_version must be "1.1", got "2.0"')
    writeFileSync(join(dir, 'torn.json'), '{"registry_version": "1.1", "mod')
    expect(() => readRegistry(join(dir, 'torn.json'))).toThrow(UserError)
  })

  it('does not write what does not fit', () => {
    expect(() => registryText({ ...empty, models: [{ id: 'X' } as never] }, 'r.json')).toThrow('r.json: models[0]')
  })
})

describe('mergeModel', () => {
  it('adds a model as version 1, trained, with the facts of the moment', () => {
    const registry = merge(empty, candidate('a'))
    expect(brief(registry)).toEqual(['m v1 trained a'])
    expect(registry.models[0]!.training).toEqual({
      epochs: 50,
      train_loss: 0.5,
      val_loss: 0.6,
      git_commit: 'commit of day 1',
      training_date: 'day 1',
    })
    expect(past(registry)).toEqual([])
  })

  it('changes no byte for the same content, whatever day it is', () => {
    const registry = merge(empty, candidate('a'))
    expect(JSON.stringify(merge(registry, candidate('a'), 'day 2'))).toBe(JSON.stringify(registry))
  })

  it('takes new figures of the same content without a new version', () => {
    const registry = merge(
      setStatus(merge(empty, candidate('a')), 1, 'production'),
      candidate('a', { metrics: { loss: 0.1 } }),
      'day 2',
    )
    expect(brief(registry)).toEqual(['m v1 production a'])
    expect(registry.models[0]).toMatchObject({ metrics: { loss: 0.1 }, training: { training_date: 'day 1' } })
  })

  it('replaces a trained model by the next version and remembers it', () => {
    const registry = merge(merge(empty, candidate('a')), candidate('b'), 'day 2')
    expect(brief(registry)).toEqual(['m v2 trained b'])
    expect(past(registry)).toEqual(['v1 deprecated a'])
    expect(registry.models[0]!.history![0]!.training).toMatchObject({
      training_date: 'day 1',
      git_commit: 'commit of day 1',
    })
  })

  it('gives an earlier content its number and date back', () => {
    const registry = merge(merge(merge(empty, candidate('a')), candidate('b'), 'day 2'), candidate('a'), 'day 3')
    expect(brief(registry)).toEqual(['m v1 trained a'])
    expect(past(registry)).toEqual(['v2 deprecated b'])
    expect(registry.models[0]!.training).toMatchObject({ training_date: 'day 1' })
    expect(brief(merge(registry, candidate('c'), 'day 4'))).toEqual(['m v3 trained c'])
  })

  it('never replaces a model in production: the new one is listed after it', () => {
    let registry = setStatus(merge(merge(empty, candidate('a')), candidate('b')), 2, 'production')
    registry = merge(registry, candidate('c'))
    expect(brief(registry)).toEqual(['m v2 production b', 'm v3 trained c'])
    registry = merge(registry, candidate('d'))
    expect(brief(registry)).toEqual(['m v2 production b', 'm v4 trained d'])
    expect(past(registry)).toEqual(['v1 deprecated a', 'v3 deprecated c'])
    expect(JSON.stringify(merge(registry, candidate('d'), 'day 9'))).toBe(JSON.stringify(registry))
  })

  it('follows a person who promotes the new one', () => {
    let registry = setStatus(merge(empty, candidate('a')), 1, 'production')
    registry = merge(registry, candidate('b'))
    const both = setStatus(registry, 2, 'production')
    expect(() => merge(both, candidate('b'))).toThrow('lists two versions of m in production: 1 and 2')
    registry = merge(setStatus(both, 1, 'deprecated'), candidate('b'))
    expect(brief(registry)).toEqual(['m v2 production b'])
    expect(past(registry)).toEqual(['v1 deprecated a'])
  })

  it('follows a person who takes a model out of production', () => {
    let registry = merge(setStatus(merge(empty, candidate('a')), 1, 'production'), candidate('b'))
    registry = merge(setStatus(registry, 1, 'deprecated'), candidate('b'))
    expect(brief(registry)).toEqual(['m v2 trained b'])
    expect(past(registry)).toEqual(['v1 deprecated a'])
  })

  it('keeps other models, their order, and fields it does not know', () => {
    const other = { ...documented.models[0]!, owner: 'somebody' } as unknown as RegistryEntry
    const start: Registry = {
      ...empty,
      team: 'kelly',
      models: [
        { ...other, id: 'first' },
        { ...other, id: 'm', status: 'stub' },
        { ...other, id: 'last' },
      ],
    }
    const registry = merge(start, candidate('a', { owner: 'us' }))
    expect(registry.team).toBe('kelly')
    expect(registry.models.map(({ id }) => id)).toEqual(['first', 'm', 'last'])
    expect(registry.models[0]).toEqual({ ...other, id: 'first' })
    expect(brief(registry)[1]).toBe('m v1 trained a')
    expect(registry.models[1]!.history).toEqual([])
  })

  it('counts an entry without number as version 1', () => {
    const start = { ...empty, models: [{ ...(documented.models[0] as RegistryEntry), id: 'm' }] }
    const registry = merge(start, candidate('a'))
    expect(brief(registry)).toEqual(['m v2 trained a'])
    expect(registry.models[0]!.history).toMatchObject([
      { version: 1, status: 'deprecated', training: { git_commit: 'abc123' } },
    ])
    const inUse = { ...empty, models: [{ ...start.models[0]!, status: 'production' as const }] }
    expect(brief(merge(inUse, candidate('a')))).toEqual(['m vundefined production undefined', 'm v2 trained a'])
  })
})

describe('stepStatus', () => {
  it('allows the documented steps only', () => {
    expect(Object.keys(statusSteps)).toEqual([...statuses])
    expect(stepStatus('trained', 'production')).toBe('production')
    expect(stepStatus('stub', 'stub')).toBe('stub')
    expect(() => stepStatus('stub', 'production')).toThrow('a stub model cannot become production')
    expect(() => stepStatus('deprecated', 'production')).toThrow('a deprecated model cannot become production')
  })
})
