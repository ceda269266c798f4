/**
 * Engine `tensorflow`: a model's training step as a graph of TensorFlow itself, run by the native addon of tfjs-node, which is
 * the user's own choice to install. Light: what it needs is loaded with the first training. Leaves out GPUs.
 */
import type { Engine } from '../engine.ts'

export const tensorflow: Engine = {
  name: 'tensorflow',
  supports: ['accumulate', 'freeze'],
  setup: 'npm run setup:tensorflow',
  available: async () => {
    const { addonTrouble } = await import('../tensorflow.ts')
    return addonTrouble()
  },
  create: async (config, weights) => {
    const [{ loadTfForTracing }, { trainer }] = await Promise.all([
      import('../tfjs.ts'),
      import('./tensorflow-trainer.ts'),
    ])
    return trainer(await loadTfForTracing(), config, weights)
  },
}
