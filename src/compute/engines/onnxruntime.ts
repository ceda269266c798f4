/**
 * Engine `onnxruntime`: a model's training step compiled to one graph for onnxruntime-node, whose CPU library comes inside its
 * package. Light: what it needs is loaded with the first training. Leaves out GPUs.
 */
import type { Engine } from '../engine.ts'

export const onnxruntime: Engine = {
  name: 'onnxruntime',
  supports: ['accumulate', 'freeze'],
  available: async () => {
    try {
      const { loadRuntime } = await import('../onnxruntime.ts')
      loadRuntime()
      return ''
    } catch (error) {
      const reason = error instanceof Error ? error.message.split('\n')[0] : String(error)
      return `onnxruntime-node did not load (${reason})`
    }
  },
  create: async (config, weights) => {
    const [{ loadRuntime }, { loadTfForTracing }, { trainer }] = await Promise.all([
      import('../onnxruntime.ts'),
      import('../tfjs.ts'),
      import('./onnxruntime-trainer.ts'),
    ])
    return trainer(loadRuntime(), await loadTfForTracing(), config, weights)
  },
}
