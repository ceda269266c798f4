/** Runs a read RTNeural file over rows as a plug-in would: reset, then one call per time step. */
import type { NamedTensor, Prediction } from '../../exporter.ts'
import { UserError } from '../../lib/errors.ts'
import type { RtneuralModel } from './reader.ts'

/** Softmax in RTNeural has no shift by the maximum; float32 exp overflows at 88.7 and sums of many reach it earlier. */
export const softmaxLimit = 80

/** Input [rows, numbers] or [rows, steps, numbers]; output per step without the warm-up, or after the last step. */
export function predict(model: RtneuralModel, inputs: readonly NamedTensor[]): Prediction {
  const x = inputs[0]
  if (!x || inputs.length !== 1) throw new UserError(`an RTNeural file has one input, got ${inputs.length}`)
  const [rows, steps] = x.shape.length === 3 ? [x.shape[0]!, x.shape[1]!] : [x.shape[0]!, 1]
  if (x.shape.at(-1) !== model.inputSize || x.data.length !== rows * steps * model.inputSize) {
    throw new UserError(
      `the file takes ${model.inputSize} numbers per step, the probe has the shape [${x.shape.join(', ')}]`,
    )
  }
  const { perStep, warmUp } = outputFacts(model)
  const kept = perStep ? steps - warmUp : 1
  if (kept < 1) throw new UserError(`${steps} steps are fewer than the ${warmUp + 1} that the convolutions need`)
  const data = new Float32Array(rows * kept * model.outputSize)
  const watch = watchSoftmax(model)
  for (let row = 0; row < rows; row++) {
    for (const step of model.steps) step.reset()
    for (let t = 0; t < steps; t++) {
      const at = (row * steps + t) * model.inputSize
      let value = x.data.subarray(at, at + model.inputSize)
      for (const [index, step] of model.steps.entries()) {
        watch.see(index, value)
        value = step.forward(value)
      }
      const place = t - (steps - kept)
      if (place >= 0) data.set(value, (row * kept + place) * model.outputSize)
    }
  }
  return {
    shape: perStep ? [rows, kept, model.outputSize] : [rows, model.outputSize],
    data,
    warnings: watch.warnings(),
  }
}

function outputFacts(model: RtneuralModel): { perStep: boolean; warmUp: number } {
  const output = model.facts.output as { per_step?: unknown; warm_up_steps?: unknown } | undefined
  const warmUp = typeof output?.warm_up_steps === 'number' ? output.warm_up_steps : 0
  return { perStep: output?.per_step === true, warmUp }
}

function watchSoftmax(model: RtneuralModel) {
  const peaks = new Map<number, number>()
  return {
    see: (index: number, logits: Float32Array) => {
      if (model.steps[index]!.kind !== 'softmax') return
      let top = -Infinity
      for (const value of logits) top = Math.max(top, value)
      if (Math.abs(top) > Math.abs(peaks.get(index) ?? 0)) peaks.set(index, top)
    },
    warnings: () =>
      [...peaks]
        .filter(([, top]) => Math.abs(top) > softmaxLimit)
        .map(
          ([index, top]) =>
            `softmax (step ${index}) gets a largest logit of ${top.toFixed(1)}; RTNeural's softmax gives NaN beyond about ±88: ` +
            'train with weight_decay, or export with output_activation: linear and take the softmax in the plug-in',
        ),
  }
}
