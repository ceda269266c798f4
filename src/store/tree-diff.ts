/** Which files differ between two folder hashes. Equal folders are not looked into: ten of a hundred thousand cost a few. */
import type { ContentHash, TreeEntry, Trees } from './tree.ts'

export interface TreeDifference {
  /** Paths, sorted as trees are. */
  readonly added: string[]
  readonly removed: string[]
  readonly changed: { readonly path: string; readonly old: string; readonly hash: string }[]
}

/** @throws where the text of a folder is neither known nor stored */
export function treeDifference(trees: Trees, old: ContentHash, fresh: ContentHash): TreeDifference {
  const found: TreeDifference = { added: [], removed: [], changed: [] }
  compareFolders(trees, old.slice(2), fresh.slice(2), '', found)
  return found
}

function compareFolders(trees: Trees, old: string, fresh: string, below: string, found: TreeDifference): void {
  if (old === fresh) return
  const before = new Map(trees.entries(old).map((entry) => [entry.name, entry]))
  for (const entry of trees.entries(fresh)) {
    const path = below ? `${below}/${entry.name}` : entry.name
    const was = before.get(entry.name)
    before.delete(entry.name)
    if (was && isFolder(was) && isFolder(entry)) compareFolders(trees, was.hash, entry.hash, path, found)
    else if (was && !isFolder(was) && !isFolder(entry)) {
      if (was.hash !== entry.hash) found.changed.push({ path, old: was.hash, hash: entry.hash })
    } else {
      found.added.push(...pathsIn(trees, entry, path))
      if (was) found.removed.push(...pathsIn(trees, was, path))
    }
  }
  for (const was of before.values())
    found.removed.push(...pathsIn(trees, was, below ? `${below}/${was.name}` : was.name))
}

const isFolder = ({ type }: TreeEntry): boolean => type === 'D' || type === 'L'

function pathsIn(trees: Trees, entry: TreeEntry, path: string): string[] {
  return isFolder(entry) ? trees.files(`D:${entry.hash}`, path).map((file) => file.path) : [path]
}
