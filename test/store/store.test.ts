/** The content store: bytes are believed only after they were hashed; what is missing or damaged is not restored. */
import {
  appendFileSync,
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { sha256 } from '../../src/lib/files.ts'
import { keyOf } from '../../src/store/fingerprint.ts'
import type { StoredResult } from '../../src/store/store.ts'
import { keyDocument } from './documents.ts'
import { type OpenStore, openStore, tempDir } from './rig.ts'

const temp = tempDir()
const open = () => openStore(temp.at('project'))

const FILES = { 'd/a.txt': 'one', 'd/sub/b c.txt': 'two', 'd/sub/run.sh': '#!/bin/sh\n' }

/** As the commit of a stage does it: every output put, then the result. */
function save(at: OpenStore, outs: Readonly<Record<string, string>>, epochs = 1): StoredResult {
  const doc = keyDocument({ options: { epochs } })
  const links: Record<string, string> = {}
  const contents: Record<string, string> = {}
  for (const [out, path] of Object.entries(outs)) {
    const content = at.trees.current(temp.at(path))
    at.store.put(temp.at(path), content)
    contents[out] = content
    for (const [below, target] of Object.entries(at.trees.linksBelow(temp.at(path))))
      links[out ? `${out}/${below}` : below] = target
  }
  const result: StoredResult = {
    v: 1,
    key: keyOf(doc),
    doc,
    stage: 'p/a',
    outs: contents,
    links,
    metrics: { loss: 0.5 },
    headline: 'loss 0.5',
    notes: [],
    seconds: 1,
    createdAt: '2026-01-01T00:00:00.000Z',
    items: null,
    reason: 'never ran before',
  }
  at.store.results.put(result)
  return result
}

describe('a folder', () => {
  test('comes back byte for byte, executable bit and all, in another process', () => {
    temp.write(FILES)
    chmodSync(temp.at('d/sub/run.sh'), 0o755)
    const { key } = save(open(), { '': 'd' })
    const later = open()
    const result = later.store.results.get(key)!
    expect(later.store.complete(result)).toBe(true)
    expect(later.store.restore(result, '', temp.at('back'))).toBe(true)
    expect(later.trees.hash(temp.at('back'))).toBe(result.outs[''])
    expect(readFileSync(temp.at('back/sub/b c.txt'), 'utf8')).toBe('two')
    expect(statSync(temp.at('back/sub/run.sh')).mode & 0o111).not.toBe(0)
    expect(statSync(temp.at('back/a.txt')).mode & 0o111).toBe(0)
  })

  test('writing to what was restored leaves the store alone', () => {
    temp.write(FILES)
    const result = save(open(), { '': 'd' })
    open().store.restore(result, '', temp.at('back'))
    appendFileSync(temp.at('back/a.txt'), ' and more')
    rmSync(temp.at('back'), { recursive: true })
    expect(open().store.restore(result, '', temp.at('back'))).toBe(true)
    expect(readFileSync(temp.at('back/a.txt'), 'utf8')).toBe('one')
  })

  test('a link to a folder comes back as a link, while it still leads to the same content', () => {
    temp.write({ 'music/x.mid': 'x', 'd/source.json': '{}' })
    symlinkSync(temp.at('music'), temp.at('d/data'))
    for (const out of ['', 'build/all']) {
      const result = save(open(), { [out]: 'd' })
      expect(open().store.complete(result)).toBe(true)
      expect(open().store.restore(result, out, temp.at(`back${out.length}`))).toBe(true)
      expect(readlinkSync(temp.at(`back${out.length}/data`))).toBe(temp.at('music'))
    }
    const result = save(open(), { '': 'd' })
    writeFileSync(temp.at('music/x.mid'), 'other')
    expect(open().store.complete(result)).toBe(false)
    expect(existsSync(open().store.blobPath(sha256('x')))).toBe(false) // data sets are never copied into the cache
  })
})

describe('damage', () => {
  const blob = (text: string) => open().store.blobPath(sha256(text))

  test.each([
    ['a blob is gone', () => rmSync(blob('two'))],
    ['a blob is shorter', () => truncateSync(blob('two'), 2)],
    ['a folder text is gone', () => rmSync(join(open().layout.trees), { recursive: true })],
  ])('%s: known at a look', (_, harm) => {
    temp.write(FILES)
    const result = save(open(), { '': 'd' })
    harm()
    expect(open().store.complete(result)).toBe(false)
  })

  test('other bytes of the same size: known when they are read; the bad blob goes, so that the next save mends it', () => {
    temp.write(FILES)
    const result = save(open(), { '': 'd' })
    writeFileSync(blob('two'), 'TWO')
    const later = open()
    expect(later.store.complete(result)).toBe(true)
    expect(later.store.restore(result, '', temp.at('back'))).toBe(false)
    expect(existsSync(blob('two'))).toBe(false)
    save(open(), { '': 'd' })
    rmSync(temp.at('back'), { recursive: true })
    expect(open().store.restore(result, '', temp.at('back'))).toBe(true)
  })

  test('an output the result does not have is not restored', () => {
    temp.write(FILES)
    const result = save(open(), { 'a.txt': 'd/a.txt' })
    expect(open().store.restore(result, 'b.txt', temp.at('back'))).toBe(false)
    expect(open().store.restore(result, 'a.txt', temp.at('back'))).toBe(true)
  })

  test('a small output kept inside the manifest is hashed too', () => {
    const store = open().store
    const inline = (bytes: string) => ({
      outs: { 'a.txt': `F:${sha256('text')}` },
      links: {},
      inline: { [sha256('text')]: Buffer.from(bytes).toString('base64') },
    })
    expect(store.restore(inline('text'), 'a.txt', temp.at('a.txt'))).toBe(true)
    expect(readFileSync(temp.at('a.txt'), 'utf8')).toBe('text')
    expect(store.restore(inline('tExt'), 'a.txt', temp.at('b.txt'))).toBe(false)
    expect(existsSync(temp.at('b.txt'))).toBe(false)
  })
})

test('equal bytes are stored once, and no temporary file stays', () => {
  temp.write({ 'one/a.bin': 'same', 'one/b.bin': 'same', 'two/c.bin': 'same' })
  const at = open()
  save(at, { '': 'one' }, 1)
  save(at, { '': 'two' }, 2)
  const blobs = readdirSync(at.layout.blobs, { recursive: true })
    .map(String)
    .filter((name) => name.includes('/'))
  expect(blobs).toEqual([`${sha256('same').slice(0, 2)}/${sha256('same').slice(2)}`])
})

describe('manifests', () => {
  test('are found again by key, dropped, and newest first in doubt', () => {
    temp.write(FILES)
    const at = open()
    const first = save(at, { '': 'd' }, 1)
    const second = save(at, { '': 'd' }, 2)
    at.store.results.put({ ...first, headline: 'again' })
    at.store.results.drop(second.key)
    at.store.results.close()
    const later = open().store.results
    expect(later.get(first.key)?.headline).toBe('again')
    expect(later.get(first.key)?.doc).toEqual(first.doc)
    expect(later.get(second.key)).toBeUndefined()
    expect(later.get('0'.repeat(64))).toBeUndefined()
    expect([...later.list()].map(({ result }) => result.key)).toEqual([first.key])
  })

  test('torn at any byte: the whole ones count, the torn one does not', () => {
    temp.write(FILES)
    const at = open()
    const first = save(at, { '': 'd' }, 1)
    const second = save(at, { '': 'd' }, 2)
    at.store.results.close()
    const [name] = readdirSync(at.layout.results)
    const segment = join(at.layout.results, name!)
    const whole = readFileSync(segment)
    const firstEnd = whole.indexOf(10) + 1
    for (let cut = 0; cut <= whole.length; cut += 11) {
      writeFileSync(segment, whole.subarray(0, cut))
      const { results } = open().store
      expect(results.get(first.key)).toEqual(cut >= firstEnd ? first : undefined)
      expect(results.get(second.key)).toEqual(cut === whole.length ? second : undefined)
    }
  })

  test('many runs leave many segments; compacting keeps every result and the time of its last use', () => {
    temp.write(FILES)
    const keys = Array.from({ length: 12 }, (_, i) => {
      const at = open()
      const { key } = save(at, { '': 'd' }, i)
      at.store.results.close()
      return key
    })
    const at = open()
    at.store.results.used(keys[0]!)
    const used = new Map([...at.store.results.list()].map(({ result, usedMs }) => [result.key, usedMs]))
    expect(used.get(keys[0]!)).toBeGreaterThan(used.get(keys[1]!)!)
    at.store.results.compact(0)
    at.store.results.close()
    expect(readdirSync(at.layout.results)).toHaveLength(1)
    const later = new Map([...open().store.results.list()].map(({ result, usedMs }) => [result.key, usedMs]))
    expect(later).toEqual(used)
  })
})

test('the bytes of small tables are kept for why, and are there to read', () => {
  temp.write({ 'labels.csv': 'a,1\n' })
  const { store } = open()
  store.keepBlob(temp.at('labels.csv'), sha256('a,1\n'))
  expect(store.hasBlob(sha256('a,1\n'))).toBe(true)
  expect(open().store.blob(sha256('a,1\n'))?.toString()).toBe('a,1\n')
  expect(open().store.blob(sha256('other'))).toBeUndefined()
})
