/**
 * Checkpoints: all that a training needs to go on bit-identically, one file each. A file is a line with its sha256 and a
 * safetensors body whose metadata holds the rest; written to another name and renamed, verified when read. The two newest
 * are kept, so that a torn one costs only the epochs since the one before.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { EngineState } from '../compute/engine.ts'
import { sha256, writeAtomic } from '../lib/files.ts'
import { readSafetensors, writeSafetensors } from '../network/safetensors.ts'
import type { Weight, Weights } from '../network.ts'
import type { EpochRecord } from './callback.ts'
import type { SampleRecord } from './samples.ts'

const MAGIC = 'kpipe-checkpoint/1 '
const KEPT = 2

export interface Position {
  /** Finished epochs. */
  readonly epoch: number
  /** Steps done in the epoch after them. */
  readonly batch: number
  /** Sum of the losses of those steps, each by its mass. */
  readonly lossSum: number
  /** How much counted in those steps: the examples, where none is weighed or masked. */
  readonly mass: number
}

export interface Checkpoint {
  /** Of the training it belongs to; another training ignores it. */
  readonly identity: string
  /** `epochs` of the run that wrote it. */
  readonly epochs: number
  readonly position: Position
  readonly history: readonly EpochRecord[]
  /** Absent in checkpoints of trainings that show none. */
  readonly samples?: readonly SampleRecord[]
  readonly engine: EngineState
  /** Weights after the best epoch so far; null before the first epoch ends. */
  readonly best: Weights | null
}

/** @returns the file's name */
export function saveCheckpoint(folder: string, checkpoint: Checkpoint): string {
  mkdirSync(folder, { recursive: true })
  const { engine, best, ...facts } = checkpoint
  const tensors: Record<string, Weight> = {}
  const add = (group: string, weights: Weights) => {
    for (const [name, weight] of Object.entries(weights)) tensors[`${group}/${name}`] = weight
  }
  add('weights', engine.weights)
  add('slots', engine.slots)
  if (best) add('best', best)
  const body = writeSafetensors(tensors, {
    facts: JSON.stringify({ ...facts, step: engine.step, best: best !== null }),
  })
  const { epoch, batch } = checkpoint.position
  const name = `checkpoint-${String(epoch).padStart(6, '0')}-${String(batch).padStart(6, '0')}.kpc`
  writeAtomic(join(folder, name), Buffer.concat([Buffer.from(`${MAGIC}${sha256(body)}\n`), body]))
  for (const old of listCheckpoints(folder)
    .filter((file) => file !== name)
    .slice(KEPT - 1))
    rmSync(join(folder, old))
  return name
}

/** File names, the furthest first. Left-over temporary files are not among them. */
export function listCheckpoints(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => /^checkpoint-\d+-\d+\.kpc$/.test(name))
      .sort()
      .reverse()
  } catch {
    return []
  }
}

/** @throws Error with a sentence where the file is torn, corrupt or not a checkpoint */
export function loadCheckpoint(folder: string, name: string): Checkpoint {
  const bytes = readFileSync(join(folder, name))
  const start = MAGIC.length + 64 + 1
  if (bytes.length < start || bytes.subarray(0, MAGIC.length).toString() !== MAGIC)
    throw new Error('it is not a checkpoint')
  const body = bytes.subarray(start)
  if (sha256(body) !== bytes.subarray(MAGIC.length, start - 1).toString())
    throw new Error('its content does not match its sha256')
  const { tensors, metadata } = readSafetensors(body, name)
  const { step, best, ...facts } = JSON.parse(metadata['facts']!) as Omit<Checkpoint, 'engine' | 'best'> & {
    step: number
    best: boolean
  }
  const group = (prefix: string) =>
    Object.fromEntries(
      Object.entries(tensors).flatMap(([key, value]) =>
        key.startsWith(prefix) ? [[key.slice(prefix.length), value]] : [],
      ),
    )
  const engine = { weights: group('weights/'), slots: group('slots/'), step }
  return { ...facts, engine, best: best ? group('best/') : null }
}
