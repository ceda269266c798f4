/** featurize: examples → x.npy, y.npy and features.json, split by source, with a normaliser fit on the train split. */
import type { FeatureWriter } from '../src/data/feature-file.ts'
import type { FeatureRow, FeatureSetInfo, Split } from '../src/data/feature-set.ts'
import type { Example, ValidationReport } from '../src/data/manifest.ts'
import {
  examplesOf,
  type Feature,
  type FEATURE_NAMES,
  type FeatureOptions,
  type FeaturePair,
} from '../src/features/feature.ts'
import { type DataFault, formatFault, UserError } from '../src/lib/errors.ts'
import { optionSchema } from '../src/models/config.ts'
import { defineStage, type OptionProblem, type StageContext, type StageResult } from '../src/stage.ts'
import { eachItem } from './shared/items.ts'
import { modelInput, modelInUse } from './shared/user-model.ts'

interface Options extends FeatureOptions {
  readonly feature: (typeof FEATURE_NAMES)[number]
  readonly normalization: 'standard' | 'minmax' | 'none'
  readonly val_split: number
  readonly test_split: number
  readonly seed: number
  readonly workers: number
}

const OPTIONS = [
  'feature, sample_rate, n_fft, hop_length, n_mels, clip_seconds, unlabelled',
  'f_min, f_max, n_mfcc, deltas, clips, over_time, target, classes, class_from',
  'normalization, val_split, test_split, seed, workers',
  'onnx_model, onnx_input, onnx_output, onnx_layout, onnx_pooling',
].flatMap((names) => names.split(', '))

export const featurize = defineStage<Options>({
  kind: 'featurize',
  summary: 'turn examples into numbers, split them by source, fit the normaliser on the train split',
  options: optionSchema(OPTIONS, ['feature']),
  unkeyed: ['workers'],
  inputs: {
    data: { about: 'the music: the output of download, or a folder in the Kelly layout' },
    validation: { about: 'the output of validate' },
  },
  outputs: {
    'x.npy': 'inputs, float32, one row an example, not normalised',
    'y.npy': 'targets, float32',
    'features.json': 'name, source and split of every row, shapes, normaliser',
  },
  check: (options): OptionProblem[] => {
    const { val_split, test_split, feature, onnx_model } = options
    const problems = spectrumProblems(options)
    if (feature === 'onnx_embedding' && onnx_model === undefined)
      problems.push({ path: ['feature'], message: 'onnx_embedding needs a model', hint: 'write onnx_model: FILE.onnx' })
    if (val_split + test_split < 1) return problems
    const message = `val_split and test_split together are ${val_split + test_split}: nothing is left to train on`
    return [...problems, { path: ['val_split'], message, hint: 'they must stay below 1 together' }]
  },
  external: (options) => (options.feature === 'onnx_embedding' ? modelInput(options) : []),
  run: async (ctx) => {
    const [{ features }, { readValidation }, { createFeatureSet }] = await Promise.all([
      import('../src/features/index.ts'),
      import('../src/data/validation.ts'),
      import('../src/data/feature-file.ts'),
    ])
    const feature: Feature = features[ctx.options.feature]
    const report = readValidation(ctx.inputs.validation!.path)
    await refuseWithout(feature, report, ctx.options.unlabelled)
    const examples = examplesOf(feature, report.examples)
    const writer = createFeatureSet(ctx.out(''))
    try {
      const written = await writeRows(ctx, feature, examples, writer)
      for (const fault of written.faults) ctx.log('warn', `left out ${formatFault(fault)}`)
      const info = await finish(feature, report, written, writer)
      return result(info, examples.length, written.faults.length)
    } finally {
      writer.abandon()
    }
  },
})

