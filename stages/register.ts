/**
 * `register`: the models of a pipeline with their exports and measured numbers, as registry entries and model cards; merged
 * into models/registry.json when the stage's `to:` says where.
 * entries.json and the cards follow from content alone; when a model was trained is in provenance.json, and the version
 * number, the commit and the status are given when the entries are merged (src/registry).
 */
import { copyFile } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../src/lib/errors.ts'
import { readJson, sha256, writeAtomic } from '../src/lib/files.ts'
import type { ModelFile } from '../src/network.ts'
import type { Entries, Provenance } from '../src/registry/publish.ts'
import type { Candidate } from '../src/registry/registry.ts'
import type { RegistryEntry } from '../src/registry/schema.ts'
import { defineStage, type Metrics, type StageContext, type StageInput } from '../src/stage.ts'
import type { ExportedModel, ExportReport } from './export.ts'

export const register = defineStage<Record<string, never>>({
  kind: 'register',
  summary: 'enter models, their exports and measured numbers into models/registry.json, with a card each',
  options: { type: 'object', additionalProperties: false, properties: {} },
  inputs: {
    models: { about: 'train stages', many: true },
    evaluations: { about: 'evaluate stages of these models', many: true, required: false },
    exports: { about: 'export stages of these models', many: true },
  },
  outputs: {
    'entries.json': 'one registry entry a model, and the files it names',
    'provenance.json': 'when each model was trained; the only file here that does not follow from content',
    'model_cards/<id>.md': 'card of each model',
    '<id>.json …': 'the exported files',
  },
  publish: {
    check: async (out, target) => (await import('../src/registry/publish.ts')).isRegistered(out, target),
    apply: async (out, target) => (await import('../src/registry/publish.ts')).register(out, target),
  },
  run: registerModels,
})

async function registerModels(ctx: StageContext<Record<string, never>>) {
  const models = (ctx.lists.models ?? []).map(readTrained)
  refuseTwice(models.map(({ id }) => id))
  const entries: Entries['models'][number][] = []
  for (const model of models) {
    ctx.signal.throwIfAborted()
    entries.push(await registerOne(ctx, model))
    ctx.progress({ done: entries.length, total: models.length, unit: 'models' })
  }
  refuseTwice(entries.map(({ entry }) => entry.id))
  const report: Entries = { format: 'kpipe-register/1', pipeline: ctx.pipeline, models: entries }
  const dates = models.map(({ input }, i) => [entries[i]!.entry.id, input.createdAt])
  const provenance: Provenance = { training_date: Object.fromEntries(dates) }
  writeAtomic(ctx.out('entries.json'), `${JSON.stringify(report, null, 2)}\n`)
  writeAtomic(ctx.out('provenance.json'), `${JSON.stringify(provenance, null, 2)}\n`)
  const generated = entries.filter(({ entry }) => entry.trained_on_generated_data === true).length
  return {
    metrics: { models: entries.length, bytes: entries.reduce((sum, { entry }) => sum + (entry.bytes as number), 0) },
    headline: `${entries.length} model${entries.length === 1 ? '' : 's'}: ${entries.map(({ entry }) => entry.id).join(', ')}`,
    notes:
      generated > 0
        ? [`${generated} of ${entries.length} models were trained on music that kpipe generated, not on recordings`]
        : [],
  }
}

interface Trained {
  readonly id: string
  readonly input: StageInput
  readonly model: ModelFile
}

function readTrained(input: StageInput): Trained {
  const model = readJson<ModelFile>(join(input.path, 'model.json'))
  if (model?.format !== 'kpipe-model/1') {
    throw new UserError(`input models: ${input.stage ?? input.path} left no model.json`, {
      hint: 'models takes train stages',
    })
  }
  return { id: model.id, input, model }
}

async function registerOne(
  ctx: StageContext<Record<string, never>>,
  trained: Trained,
): Promise<Entries['models'][number]> {
  const { id } = trained
  const exported = one(ctx.lists.exports ?? [], trained, 'export.json', (report) => (report as ExportReport).model)
  if (!exported)
    throw new UserError(`input exports: no export of the model ${id}`, {
      hint: 'give exports the export stage of every model',
    })
  const evaluation = one(ctx.lists.evaluations ?? [], trained, 'metrics.json', modelName)
  const report = readJson<ExportReport>(join(exported.path, 'export.json'))!
  const { modelCard } = await import('../src/registry/card.ts')
  const files = filesOf(report)
  for (const name of Object.values(files)) await copyFile(join(exported.path, name), ctx.out(name))
  checkCopies(ctx, report)
  const entry = await entryFor(ctx, trained, { report, exported, evaluation })
  const card = { ...entry, status: 'trained', file: report.files[0]!.file, exports: files } as RegistryEntry
  writeAtomic(ctx.out(`model_cards/${entry.id}.md`), modelCard(card))
  return { entry, files }
}

