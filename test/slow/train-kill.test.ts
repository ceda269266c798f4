/** SIGKILL at arbitrary moments of a training: the next one ends with the weights of one that was never interrupted. */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { random } from '../../src/lib/random.ts'

const root = resolve(import.meta.dirname, '../..')
let folder: string
let program: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kpipe-kill-'))
  mkdirSync(join(root, 'node_modules', '.cache'), { recursive: true })
  program = join(mkdtempSync(join(root, 'node_modules', '.cache', 'kpipe-kill-')), 'train-once.mjs')
  await build({
    entryPoints: [join(root, 'test/slow/train-once.ts')],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'error',
  })
})
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
  rmSync(join(program, '..'), { recursive: true, force: true })
})

/** Runs one training; kills it after `killAfter` epochs and a few milliseconds more. The hash of its weights, or null. */
function train(
  checkpoints: string,
  kill?: { readonly epoch: number; readonly milliseconds: number },
): Promise<string | null> {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, [program, checkpoints], { stdio: ['ignore', 'pipe', 'inherit'] })
    let hash: string | null = null
    let text = ''
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const epochs = [...text.matchAll(/^epoch (\d+)$/gm)].map((match) => Number(match[1]))
      if (kill && (epochs.at(-1) ?? 0) >= kill.epoch) setTimeout(() => child.kill('SIGKILL'), kill.milliseconds)
      hash = /^weights ([0-9a-f]{64})$/m.exec(text)?.[1] ?? hash
    })
    child.on('error', failed)
    child.on('close', (code, signal) =>
      code === 0 || signal === 'SIGKILL' ? done(hash) : failed(new Error(`exit ${code}`)),
    )
  })
}

it('a killed training resumes to the same bits, however often it is killed', { timeout: 300_000 }, async () => {
  const whole = await train('')
  expect(whole).not.toBeNull()
  const rng = random('kills')
  for (let round = 0; round < 6; round++) {
    const checkpoints = join(folder, `round-${round}`)
    let killed = 0
    let hash: string | null = null
    // Each attempt gets further; the last one is left alone.
    for (let epoch = 2 + rng.below(4); epoch < 24 && hash === null; epoch += 3 + rng.below(6)) {
      hash = await train(checkpoints, { epoch, milliseconds: rng.below(30) })
      if (hash === null) killed++
    }
    hash ??= await train(checkpoints)
    expect(killed).toBeGreaterThan(0)
    expect(hash).toBe(whole)
  }
})
