/** A temp folder of a test file's own, emptied before each test, and a store in it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeEach } from 'vitest'
import { type Layout, layoutOf } from '../../src/store/layout.ts'
import { StatIndex } from '../../src/store/stat-index.ts'
import { Store } from '../../src/store/store.ts'
import { Trees } from '../../src/store/tree.ts'

export interface TempDir {
  readonly path: string
  write(files: Readonly<Record<string, string | Uint8Array>>): void
  at(path: string): string
}

export function tempDir(): TempDir {
  const path = mkdtempSync(join(tmpdir(), 'kpipe-unit-'))
  beforeEach(() => {
    rmSync(path, { recursive: true, force: true })
    mkdirSync(path)
  })
  afterAll(() => rmSync(path, { recursive: true, force: true }))
  return {
    path,
    at: (below) => join(path, below),
    write: (files) => {
      for (const [name, content] of Object.entries(files)) {
        mkdirSync(dirname(join(path, name)), { recursive: true })
        writeFileSync(join(path, name), content)
      }
    },
  }
}

export interface OpenStore {
  readonly layout: Layout
  readonly index: StatIndex
  readonly trees: Trees
  readonly store: Store
}

/** As a new process would open it. */
export function openStore(root: string): OpenStore {
  const layout = layoutOf(root)
  const index = new StatIndex(layout.statIndex)
  const trees = new Trees(layout, index)
  return { layout, index, trees, store: new Store(layout, trees, index) }
}
