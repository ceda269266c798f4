/** The training graphs for a GPU as engines for the conformance suite: run on the CPU, and on a GPU where the suite is told so. */
import type { Engine } from '../../src/compute/engine.ts'
import { deviceTrainer } from '../../src/compute/engines/onnxruntime-device.ts'
import { onnxruntime } from '../../src/compute/engines/onnxruntime.ts'
import { loadRuntime } from '../../src/compute/onnxruntime.ts'
import { loadTfForTracing } from '../../src/compute/tfjs.ts'

/** test/slow/gpu.test.ts starts the suite once more with this set, on whatever driver it has found. */
export const onGpu = process.env['KPIPE_TEST_GPU'] === '1'

export const gpu: Engine = {
  ...onnxruntime,
  name: 'onnxruntime on a GPU',
  available: async () => onnxruntime.gpu!(),
  create: (config, weights) => onnxruntime.create({ ...config, device: 'gpu' }, weights),
}

/** No GPU needed: the same graphs, handed on from step to step, computed by the CPU. */
export const ofTheGpu: Engine = {
  ...onnxruntime,
  name: "onnxruntime with a GPU's graphs",
  create: async (config, weights) => deviceTrainer(loadRuntime(), await loadTfForTracing(), config, weights, 'cpu'),
}
