/** Who makes which path: a tree of folder names, so that thousands of stages are matched without comparing each with each. */

export interface Owned<T> {
  readonly path: string
  readonly owner: T
}

export interface PathOwners<T> {
  /** Owners of the path, of a folder above it, or of anything below it. */
  overlapping(path: string): Owned<T>[]
  add(path: string, owner: T): void
}

interface Branch<T> {
  readonly children: Map<string, Branch<T>>
  readonly owned: Owned<T>[]
}

export function pathOwners<T>(): PathOwners<T> {
  const root: Branch<T> = { children: new Map(), owned: [] }
  return {
    add(path, owner) {
      let branch = root
      for (const part of partsOf(path)) {
        let next = branch.children.get(part)
        if (!next) branch.children.set(part, (next = { children: new Map(), owned: [] }))
        branch = next
      }
      branch.owned.push({ path, owner })
    },
    overlapping(path) {
      const found = new Set<Owned<T>>()
      match(root, partsOf(path), 0, found)
      return [...found]
    },
  }
}

const partsOf = (path: string) => (path === '' || path === '.' ? [] : path.split('/'))

/** A `*` in `parts` stands for any characters of one name, `**` for any number of folders. */
function match<T>(branch: Branch<T>, parts: readonly string[], at: number, found: Set<Owned<T>>): void {
  for (const owned of branch.owned) found.add(owned)
  const part = parts[at]
  if (part === undefined || part === '**') {
    // The path ends here, or may go on to anything: all that lies below counts.
    for (const next of branch.children.values()) match(next, parts, at, found)
    if (part === undefined) return
    match(branch, parts, at + 1, found)
    return
  }
  if (!/[*?]/.test(part)) {
    const next = branch.children.get(part)
    if (next) match(next, parts, at + 1, found)
    return
  }
  const name = new RegExp(
    `^${part
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  )
  for (const [key, next] of branch.children) if (name.test(key)) match(next, parts, at + 1, found)
}
