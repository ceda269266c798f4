// Our side of the bench `features`: the questions of features.peer.py, through the code that featurize uses.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { logMel } from '../src/audio/mel.ts'
import { decodeMono } from '../src/audio/mono.ts'
import { extractionPool, type Pool } from '../src/features/pool.ts'
import { readMidi } from '../src/midi/read.ts'
import { featureDefaults } from '../test/features/options.ts'

const folder = process.argv[2]!
const RATE = 16_000
const signals = new Map<string, Float32Array>()
const options = { ...featureDefaults, clip_seconds: 5 }
const pools = new Map<number, Pool>()

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
    const pool = poolOf(Number(count))
    await clips(pool)
    return timed(() => clips(pool))
  },
}

/** Clips decoded and transformed as featurize does it, four times over; as many under way as the pool wants. */
async function clips(pool: Pool): Promise<void> {
  const names = readdirSync(join(folder, 'clips')).sort()
  const paths = Array.from({ length: 4 }, () => names).flat()
  let next = 0
  const line = async () => {
    while (next < paths.length) {
      const item = { room: 'audio' as const, path: paths[next++]!, chords: [] }
      await pool.run({ feature: 'log_mel', options, item, root: join(folder, 'clips') })
    }
  }
  await Promise.all(Array.from({ length: pool.atOnce }, line))
}

function poolOf(threads: number): Pool {
  const pool = pools.get(threads) ?? extractionPool(threads, 0)
  pools.set(threads, pool)
  return pool
}

function midiBelow(where: string): string[] {
  return readdirSync(where, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.mid'))
    .sort()
    .map((name) => join(where, name))
}

for await (const line of createInterface({ input: process.stdin })) {
  const [name, ...words] = line.split(' ')
  console.log(JSON.stringify({ seconds: await tasks[name!]!(...words) }))
}
for (const pool of pools.values()) await pool.close()
