/** Content hashes of folders: what counts (names, bytes, the executable bit) and what does not (place, order, links' targets). */
import { chmodSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { UserError } from '../../src/lib/errors.ts'
import { sha256 } from '../../src/lib/files.ts'
import { expandGlob, hashBelow, parseTree } from '../../src/store/tree.ts'
import { openStore, tempDir } from './rig.ts'

const temp = tempDir()

/** Hash of a folder as a new process would see it. */
const hashOf = (path: string) => openStore(temp.at('project')).trees.hash(temp.at(path))

describe('what counts', () => {
  const FILES = { 'd/b.txt': 'two', 'd/a.txt': 'one', 'd/sub/c.txt': 'three' }

  test('the same files have the same hash wherever they lie and in whatever order they were made', () => {
    temp.write(FILES)
    const first = hashOf('d')
    for (const path of Object.keys(FILES).reverse())
      temp.write({ [path.replace('d/', 'elsewhere/')]: FILES[path as keyof typeof FILES] })
    expect(hashOf('elsewhere')).toBe(first)
    renameSync(temp.at('d'), temp.at('moved'))
    expect(hashOf('moved')).toBe(first)
  })

  test.each([
    ['one byte', () => writeFileSync(temp.at('d/a.txt'), 'onE')],
    ['a name', () => renameSync(temp.at('d/a.txt'), temp.at('d/A.txt'))],
    ['a file more', () => writeFileSync(temp.at('d/sub/d.txt'), '')],
    ['a file less', () => rmSync(temp.at('d/b.txt'))],
    ['a file moved down', () => renameSync(temp.at('d/b.txt'), temp.at('d/sub/b.txt'))],
    ['an empty folder', () => mkdirSync(temp.at('d/empty'))],
    ['the executable bit', () => chmodSync(temp.at('d/a.txt'), 0o755)],
  ])('%s', (_, change) => {
    temp.write(FILES)
    const before = hashOf('d')
    change()
    expect(hashOf('d')).not.toBe(before)
  })

  test('what systems and tools drop into folders does not', () => {
    temp.write(FILES)
    const before = hashOf('d')
    temp.write({ 'd/.DS_Store': 'x', 'd/sub/Thumbs.db': 'x', 'd/__pycache__/m.pyc': 'x', 'd/.git/HEAD': 'x' })
    chmodSync(temp.at('d/a.txt'), 0o600)
    expect(hashOf('d')).toBe(before)
  })

  test('one changed file changes the texts of its own folder and those above, no others', () => {
    temp.write({ 'd/x/1.txt': '1', 'd/y/2.txt': '2', 'd/y/z/3.txt': '3' })
    const { trees } = openStore(temp.at('project'))
    const texts = () => new Set([...trees.textsOf(trees.current(temp.at('d')).slice(2))].map(([hash]) => hash))
    const before = texts()
    temp.write({ 'd/y/z/3.txt': 'three' })
    const after = texts()
    expect(before.size).toBe(4)
    expect([...after].filter((hash) => before.has(hash))).toHaveLength(1)
  })
})

test('nothing, a file, a folder', () => {
  temp.write({ 'f.txt': 'text', 'd/f.txt': 'text' })
  expect(hashOf('nowhere')).toBe('-')
  expect(hashOf('f.txt')).toBe(`F:${sha256('text')}`)
  expect(hashOf('d')).toMatch(/^D:[0-9a-f]{64}$/)
})

test('names of every sort come back as they were', () => {
  const names = ['with space', 'Größe-音.mid', 'new\nline', 'back\\slash', 'back\\nslash', '-', 'F 0 1 x', 'e\u0301']
  temp.write(Object.fromEntries(names.map((name) => [`d/${name}`, name])))
  const { trees } = openStore(temp.at('project'))
  const files = trees.files(trees.hash(temp.at('d')))
  expect(files.map((file) => file.path).sort()).toEqual([...names].sort())
  for (const file of files)
    expect(file).toEqual({ path: file.path, hash: sha256(file.path), bytes: Buffer.byteLength(file.path) })
})

describe('links', () => {
  const MUSIC = { 'disk/music/a.mid': 'a', 'disk/music/sub/b.mid': 'b' }

  test('a folder behind a link counts by content; where it lies never enters', () => {
    temp.write({ ...MUSIC, 'other place/m/a.mid': 'a', 'other place/m/sub/b.mid': 'b' })
    mkdirSync(temp.at('one'))
    mkdirSync(temp.at('two'))
    symlinkSync(temp.at('disk/music'), temp.at('one/data'))
    symlinkSync(temp.at('other place/m'), temp.at('two/data'))
    expect(hashOf('two')).toBe(hashOf('one'))
    const { trees } = openStore(temp.at('project'))
    const content = trees.hash(temp.at('one'))
    expect([...trees.textsOf(content.slice(2))].some(([, text]) => text.includes('disk'))).toBe(false)
    expect(trees.files(content).map((file) => file.path)).toEqual(['data/a.mid', 'data/sub/b.mid'])
    expect(trees.linksBelow(temp.at('one'))).toEqual({ data: temp.at('disk/music') })
    temp.write({ 'disk/music/sub/b.mid': 'changed' })
    expect(hashOf('one')).not.toBe(content)
  })

  test('a link to a file is that file', () => {
    temp.write({ ...MUSIC, 'd/x.mid': 'a', 'e/keep': '' })
    symlinkSync(temp.at('disk/music/a.mid'), temp.at('e/x.mid'))
    rmSync(temp.at('e/keep'))
    expect(hashOf('e')).toBe(hashOf('d'))
  })

  test('a link to nothing, or in a circle, is a mistake that names the link', () => {
    temp.write(MUSIC)
    symlinkSync(temp.at('gone'), temp.at('disk/broken'))
    expect(() => hashOf('disk')).toThrow(UserError)
    expect(() => hashOf('disk')).toThrow(`${temp.at('disk/broken')} is a link to something that is not there`)
    rmSync(temp.at('disk/broken'))
    symlinkSync(temp.at('disk'), temp.at('disk/music/sub/up'))
    expect(() => hashOf('disk')).toThrow(`${temp.at('disk/music/sub/up')} is a link to a folder it lies in`)
    rmSync(temp.at('disk/music/sub/up'))
    symlinkSync(temp.at('disk/music/sub'), temp.at('disk/music/sub/itself'))
    expect(() => hashOf('disk')).toThrow(/is a link to a folder it lies in$/)
  })

  test('the same folder may be linked twice', () => {
    temp.write({ ...MUSIC, 'd/keep': '' })
    symlinkSync(temp.at('disk/music'), temp.at('d/one'))
    symlinkSync(temp.at('disk/music'), temp.at('d/two'))
    const { trees } = openStore(temp.at('project'))
    const paths = trees.files(trees.hash(temp.at('d'))).map((file) => file.path)
    expect(paths).toEqual(['keep', 'one/a.mid', 'one/sub/b.mid', 'two/a.mid', 'two/sub/b.mid'])
  })
})

test('what was hashed is remembered until it is forgotten', () => {
  temp.write({ 'd/a.txt': 'one' })
  const { trees } = openStore(temp.at('project'))
  const before = trees.hash(temp.at('d'))
  temp.write({ 'd/a.txt': 'changed' })
  expect(trees.hash(temp.at('d'))).toBe(before)
  trees.forget()
  const after = trees.hash(temp.at('d'))
  expect(after).not.toBe(before)
  temp.write({ 'd/a.txt': 'again, changed' })
  expect(trees.current(temp.at('d'))).not.toBe(after)
})

test('a part of a folder hash', () => {
  temp.write({ 'd/sub/a.txt': 'a', 'd/b.txt': 'b', 'd/b.txt.bak/x': '' })
  const { trees } = openStore(temp.at('project'))
  const whole = trees.hash(temp.at('d'))
  expect(hashBelow(trees, whole, 'b.txt')).toBe(`F:${sha256('b')}`)
  expect(hashBelow(trees, whole, 'sub/a.txt')).toBe(`F:${sha256('a')}`)
  expect(hashBelow(trees, whole, 'sub')).toBe(trees.hash(temp.at('d/sub')))
  expect(hashBelow(trees, whole, 'sub/none')).toBe('-')
  expect(hashBelow(trees, whole, 'b.txt/below')).toBe('-')
})

test('a stored tree can be listed by another process, a missing one is known as missing', () => {
  temp.write({ 'd/sub/a.txt': 'a' })
  const one = openStore(temp.at('project'))
  const content = one.trees.hash(temp.at('d'))
  const other = openStore(temp.at('project'))
  expect(other.trees.has(content.slice(2))).toBe(false)
  one.store.keepTrees(content)
  expect(other.trees.has(content.slice(2))).toBe(true)
  expect(other.trees.files(content)).toEqual([{ path: 'sub/a.txt', hash: sha256('a'), bytes: 1 }])
  const below = hashBelow(one.trees, content, 'sub').slice(2)
  rmSync(join(one.layout.trees, below.slice(0, 2)), { recursive: true })
  expect(openStore(temp.at('project')).trees.has(content.slice(2))).toBe(false)
})

describe('globs', () => {
  const PATHS = ['a.csv', 'b.csv', 'c.txt', 'sub/a.csv', 'sub/deep/d.csv', 'a+b(1).csv', '__pycache__/x.csv']
  test.each([
    ['*.csv', ['a+b(1).csv', 'a.csv', 'b.csv']],
    ['?.csv', ['a.csv', 'b.csv']],
    ['**/*.csv', ['a+b(1).csv', 'a.csv', 'b.csv', 'sub/a.csv', 'sub/deep/d.csv']],
    ['sub/**', ['sub/a.csv', 'sub/deep/d.csv']],
    ['sub/*/d.csv', ['sub/deep/d.csv']],
    ['a+b(1).*', ['a+b(1).csv']],
    ['none/*.csv', []],
  ])('%s', (pattern, expected) => {
    temp.write(Object.fromEntries(PATHS.map((path) => [path, path])))
    expect(expandGlob(temp.path, pattern)).toEqual(expected)
  })

  test('matches hash by name and content', () => {
    temp.write({ 'x/a.csv': '1', 'y/a.csv': '1', 'y/sub/b.csv': '2' })
    const { trees } = openStore(temp.at('project'))
    const of = (root: string, paths: string[]) => trees.ofFiles(temp.at(root), paths)
    expect(of('x', ['a.csv'])).toBe(of('y', ['a.csv']))
    expect(of('y', ['a.csv', 'sub/b.csv'])).not.toBe(of('y', ['a.csv']))
    expect(trees.files(of('y', ['a.csv', 'sub/b.csv'])).map((file) => file.path)).toEqual(['a.csv', 'sub/b.csv'])
  })
})

test('a tree text is one line an entry', () => {
  const hash = 'ab'.repeat(32)
  expect(parseTree(`F ${hash} 12 with space\nX ${hash} 3 run.sh\nL ${hash} 9 data\n`)).toEqual([
    { type: 'F', hash, size: 12, name: 'with space' },
    { type: 'X', hash, size: 3, name: 'run.sh' },
    { type: 'L', hash, size: 9, name: 'data' },
  ])
})

test('a name that is not UTF-8 is a mistake, not a file left out in silence', ({ skip }) => {
  mkdirSync(temp.at('d'))
  try {
    writeFileSync(Buffer.concat([Buffer.from(temp.at('d/')), Buffer.from([0x67, 0xfc, 0x2e, 0x77, 0x61, 0x76])]), '')
  } catch {
    skip('this file system takes UTF-8 names only')
  }
  if (readdirSync(temp.at('d')).length === 0) skip('this file system takes UTF-8 names only')
  expect(() => hashOf('d')).toThrow('the name is not UTF-8')
})
