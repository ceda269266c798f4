/** Where the examples lie: the output of `download` (data/ + source.json), or a folder of the user's given directly. */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../lib/errors.ts'
import { readJson } from '../lib/files.ts'
import type { DataFile } from './layouts/layout.ts'
import type { SourceInfo } from './manifest.ts'

export interface DataFolder {
  readonly source: SourceInfo
  /** Files below the data folder, with paths relative to it. */
  readonly files: readonly DataFile[]
  /** Absolute path of the data folder. */
  readonly root: string
  /** Content hash of a file. @throws UserError where it is gone */
  hash(path: string): string
  /** For the item cache: the file an item is computed from, [] where the item is no file. */
  reads(path: string): readonly { readonly path: string; readonly hash: string }[]
  /** @throws UserError where it is gone */
  read(path: string): Uint8Array
}

/**
 * @param path the input folder
 * @param files every file below it
 */
export function openDataFolder(path: string, files: readonly DataFile[]): DataFolder {
  const source = readJson<SourceInfo>(join(path, 'source.json'))
  const downloaded = source?.format === 'kpipe-source/1'
  const root = downloaded ? join(path, 'data') : path
  // Names of a hundred thousand files are held once: whoever wants the list makes it.
  const named = (file: DataFile): DataFile[] => (downloaded ? belowData(file) : [file])
  const hashes = new Map<string, string>()
  for (const file of files) for (const { path: name, hash } of named(file)) hashes.set(name, hash)
  return {
    source: downloaded ? source : { ...LOCAL, title: path.split('/').at(-1)! },
    get files() {
      return files.flatMap(named)
    },
    root,
    hash: (file) => {
      const hash = hashes.get(file)
      if (hash === undefined) throw gone(file)
      return hash
    },
    reads: (file) => {
      const hash = hashes.get(file)
      return hash === undefined ? [] : [{ path: join(root, file), hash }]
    },
    read: (file) => {
      if (!hashes.has(file)) throw gone(file)
      return readDataFile(root, file)
    },
  }
}

/**
 * @param root of the data folder
 * @throws UserError where it is gone
 */
export function readDataFile(root: string, file: string): Uint8Array {
  if (!statSync(join(root, file), { throwIfNoEntry: false })) throw gone(file)
  return readFileSync(join(root, file))
}

function gone(file: string): UserError {
  return new UserError(`${file} is no longer in the data folder`, {
    hint: 'run again, so that the folder is read anew',
  })
}

const LOCAL: SourceInfo = {
  format: 'kpipe-source/1',
  name: 'local',
  title: '',
  licence: 'unknown',
  citation: '',
  url: '',
  generated: false,
}

function belowData(file: DataFile): DataFile[] {
  return file.path.startsWith('data/') ? [{ path: file.path.slice('data/'.length), hash: file.hash }] : []
}