/** What the numbers of a spectrum cannot be, each by itself or together. */
function spectrumProblems(options: Options): OptionProblem[] {
  const { feature, sample_rate, clip_seconds, n_fft, n_mels, n_mfcc, hop_length, deltas, f_min, f_max } = options
  const half = sample_rate / 2
  const frames = 1 + Math.floor((clip_seconds * sample_rate) / hop_length)
  const problem = (wrong: boolean, name: keyof Options, message: string, hint: string): OptionProblem[] =>
    wrong ? [{ path: [name], message, hint }] : []
  const power = 2 ** Math.round(Math.log2(n_fft))
  return [
    ...problem(n_fft !== power, 'n_fft', `n_fft is ${n_fft}, no power of two`, `write n_fft: ${power}`),
    ...problem(
      f_max !== undefined && f_max > half,
      'f_max',
      `f_max is ${f_max} Hz, above half of sample_rate`,
      `write at most ${half}, or leave it out`,
    ),
    ...problem(
      f_min >= (f_max ?? half),
      'f_min',
      `f_min is ${f_min} Hz, not below f_max (${f_max ?? half} Hz)`,
      'lower it',
    ),
    ...problem(
      feature === 'mfcc' && n_mfcc > n_mels,
      'n_mfcc',
      `n_mfcc is ${n_mfcc}, more than the ${n_mels} bands they are made of`,
      `write at most ${n_mels}`,
    ),
    ...problem(
      feature === 'mfcc' && deltas > 0 && frames < DELTA_FRAMES,
      'deltas',
      `clips of ${frames} frames are too short for slopes over ${DELTA_FRAMES}`,
      'write a shorter hop_length or longer clip_seconds',
    ),
  ]
}

/** Frames that a slope is fitted to. */
const DELTA_FRAMES = 9

/** Before anything is decoded. @throws UserError where the data has nothing for this feature, with the models it serves */
async function refuseWithout(feature: Feature, { counts }: ValidationReport, unlabelled: string): Promise<void> {
  const [{ lacks }, { servedHint }] = await Promise.all([
    import('../src/features/needs.ts'),
    import('./shared/serves.ts'),
  ])
  const what = lacks(feature.name, counts, unlabelled)
  const hint = `leave this model out; ${servedHint(counts) || 'it serves none of the Kelly models: see kpipe data stats'}`
  if (what) throw new UserError(`the data has nothing for ${feature.name}: ${what}`, { hint })
}

/** A row whose split is not drawn yet: copying a hundred thousand would hold them twice. */
type OpenRow = Omit<FeatureRow, 'split'> & { split: Split }

interface Written {
  /** The options with the hash of the user's model in place of its path. */
  readonly options: Options
  /** In the order of the files; their splits are drawn when all are known. */
  readonly rows: OpenRow[]
  /** Examples that could be extracted, and of these the ones that gave rows. */
  readonly extracted: readonly Example[]
  readonly used: Example[]
  /** A row as the recipe made it. */
  readonly first: FeaturePair | null
  readonly faults: DataFault[]
}

/** Every example extracted, or taken from the cache, and its rows written at once: only their names are held. */
async function writeRows(
  ctx: StageContext<Options>,
  feature: Feature,
  examples: readonly Example[],
  writer: FeatureWriter,
): Promise<Written> {
  const [{ openDataFolder }, { itemKey, namedRows, workItem }, { loadExtract }, { extractionPool }] = await Promise.all(
    [
      import('../src/data/data-folder.ts'),
      import('../src/features/table.ts'),
      import('../src/features/stored.ts'),
      import('../src/features/pool.ts'),
    ],
  )
  const input = ctx.inputs.data!
  const data = openDataFolder(input.path, input.files())
  const model = modelInUse(ctx, feature, ctx.options)
  const options = { ...ctx.options, ...model.options }
  const rows: OpenRow[] = []
  const extracted: Example[] = []
  const used: Example[] = []
  const faults: DataFault[] = []
  let first: FeaturePair | null = null
  const items = {
    length: examples.length,
    at: (index: number) => {
      const example = examples[index]!
      const key = itemKey(feature, example, () => data.hash(example.id), model.options)
      return { id: example.id, key, reads: [...data.reads(example.id), ...model.reads] }
    },
  }
  const take = (value: Uint8Array, index: number) => {
    const example = examples[index]!
    const found = loadExtract(value)
    if (!(found instanceof Float32Array)) return void faults.push({ ...found, path: example.id })
    extracted.push(example)
    const pairs = feature.rows(example, found, options)
    if (pairs.length === 0) return
    first ??= pairs[0]!
    used.push(example)
    for (const { x, y } of pairs) writer.add(x, y)
    for (const row of namedRows(example, 'train', pairs)) rows.push(row)
  }
  const pool = extractionPool(feature.needsModel ? 1 : ctx.options.workers)
  const work = async (index: number) =>
    pool.run(
      { feature: ctx.options.feature, options: model.options, item: workItem(examples[index]!), root: data.root },
      await model.item(),
    )
  await eachItem(ctx, feature.name, items, work, { atOnce: pool.atOnce, take }).finally(() =>
    Promise.all([model.close(), pool.close()]),
  )
  return { options, rows, extracted, used, first, faults }
}

