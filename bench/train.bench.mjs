// Training against PyTorch on the CPU, two threads each, in turn: the five Kelly models as whole epochs (batch 64, PyTorch with
// DataLoader and Adam), the chord LSTM, GPT-2 blocks and the emotion CNN as whole steps; and the peak memory of each. On the
// default engine, and on engine tensorflow where it is set up.
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
  const side = (engine) => conversation(process.execPath, [ours, engine], { KPIPE_THREADS: '2' })
  const names = ['onnxruntime', ...((await available(side('tensorflow'), tools)) ? ['tensorflow'] : [])]
  const rows = []
  for (const { name, examples, goal, rounds } of cases.filter((one) => tools.wants(one.name))) {
    // New processes a case, so that the peak memory is this case's.
    const sides = {
      ...Object.fromEntries(names.map((engine) => [engine, side(engine)])),
      peer: conversation(python, [join(repository, 'bench', 'train.peer.py')]),
    }
    const times = Object.fromEntries(Object.keys(sides).map((one) => [one, []]))
    const peak = {}
    for (let round = 0; round < rounds; round++) {
      for (const one of Object.keys(sides)) {
        const { ms, mb } = JSON.parse(await sides[one].ask(name))
        times[one].push(ms)
        peak[one] = mb
      }
    }
    for (const one of Object.values(sides)) one.end()
    const speed = (values) => (examples / median(values)) * 1000
    for (const engine of names) {
      const label = engine === names[0] ? name : `${name}, engine ${engine}`
      rows.push(
        { case: label, ours: speed(times[engine]), peer: speed(times.peer), unit: 'examples/s', goal, better: 'more' },
        { case: `${label}, peak memory`, ours: peak[engine], peer: peak.peer, unit: 'MB', goal: 1, better: 'less' },
      )
      const figures = rows.slice(-2).map(({ ours: a, peer: b }) => [Math.round(a), Math.round(b)])
      tools.say(`${label}: ${JSON.stringify(figures)}`)
    }
  }
  return rows
}

async function available(engine, tools) {
  const { missing } = JSON.parse(await engine.ask('available'))
  engine.end()
  if (missing) tools.say(`without engine tensorflow: ${missing} (npm run setup:tensorflow)`)
  return !missing
}
