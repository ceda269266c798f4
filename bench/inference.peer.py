# The peers of the bench `inference`: ONNX Runtime and PyTorch in Python on single samples, a model's name a line.
import json
import sys
import time

import numpy as np
import onnxruntime
import torch
from torch import nn

torch.set_num_threads(2)
folder, kind = sys.argv[1:]
CALLS = 3000
SIZES = {
    'emotion_recognizer': (128, 512, 256, 128, 64),
    'melody_transformer': (64, 256, 256, 256, 128),
    'harmony_predictor': (128, 256, 128, 64),
    'dynamics_engine': (32, 128, 64, 16),
    'groove_predictor': (64, 128, 64, 32),
}
LAST = {'melody_transformer': [nn.Sigmoid()], 'harmony_predictor': [nn.Softmax(1)]}


def prepare(name):
    x = np.random.rand(1, SIZES[name][0]).astype(np.float32)
    if kind == 'onnxruntime':
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 2
        session = onnxruntime.InferenceSession(f'{folder}/{name}.onnx', options, providers=['CPUExecutionProvider'])
        return lambda: session.run(None, {'x': x})
    layers = []
    for i, (size, units) in enumerate(zip(SIZES[name], SIZES[name][1:])):
        layers += [nn.Linear(size, units)] + ([nn.ReLU()] if i < len(SIZES[name]) - 2 else LAST.get(name, []))
    model = nn.Sequential(*layers).eval()
    tensor = torch.from_numpy(x)

    def call():
        with torch.inference_mode():
            return model(tensor)

    return call


ready = {}
for line in sys.stdin:
    name = line.strip()
    if name not in ready:
        ready[name] = prepare(name)
        for _ in range(CALLS):
            ready[name]()
    call, times = ready[name], []
    for _ in range(CALLS):
        start = time.perf_counter()
        call()
        times.append((time.perf_counter() - start) * 1000)
    times.sort()
    print(json.dumps({'p99': times[int(CALLS * 0.99)], 'median': times[CALLS // 2]}), flush=True)
