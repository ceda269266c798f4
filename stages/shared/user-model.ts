/** The ONNX model that a recipe works with: opened when the first item needs it, named by its content in keys. */
import { readFileSync } from 'node:fs'
import type { Feature, FeatureOptions, RowModel } from '../../src/features/feature.ts'
import { UserError } from '../../src/lib/errors.ts'
import type { ExternalInput, StageContext } from '../../src/stage.ts'

export interface ModelInUse {
  /** The options with the model's hash in place of its path. */
  readonly options: FeatureOptions
  /** The model for `FeatureItem.model`; {} for recipes without one. */
  item(): Promise<{ model?: RowModel }>
  /** What items read besides their own file. */
  readonly reads: readonly { readonly path: string; readonly hash: string }[]
  close(): Promise<void>
}

/** For a kind's `external`. */
export function modelInput({ onnx_model }: { readonly onnx_model?: string }): ExternalInput[] {
  return onnx_model === undefined ? [] : [{ name: 'onnx_model', path: onnx_model }]
}

/** @throws UserError where the recipe needs a model and the stage has none */
export function modelInUse(ctx: StageContext, feature: Feature, options: FeatureOptions): ModelInUse {
  if (!feature.needsModel) return { options, item: async () => ({}), reads: [], close: async () => {} }
  const input = ctx.inputs.onnx_model
  if (!input)
    throw new UserError(`${feature.name} needs a model`, {
      hint: 'write onnx_model: path/to/model.onnx into the config',
    })
  let opening: Promise<RowModel & { close(): Promise<void> }> | undefined
  const open = async () => {
    const { openUserModel } = await import('../../src/compute/user-model.ts')
    return openUserModel(readFileSync(input.path), ctx.options.onnx_model ?? 'onnx_model', options.onnx_output)
  }
  return {
    options: { ...options, onnx_model: input.hash },
    item: async () => ({ model: await (opening ??= open()) }),
    reads: [{ path: input.path, hash: input.hash }],
    close: async () => (await opening?.catch(() => undefined))?.close(),
  }
}
