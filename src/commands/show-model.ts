/** `kpipe show MODEL`: the network of a model of the catalogue or of configs/NAME.yaml, as a table and drawn. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Io } from '../io.ts'
import type { InspectOptions } from './inspect.ts'
import { openProject, PipelineError } from './project.ts'

/** True if the words name one model: of the catalogue, a file in configs/, or a path to a config. */
export async function namesModel(words: readonly string[], cwd: string): Promise<boolean> {
  const [name, ...more] = words
  if (name === undefined || more.length > 0) return false
  if (/(^|\/)configs\/[^/]+\.ya?ml$/.test(name)) return true
  if (/[/@]|\.ya?ml$/.test(name)) return false
  return existsSync(join(rootOf(cwd), 'configs', `${name}.yaml`)) || name in (await catalog()).defaults
}

/** @throws PipelineError with every mistake of the config, UserError where no network can be built */
export async function showModel(options: InspectOptions, io: Io): Promise<number> {
  const [{ formatDiagnostics, loadConfig }, { buildNetwork }, { properties }, { summarize }, { draw }, shapes] =
    await Promise.all([
      import('../plan/index.ts'),
      import('../models/index.ts'),
      import('../models/options.ts'),
      import('../network/summary.ts'),
      import('../network/draw.ts'),
      import('../network/shapes.ts'),
    ])
  const root = rootOf(io.cwd)
  const loaded = await loadConfig({ root, name: options.words[0]!, catalog: await catalog(), set: options.set })
  if ('diagnostics' in loaded) throw new PipelineError(formatDiagnostics, loaded.diagnostics, root)
  const { config } = loaded
  const network = buildNetwork({ ...DEFAULTS, ...config } as unknown as Parameters<typeof buildNetwork>[0])
  if (options.json) {
    const layers = shapes.inferShapes(network).map(({ layer, shape, weights }) => ({ ...layer, shape, weights }))
    const facts = { config, parameters: shapes.countParameters(network), inputs: network.inputs, layers }
    io.out(`${JSON.stringify(facts, null, 2)}\n`)
    return 0
  }
  const training = TRAINING.map((name) => `${name} ${config[name] ?? properties[name]?.['default']}`)
  io.out(`${summarize(network)}\nTraining: ${training.join(', ')}\n\n${draw(network, { unicode: io.unicode })}\n`)
  return 0
}

/** What a network needs and a config may leave out. */
const DEFAULTS = {
  architecture_type: 'mlp',
  hidden_layers: [256, 128],
  activation: 'relu',
  output_activation: 'linear',
  dropout: 0,
}
const TRAINING = ['loss', 'optimizer', 'learning_rate', 'batch_size', 'epochs', 'seed']

async function catalog() {
  return (await import('../models/catalog.ts')).configCatalog
}

/** The project's folder, or where the user is. */
function rootOf(cwd: string): string {
  try {
    return openProject(cwd).layout.root
  } catch {
    return cwd
  }
}
