/**
 * Strict reader of RTNeural JSON. Follows model_loader.h (commit 1fb1f07) in what it takes from where, and refuses whatever
 * that loader answers with an exception, a crash or, worst, with silence: unknown layer types skipped, transposed square
 * kernels, activations on layers that ignore them, missing arrays read as zeros.
 * Leaves out what kpipe never writes: conv2d, batchnorm2d, grouped convolutions.
 */
import { readFile } from 'node:fs/promises'
import { DataError } from '../../lib/errors.ts'
import {
  type Activation,
  activationStep,
  batchNormStep,
  conv1dStep,
  denseStep,
  gruStep,
  lstmStep,
  preluStep,
  type Step,
} from './steps.ts'

export interface RtneuralModel {
  readonly inputSize: number
  readonly outputSize: number
  /** In order; an activation named by a layer is a step of its own, as in RTNeural. */
  readonly steps: readonly Step[]
  /** The extra top-level key, {} where there is none. */
  readonly facts: Readonly<Record<string, unknown>>
}

/** @throws DataError with the layer's index and type; codes `json`, `shape`, `type`, `activation`, `weights`, `not-finite` */
export async function readRtneural(path: string): Promise<RtneuralModel> {
  return parseRtneural(await readFile(path, 'utf8'), path)
}

export function parseRtneural(text: string, path: string): RtneuralModel {
  const fault = (code: string, message: string) => new DataError({ path, offset: null, code, message, hint: '' })
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (error) {
    throw fault('json', `not JSON: ${(error as Error).message}`)
  }
  const parent = asObject(parsed)
  if (!parent) throw fault('json', 'expected an object with in_shape and layers')
  const inputSize = lastSize(parent.in_shape)
  if (inputSize === null)
    throw fault('shape', `in_shape must be a list that ends in a whole number above 0, found ${show(parent.in_shape)}`)
  if (!Array.isArray(parent.layers) || parent.layers.length === 0)
    throw fault('json', 'layers must be a list with at least one layer')
  const steps: Step[] = []
  let size = inputSize
  for (const [index, item] of parent.layers.entries()) {
    const layer = asObject(item)
    const type = layer?.type
    const refuse = (code: string, message: string) => fault(code, `layer ${index} (${show(type)}): ${message}`)
    if (!layer || typeof type !== 'string') throw refuse('type', 'every layer is an object with a type')
    size = addLayer({ layer, type, size, steps, refuse })
  }
  return { inputSize, outputSize: size, steps, facts: asObject(parent.kpipe) ?? {} }
}

interface Place {
  readonly layer: Readonly<Record<string, unknown>>
  readonly type: string
  /** Numbers that come in: the layer before says so, not this layer. */
  readonly size: number
  readonly steps: Step[]
  readonly refuse: (code: string, message: string) => DataError
}

