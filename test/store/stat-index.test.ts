/** The index of content hashes: what it may vouch for, and that losing it costs a re-hash and never a wrong answer. */
import { mkdirSync, readFileSync, renameSync, rmSync, type Stats, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { sha256 } from '../../src/lib/files.ts'
import { StatIndex } from '../../src/store/stat-index.ts'
import { tempDir } from './rig.ts'

const temp = tempDir()
let file: string
let indexFile: string

beforeEach(() => {
  file = join(temp.path, 'a.bin')
  indexFile = join(temp.path, 'cache/state/index.bin')
  rmSync(indexFile, { force: true })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('what it vouches for', () => {
  const NOW = 1_800_000_000_123
  const at = (mtimeMs: number, ctimeMs = mtimeMs): Stats =>
    ({ ino: 7, size: 4, mtimeMs, ctimeMs, isSymbolicLink: () => false }) as Stats

  /** Hash of a rewrite with the same stat, after the first version was hashed at NOW. */
  function rewritten(stats: Stats): string {
    vi.useFakeTimers({ toFake: ['Date'], now: NOW })
    const index = new StatIndex(indexFile)
    writeFileSync(file, 'old!')
    expect(index.hashFile(file, stats)).toBe(sha256('old!'))
    writeFileSync(file, 'new!')
    return index.hashFile(file, stats)
  }

  test('a file that was last written well before it was hashed is not read again', () => {
    expect(rewritten(at(NOW - 21))).toBe(sha256('old!'))
  })

  test.each([
    ['just before it was hashed', at(NOW - 5)],
    ['in the same tick', at(NOW)],
    ['in the future (another clock)', at(NOW + 60_000)],
    ['long ago, but its inode just before', at(NOW - 60_000, NOW - 5)],
    ['within two seconds, on a disk with whole-second times', at(NOW - 123 - 1000)],
  ])('a file written %s is read again', (_, stats) => {
    expect(rewritten(stats)).toBe(sha256('new!'))
  })

  test('whole-second times are believed after two seconds', () => {
    expect(rewritten(at(NOW - 123 - 2000))).toBe(sha256('old!'))
  })

  test.each(['ino', 'size', 'mtimeMs', 'ctimeMs'] as const)('another %s means another look', (field) => {
    vi.useFakeTimers({ toFake: ['Date'], now: NOW })
    const index = new StatIndex(indexFile)
    const stats = at(NOW - 60_000)
    writeFileSync(file, 'old!')
    index.hashFile(file, stats)
    writeFileSync(file, 'new!')
    expect(index.hashFile(file, { ...stats, [field]: stats[field] - 1 } as Stats)).toBe(sha256('new!'))
  })
})

test('same-size rewrites with the old time put back are seen, however fast they come', () => {
  const index = new StatIndex(indexFile)
  const when = new Date('2020-02-02T02:02:02Z')
  for (let i = 0; i < 60; i++) {
    const text = `version ${String(i).padStart(4, '0')}`
    writeFileSync(file, text)
    utimesSync(file, when, when)
    expect(index.hashFile(file)).toBe(sha256(text))
  }
})

test('a file of many pieces has the hash of its bytes', () => {
  const bytes = Buffer.alloc((3 << 20) + 17, 'kpipe')
  writeFileSync(file, bytes)
  expect(new StatIndex(indexFile).hashFile(file)).toBe(sha256(bytes))
})

/** An index that vouches for `count` files: hashed by a clock that is a minute ahead. */
function settled(count: number, name = (i: number) => `file ${i}.txt`): { index: StatIndex; paths: string[] } {
  const paths = Array.from({ length: count }, (_, i) => join(temp.path, 'data', name(i)))
  mkdirSync(join(temp.path, 'data'), { recursive: true })
  paths.forEach((path, i) => writeFileSync(path, `content ${i}`))
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60_000 })
  const index = new StatIndex(indexFile)
  for (const path of paths) index.hashFile(path)
  return { index, paths }
}

test('saved and read back, thousands of names of every sort, without reading a file again', () => {
  const odd = ['with space', 'Größe-音', 'new\nline', 'back\\slash', 'quo"te', 'e\u0301', '\u00e9']
  const { index, paths } = settled(1300, (i) => odd[i] ?? `file ${i}.txt`)
  expect(index.filesRead).toBe(1300)
  index.save()
  const again = new StatIndex(indexFile)
  paths.forEach((path, i) => expect(again.hashFile(path)).toBe(sha256(`content ${i}`)))
  expect(again.filesRead).toBe(0)
  // and rows added to a loaded index stand beside the loaded ones
  writeFileSync(file, 'one more')
  again.hashFile(file)
  again.save()
  const third = new StatIndex(indexFile)
  expect(third.hashFile(paths[1299]!)).toBe(sha256('content 1299'))
  expect(third.hashFile(file)).toBe(sha256('one more'))
  expect(third.filesRead).toBe(0)
})

test('torn or damaged anywhere, it is forgotten, and every hash is still right', () => {
  const { index, paths } = settled(20)
  index.save()
  const whole = readFileSync(indexFile)
  const damaged: Buffer[] = [Buffer.alloc(0), Buffer.from('kpipe-index-3\n'), Buffer.from('something else')]
  for (let at = 0; at < whole.length; at += 37) {
    damaged.push(whole.subarray(0, at))
    const flipped = Buffer.from(whole)
    flipped[at]! ^= 0x41
    damaged.push(flipped)
  }
  for (const bytes of damaged) {
    writeFileSync(indexFile, bytes)
    const again = new StatIndex(indexFile)
    paths.forEach((path, i) => expect(again.hashFile(path)).toBe(sha256(`content ${i}`)))
  }
  expect(damaged.length).toBeGreaterThan(50)
})

test('a renamed file keeps its row, a file that is gone loses it', () => {
  const { index, paths } = settled(3)
  const target = join(temp.path, 'data', 'renamed.txt')
  const stats = statSync(paths[0]!)
  renameSync(paths[0]!, target)
  index.moved(paths[0]!, target)
  expect(index.hashFile(target, stats)).toBe(sha256('content 0')) // renaming may change the ctime of a single file
  expect(index.filesRead).toBe(3)
  rmSync(paths[1]!)
  index.prune()
  index.save()
  const names = readFileSync(indexFile, 'utf8')
  expect(names).toContain('renamed.txt')
  expect(names).toContain('file 2.txt')
  expect(names).not.toContain('file 1.txt')
})

test('where it cannot be written it is not', () => {
  writeFileSync(join(temp.path, 'in-the-way'), '')
  const index = new StatIndex(join(temp.path, 'in-the-way', 'index.bin'))
  writeFileSync(file, 'text')
  expect(index.hashFile(file)).toBe(sha256('text'))
  expect(() => index.save()).not.toThrow()
})

test('hands on the bytes of the small file read last', () => {
  const index = new StatIndex(indexFile)
  writeFileSync(file, 'small')
  const hash = index.hashFile(file)
  expect(index.smallContent(hash)?.toString()).toBe('small')
  expect(index.smallContent(sha256('another'))).toBeUndefined()
  writeFileSync(file, Buffer.alloc(5000))
  expect(index.smallContent(index.hashFile(file))).toBeUndefined()
})
