/** Extractions in worker threads: the same bytes as without, faults and errors included. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Extraction, extractionPool } from '../../src/features/pool.ts'
import { loadExtract } from '../../src/features/stored.ts'
import { scaleMidi, toneWav } from '../kelly-folder.ts'
import { featureDefaults } from './options.ts'

let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'kpipe-pool-'))
  for (let i = 0; i < 12; i++) writeFileSync(join(root, `${i}.wav`), toneWav(200 + 20 * i))
  writeFileSync(join(root, 'broken.wav'), toneWav(300).subarray(0, 1000))
  writeFileSync(join(root, 'song.mid'), scaleMidi(0))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

function extraction(path: string, changes: Partial<Extraction> = {}): Extraction {
  const room = path.endsWith('.mid') ? ('midi' as const) : ('audio' as const)
  return { feature: 'log_mel', options: featureDefaults, item: { room, path, chords: [] }, root, ...changes }
}

const works = () => [
  ...Array.from({ length: 12 }, (_, i) => extraction(`${i}.wav`)),
  extraction('3.wav', { feature: 'mel', change: { kind: 'pitch', semitones: 2 } }),
  extraction('4.wav', { feature: 'mfcc', change: { kind: 'mask', masks: 2, seed: 'a' } }),
  extraction('broken.wav'),
  extraction('song.mid', { feature: 'melody' }),
]

it('gives the bytes that one thread gives, in whatever order they come back', async () => {
  const alone = extractionPool(1)
  const expected = await Promise.all(works().map((work) => alone.run(work)))
  const pool = extractionPool(2, 0)
  const found = await Promise.all(works().map((work) => pool.run(work)))
  await pool.close()
  expect(found.map((bytes) => Buffer.from(bytes).toString('hex'))).toEqual(
    expected.map((bytes) => Buffer.from(bytes).toString('hex')),
  )
  expect(loadExtract(found[14]!)).toMatchObject({ code: 'truncated', path: 'broken.wav' })
  expect([alone.atOnce, pool.atOnce]).toEqual([1, 4])
})

it('a file that is gone is an error with a remedy, of one item only', async () => {
  const pool = extractionPool(2, 0)
  const [gone, there] = await Promise.allSettled([pool.run(extraction('gone.wav')), pool.run(extraction('1.wav'))])
  await pool.close()
  expect(there.status).toBe('fulfilled')
  expect(gone).toMatchObject({ reason: { name: 'UserError', message: /gone.wav is no longer/, hint: /run again/ } })
})

it('does a little work without threads', async () => {
  const pool = extractionPool(4, 60_000)
  const start = performance.now()
  await pool.run(extraction('song.mid', { feature: 'melody' }))
  expect(performance.now() - start).toBeLessThan(2000)
  await pool.close()
})
