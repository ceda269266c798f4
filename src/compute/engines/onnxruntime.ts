/**
 * Engine `onnxruntime`: a model's training step compiled to one graph for onnxruntime-node, whose CPU library comes inside its
 * package, and with it one for GPUs: WebGPU over Vulkan, Metal or Direct3D 12. Light: what it needs is loaded on use.
 */
import { UserError } from '../../lib/errors.ts'
import type { Engine, TrainingConfig } from '../engine.ts'

export const onnxruntime: Engine = {
  name: 'onnxruntime',
  supports: ['accumulate', 'freeze', 'gpu'],
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
  gpu: async () => (await import('../webgpu.ts')).missingGpu('float32'),
  create: async (config, weights) => {
    const [{ loadRuntime }, { loadTfForTracing }] = await Promise.all([
      import('../onnxruntime.ts'),
      import('../tfjs.ts'),
    ])
    const [runtime, tf] = [loadRuntime(), await loadTfForTracing()]
    if (config.device === 'gpu') {
      await refuseMissing(config)
      const { deviceTrainer } = await import('./onnxruntime-device.ts')
      return deviceTrainer(runtime, tf, config, weights, 'webgpu')
    }
    const { trainer } = await import('./onnxruntime-trainer.ts')
    return trainer(runtime, tf, config, weights)
  },
}

async function refuseMissing({ precision = 'float32' }: TrainingConfig): Promise<void> {
  const { missingGpu, GPU_HINT } = await import('../webgpu.ts')
  const missing = await missingGpu('float32')
  if (missing) throw new UserError(`device gpu: ${missing}`, { hint: GPU_HINT })
  const half = precision === 'float16' ? await missingGpu('float16') : ''
  if (half) throw new UserError(`precision float16: ${half}`, { hint: 'write precision: float32' })
}
