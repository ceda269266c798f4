// Single-sample latency (P99 of 3,000 calls) of the five Kelly models through the product's own prediction path: against a
// tenth of the documented targets, and beside ONNX Runtime and PyTorch in Python, in turn.
import { join } from 'node:path'
import { bundle, conversation, median, repository, torchPeers } from './tools.mjs'

const targets = {
  emotion_recognizer: 5,
  melody_transformer: 5,
  harmony_predictor: 3,
  dynamics_engine: 1,
  groove_predictor: 2,
}

export async function run(tools) {
  const python = tools.python(torchPeers, 'torch')
  const models = tools.folder('models')
  const ours = await bundle(join(repository, 'bench', 'inference.ours.ts'), join(tools.work, 'ours.mjs'))
  const peer = (kind) => conversation(python, [join(repository, 'bench', 'inference.peer.py'), models, kind])
  const sides = {
    ours: conversation(process.execPath, [ours, models]),
    onnxruntime: peer('onnxruntime'),
    torch: peer('torch'),
  }
  const rows = []
  for (const [name, target] of Object.entries(targets)) {
    if (!tools.wants(name)) continue
    const found = { ours: [], onnxruntime: [], torch: [] }
    for (let round = 0; round < 5; round++) {
      for (const [side, values] of Object.entries(found)) values.push(JSON.parse(await sides[side].ask(name)).p99)
    }
    const p99 = median(found.ours)
    const row = (label, value, goal) => ({
      case: `${name}, ${label}`,
      ours: p99,
      peer: value,
      unit: 'ms P99',
      goal,
      better: 'less',
    })
    rows.push(row('a tenth of the target', target / 10, 1))
    rows.push(row('ONNX Runtime in Python', median(found.onnxruntime), 1), row('PyTorch', median(found.torch), 1))
  }
  for (const side of Object.values(sides)) side.end()
  return rows
}
