/**
 * Contract of the exporters: a trained model in, files in a foreign format out, and a reader of our own that opens those
 * files by the foreign reader's rules. One implementation a format, listed in exporters/index.ts.
 * Leaves out where the files go and what is compared with what: stages/export.ts does that for every format alike.
 */
import type { ModelFile, Network, Weights } from './network.ts'

export interface Exporter {
  /** Name in `formats:`, e.g. `rtneural`. */
  readonly format: string
  /** Name in registry.json, e.g. `rtneural-json`. */
  readonly registryFormat: string
  /** One line for `kpipe list formats`. */
  readonly about: string
  /** File that holds the model of this id, e.g. `emotionrecognizer.json`. */
  readonly fileName: (id: string) => string
  /** Why this network cannot be written, each with the layer's name; [] = it can. Pure: also used before training. */
  readonly refuse: (network: Network) => readonly string[]
  /** The same, as far as fields of a model's config can tell. Pure: used while the pipeline is checked. */
  readonly refuseConfig: (config: ExportConfig) => readonly ConfigRefusal[]
  /**
   * Writes the model below `dir` and returns names of the files, the model's own first. Equal arguments give equal bytes.
   * Throws UserError when the network is refused, a weight is not finite, or the normaliser cannot be folded.
   */
  readonly write: (
    model: ModelFile,
    weights: Weights,
    dir: string,
    options: ExportOptions,
  ) => Promise<readonly string[]>
  /**
   * The model's inputs (raw features, in the order of `network.inputs`, [rows, ...shape] flat) in the form the written file
   * takes: normalised when the file does not do it itself, one-hot where the file has no embeddings.
   */
  readonly fileInputs: (
    model: ModelFile,
    inputs: readonly Float32Array[],
    rows: number,
    options: ExportOptions,
  ) => readonly NamedTensor[]
  /** Opens a written file. Throws DataError where the format's own reader would fail, crash or go on with a wrong model. */
  readonly read: (path: string) => Promise<ExportReader>
}

export interface ExportOptions {
  readonly foldNormalizer: FoldNormalizer
  /** Content hash of the trained model, written into the file as its version. */
  readonly modelHash: string
}

/**
 * Where x' = (x - offset) / scale is computed. `layer`: by a layer of its own at the start of the file. `weights`: worked
 * into the first layer, so that the file has the network's own layers; costs digits where features hardly vary.
 * `none`: by the host; the file takes normalised features.
 */
export type FoldNormalizer = 'layer' | 'weights' | 'none'

/** Fields of a model's config that a format may have an opinion on. */
export interface ExportConfig {
  readonly architecture_type?: string
  readonly activation?: string
  readonly output_activation?: string
  readonly normalization_layer?: string
  readonly pooling?: string
  readonly global_pooling?: string
  readonly padding?: string
}

export interface ConfigRefusal {
  readonly field: keyof ExportConfig
  readonly message: string
  /** What to write instead, or ''. */
  readonly hint: string
}

export interface NamedTensor {
  readonly name: string
  /** With the batch axis first. */
  readonly shape: readonly number[]
  readonly data: Float32Array
}

export interface ExportReader {
  /** Who read it, for export.json. */
  readonly name: string
  /** First output for every row. Recurrent state starts anew with each row. */
  readonly predict: (inputs: readonly NamedTensor[]) => Prediction
}

export interface Prediction {
  /** With the batch axis first. */
  readonly shape: readonly number[]
  readonly data: Float32Array
  /** What these inputs would do in the foreign reader that no number shows, e.g. logits near its overflow. */
  readonly warnings: readonly string[]
}
