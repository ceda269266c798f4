/**
 * `export`: a trained model in every format asked for, each file read back by a strict reader and compared with the model.
 * Formats live in src/exporters; a format that cannot take a model is refused while the pipeline is checked.
 */

import { readFileSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Exporter, ExportOptions, FoldNormalizer } from '../src/exporter.ts'
import { exporters, exportersByName } from '../src/exporters/index.ts'
import { UserError } from '../src/lib/errors.ts'
import { sha256, writeAtomic } from '../src/lib/files.ts'
import type { ModelFile, Weights } from '../src/network.ts'
import { defineStage, type OptionProblem, type StageContext, type StageInput } from '../src/stage.ts'

interface Options {
  readonly formats: readonly string[]
  readonly model_id?: string
  readonly fold_normalizer: FoldNormalizer
  readonly tolerance: number
  readonly architecture_type?: string
  readonly activation?: string
  readonly output_activation?: string
  readonly normalization_layer?: string
  readonly pooling?: string
  readonly global_pooling?: string
  readonly padding?: string
}

/** One line of export.json's `files`. */
export interface ExportedModel {
  readonly format: string
  readonly file: string
  readonly bytes: number
  readonly sha256: string
  /** Files written with it: the C++ header, the probe. */
  readonly beside: readonly { readonly file: string; readonly bytes: number; readonly sha256: string }[]
  readonly reader: string
  readonly max_abs_diff: number
  readonly warnings: readonly string[]
}

export interface ExportReport {
  readonly format: 'kpipe-export/1'
  /** File name of the exports. */
  readonly id: string
  /** Id in the model's own file; differs from `id` where the option model_id renames it. */
  readonly model: string
  readonly task: string
  readonly generated: boolean
  /** Who computes (x - offset) / scale; `none`: nobody has to. */
  readonly normalizer: string
  readonly probe_rows: readonly string[]
  readonly files: readonly ExportedModel[]
}

const places: Readonly<Record<FoldNormalizer, string>> = {
  layer: 'a layer of the file',
  weights: 'the weights of the file',
  none: 'the plug-in',
}

export const exportStage = defineStage<Options>({
  kind: 'export',
  summary: 'write a trained model in other formats and read every file back (rtneural)',
  options: {
    type: 'object',
    additionalProperties: false,
    properties: {
      formats: {
        type: 'array',
        items: { enum: Object.keys(exporters) },
        uniqueItems: true,
        minItems: 1,
        default: ['rtneural'],
        description: 'Export formats.',
      },
      model_id: {
        type: 'string',
        pattern: '^[a-z0-9][a-z0-9_-]*$',
        examples: ['groovepredictor'],
        description: 'File name of the exports; default: the id in the model.',
      },
      fold_normalizer: {
        enum: ['layer', 'weights', 'none'],
        default: 'layer',
        description:
          'Who normalises: a layer at the start of the file, the weights of its first layer, or none of them: the plug-in.',
      },
      tolerance: {
        type: 'number',
        exclusiveMinimum: 0,
        default: 1e-6,
        description: 'Greatest difference |file - model| / max(1, |model|) on the probe; the stage fails above it.',
      },
      architecture_type: { type: 'string', description: 'Of the config; only used to refuse a format early.' },
      activation: { type: 'string', description: 'Of the config; only used to refuse a format early.' },
      output_activation: { type: 'string', description: 'Of the config; only used to refuse a format early.' },
      normalization_layer: { type: 'string', description: 'Of the config; only used to refuse a format early.' },
      pooling: { type: 'string', description: 'Of the config; only used to refuse a format early.' },
      global_pooling: { type: 'string', description: 'Of the config; only used to refuse a format early.' },
      padding: { type: 'string', description: 'Of the config; only used to refuse a format early.' },
    },
  },
  inputs: {
    model: { about: 'folder of a train stage: model.json and weights.safetensors' },
    features: { about: 'feature set; held-out rows of it become the probe', required: false },
  },
  outputs: {
    'export.json': 'files with size, sha256, reader and greatest difference',
    '<id>.json': 'RTNeural JSON',
    '<id>.hpp': 'C++ type of the RTNeural file',
    '<id>.probe.json': 'inputs of the file with the outputs of the trained model',
  },
  check: (options) => options.formats.flatMap((name, index) => configProblems(name, index, options)),
  run: exportModel,
})

function configProblems(name: string, index: number, options: Options): readonly OptionProblem[] {
  const exporter = exportersByName[name]
  if (!exporter) {
    return [
      {
        path: ['formats', index],
        message: `there is no export format "${name}"`,
        hint: `known formats: ${Object.keys(exporters).join(', ')}`,
      },
    ]
  }
  return exporter.refuseConfig(options).map(({ field, message, hint }) => ({
    path: [field],
    message: `${message}, so the format ${name} cannot take this model`,
    hint,
  }))
}