/** Labels, split and normaliser: quick, so never cached an item. */
async function finish(
  feature: Feature,
  report: ValidationReport,
  { options, rows, extracted, used, first }: Written,
  writer: FeatureWriter,
): Promise<FeatureSetInfo> {
  const [{ splitItems, splitSources }, { recipeOptions }] = await Promise.all([
    import('../src/data/split.ts'),
    import('../src/features/table.ts'),
  ])
  if (first === null) throw nothingToLearn(feature, report, extracted, options)
  const shares = { val: options.val_split, test: options.test_split, seed: options.seed }
  const splits = splitSources(splitItems(used), shares)
  for (const row of rows) row.split = splits.get(row.source)!
  if (!rows.some(({ split }) => split === 'train'))
    throw new UserError(
      `no ${feature.name} rows are left to train on: the data's own splits put all of them elsewhere`,
      { hint: 'correct the split column of the data' },
    )
  const shape = feature.shape(options, first)
  const head = {
    format: 'kpipe-features/1' as const,
    feature: feature.name,
    options: recipeOptions(feature, options),
    xShape: shape.x,
    yShape: shape.y,
    yLabels: feature.yLabels(options),
    generated: report.source.generated,
    ...estimatedOf(feature, used),
    rows,
  }
  return writer.finish(head, options.normalization === 'none' ? null : options.normalization)
}

/** Nothing for features from the data itself. */
function estimatedOf({ room, estimated }: Feature, used: readonly Example[]) {
  if (!estimated || used[0]!.room === room) return {}
  const files = used.length === 1 ? '1 file' : `${used.length} files`
  return { estimated: `${estimated.what}, from the notes of ${files} in ${estimated.from}/` }
}

function nothingToLearn(
  feature: Feature,
  report: ValidationReport,
  extracted: readonly Example[],
  options: Options,
): UserError {
  const { counts } = report
  if (extracted.length > 0 && feature.rowOptions.includes('target') && options.target === 'class')
    return noneOfClasses(feature, extracted, options)
  const { found, kept, labelled } = counts[feature.room]
  const message = `no rows for ${feature.name}: ${found} items of ${feature.room} found, ${kept} usable, ${labelled} with a label`
  const unlabelled = feature.rowOptions.includes('unlabelled') ? 'add labels, or set unlabelled: neutral' : 'add labels'
  const short = 'the usable ones are too short for this feature: add more data'
  return new UserError(message, { hint: labelled === 0 ? unlabelled : short })
}

/** The fact that should hold the class is not there, or holds other words. */
function noneOfClasses(feature: Feature, extracted: readonly Example[], { classes, class_from }: Options): UserError {
  const words = extracted.map(({ facts }) => String(facts[class_from] ?? '').trim())
  const values = new Set(words.filter((word) => word !== ''))
  const found = values.size > 0 ? [...values].sort().slice(0, 12).join(', ') : 'nothing'
  const message = `no rows for ${feature.name}: "${class_from}" of the ${extracted.length} usable items is ${found}, none of the classes ${classes.join(', ')}`
  const others = [...new Set(extracted.flatMap(({ facts }) => Object.keys(facts)))].sort()
  const hint =
    values.size > 0
      ? `write classes: [${found}]`
      : others.length > 0
        ? `write class_from: one of ${others.join(', ')}`
        : `add a column "${class_from}" to the labels`
  return new UserError(message, { hint })
}

function result(info: FeatureSetInfo, items: number, faults: number): StageResult {
  const count = (split: Split) => info.rows.filter((row) => row.split === split).length
  const [train, val, test] = [count('train'), count('val'), count('test')]
  const labelled = info.rows.filter((row) => row.labelled).length
  const sources = new Set(info.rows.map((row) => row.source)).size
  const guessed = info.rows.length - labelled
  const how = info.feature === 'groove' && info.options.unlabelled === 'estimate' ? 'an estimated' : 'the neutral'
  const notes =
    guessed > 0 ? [`${guessed} of ${info.rows.length} ${info.feature} rows have no label: ${how} emotion`] : []
  if (faults > 0) notes.push(`${faults} items could not be used and are left out, see the log`)
  if (info.estimated) notes.push(`${info.feature} rests on estimated ${info.estimated}`)
  if (info.generated) notes.push(`${info.feature} is computed from generated data`)
  return {
    headline: `${info.rows.length} rows (${train} train, ${val} val, ${test} test)`,
    notes,
    metrics: { items, rows: info.rows.length, train, val, test, labelled, sources, faults },
  }
}
