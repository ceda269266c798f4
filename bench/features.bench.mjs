// Features against the tools that Python people use: log-mel against librosa (and torchaudio where it installs), decoding
// with resampling and log-mel against librosa.load (soundfile, soxr), MIDI to note arrays against pretty_midi, mido and
// symusic. Then featurizing as a whole: ../shared/data/train, ten files more, and 100,000 items (cases `train` and `100,000`).
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { bundle, conversation, kpipeBin, median, must, peakMemory, repository, timeAsync } from './tools.mjs'

const packages = ['librosa==0.11.*', 'soundfile', 'soxr', 'symusic', 'mido', 'pretty_midi', 'setuptools<81', 'numpy']
const shared = join(repository, '..', 'shared', 'data', 'train')
/** One core each: what numpy's libraries would else take of the others is not theirs in a map over files either. */
const oneCore = { OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', MKL_NUM_THREADS: '1', NUMBA_NUM_THREADS: '1' }

export async function run(tools) {
  const python = tools.python(packages)
  const material = tools.folder('material')
  const script = join(repository, 'bench', 'features.peer.py')
  must(process.execPath, [join(repository, 'scripts', 'build.mjs')]) // the threads of the product
  const bundled = await bundle(join(repository, 'bench', 'features.ours.ts'), join(tools.work, 'ours.mjs'))
  const peer = conversation(python, [script, material], oneCore)
  const ours = conversation(process.execPath, [bundled, material])
  await peer.ask('material') // the signals and songs that both sides read
  const rows = []
  const want = (label) => tools.wants(label)
  for (const [seconds, nFft] of [5, 60].flatMap((s) => [512, 2048].map((n) => [s, n]))) {
    const label = `log-mel ${seconds} s, n_fft ${nFft}`
    if (!want(label)) continue
    const found = await inTurn(7, { ours, peer }, `mel ${seconds} ${nFft}`)
    rows.push(speed(`${label} against librosa`, found.ours, found.peer, seconds, 1))
    const torch = await torchaudio(tools, material)
    if (torch) {
      const other = await inTurn(7, { ours, peer: torch }, `mel ${seconds} ${nFft}`)
      rows.push(speed(`${label} against torchaudio`, other.ours, other.peer, seconds, 1))
    }
  }
  if (want('2 workers') && availableParallelism() > 1) rows.push(await workers(ours))
  for (const [file, seconds] of [
    ['song.mp3', 60],
    ['clip.mp3', 5],
    ['song.wav', 60],
    ['song.flac', 60],
  ]) {
    const label = `${file.split('.')[1]} of ${seconds} s to log-mel`
    if (!want(label)) continue
    const found = await inTurn(7, { ours, peer }, `file ${file}`)
    rows.push(speed(`${label} against librosa, soundfile, soxr`, found.ours, found.peer, seconds, 1))
  }
  if (want('MIDI')) rows.push(...(await midi(ours, peer, material)))
  ours.end()
  peer.end()
  if (want('train')) rows.push(...(await whole(tools)))
  if (want('100,000')) rows.push(...(await scale(tools)))
  return rows
}

/** Times the audio that one second of one core takes in. */
const speed = (label, ours, peer, seconds, goal) => ({
  case: label,
  ours: seconds / ours,
  peer: seconds / peer,
  unit: 'x real time a core',
  goal,
  better: 'more',
})

/** Medians of seconds, both sides asked in turn. */
async function inTurn(times, sides, question) {
  const found = Object.fromEntries(Object.keys(sides).map((name) => [name, []]))
  for (let i = 0; i < times; i++)
    for (const [name, side] of Object.entries(sides)) found[name].push(JSON.parse(await side.ask(question)).seconds)
  return Object.fromEntries(Object.entries(found).map(([name, values]) => [name, median(values)]))
}

let torch
async function torchaudio(tools, material) {
  if (torch !== undefined) return torch
  try {
    const python = tools.python(['torch==2.11.*', 'torchaudio==2.11.*', 'numpy', 'soundfile'], 'torchaudio')
    torch = conversation(python, [join(repository, 'bench', 'features.torch.py'), material], oneCore)
    await torch.ask('mel 5 512')
  } catch (error) {
    tools.say(`torchaudio does not install or run here: ${String(error).split('\n')[0]}`)
    torch = null
  }
  return torch
}

/** Clips with one and with two worker threads, by the pool of featurize. */
async function workers(ours) {
  // The best of several: other programs can only take cores away.
  const best = { 1: Infinity, 2: Infinity }
  for (let i = 0; i < 10; i++)
    for (const count of [1, 2])
      best[count] = Math.min(best[count], JSON.parse(await ours.ask(`workers ${count}`)).seconds)
  return {
    case: '2 workers against 1, clips of 5 s',
    ours: 400 / best[2],
    peer: 400 / best[1],
    unit: 'clips a second',
    goal: 1.8,
    better: 'more',
  }
}

/** POP909 where the shared data is, else songs that the peer writes. */
async function midi(ours, peer, material) {
  const folder = existsSync(shared) ? join(shared, 'pop909') : join(material, 'midi')
  const rows = []
  for (const [name, goal] of [
    ['symusic', 1],
    ['mido', 15],
    ['pretty_midi', 20],
  ]) {
    const found = { ours: [], peer: [] }
    for (let i = 0; i < (name === 'symusic' ? 15 : 3); i++) {
      found.peer.push(JSON.parse(await peer.ask(`midi ${name} ${folder}`)).seconds)
      found.ours.push(JSON.parse(await ours.ask(`midi ours ${folder}`)).seconds)
    }
    const row = { case: `MIDI to note arrays against ${name}`, unit: 'ms a file', goal, better: 'less' }
    rows.push({ ...row, ours: 1000 * median(found.ours), peer: 1000 * median(found.peer) })
  }
  return rows
}

const MODELS = ['emotion_recognizer', 'melody_transformer', 'dynamics_engine', 'groove_predictor']

/** A project with the featurize stages of some models over a folder in the Kelly layout. */
function project(tools, label, models) {
  const root = tools.folder(label)
  for (const folder of ['pipelines', 'data/audio', 'data/midi', 'data/drums'])
    mkdirSync(join(root, folder), { recursive: true })
  const stages = {
    validate: { kind: 'validate', inputs: { data: { file: 'data' } }, with: { max_bad: '50%' } },
    featurize: {
      kind: 'featurize',
      foreach: models,
      config: '${item}',
      inputs: { data: { file: 'data' }, validation: 'validate' },
      with: { unlabelled: 'neutral' },
    },
  }
  writeFileSync(join(root, 'pipelines', 'p.yaml'), JSON.stringify({ name: 'p', stages }))
  return root
}

const kpipe = (root) => timeAsync(process.execPath, [kpipeBin, 'run', '--quiet'], { cwd: root })

/** All music of the shared training data at once, then ten files more. */
async function whole(tools) {
  if (!existsSync(shared)) {
    tools.say('no ../shared/data/train here: the case `train` is left out')
    return []
  }
  const root = project(tools, 'train', MODELS)
  const copy = (from, to) => cpSync(join(shared, from), join(root, 'data', to), { recursive: true })
  copy('audio_va/audio', 'audio')
  copy('audio_va/labels.csv', 'audio/labels.csv')
  for (const set of ['emopia/midi', 'openewld_midi', 'weimar', 'pop909']) copy(set, 'midi')
  copy('groove', 'drums')
  const first = await kpipe(root)
  const again = []
  for (let round = 0; round < 3; round++) {
    const names = readdirSync(join(shared, 'openewld_midi')).filter((name) => name.endsWith('.mid'))
    for (let i = 0; i < 10; i++) {
      const bytes = readFileSync(join(shared, 'openewld_midi', names[10 * round + i]))
      writeFileSync(join(root, 'data', 'midi', `added-${round}-${i}.mid`), changedVelocity(bytes))
    }
    again.push(await kpipe(root))
  }
  const files = readdirSync(join(root, 'data'), { recursive: true }).length
  tools.say(`train: ${files} files featurized for ${MODELS.length} models in ${first.toFixed(1)} s`)
  return [
    { case: 'train: 10 files added, limit 2 s', ours: median(again), peer: 2, unit: 's', goal: 1, better: 'less' },
  ]
}

/** The same song with another loudness of one note: a new file to every hash. */
function changedVelocity(bytes) {
  const at = bytes.findIndex(
    (byte, i) => i > 40 && byte >> 4 === 9 && bytes[i + 1] < 128 && bytes[i + 2] > 1 && bytes[i + 2] < 127,
  )
  bytes[at + 2] += 1
  return bytes
}

/** Items a second and memory at 10,000 and at 100,000 generated songs. */
async function scale(tools) {
  const found = {}
  for (const count of [10_000, 100_000]) {
    const root = project(tools, `scale-${count}`, ['melody_transformer'])
    writeSongs(join(root, 'data', 'midi'), count)
    const { seconds, bytes } = await peakMemory(process.execPath, [kpipeBin, 'run', '--quiet'], { cwd: root })
    found[count] = { rate: count / seconds, bytes }
    tools.say(`${count} items: ${seconds.toFixed(1)} s, ${(bytes / 2 ** 20).toFixed(0)} MiB at most`)
  }
  const [small, large] = [found[10_000], found[100_000]]
  return [
    {
      case: '100,000 items against 10,000: linear time',
      ours: large.rate,
      peer: small.rate,
      unit: 'items a second',
      goal: 0.9,
      better: 'more',
    },
    {
      case: '100,000 items against 10,000: memory of the largest process',
      ours: large.bytes / 2 ** 20,
      peer: small.bytes / 2 ** 20,
      unit: 'MiB',
      goal: 0.5,
      better: 'less',
    },
  ]
}

/** Small songs, no two alike, in folders of a thousand. */
function writeSongs(folder, count) {
  for (let i = 0; i < count; i++) {
    const below = join(folder, String(Math.floor(i / 1000)))
    if (i % 1000 === 0) mkdirSync(below, { recursive: true })
    const notes = Array.from({ length: 32 }, (_, k) => [
      0,
      0x90,
      36 + ((i * 7 + k * (1 + (i % 11))) % 60),
      1 + ((i >> 6) % 127),
      60,
      0x80,
      36 + ((i * 7 + k * (1 + (i % 11))) % 60),
      i % 64,
    ])
    const track = [...notes.flat(), 0, 0xff, 0x2f, 0]
    const head = [0x4d, 0x54, 0x68, 0x64, 0, 0, 0, 6, 0, 0, 0, 1, 0, 120, 0x4d, 0x54, 0x72, 0x6b]
    const length = [track.length >> 24, track.length >> 16, track.length >> 8, track.length].map((byte) => byte & 255)
    writeFileSync(join(below, `${i}.mid`), Uint8Array.from([...head, ...length, ...track]))
  }
}
