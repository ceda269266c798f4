/** augment: changed copies of the training examples, computed from the data again; val and test rows stay as they are. */
import { join } from 'node:path'
import type { FeatureRows, FeatureWriter } from '../src/data/feature-file.ts'
import type { FeatureRow, FeatureSetInfo, Split } from '../src/data/feature-set.ts'
import type { Example } from '../src/data/manifest.ts'
import { type AugmentationOptions, augmentationSchema, onlineOf } from '../src/features/augmentation.ts'
import { type Change, changeName, drawChange, type Impulse } from '../src/features/changes.ts'
import { examplesOf, type Feature, type FeatureOptions } from '../src/features/feature.ts'
import type { Extraction } from '../src/features/pool.ts'
import { type DataFault, formatFault, UserError } from '../src/lib/errors.ts'
import { random } from '../src/lib/random.ts'
import { defineStage, type StageContext, type StageResult } from '../src/stage.ts'
import { optionSchema } from '../src/models/config.ts'
import { eachItem } from './shared/items.ts'
import { modelInput, modelInUse } from './shared/user-model.ts'

interface Options {
  readonly augmentation: AugmentationOptions
  readonly seed: number
  readonly onnx_model?: string
  readonly workers: number
}

export const augment = defineStage<Options>({
  kind: 'augment',
  summary:
    'add changed copies of the training examples (pitch, stretch, noise, rooms, masks; transpose, tempo, octave, timing, dropped notes)',
  options: {
    type: 'object',
    additionalProperties: false,
    properties: {
      augmentation: augmentationSchema,
      seed: { type: 'integer', minimum: 0, default: 42, description: 'Seed of which change each copy gets.' },
      ...(optionSchema(['onnx_model', 'workers']).properties as object),
    },
  },
  unkeyed: ['workers'],
  inputs: {
    features: { about: 'the output of featurize' },
    data: { about: 'the music: the output of download, or a folder in the Kelly layout' },
    validation: { about: 'the output of validate' },
  },
  outputs: {
    'x.npy': 'inputs: the rows of featurize in their order, then the copies',
    'y.npy': 'targets',
    'features.json': 'name, source and split of every row, shapes, normaliser',
  },
  external: ({ augmentation: { room_folder }, ...options }) => [
    ...(room_folder ? [{ name: 'room_folder', path: room_folder }] : []),
    ...modelInput(options),
  ],
  run: async (ctx) => {
    const [{ features }, { createFeatureSet, openFeatureRows }] = await Promise.all([
      import('../src/features/index.ts'),
      import('../src/data/feature-file.ts'),
    ])
    const set = await openFeatureRows(ctx.inputs.features!.path)
    const writer = createFeatureSet(ctx.out(''))
    try {
      const feature: Feature = features[set.info.feature as keyof typeof features]
      await copyRows(set, writer)
      const copies = await planCopies(ctx, feature, set.info)
      const { rows, faults } = await makeCopies(ctx, feature, set.info, copies, writer)
      for (const fault of faults) ctx.log('warn', `left out a copy: ${formatFault(fault)}`)
      const online = whileTraining(ctx, feature, set.info)
      const { rows: before, normalizer, ...head } = set.info
      await writer.finish({ ...head, ...(online ? { online } : {}), rows: [...before, ...rows] }, normalizer)
      return result(set.info, rows.length, faults.length, online !== null)
    } finally {
      writer.abandon()
      await set.close()
    }
  },
})

/** Changes that `train` makes itself; a word where there are none and somebody asked for some. */
function whileTraining(ctx: StageContext<Options>, feature: Feature, info: FeatureSetInfo) {
  const { augmentation, seed } = ctx.options
  const able = feature.online?.(info.options as unknown as FeatureOptions) ?? {}
  const online = onlineOf(augmentation, able, seed)
  if (online === null && augmentation.augment !== 'copies')
    ctx.log(
      'warn',
      `nothing changes while training: no noise, no mixup, and nothing to mask or transpose in ${feature.name}`,
    )
  return online
}

/** Rows read and written at once. */
const CHUNK = 1024

/** The rows of featurize, a part at a time: a set may be larger than memory. */
async function copyRows({ info, read }: FeatureRows, writer: FeatureWriter): Promise<void> {
  const { size } = await import('../src/features/table.ts')
  const [width, height] = [size(info.xShape), size(info.yShape)]
  const x = new Float32Array(CHUNK * width)
  const y = new Float32Array(CHUNK * height)
  for (let first = 0; first < info.rows.length; first += CHUNK) {
    const rows = Array.from({ length: Math.min(CHUNK, info.rows.length - first) }, (_, i) => first + i)
    await read(rows, x, y)
    for (const i of rows.keys())
      writer.add(x.subarray(i * width, (i + 1) * width), y.subarray(i * height, (i + 1) * height))
  }
}

interface Copy {
  readonly example: Example
  readonly change: Change
  /** `#pitch+2`; a second equal change of one example is `#pitch+2.2`. */
  readonly mark: string
}

