/**
 * Probe: a few inputs with the outputs the trained model gives for them, written beside every export as
 * {"x": [{"name", "shape", "data"}], "y": {"shape", "data"}}, so that anybody can check a file in any reader.
 * Real rows of the held-out data come first, then edges (zeros, least and greatest of every feature), then seeded noise.
 */
import type { NamedTensor } from '../exporter.ts'
import { random } from '../lib/random.ts'
import type { ModelFile, TensorSpec } from '../network.ts'

/** Feature rows to choose from: [rows, ...shape] flat, and which of them no training step has seen. */
export interface ProbeSource {
  readonly x: Float32Array
  readonly rows: number
  readonly heldOut: readonly number[]
}

export interface ProbeInputs {
  readonly rows: number
  /** In the order of `network.inputs`, raw: [rows, ...shape] flat. */
  readonly inputs: readonly Float32Array[]
  /** What each row is, e.g. `row 17 of the features`. */
  readonly names: readonly string[]
}

const realRows = 6
const noiseRows = 3

export function probeInputs(model: ModelFile, source: ProbeSource | null): ProbeInputs {
  const [first] = model.network.inputs
  const single = model.network.inputs.length === 1 && first!.dtype === 'float32'
  const rows = single ? featureRows(model, first!, source) : mixedRows(model)
  const inputs = model.network.inputs.map((_, index) => concat(rows.map((row) => row.values[index]!)))
  return { rows: rows.length, inputs, names: rows.map((row) => row.name) }
}

/** The text of a probe file; float32 numbers with 9 digits. `y` is the first output. */
export function probeJson(
  x: readonly NamedTensor[],
  y: { readonly shape: readonly number[]; readonly data: Float32Array },
): string {
  const tensor = (shape: readonly number[], data: Float32Array) =>
    `"shape": ${JSON.stringify(shape)}, "data": [${digits(data)}]`
  const inputs = x.map((item) => `{"name": ${JSON.stringify(item.name)}, ${tensor(item.shape, item.data)}}`)
  return `{"x": [\n${inputs.join(',\n')}\n],\n"y": {${tensor(y.shape, y.data)}}}\n`
}

interface ProbeRow {
  readonly name: string
  /** One array an input. */
  readonly values: readonly Float32Array[]
}

function featureRows(model: ModelFile, spec: TensorSpec, source: ProbeSource | null): ProbeRow[] {
  const size = product(spec.shape)
  const usable = source && source.rows > 0 && source.x.length === source.rows * size ? source : null
  const rows: ProbeRow[] = []
  for (const row of usable ? spread(usable.heldOut.length > 0 ? usable.heldOut : count(usable.rows), realRows) : []) {
    rows.push({ name: `row ${row} of the features`, values: [usable!.x.slice(row * size, (row + 1) * size)] })
  }
  rows.push({ name: 'zeros', values: [new Float32Array(size)] })
  if (usable) {
    rows.push({ name: 'least of every feature', values: [extremes(usable, size, Math.min)] })
    rows.push({ name: 'greatest of every feature', values: [extremes(usable, size, Math.max)] })
  }
  for (let i = 0; i < noiseRows; i++) {
    const rng = random(`probe:${model.id}:${i}`)
    const noise = Float32Array.from({ length: size }, () => rng.normal())
    rows.push({ name: `noise ${i}`, values: [unnormalized(noise, model)] })
  }
  return rows
}

/** Several inputs, ids among them: least ids, greatest ids, seeded ones. */
function mixedRows(model: ModelFile): ProbeRow[] {
  const fill = (
    name: string,
    id: (vocabulary: number, index: number) => number,
    number: (index: number) => number,
  ): ProbeRow => ({
    name,
    values: model.network.inputs.map((spec) => {
      const vocabulary = vocabularyOf(model, spec)
      return Float32Array.from({ length: product(spec.shape) }, (_, i) =>
        vocabulary > 0 ? id(vocabulary, i) : number(i),
      )
    }),
  })
  const edges = [
    fill(
      'least ids',
      () => 0,
      () => 0,
    ),
    fill(
      'greatest ids',
      (vocabulary) => vocabulary - 1,
      () => 1,
    ),
  ]
  const seeded = count(noiseRows).map((i) => {
    const rng = random(`probe:${model.id}:${i}`)
    return fill(
      `noise ${i}`,
      (vocabulary) => rng.below(vocabulary),
      () => rng.normal(),
    )
  })
  return [...edges, ...seeded]
}

/** Ids that the embeddings on this input know; 0 = the input is not ids. */
function vocabularyOf(model: ModelFile, spec: TensorSpec): number {
  let least = 0
  for (const layer of model.network.layers) {
    if (layer.kind !== 'embedding' || layer.inputs[0] !== spec.name) continue
    least = least === 0 ? layer.vocabulary : Math.min(least, layer.vocabulary)
  }
  return least
}

function unnormalized(noise: Float32Array, model: ModelFile): Float32Array {
  const normalizer = model.normalizer
  if (!normalizer) return noise
  const size = normalizer.offset.length
  return noise.map((value, i) => value * normalizer.scale[i % size]! + normalizer.offset[i % size]!)
}

function extremes(source: ProbeSource, size: number, pick: (a: number, b: number) => number): Float32Array {
  const found = source.x.slice(0, size)
  for (let i = size; i < source.x.length; i++) found[i % size] = pick(found[i % size]!, source.x[i]!)
  return found
}

/** At most `most` items, evenly spaced. */
function spread(items: readonly number[], most: number): readonly number[] {
  if (items.length <= most) return items
  return count(most).map((i) => items[Math.floor((i * items.length) / most)]!)
}

function digits(data: Float32Array): string {
  return Array.from(data, (value) => String(Number(value.toPrecision(9)))).join(',')
}

function concat(arrays: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(arrays.reduce((total, array) => total + array.length, 0))
  let at = 0
  for (const array of arrays) {
    out.set(array, at)
    at += array.length
  }
  return out
}

function count(length: number): number[] {
  return Array.from({ length }, (_, i) => i)
}

function product(shape: readonly number[]): number {
  return shape.reduce((total, size) => total * size, 1)
}
