/** Differences of folders: what changed and nothing else, without looking into what is equal. */
import { rmSync, symlinkSync } from 'node:fs'
import { expect, test } from 'vitest'
import { treeDifference } from '../../src/store/tree-diff.ts'
import { openStore, tempDir } from './rig.ts'

const temp = tempDir()

test('added, removed and changed files, in folders that come and go and turn into files', () => {
  temp.write({ 'd/same.txt': '1', 'd/edit.txt': '1', 'd/gone/a.txt': '1', 'd/sub/deep/x.txt': '1', 'd/turn': 'file' })
  const { trees } = openStore(temp.at('project'))
  const before = trees.current(temp.at('d'))
  rmSync(temp.at('d/gone'), { recursive: true })
  rmSync(temp.at('d/turn'))
  temp.write({ 'd/edit.txt': '2', 'd/new/b.txt': '1', 'd/sub/deep/y.txt': '1', 'd/turn/inside.txt': '1' })
  const after = trees.current(temp.at('d'))
  const { added, removed, changed } = treeDifference(trees, before, after)
  expect(added.sort()).toEqual(['new/b.txt', 'sub/deep/y.txt', 'turn/inside.txt'])
  expect(removed.sort()).toEqual(['gone/a.txt', 'turn'])
  expect(changed.map(({ path }) => path)).toEqual(['edit.txt'])
  expect(treeDifference(trees, after, after)).toEqual({ added: [], removed: [], changed: [] })
})

test('a folder and a link to one compare by content; equal folders are not opened', () => {
  temp.write({ 'a/one/x.txt': '1', 'a/two/y.txt': '1' })
  const { trees } = openStore(temp.at('project'))
  const before = trees.current(temp.at('a'))
  temp.write({ 'elsewhere/y.txt': '1', 'elsewhere/z.txt': '1' })
  rmSync(temp.at('a/two'), { recursive: true })
  symlinkSync(temp.at('elsewhere'), temp.at('a/two'))
  const after = trees.current(temp.at('a'))
  const asked: string[] = []
  const entries = trees.entries.bind(trees)
  trees.entries = (hash) => {
    asked.push(hash)
    return entries(hash)
  }
  expect(treeDifference(trees, before, after)).toEqual({ added: ['two/z.txt'], removed: [], changed: [] })
  expect(asked).toHaveLength(4)
})
