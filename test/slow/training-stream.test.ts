/** A set of 400 MB of features trains in a fraction of that memory, streamed from its files, and every batch is its own. */
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { featureBytes, openFeatureRows } from '../../src/data/feature-file.ts'
import { writeNpy } from '../../src/data/npy.ts'
import { epochOrder } from '../../src/train/dataset.ts'
import { feed } from '../../src/train/feed.ts'

const ROWS = 40_000
const SIZE = 2_500
const dir = mkdtempSync(join(tmpdir(), 'kpipe-stream-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

it('streams with memory that does not grow with the set', async () => {
  writeSet()
  expect(featureBytes(dir)).toBeGreaterThan(400e6)
  const rows = await openFeatureRows(dir)
  const data = { ids: rows.info.rows.map((row) => row.id), xSize: SIZE, ySize: 1, read: rows.read }
  const order = epochOrder([...rows.info.rows.keys()], 1, 1)
  globalThis.gc?.()
  const before = process.memoryUsage()
  const used = ({ rss, arrayBuffers }: NodeJS.MemoryUsage) => ({ rss, arrayBuffers })
  let most = used(before)
  let seen = 0
  for await (const [batch] of feed(data, order, { batchSize: 64 })) {
    for (const [i, row] of batch!.rows.entries()) {
      expect(batch!.x[0]![i * SIZE]).toBe(row)
      expect(batch!.x[0]![(i + 1) * SIZE - 1]).toBe(row)
      expect(batch!.y[0]![i]).toBe(-row)
    }
    seen += batch!.count
    const now = used(process.memoryUsage())
    most = { rss: Math.max(most.rss, now.rss), arrayBuffers: Math.max(most.arrayBuffers, now.arrayBuffers) }
  }
  await rows.close()
  expect(seen).toBe(ROWS)
  // Two batches of 64 rows of 10 kB are 1.3 MB.
  expect(most.arrayBuffers - before.arrayBuffers).toBeLessThan(5e6)
  expect(most.rss - before.rss).toBeLessThan(150e6)
})

/** Row r is r everywhere; written row by row, so that the test itself stays small. */
function writeSet(): void {
  const rows = Array.from({ length: ROWS }, (_, i) => ({
    id: `row-${i}`,
    source: `${i}`,
    split: 'train',
    labelled: true,
    valence: null,
    arousal: null,
  }))
  const info = { format: 'kpipe-features/1', feature: 'test', options: {}, xShape: [SIZE], yShape: [1], yLabels: [] }
  writeFileSync(join(dir, 'features.json'), JSON.stringify({ ...info, normalizer: null, generated: true, rows }))
  writeNpy(
    join(dir, 'y.npy'),
    Float32Array.from({ length: ROWS }, (_, i) => -i),
    [ROWS, 1],
  )
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${ROWS}, ${SIZE}), }`
  const head = Buffer.alloc(128, ' ')
  head.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 118, 0])
  head.write(text, 10, 'latin1')
  head.write('\n', 127)
  const file = openSync(join(dir, 'x.npy'), 'w')
  writeSync(file, head)
  const row = new Float32Array(SIZE)
  for (let i = 0; i < ROWS; i++) writeSync(file, new Uint8Array(row.fill(i).buffer))
  closeSync(file)
}
