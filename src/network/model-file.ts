/** A trained model in a folder: model.json (ModelFile) + weights.safetensors. Both are deterministic text and bytes. */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DataError } from '../lib/errors.ts'
import { writeAtomic } from '../lib/files.ts'
import type { ModelFile, Weights } from '../network.ts'
import { readSafetensors, writeSafetensors } from './safetensors.ts'
import { weightSpecs } from './shapes.ts'

export function writeModel(dir: string, model: ModelFile, weights: Weights): void {
  writeAtomic(join(dir, 'weights.safetensors'), writeSafetensors(weights, { format: 'pt', model: model.id }))
  writeAtomic(join(dir, 'model.json'), `${JSON.stringify(model, null, 2)}\n`)
}

/** @throws DataError where a file is missing or damaged, or the weights are not those of the network */
export function readModel(dir: string): { readonly model: ModelFile; readonly weights: Weights } {
  const model = parseModel(readBytes(join(dir, 'model.json')))
  const path = join(dir, 'weights.safetensors')
  const weights = readSafetensors(readBytes(path), 'weights.safetensors').tensors
  const specs = weightSpecs(model.network)
  for (const spec of specs) {
    const weight = weights[spec.name]
    if (!weight) throw fault('weights.safetensors', 'missing-weight', `weight "${spec.name}" is missing`)
    if (weight.shape.join() !== spec.shape.join()) {
      throw fault(
        'weights.safetensors',
        'shape',
        `weight "${spec.name}" is [${weight.shape}], model.json says [${spec.shape}]`,
      )
    }
  }
  const known = new Set(specs.map((spec) => spec.name))
  const extra = Object.keys(weights).find((name) => !known.has(name))
  if (extra !== undefined) throw fault('weights.safetensors', 'extra-weight', `weight "${extra}" belongs to no layer`)
  return { model, weights }
}

/**
 * Weights to start from: of a model folder, with its model.json, or of a .safetensors file alone.
 * @throws DataError as readModel
 */
export function readWeights(path: string): { readonly model: ModelFile | null; readonly weights: Weights } {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return readModel(path)
  return { model: null, weights: readSafetensors(readBytes(path), path).tensors }
}

function parseModel(bytes: Uint8Array): ModelFile {
  let model: ModelFile
  try {
    model = JSON.parse(Buffer.from(bytes).toString('utf8')) as ModelFile
  } catch {
    throw fault('model.json', 'bad-json', 'the file is not JSON')
  }
  if (model?.format !== 'kpipe-model/1') {
    throw fault('model.json', 'bad-format', `format is ${JSON.stringify(model?.format)}, expected "kpipe-model/1"`)
  }
  return model
}

function readBytes(path: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch (error) {
    throw fault(path, 'unreadable', `cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
}

function fault(path: string, code: string, message: string): DataError {
  return new DataError({ path, offset: null, code, message, hint: 'run the train stage again' })
}