interface Sources {
  readonly report: ExportReport
  readonly exported: StageInput
  readonly evaluation: StageInput | undefined
}

/** All that the registry says of a model and that follows from content. */
async function entryFor(ctx: StageContext, { input, model }: Trained, sources: Sources): Promise<Candidate> {
  const { countParameters, outputSpecs, sizeOf } = await import('../src/network/shapes.ts')
  const { report, exported, evaluation } = sources
  const main = report.files[0]!
  const { epochs, bestEpoch, trainLoss, valLoss, seed, examples } = model.training
  const stage = (from: StageInput) => ({ stage: from.stage, hash: from.hash })
  return {
    id: report.id,
    format: main.format,
    task: model.task,
    training: {
      epochs,
      best_epoch: bestEpoch,
      train_loss: trainLoss,
      val_loss: valLoss,
      seed,
      examples: { ...examples },
    },
    sha256: main.sha256,
    bytes: main.bytes,
    parameters: countParameters(model.network).total,
    input_size: model.network.inputs.reduce((sum, spec) => sum + sizeOf(spec.shape), 0),
    output_size: sizeOf(outputSpecs(model.network)[0]!.shape),
    labels: model.labels,
    feature: { name: model.feature.name, options: model.feature.options },
    normalizer: report.normalizer,
    trained_on_generated_data: model.feature.generated,
    ...(evaluation ? measured(evaluation.metrics) : {}),
    latency_target_ms: model.latencyTargetMs,
    warnings: report.files.flatMap((file) => file.warnings),
    kpipe: {
      pipeline: ctx.pipeline,
      stages: { train: stage(input), ...(evaluation ? { evaluate: stage(evaluation) } : {}), export: stage(exported) },
    },
  }
}

/** Metrics of the evaluation, those named `latency.…` apart. */
function measured(metrics: Metrics) {
  const split = (wanted: boolean) =>
    Object.fromEntries(
      Object.entries(metrics)
        .filter(([name]) => name.startsWith('latency.') === wanted)
        .map(([name, value]) => [wanted ? name.slice('latency.'.length) : name, value]),
    )
  return { metrics: split(false), latency: split(true) }
}

/** `rtneural_path` → file, and what stands beside it: `header_path`, `probe_path`. The first is the registry's `file`. */
function filesOf(report: ExportReport): Record<string, string> {
  const files: Record<string, string> = {}
  for (const exported of report.files) {
    const format = exported.format.replace(/-json$/, '')
    files[`${format}_path`] = exported.file
    for (const { file } of exported.beside) {
      const what = file.endsWith('.probe.json')
        ? 'probe'
        : file.endsWith('.hpp')
          ? 'header'
          : `${format}_${file.split('.').pop()}`
      files[`${files[`${what}_path`] === undefined ? what : `${format}_${what}`}_path`] = file
    }
  }
  return files
}

function checkCopies(ctx: StageContext, report: ExportReport): void {
  const all: readonly Pick<ExportedModel, 'file' | 'sha256'>[] = report.files.flatMap((file) => [file, ...file.beside])
  const moved = all.find(({ file, sha256: expected }) => sha256(readFileSync(ctx.out(file))) !== expected)
  if (moved)
    throw new UserError(`${moved.file} is not the file that export.json describes`, {
      hint: 'run the export stage again',
    })
}

/** The input of a list that belongs to this model: by the id in its report, else by the name after @ in its stage's id. */
function one(
  list: readonly StageInput[],
  { id, input }: Trained,
  file: string,
  idOf: (report: unknown) => unknown,
): StageInput | undefined {
  const found = list.filter((item) => {
    const named = idOf(readJson(join(item.path, file)) ?? {})
    return typeof named === 'string' ? named === id : suffix(item) !== '' && suffix(item) === suffix(input)
  })
  if (found.length > 1)
    throw new UserError(`${found.map((item) => item.stage).join(' and ')} are both of the model ${id}`, {
      hint: 'give one of their configs another model_id',
    })
  return found[0]
}

function modelName(report: unknown): unknown {
  const { model, model_id: modelId, id } = report as Record<string, unknown>
  return model ?? modelId ?? id
}

function suffix(input: StageInput): string {
  const at = input.stage?.indexOf('@') ?? -1
  return at < 0 ? '' : input.stage!.slice(at + 1)
}

function refuseTwice(ids: readonly string[]): void {
  const twice = ids.find((id, index) => ids.indexOf(id) !== index)
  if (twice) throw new UserError(`two models have the id ${twice}`, { hint: 'give each config its own model_id' })
}
