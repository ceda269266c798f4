/**
 * The C++ header beside an RTNeural file: the exact compile-time type that `ModelT::parseJson` needs. A type that differs
 * from the file leaves weights unloaded and says so only with debug output on, so it is written, not typed by hand.
 */
import type { Activation } from '../../network.ts'
import { type Chain, sizes } from './chain.ts'

const activationTypes: Partial<Record<Activation, string>> = {
  relu: 'ReLuActivationT',
  tanh: 'TanhActivationT',
  sigmoid: 'SigmoidActivationT',
  softmax: 'SoftmaxActivationT',
  elu: 'ELuActivationT',
}

/** Text of `<id>.hpp`. `notes` are sentences for the plug-in author, one comment line each. */
export function rtneuralHeader(id: string, fileName: string, chain: Chain, notes: readonly string[]): string {
  const space = identifier(id)
  const type = ['float', chain.inputSize, chain.outputSize].join(', ')
  const layers = layerTypes(chain).map((layer) => `    RTNeural::${layer}`)
  return `// Type of ${fileName} for RTNeural (https://github.com/jatinchowdhury18/RTNeural). Written by kpipe with the file: keep both together.
${notes.map((note) => `// ${note}\n`).join('')}//
//   auto model = std::make_unique<kpipe::${space}::Model>(); // on the heap: it holds all weights
//   std::ifstream file ("${fileName}", std::ifstream::binary);
//   model->parseJson (file, true); // true prints any mismatch with this type
//   model->reset(); // and again before every new sequence
//   alignas (RTNEURAL_DEFAULT_ALIGNMENT) float input[kpipe::${space}::inputSize] = {};
//   model->forward (input); // then model->getOutputs()[0 … kpipe::${space}::outputSize - 1]
#pragma once

${stackLimit(chain)}#include <RTNeural/RTNeural.h>
#include <fstream>
#include <memory>

namespace kpipe
{
namespace ${space}
{
constexpr int inputSize = ${chain.inputSize};
constexpr int outputSize = ${chain.outputSize};

using Model = RTNeural::ModelT<${type},
${layers.join(',\n')}>;
} // namespace ${space}
} // namespace kpipe
`
}

/** Layer types in order; an activation is a layer of its own in C++, also where the JSON has it as a key of a layer. */
export function layerTypes(chain: Chain): readonly string[] {
  const types: string[] = []
  const activation = (name: Activation, size: number) => {
    if (name === 'leaky_relu') types.push(`PReLUActivationT<float, ${size}>`)
    const type = activationTypes[name]
    if (type) types.push(`${type}<float, ${size}>`)
  }
  if (chain.head.length > 0) {
    types.push(`DenseT<float, ${chain.inputSize}, ${chain.head.reduce((total, block) => total + block.dimensions, 0)}>`)
  }
  for (const { layer, input, output } of sizes(chain)) {
    if (layer.kind === 'batch_norm') types.push(`BatchNorm1DT<float, ${output}>`)
    if (layer.kind === 'lstm') types.push(`LSTMLayerT<float, ${input}, ${output}>`)
    if (layer.kind === 'gru') types.push(`GRULayerT<float, ${input}, ${output}>`)
    if (layer.kind === 'dense') types.push(`DenseT<float, ${input}, ${output}>`)
    if (layer.kind === 'conv1d')
      types.push(`Conv1DT<float, ${input}, ${output}, ${layer.kernelSize}, ${layer.dilation}>`)
    if ('activation' in layer) activation(layer.activation, output)
  }
  return types
}

/** Eigen refuses fixed-size matrices above 128 KB at compile time unless told otherwise; ModelT holds its kernels in such. */
function stackLimit(chain: Chain): string {
  const headSize = chain.inputSize * chain.head.reduce((total, block) => total + block.dimensions, 0)
  const largest = Math.max(headSize, ...sizes(chain).map(({ input, output }) => Math.max(input, output) * output))
  if (largest * 4 <= 131072) return ''
  return `// For RTNeural's Eigen backend, whose limit per matrix is below the largest kernel here. If anything before this header
// includes Eigen or RTNeural, define it for the whole target instead: -DEIGEN_STACK_ALLOCATION_LIMIT=0
#ifndef EIGEN_STACK_ALLOCATION_LIMIT
#define EIGEN_STACK_ALLOCATION_LIMIT 0
#endif
`
}

/** A C++ name made of the model's id. */
export function identifier(id: string): string {
  const name = id.replace(/[^A-Za-z0-9_]/g, '_')
  return /^[0-9]/.test(name) ? `model_${name}` : name
}
