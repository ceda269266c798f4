/** augment: changed copies of the training examples, computed from the data again; val and test rows stay as they are. */
import { join } from 'node:path'
import type { FeatureSet, Split } from '../src/data/feature-set.ts'
import type { Example } from '../src/data/manifest.ts'
import { type AugmentationOptions, augmentationSchema, onlineOf } from '../src/features/augmentation.ts'
import { type Change, changeName, drawChange, type Impulse } from '../src/features/changes.ts'
import { examplesOf, type Feature, type FeatureOptions } from '../src/features/feature.ts'
import type { Extraction } from '../src/features/pool.ts'
import type { TableRow } from '../src/features/table.ts'
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
    const [{ features }, { readFeatureSet, writeFeatureSet }] = await Promise.all([
      import('../src/features/index.ts'),
      import('../src/data/feature-file.ts'),
    ])
    const set = readFeatureSet(ctx.inputs.features!.path)
    const feature: Feature = features[set.info.feature as keyof typeof features]
    const copies = await planCopies(ctx, feature, set)
    const { rows, faults } = await makeCopies(ctx, feature, set, copies)
    for (const fault of faults) ctx.log('warn', `left out a copy: ${formatFault(fault)}`)
    const online = onlineOf(
      ctx.options.augmentation,
      feature.online?.(set.info.options as unknown as FeatureOptions) ?? {},
      ctx.options.seed,
    )
    if (online === null && ctx.options.augmentation.augment !== 'copies')
      ctx.log(
        'warn',
        `nothing changes while training: no noise, no mixup, and nothing to mask or transpose in ${feature.name}`,
      )
    const { info, ...numbers } = await append(set, rows)
    writeFeatureSet(ctx.out(''), { info: { ...info, ...(online ? { online } : {}) }, ...numbers })
    return result(set, rows, faults.length, online !== null)
  },
})

interface Copy {
  readonly example: Example
  readonly change: Change
  /** `#pitch+2`; a second equal change of one example is `#pitch+2.2`. */
  readonly mark: string
}

/** Which copies to make of whom: only examples in the train split. Depends on (seed, item, copy) and nothing else. */
async function planCopies(ctx: StageContext<Options>, feature: Feature, { info }: FeatureSet): Promise<Copy[]> {
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

async function makeCopies(ctx: StageContext<Options>, feature: Feature, { info }: FeatureSet, copies: readonly Copy[]) {
  const rows: TableRow[] = []
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
  const items = copies.map(({ example, change, mark }) => {
    const key = itemKey(feature, example, () => data.hash(example.id), options, change)
    return {
      id: `${example.id}${mark}`,
      key,
      reads: [...data.reads(example.id), ...model.reads, ...readsOf(ctx, change)],
    }
  })
  const pool = extractionPool(feature.needsModel ? 1 : ctx.options.workers)
  const work = async (index: number) => {
    const { example, change } = copies[index]!
    const name = info.feature as Extraction['feature']
    const impulses = ctx.inputs.room_folder?.path
    const item = workItem(example)
    return pool.run({ feature: name, options, change, item, root: data.root, impulses }, await model.item())
  }
  const { values } = await eachItem(ctx, feature.name, items, work, pool.atOnce).finally(() =>
    Promise.all([model.close(), pool.close()]),
  )
  values.forEach((value, index) => {
    const { example, mark } = copies[index]!
    const found = loadExtract(value)
    if (found instanceof Float32Array)
      rows.push(...namedRows(example, 'train', feature.rows(example, found, options), mark))
    else faults.push({ ...found, path: example.id })
  })
  return { rows, faults }
}

/** The room response that a copy is made with. */
function readsOf({ inputs }: StageContext<Options>, change: Change) {
  return change.kind === 'impulse' ? [{ path: join(inputs.room_folder!.path, change.file), hash: change.hash }] : []
}

async function append(set: FeatureSet, copies: readonly TableRow[]): Promise<FeatureSet> {
  if (copies.length === 0) return set
  const { toFeatureSet } = await import('../src/features/table.ts')
  const { rows, ...head } = set.info
  const added = toFeatureSet(head, copies)
  return {
    info: { ...head, rows: [...rows, ...added.info.rows] },
    x: joined(set.x, added.x),
    y: joined(set.y, added.y),
  }
}

function joined(a: Float32Array, b: Float32Array): Float32Array {
  const all = new Float32Array(a.length + b.length)
  all.set(a)
  all.set(b, a.length)
  return all
}

/** `midi/a.mid@3` → `midi/a.mid`. */
function itemIdOf(rowId: string): string {
  return rowId.replace(/@\d+$/, '')
}

function result({ info }: FeatureSet, copies: readonly TableRow[], faults: number, online: boolean): StageResult {
  const count = (split: Split) => info.rows.filter((row) => row.split === split).length
  const added = `${copies.length} rows added to ${count('train')}`
  const during = `${count('train')} rows change while training`
  const notes = faults > 0 ? [`${faults} copies could not be made, see the log`] : []
  return {
    headline:
      copies.length > 0 ? `${added}${online ? ', more while training' : ''}` : online ? during : 'nothing added',
    notes,
    metrics: {
      rows: info.rows.length + copies.length,
      train: count('train') + copies.length,
      val: count('val'),
      test: count('test'),
      added: copies.length,
      faults,
    },
  }
}
