import { describe, expect, it } from 'vitest'
import { liveNodes, type Program } from '../../src/compute/ir.ts'
import { optimize } from '../../src/compute/passes.ts'
import { loadTf, loadTfForTracing } from '../../src/compute/tfjs.ts'
import { trace } from '../../src/compute/trace.ts'
import { stepProgram } from '../../src/compute/compile.ts'
import { buildNetwork, modelDefaults } from '../../src/models/index.ts'
import type { Network } from '../../src/network.ts'

const tf = await loadTfForTracing()
const x = { shape: [2, 3], dtype: 'float32' } as const
const operations = (program: Program) =>
  liveNodes(program)
    .map((node) => node.op)
    .filter((op) => op !== 'Input' && op !== 'Fill')

describe('tracing', () => {
  it('records values with shapes and leaves the backend as it was', async () => {
    await loadTf()
    const program = trace(tf, { x }, (given) => ({ y: tf.sum(tf.tanh(given['x']!), 1) }))
    expect(operations(program)).toEqual(['Tanh', 'Sum'])
    expect(program.outputs[0]!.value.shape).toEqual([2])
    expect(tf.getBackend()).toBe('wasm')
    expect(tf.scalar(2).mul(3).dataSync()[0]).toBe(6)
  })

  it.each([
    ['dataSync', (t: { dataSync(): unknown }) => t.dataSync()],
    ['arraySync', (t: { arraySync(): unknown }) => t.arraySync()],
  ])('says what is wrong where values are read: %s', (_, read) => {
    expect(() =>
      trace(tf, { x }, (given) => {
        read(given['x']!)
        return {}
      }),
    ).toThrow(/values were read while the model was traced/)
    expect(() => trace(tf, { x }, (given) => ({ y: tf.relu(given['x']!) }))).not.toThrow()
  })

  it('names an operation that is not in the table', () => {
    expect(() => trace(tf, { x }, (given) => ({ y: tf.atanh(given['x']!) }))).toThrow(
      /operation Atanh cannot be compiled/,
    )
  })

  it('refuses a tensor from outside', async () => {
    await loadTf()
    const outside = tf.ones([2, 3])
    expect(() => trace(tf, { x }, (given) => ({ y: tf.add(given['x']!, outside) }))).toThrow(/made before tracing/)
    outside.dispose()
  })
})

describe('rewrites', () => {
  const traced = (build: Parameters<typeof trace>[2]) => operations(optimize(trace(tf, { x }, build)))

  it.each<[string, Parameters<typeof trace>[2], string[]]>([
    ['neutral numbers', ({ x: v }) => ({ y: v!.mul(1).add(0).div(1).sub(0) }), []],
    ['two reshapes', ({ x: v }) => ({ y: v!.reshape([6]).reshape([3, 2]) }), ['Reshape']],
    ['there and back', ({ x: v }) => ({ y: v!.transpose().transpose().tanh() }), ['Tanh']],
    ['the same twice', ({ x: v }) => ({ y: v!.tanh().add(v!.tanh()) }), ['Tanh', 'Add']],
    ['factors', ({ x: v }) => ({ y: v!.mul(3).mul(2).div(4) }), ['Multiply']],
    ['a transposed factor', ({ x: v }) => ({ y: tf.matMul(v!.transpose() as never, v as never) }), ['BatchMatMul']],
    ['parts of a whole', ({ x: v }) => ({ y: tf.concat(tf.split(v!, 3, 1), 1).tanh() }), ['Tanh']],
  ])('%s', (_, build, expected) => {
    expect(traced(build)).toEqual(expected)
  })

  it('the weight gradient of a recurrent layer is one product over all steps', () => {
    const network: Network = {
      name: 'n',
      inputs: [{ name: 'x', shape: [8, 3], dtype: 'float32' }],
      layers: [{ kind: 'lstm', name: 'l', inputs: ['x'], units: 4, returnSequences: false }],
      outputs: ['l'],
    }
    const program = stepProgram(tf, {
      network,
      loss: 'mse',
      optimizer: { name: 'sgd', learningRate: 1, weightDecay: 0, momentum: 0, clipNorm: 0 },
      batchSize: 2,
      seed: 1,
    })
    const products = liveNodes(program).filter((node) => node.op === 'BatchMatMul' || node.op === 'Gemm')
    // One for the inputs of all steps and its gradient, seven recurrent ones each way, one for their weight.
    expect(products.length).toBe(1 + 1 + 7 + 7 + 1)
  })

  it('a dense step is as short as written by hand', () => {
    const network = buildNetwork(modelDefaults['emotion_recognizer']!)
    const optimizer = { name: 'adam', learningRate: 1, weightDecay: 0, momentum: 0, clipNorm: 0 } as const
    const program = stepProgram(tf, { network, loss: 'mse', optimizer, batchSize: 64, seed: 1 })
    const count = (op: string) => operations(program).filter((one) => one === op).length
    // Forward products with bias and activation in them, backward ones, and no activation of its own but in the gradient.
    expect([count('Gemm'), count('BatchMatMul'), count('ReluGrad'), count('Relu')]).toEqual([4, 7, 3, 0])
    expect(operations(program).length).toBeLessThan(36)
  })
})