/** Which copies to make of whom: only examples in the train split. Depends on (seed, item, copy) and nothing else. */
async function planCopies(ctx: StageContext<Options>, feature: Feature, info: FeatureSetInfo): Promise<Copy[]> {
  const { augmentation, seed } = ctx.options
  if (augmentation.copies === 0 || augmentation.augment === 'online') return []
  const { readValidation } = await import('../src/data/validation.ts')
  const { examples } = readValidation(ctx.inputs.validation!.path)
  const training = new Set(info.rows.flatMap((row) => (row.split === 'train' ? [itemIdOf(row.id)] : [])))
  const impulses = impulsesOf(ctx)
  const copies = examplesOf(feature, examples)
    .filter((example) => training.has(example.id))
    .flatMap((example) => copiesOf(example, feature, augmentation, seed, impulses))
  if (copies.length === 0)
    ctx.log('warn', `no copies: of the changes for ${feature.name} (${feature.changes.join(', ')}) none is switched on`)
  return copies
}

/** @throws UserError where the folder has no sound in it */
function impulsesOf({ inputs, options }: StageContext<Options>): Impulse[] {
  const folder = inputs.room_folder
  if (!folder) return []
  const sounds = folder.files().filter(({ path }) => /\.(wav|flac|ogg|mp3|opus)$/i.test(path))
  if (sounds.length > 0) return sounds.map(({ path, hash }) => ({ file: path, hash }))
  throw new UserError(`there is no sound file in ${options.augmentation.room_folder}`, {
    hint: 'room_folder takes a folder of impulse responses (wav, flac, ogg, mp3, opus)',
  })
}

function copiesOf(
  example: Example,
  feature: Feature,
  options: AugmentationOptions,
  seed: number,
  impulses: readonly Impulse[],
): Copy[] {
  const times = new Map<string, number>()
  return Array.from({ length: options.copies }, (_, copy) => `${seed}:${example.id}:${copy}`).flatMap((text) => {
    const rng = random(text)
    let change = drawChange(feature.changes, options, rng, text, impulses)
    // Two equal transpositions would be the same rows twice; a few more draws find another one where there is one.
    for (let draws = 1; change && times.has(changeName(change)) && draws < 8; draws++)
      change = drawChange(feature.changes, options, rng, text, impulses)
    if (!change) return []
    const name = changeName(change)
    const time = (times.get(name) ?? 0) + 1
    times.set(name, time)
    return [{ example, change, mark: `#${name}${time > 1 ? `.${time}` : ''}` }]
  })
}

async function makeCopies(
  ctx: StageContext<Options>,
  feature: Feature,
  info: FeatureSetInfo,
  copies: readonly Copy[],
  writer: FeatureWriter,
) {
  const rows: FeatureRow[] = []
  const faults: DataFault[] = []
  if (copies.length === 0) return { rows, faults }
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
  const model = modelInUse(ctx, feature, info.options as unknown as FeatureOptions)
  const { options } = model
  const items = {
    length: copies.length,
    at: (index: number) => {
      const { example, change, mark } = copies[index]!
      const key = itemKey(feature, example, () => data.hash(example.id), options, change)
      const reads = [...data.reads(example.id), ...model.reads, ...readsOf(ctx, change)]
      return { id: `${example.id}${mark}`, key, reads }
    },
  }
  const take = (value: Uint8Array, index: number) => {
    const { example, mark } = copies[index]!
    const found = loadExtract(value)
    if (!(found instanceof Float32Array)) return void faults.push({ ...found, path: example.id })
    const pairs = feature.rows(example, found, options)
    for (const { x, y } of pairs) writer.add(x, y)
    for (const row of namedRows(example, 'train', pairs, mark)) rows.push(row)
  }
  const pool = extractionPool(feature.needsModel ? 1 : ctx.options.workers)
  const work = async (index: number) => {
    const { example, change } = copies[index]!
    const name = info.feature as Extraction['feature']
    const impulses = ctx.inputs.room_folder?.path
    const item = workItem(example)
    return pool.run({ feature: name, options, change, item, root: data.root, impulses }, await model.item())
  }
  await eachItem(ctx, feature.name, items, work, { atOnce: pool.atOnce, take }).finally(() =>
    Promise.all([model.close(), pool.close()]),
  )
  return { rows, faults }
}

/** The room response that a copy is made with. */
function readsOf({ inputs }: StageContext<Options>, change: Change) {
  return change.kind === 'impulse' ? [{ path: join(inputs.room_folder!.path, change.file), hash: change.hash }] : []
}

/** `midi/a.mid@3` → `midi/a.mid`. */
function itemIdOf(rowId: string): string {
  return rowId.replace(/@\d+$/, '')
}

function result(info: FeatureSetInfo, copies: number, faults: number, online: boolean): StageResult {
  const count = (split: Split) => info.rows.filter((row) => row.split === split).length
  const added = `${copies} rows added to ${count('train')}`
  const during = `${count('train')} rows change while training`
  const notes = faults > 0 ? [`${faults} copies could not be made, see the log`] : []
  return {
    headline: copies > 0 ? `${added}${online ? ', more while training' : ''}` : online ? during : 'nothing added',
    notes,
    metrics: {
      rows: info.rows.length + copies,
      train: count('train') + copies,
      val: count('val'),
      test: count('test'),
      added: copies,
      faults,
    },
  }
}
