// Our side of the bench `features`: the questions of features.peer.py, through the code that featurize uses.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { logMel } from '../src/audio/mel.ts'
import { decodeMono } from '../src/audio/mono.ts'
import { readMidi } from '../src/midi/read.ts'

const folder = isMainThread ? process.argv[2]! : (workerData as string)
const RATE = 16_000
const signals = new Map<string, Float32Array>()
const pool: Worker[] = []

const bytesOf = (name: string) => new Uint8Array(readFileSync(join(folder, name)))
const melOf = (samples: Float32Array, nFft: number) =>
  logMel(samples, { sampleRate: RATE, nFft, hopLength: nFft / 4, nMels: 128 })

async function timed(work: () => unknown): Promise<number> {
  const start = performance.now()
  await work()
  return (performance.now() - start) / 1000
}

const tasks: Record<string, (...words: string[]) => Promise<number>> = {
  mel: async (seconds, nFft) => {
    if (!signals.has(seconds!)) {
      const { samples } = await decodeMono(bytesOf(`mono${seconds}.wav`), 'mono')
      signals.set(seconds!, samples)
      for (let i = 0; i < 20; i++) melOf(samples, Number(nFft)) // the peer is compiled beforehand, too
    }
    return timed(() => melOf(signals.get(seconds!)!, Number(nFft)))
  },
  file: (name) =>
    timed(async () => melOf((await decodeMono(bytesOf(name!), name!, { sampleRate: RATE })).samples, 2048)),
  midi: async (_, where) => {
    const paths = midiBelow(where!)
    const files = paths.slice(0, paths.length)
    return (await timed(() => files.map((path) => readMidi(readFileSync(path), path).notes))) / files.length
  },
  workers: async (count) => {
    while (pool.length < Number(count)) pool.push(new Worker(new URL(import.meta.url), { workerData: folder }))
    const share = pool.slice(0, Number(count))
    const round = () => Promise.all(share.map((worker, i) => answered(worker, [i, share.length])))
    await round()
    return timed(round)
  },
}

function midiBelow(where: string): string[] {
  return readdirSync(where, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.mid'))
    .sort()
    .map((name) => join(where, name))
}

const answered = (worker: Worker, message: readonly number[]) =>
  new Promise<void>((resolve) => {
    worker.once('message', () => resolve())
    worker.postMessage(message)
  })

/** A worker decodes and transforms every nth clip, four times over. */
async function clips(first: number, step: number): Promise<void> {
  const names = readdirSync(join(folder, 'clips')).sort()
  for (let round = 0; round < 4; round++)
    for (let i = first; i < names.length; i += step)
      melOf((await decodeMono(bytesOf(`clips/${names[i]}`), names[i]!)).samples, 2048)
}

if (isMainThread) {
  for await (const line of createInterface({ input: process.stdin })) {
    const [name, ...words] = line.split(' ')
    console.log(JSON.stringify({ seconds: await tasks[name!]!(...words) }))
  }
  for (const worker of pool) await worker.terminate()
} else {
  parentPort!.on('message', ([first, step]: [number, number]) => {
    void clips(first, step).then(() => parentPort!.postMessage('done'))
  })
}
