/** The rows of a folder: an unchanged folder is known without reading, and every change, however small, is seen. */
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type Random, random } from '../../src/lib/random.ts'
import { layoutOf } from '../../src/store/layout.ts'
import { StatIndex } from '../../src/store/stat-index.ts'
import { Trees } from '../../src/store/tree.ts'
import { tempDir } from './rig.ts'

const temp = tempDir()
let root: string
let indexFile: string
let folders = 0

beforeEach(() => {
  // A minute ahead: what was just written may be vouched for. Rewrites below therefore change the size.
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60_000 })
  root = join(temp.path, `root-${folders++}`)
  indexFile = join(root, 'index.bin')
  mkdirSync(join(root, 'data'), { recursive: true })
})
afterEach(() => {
  vi.useRealTimers()
})

const write = (path: string, text: string) => {
  mkdirSync(join(root, 'data', path, '..'), { recursive: true })
  writeFileSync(join(root, 'data', path), text)
}
const open = (file = indexFile) => {
  const index = new StatIndex(file)
  return { index, trees: new Trees(layoutOf(root), index) }
}
const hash = (trees: Trees) => trees.current(join(root, 'data'))

test('an unchanged folder reads no file, and its text can still be had', () => {
  for (const name of ['b.txt', 'a.txt', 'sub/c.txt', 'sub/deeper/d.txt']) write(name, name)
  const first = open()
  const before = hash(first.trees)
  first.index.save()
  const second = open()
  expect(hash(second.trees)).toBe(before)
  expect(second.index.filesRead).toBe(0)
  expect(second.trees.files(before).map(({ path }) => path)).toEqual([
    'a.txt',
    'b.txt',
    'sub/c.txt',
    'sub/deeper/d.txt',
  ])
})

test('the text of a hash that was handed out outlives a change of the folder', () => {
  write('a.txt', 'one')
  const first = open()
  const before = hash(first.trees)
  first.index.save()
  const second = open()
  expect(hash(second.trees)).toBe(before)
  write('b.txt', 'two')
  const after = hash(second.trees)
  expect(second.trees.files(before).map(({ path }) => path)).toEqual(['a.txt'])
  expect(second.trees.files(after).map(({ path }) => path)).toEqual(['a.txt', 'b.txt'])
})

/** One edit at random somewhere below data/. Names are few, so that they meet again. */
function edit(rng: Random, step: number): void {
  const name = () => `${['x', 'y', 'z/u', 'z/v', 'z/w/t', 'odd \\ name', 'new\nline'][rng.below(7)]}`
  const path = join(root, 'data', name())
  const kind = rng.below(7)
  if (kind === 0) rmSync(path, { recursive: true, force: true })
  else if (kind === 1) chmodSync(join(root, 'data', 'always'), rng.below(2) === 0 ? 0o755 : 0o644)
  else if (kind === 2) {
    rmSync(path, { recursive: true, force: true })
    mkdirSync(join(path, '..'), { recursive: true })
    symlinkSync(rng.below(2) === 0 ? join(root, 'data', 'always') : join(root, 'elsewhere'), path)
  } else if (kind === 3) {
    rmSync(path, { recursive: true, force: true })
    mkdirSync(path, { recursive: true })
    writeFileSync(join(path, 'below'), 'b'.repeat(step))
  } else if (kind === 4) {
    rmSync(path, { recursive: true, force: true })
    mkdirSync(join(path, '..'), { recursive: true })
    renameSync(join(root, 'data', 'always'), path)
    writeFileSync(join(root, 'data', 'always'), 'a'.repeat(step))
  } else {
    rmSync(path, { recursive: true, force: true })
    mkdirSync(join(path, '..'), { recursive: true })
    writeFileSync(path, 'c'.repeat(step))
  }
}

test('after 400 random edits the hash is that of an index that knows nothing', () => {
  const rng = random(7)
  mkdirSync(join(root, 'elsewhere'))
  writeFileSync(join(root, 'elsewhere', 'f'), 'f')
  write('always', 'always')
  let { index, trees } = open()
  const seen = new Set<string>()
  for (let step = 1; step <= 400; step++) {
    edit(rng, step)
    const known = hash(trees)
    const { trees: fresh } = open(join(root, 'none.bin'))
    const truth = hash(fresh)
    expect(known, `step ${step}`).toBe(truth)
    expect(trees.files(known), `step ${step}`).toEqual(fresh.files(truth))
    seen.add(known)
    if (rng.below(3) === 0) {
      index.save()
      ;({ index, trees } = open())
    }
  }
  expect(seen.size).toBeGreaterThan(250)
})
