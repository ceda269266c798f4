/** The front of the compute room: pick an engine by name. Imports no TensorFlow. */
import { UserError } from '../lib/errors.ts'
import type { Engine } from './engine.ts'
import { engines } from './engines/index.ts'

export type { Batch, Engine, EngineState, LossName, OptimizerConfig, Trainer, TrainingConfig } from './engine.ts'
export { engines } from './engines/index.ts'

/** What `engine:` may say. */
export const engineNames: readonly string[] = ['auto', ...Object.keys(engines)]

/**
 * @param name `auto` or a name in the engines map
 * @throws UserError for an unknown name, and for an engine that cannot run here with what is missing
 */
export async function chooseEngine(name: string): Promise<Engine> {
  const known: Readonly<Record<string, Engine>> = engines
  if (name !== 'auto') {
    const engine = known[name]
    if (!engine)
      throw new UserError(`there is no engine "${name}"`, { hint: `write one of: ${engineNames.join(', ')}` })
    const missing = await engine.available()
    if (missing) throw new UserError(`engine "${name}" cannot run here: ${missing}`)
    return engine
  }
  const reasons: string[] = []
  for (const engine of Object.values(known)) {
    const missing = await engine.available()
    if (!missing) return engine
    reasons.push(`${engine.name}: ${missing}`)
  }
  throw new UserError(`no training engine can run here (${reasons.join('; ')})`)
}
