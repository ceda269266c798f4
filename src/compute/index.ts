/** The front of the compute room: pick an engine by name. Imports no TensorFlow. */
import { UserError } from '../lib/errors.ts'
import type { Engine, EngineFeature } from './engine.ts'
import { engines } from './engines/index.ts'

export type {
  Batch,
  Engine,
  EngineFeature,
  EngineState,
  LossName,
  OptimizerConfig,
  Trainer,
  TrainingConfig,
} from './engine.ts'
export { engines } from './engines/index.ts'

/** What `engine:` may say. */
export const engineNames: readonly string[] = ['auto', ...Object.keys(engines)]

/**
 * @param name `auto` or a name in the engines map
 * @param needs what the training asks for; `auto` passes over engines without it
 * @throws UserError for an unknown name, and for an engine that cannot run here with what is missing
 */
export async function chooseEngine(name: string, needs: readonly EngineFeature[] = []): Promise<Engine> {
  const known: Readonly<Record<string, Engine>> = engines
  if (name !== 'auto') {
    const engine = known[name]
    if (!engine)
      throw new UserError(`there is no engine "${name}"`, { hint: `write one of: ${engineNames.join(', ')}` })
    const missing = await engine.available()
    if (missing)
      throw new UserError(`engine "${name}" cannot run here: ${missing}`, {
        hint: `${engine.setup ?? 'npm ci'} in the folder of kpipe adds it; engine: auto takes the fastest one that can`,
      })
    const lacking = lacks(engine, needs)
    if (lacking) throw new UserError(`engine "${name}" ${lacking}`, { hint: 'write engine: auto, or eager' })
    return engine
  }
  const reasons: string[] = []
  for (const engine of Object.values(known)) {
    const missing = lacks(engine, needs) || (await engine.available())
    if (!missing) return engine
    reasons.push(`${engine.name}: ${missing}`)
  }
  throw new UserError(`no training engine can run here (${reasons.join('; ')})`, {
    hint: 'kpipe doctor says how to get one',
  })
}

/** '' or what it cannot do. */
function lacks({ supports = [] }: Engine, needs: readonly EngineFeature[]): string {
  const missing = needs.filter((need) => !supports.includes(need))
  const words = { accumulate: 'accumulate gradients', freeze: 'freeze layers', gpu: 'train on a GPU' }
  return missing.length > 0 ? `cannot ${missing.map((need) => words[need]).join(' or ')} yet` : ''
}
