/** What can be known to be wrong with the options of a training before it runs. Light: reads no file, loads no engine. */
import { deviceNames, deviceOf } from '../../src/compute/device.ts'
import type { Engine } from '../../src/compute/engine.ts'
import { engineNames, engines } from '../../src/compute/index.ts'
import type { OptionProblem } from '../../src/stage.ts'
import { checkCallbacks } from '../../src/train/callbacks.ts'
import type { TrainOptions } from './training-parts.ts'

export function checkTraining(options: TrainOptions): readonly OptionProblem[] {
  const problems: OptionProblem[] = checkCallbacks(options.callbacks).map(({ path, ...rest }) => ({
    path: ['callbacks', ...path],
    ...rest,
  }))
  problems.push(...checkMachine(options))
  if (options.pad_id !== undefined && options.loss !== 'sparse_cross_entropy') {
    const message = `pad_id is for targets that are ids, and loss ${options.loss} has none`
    problems.push({ path: ['pad_id'], message, hint: 'write loss: sparse_cross_entropy, or take pad_id out' })
  }
  const needed = neededActivation(options.loss)
  if (needed && !needed.includes(options.output_activation)) {
    const message = `loss ${options.loss} needs probabilities, output_activation is ${options.output_activation}`
    problems.push({ path: ['output_activation'], message, hint: `write ${needed[0]}` })
  }
  return problems
}

/** Engine, device and precision, and whether they go together. */
function checkMachine({ engine, device, precision }: TrainOptions): readonly OptionProblem[] {
  const problem = (path: string, message: string, hint: string): OptionProblem => ({ path: [path], message, hint })
  if (!engineNames.includes(engine)) {
    return [problem('engine', `there is no engine "${engine}"`, `write one of: ${engineNames.join(', ')}`)]
  }
  const place = deviceOf(device)
  if (!place) return [problem('device', `there is no device "${device}"`, `write one of: ${deviceNames.join(', ')}`)]
  if (place === 'cpu') {
    const slower = 'precision float16 is for GPUs: processors only convert it, which makes training slower'
    return precision === 'float16' ? [problem('precision', slower, 'write float32, or device: gpu')] : []
  }
  const known: Readonly<Record<string, Engine>> = engines
  const able = Object.keys(known).filter((name) => known[name]!.supports?.includes('gpu'))
  if (engine === 'auto' || able.includes(engine)) return []
  return [
    problem('device', `engine "${engine}" cannot train on a GPU`, `write engine: ${['auto', ...able].join(' or ')}`),
  ]
}

function neededActivation(loss: string): readonly string[] | null {
  if (loss === 'bce') return ['sigmoid', 'softmax']
  return ['kl', 'cross_entropy', 'sparse_cross_entropy'].includes(loss) ? ['softmax'] : null
}
