// Type of lastlstm.json for RTNeural (https://github.com/jatinchowdhury18/RTNeural). Written by kpipe with the file: keep both together.
// Input: 3 raw mel features per step; the first layer is the standard normaliser.
// Trained on music that kpipe generated, not on recordings: for trying things out.
// One call of forward is one time step. Call reset() before each new sequence.
// The answer is the output after the last step; earlier ones mean nothing.
//
//   auto model = std::make_unique<kpipe::lastlstm::Model>(); // on the heap: it holds all weights
//   std::ifstream file ("lastlstm.json", std::ifstream::binary);
//   model->parseJson (file, true); // true prints any mismatch with this type
//   model->reset(); // and again before every new sequence
//   alignas (RTNEURAL_DEFAULT_ALIGNMENT) float input[kpipe::lastlstm::inputSize] = {};
//   model->forward (input); // then model->getOutputs()[0 … kpipe::lastlstm::outputSize - 1]
#pragma once

#include <RTNeural/RTNeural.h>
#include <fstream>
#include <memory>

namespace kpipe
{
namespace lastlstm
{
constexpr int inputSize = 3;
constexpr int outputSize = 3;

using Model = RTNeural::ModelT<float, 3, 3,
    RTNeural::BatchNorm1DT<float, 3>,
    RTNeural::LSTMLayerT<float, 3, 5>,
    RTNeural::LSTMLayerT<float, 5, 4>,
    RTNeural::DenseT<float, 4, 3>,
    RTNeural::SigmoidActivationT<float, 3>>;
} // namespace lastlstm
} // namespace kpipe
