/**
 * Contract of the training engines: one model, one loss, one optimiser, a fixed batch shape.
 * Implementations in engines/ must give the same loss curve within 1e-4 relative over 100 steps.
 */
import type { Network, Weights } from '../network.ts'

export type LossName = 'mse' | 'mae' | 'bce' | 'kl' | 'cross_entropy' | 'sparse_cross_entropy'

export interface OptimizerConfig {
  readonly name: 'adam' | 'adamw' | 'sgd' | 'rmsprop'
  readonly learningRate: number
  readonly weightDecay: number
  readonly momentum: number
  /** Global-norm clip; 0 = off. */
  readonly clipNorm: number
}

export interface TrainingConfig {
  readonly network: Network
  readonly loss: LossName
  readonly optimizer: OptimizerConfig
  readonly batchSize: number
  /** Seeds dropout masks. */
  readonly seed: number
  /** Default cpu. */
  readonly device?: Device
  /** float16: products and convolutions in half precision, weights and sums in single. Default float32. */
  readonly precision?: Precision
  /** Positions whose target is this id count neither in loss nor in gradient (sparse_cross_entropy, one output). */
  readonly padId?: number
}

export type Device = 'cpu' | 'gpu'
export type Precision = 'float32' | 'float16'

/** One batch. `count` examples are real; arrays are sized for `batchSize` and the rest is masked out of the loss. */
export interface Batch {
  /** In the order of network.inputs; [batchSize, ...shape] flat. */
  readonly x: readonly Float32Array[]
  /** In the order of network.outputs; [batchSize, ...shape] flat ([batchSize, ...shape without the last axis] ids for sparse_cross_entropy). */
  readonly y: readonly Float32Array[]
  readonly count: number
  /** How much each example counts: at least `count` numbers from 0 up; absent = 1 each. Batch statistics take no notice. */
  readonly weights?: Float32Array
}

/** All that a checkpoint needs besides the data order: restoring it continues bit-identically on the same engine. */
export interface EngineState {
  readonly weights: Weights
  /** Optimiser slots, `layer/kernel:m`, `layer/kernel:v`, … */
  readonly slots: Weights
  /** Steps taken (Adam's bias correction, dropout streams). */
  readonly step: number
}

export interface Trainer {
  /**
   * Forward, backward, update. Returns the mean loss over all that counts of the `count` real examples, before the update. Where the loss or
   * a gradient is not finite it returns a number that is not finite and leaves weights, slots and step as they were.
   */
  step(batch: Batch): Promise<number>
  /**
   * One update with the exact mean over all that counts in several batches (gradient accumulation); otherwise as `step`, which
   * it equals bit by bit for one batch. Each batch draws dropout masks of its own and moves batch_norm's averages, as
   * separate forward passes do. There if the engine `supports` accumulate.
   */
  accumulate?(batches: readonly Batch[]): Promise<number>
  /** Mean loss without dropout and without update. */
  loss(batch: Batch): Promise<number>
  /** Outputs without dropout; [batchSize, ...shape] flat, in the order of network.outputs. */
  predict(x: readonly Float32Array[], count: number): Promise<readonly Float32Array[]>
  setLearningRate(rate: number): void
  /** A copy: later steps do not change it. */
  state(): Promise<EngineState>
  restore(state: EngineState): Promise<void>
  dispose(): void
  /** What the user must know about how it runs here (a slower backend and why); usually empty. */
  readonly notes: readonly string[]
}

/** What an engine may not have: gradients over several batches; layers marked `frozen`; a graphics card to compute on. */
export type EngineFeature = 'accumulate' | 'freeze' | 'gpu'

export interface Engine {
  readonly name: string
  /** Default: none. */
  readonly supports?: readonly EngineFeature[]
  /** '' if it can run here, else what is missing. */
  available(): Promise<string>
  /** The same of a GPU, for an engine that `supports` one. Tries it: takes a second. */
  gpu?(): Promise<string>
  /** The command, in kpipe's own folder, that adds what is missing; default: npm ci. */
  readonly setup?: string
  create(config: TrainingConfig, weights: Weights): Promise<Trainer>
}