/** Adds the layer's step or steps and returns the numbers that come out. */
function addLayer(place: Place): number {
  const { layer, type, size, steps, refuse } = place
  const out = lastSize(layer.shape)
  if (out === null)
    throw refuse(
      'shape',
      `shape must be a list of 1 to 3 that ends in a whole number above 0, found ${show(layer.shape)}`,
    )
  if (!Array.isArray(layer.weights)) throw refuse('weights', 'has no list "weights" (needed even where it is empty)')
  const activation = activationOf(place)
  const weights = layer.weights as readonly unknown[]
  const array = (index: number, what: string, ...shape: number[]) => readArray(place, weights[index], what, shape)
  const count = (...allowed: number[]) => {
    if (!allowed.includes(weights.length))
      throw refuse('weights', `has ${weights.length} arrays, expected ${allowed.join(' or ')}`)
  }
  const sameSize = () => {
    if (out !== size)
      throw refuse('shape', `says ${out} numbers come out, but ${size} go in and it does not change their count`)
  }
  switch (type) {
    case 'dense':
    case 'time-distributed-dense':
      count(1, 2)
      steps.push(
        denseStep(array(0, 'kernel', size, out), weights.length === 2 ? array(1, 'bias', out) : new Float32Array(out)),
      )
      break
    case 'conv1d': {
      const taps = lastNumber(place, 'kernel_size')
      const dilation = lastNumber(place, 'dilation')
      if (layer.groups !== undefined && layer.groups !== 1)
        throw refuse('type', `groups is ${show(layer.groups)}; this reader computes 1`)
      count(2)
      steps.push(conv1dStep(array(0, 'kernel', taps, size, out), array(1, 'bias', out), taps, dilation))
      break
    }
    case 'lstm':
      count(3)
      steps.push(
        lstmStep(
          array(0, 'kernel', size, 4 * out),
          array(1, 'recurrent kernel', out, 4 * out),
          array(2, 'bias', 4 * out),
        ),
      )
      break
    case 'gru':
      count(3)
      steps.push(
        gruStep(
          array(0, 'kernel', size, 3 * out),
          array(1, 'recurrent kernel', out, 3 * out),
          array(2, 'bias', 2, 3 * out),
        ),
      )
      break
    case 'batchnorm': {
      sameSize()
      count(2, 4)
      const [mean, variance] = [array(weights.length - 2, 'mean', size), array(weights.length - 1, 'variance', size)]
      const affine = weights.length === 4 ? { gamma: array(0, 'gamma', size), beta: array(1, 'beta', size) } : null
      if (typeof layer.epsilon !== 'number') throw refuse('weights', 'has no number "epsilon"')
      steps.push(batchNormStep(mean, variance, affine, layer.epsilon))
      break
    }
    case 'prelu': {
      sameSize()
      count(1)
      const alphas = (weights[0] as readonly (readonly unknown[])[] | undefined)?.[0]
      const shared = Array.isArray(alphas) && alphas.length === 1
      steps.push(preluStep(readArray(place, weights[0], 'alpha', [1, shared ? 1 : size]), size))
      break
    }
    case 'activation':
      sameSize()
      if (activation === '') throw refuse('activation', 'names no activation; the loader would leave the layer out')
      break
    default:
      throw refuse('type', 'RTNeural skips a type it does not know without a word, and the answers are wrong')
  }
  if (activation !== '' && !ignoresActivation(type)) steps.push(activationStep(activation, out))
  return out
}

function activationOf({ layer, type, refuse }: Place): Activation | '' {
  const name = layer.activation
  if (name === undefined || name === '') return ''
  if (name === null) throw refuse('activation', 'is null, on which the loader throws; leave the key out or write ""')
  if (ignoresActivation(type)) {
    if (name === 'tanh' && (type === 'lstm' || type === 'gru')) return ''
    throw refuse('activation', `names ${show(name)}, which the loader ignores on this type`)
  }
  const known = ['tanh', 'relu', 'sigmoid', 'softmax', 'elu'] as const
  const found = known.find((item) => item === name)
  if (!found)
    throw refuse(
      'activation',
      `names ${show(name)}, for which the loader makes a null layer that crashes the host; it knows ${known.join(', ')}`,
    )
  return found
}

function ignoresActivation(type: string): boolean {
  return ['lstm', 'gru', 'prelu', 'batchnorm'].includes(type)
}

/** Nested lists of exactly this shape, flat, as float32. */
function readArray({ refuse }: Place, value: unknown, what: string, shape: readonly number[]): Float32Array {
  const out = new Float32Array(shape.reduce((product, size) => product * size, 1))
  let at = 0
  const walk = (item: unknown, depth: number) => {
    if (depth === shape.length) {
      const number = typeof item === 'number' ? Math.fround(item) : Number.NaN
      if (!Number.isFinite(number))
        throw refuse('not-finite', `${what} holds ${show(item)} where a finite float32 is expected`)
      out[at++] = number
      return
    }
    if (!Array.isArray(item) || item.length !== shape[depth]) {
      const found = Array.isArray(item) ? `${item.length} of them` : show(item)
      throw refuse(
        'weights',
        `${what} must have the shape [${shape.join('][')}], found ${found} on axis ${depth} (kernels are [in][out])`,
      )
    }
    for (const inner of item) walk(inner, depth + 1)
  }
  walk(value, 0)
  return out
}

/** `.back()` of a list, or the number itself. */
function lastNumber({ layer, refuse }: Place, key: string): number {
  const value = layer[key]
  const number = Array.isArray(value) ? value.at(-1) : value
  if (!Number.isInteger(number) || number < 1)
    throw refuse('shape', `needs a whole number above 0 in "${key}", found ${show(value)}`)
  return number as number
}

function lastSize(shape: unknown): number | null {
  if (!Array.isArray(shape) || shape.length === 0 || shape.length > 3) return null
  const last: unknown = shape.at(-1)
  return Number.isInteger(last) && (last as number) > 0 ? (last as number) : null
}

function asObject(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 40 ? `${text.slice(0, 37)}...` : text
}