async function exportModel(ctx: StageContext<Options>) {
  const { readModel } = await import('../src/network/model-file.ts')
  const trained = readModel(ctx.inputs.model!.path)
  const model = { ...trained.model, id: ctx.options.model_id ?? trained.model.id }
  const options: ExportOptions = {
    foldNormalizer: ctx.options.fold_normalizer,
    modelHash: modelHash(ctx.inputs.model!),
  }
  const probe = await makeProbe(ctx, model, trained.weights)
  const files: ExportedModel[] = []
  for (const name of ctx.options.formats) {
    ctx.signal.throwIfAborted()
    files.push(await exportTo(exportersByName[name]!, ctx, { model, weights: trained.weights, options, probe }))
    ctx.progress({ done: files.length, total: ctx.options.formats.length, unit: 'formats' })
  }
  const report: ExportReport = {
    format: 'kpipe-export/1',
    id: model.id,
    model: trained.model.id,
    task: model.task,
    generated: model.feature.generated,
    normalizer: model.normalizer === null ? 'none' : places[options.foldNormalizer],
    probe_rows: probe.names,
    files,
  }
  writeAtomic(ctx.out('export.json'), `${JSON.stringify(report, null, 2)}\n`)
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  const worst = Math.max(...files.map((file) => file.max_abs_diff))
  return {
    metrics: {
      bytes,
      max_abs_diff: worst,
      ...Object.fromEntries(files.map((file) => [`${file.format}.bytes`, file.bytes])),
    },
    headline: `${files.map((file) => file.file).join(', ')} max diff ${worst.toExponential(1)}`,
    notes: files.flatMap((file) => file.warnings.map((warning) => `${file.file}: ${warning}`)),
  }
}

/** Of the model alone: logs and curves beside it do not make another version of it. */
function modelHash(input: StageInput): string {
  const parts = input.files().filter(({ path }) => path === 'model.json' || path === 'weights.safetensors')
  return sha256(parts.map(({ path, hash }) => `${path} ${hash}\n`).join(''))
}

interface Probe {
  readonly rows: number
  readonly names: readonly string[]
  /** Raw inputs of the network. */
  readonly inputs: readonly Float32Array[]
  /** First output of the trained model, with the batch axis. */
  readonly y: { readonly shape: readonly number[]; readonly data: Float32Array }
}

async function makeProbe(ctx: StageContext<Options>, model: ModelFile, weights: Weights): Promise<Probe> {
  const [{ probeInputs }, { forward }, { outputSpecs }, { normalize }] = await Promise.all([
    import('../src/exporters/probe.ts'),
    import('../src/network/forward.ts'),
    import('../src/network/shapes.ts'),
    import('../src/data/normalize.ts'),
  ])
  const { rows, inputs, names } = probeInputs(model, await probeSource(ctx))
  const normalized = inputs.map((x) =>
    model.normalizer ? normalize(x, model.normalizer, model.normalizer.offset.length) : x,
  )
  const data = forward(model.network, weights, normalized, rows)[0]!
  return { rows, names, inputs, y: { shape: [rows, ...outputSpecs(model.network)[0]!.shape], data } }
}

async function probeSource(ctx: StageContext<Options>) {
  if (!ctx.inputs.features) return null
  const { readFeatureSet, rowsOf } = await import('../src/data/feature-file.ts')
  const { info, x } = readFeatureSet(ctx.inputs.features.path)
  const test = rowsOf(info, 'test')
  return { x, rows: info.rows.length, heldOut: test.length > 0 ? test : rowsOf(info, 'val') }
}

interface Work {
  readonly model: ModelFile
  readonly weights: Weights
  readonly options: ExportOptions
  readonly probe: Probe
}

/** Writes one format, reads the file back, and fails above the tolerance with the worst output named. */
async function exportTo(exporter: Exporter, ctx: StageContext<Options>, work: Work): Promise<ExportedModel> {
  const { compareOutputs } = await import('../src/exporters/compare.ts')
  const { probeJson } = await import('../src/exporters/probe.ts')
  const { model, probe, options } = work
  const [file, ...others] = await exporter.write(model, work.weights, ctx.scratch, options)
  const x = exporter.fileInputs(model, probe.inputs, probe.rows, options)
  const probeFile = `${file!.replace(/\.json$/, '')}.probe.json`
  writeAtomic(join(ctx.scratch, probeFile), probeJson(x, probe.y))
  const reader = await exporter.read(join(ctx.scratch, file!))
  const got = reader.predict(x)
  const difference = compareOutputs(probe.y.data, got.data, probe.rows)
  for (const warning of got.warnings) ctx.log('warn', `${file}: ${warning}`)
  if (difference.maxScaledDiff > ctx.options.tolerance) {
    const { worst } = difference
    const output = worst
      ? (model.labels[worst.index % (probe.y.shape.at(-1) ?? 1)] ?? `output ${worst.index}`)
      : 'the number of outputs'
    const where = worst
      ? ` on "${probe.names[worst.row]}": the model gives ${worst.expected}, the file ${worst.got}`
      : ''
    throw new UserError(
      `${file} differs from the trained model by ${difference.maxScaledDiff.toExponential(1)} (tolerance ${ctx.options.tolerance}), most in ${output}${where}`,
      { hint: differenceHint(model, options, got.warnings) },
    )
  }
  for (const name of [file!, ...others, probeFile]) await copyFile(join(ctx.scratch, name), ctx.out(name))
  const facts = (name: string) => {
    const data = readFileSync(ctx.out(name))
    return { file: name, bytes: data.length, sha256: sha256(data) }
  }
  return {
    format: exporter.registryFormat,
    ...facts(file!),
    beside: [...others, probeFile].map(facts),
    reader: reader.name,
    max_abs_diff: difference.maxAbsDiff,
    warnings: got.warnings,
  }
}

function differenceHint(model: ModelFile, options: ExportOptions, warnings: readonly string[]): string {
  if (warnings.length > 0) return warnings[0]!
  return model.normalizer && options.foldNormalizer === 'weights'
    ? 'weights that hold the normaliser lose digits where features hardly vary: set fold_normalizer: layer'
    : 'raise tolerance, if differences of this size do not matter'
}
