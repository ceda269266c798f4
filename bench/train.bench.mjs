// Training against PyTorch on the CPU, two threads each, in turn: the five Kelly models as whole epochs (batch 64, PyTorch with
// DataLoader and Adam), the chord LSTM, GPT-2 blocks and the emotion CNN as whole steps; and the peak memory of each.
import { join } from 'node:path'
import { bundle, conversation, median, repository, torchPeers } from './tools.mjs'

const kelly = ['emotion_recognizer', 'melody_transformer', 'harmony_predictor', 'dynamics_engine', 'groove_predictor']
const cases = [
  ...kelly.map((name) => ({ name, examples: 6400, goal: 2, rounds: 9 })),
  { name: 'chord LSTM', examples: 8 * 32, goal: 1.3, rounds: 7 },
  { name: 'GPT-2 blocks, context 256', examples: 4, goal: 1.1, rounds: 5 },
  { name: 'GPT-2 blocks, context 512', examples: 2, goal: 1.1, rounds: 5 },
  { name: 'emotion CNN', examples: 6 * 16, goal: 1, rounds: 7 },
]

export async function run(tools) {
  const python = tools.python(torchPeers, 'torch')
  const ours = await bundle(join(repository, 'bench', 'train.ours.ts'), join(tools.work, 'ours.mjs'))
  const rows = []
  for (const { name, examples, goal, rounds } of cases.filter((one) => tools.wants(one.name))) {
    // New processes a case, so that the peak memory is this case's.
    const sides = {
      ours: conversation(process.execPath, [ours], { KPIPE_THREADS: '2' }),
      peer: conversation(python, [join(repository, 'bench', 'train.peer.py')]),
    }
    const times = { ours: [], peer: [] }
    const peak = { ours: 0, peer: 0 }
    for (let round = 0; round < rounds; round++) {
      for (const side of ['ours', 'peer']) {
        const { ms, mb } = JSON.parse(await sides[side].ask(name))
        times[side].push(ms)
        peak[side] = mb
      }
    }
    for (const side of Object.values(sides)) side.end()
    const speed = (values) => (examples / median(values)) * 1000
    rows.push(
      { case: name, ours: speed(times.ours), peer: speed(times.peer), unit: 'examples/s', goal, better: 'more' },
      { case: `${name}, peak memory`, ours: peak.ours, peer: peak.peer, unit: 'MB', goal: 1, better: 'less' },
    )
    tools.say(
      `${name}: ${JSON.stringify(rows.slice(-2).map(({ ours: a, peer: b }) => [Math.round(a), Math.round(b)]))}`,
    )
  }
  return rows
}
