/**
 * Two key documents → what changed, in the words of the domain: "learning_rate 0.001 -> 0.0005", "2 MIDI files added",
 * "3 of 1,204 rows of labels.csv changed (valence)". Compares exactly what was hashed.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { canonical } from '../lib/files.ts'
import type { KeyDocument } from './fingerprint.ts'
import type { Store } from './store.ts'
import { tableChange } from './table-change.ts'
import type { ContentHash, Trees } from './tree.ts'
import { type TreeDifference, treeDifference } from './tree-diff.ts'

const MOST_NAMES = 3

/** Bytes of an old and a new content hash of one file; either may be out of reach. */
type Reader = (old: string, fresh: string, below: string) => readonly [Buffer | undefined, Buffer | undefined]

/**
 * Sentences, most telling first; empty if nothing that was hashed differs.
 * @param places where each input lies now: the new bytes of the user's own files are read there
 */
export function explainChange(
  before: KeyDocument,
  now: KeyDocument,
  trees: Trees,
  store: Store,
  places: Readonly<Record<string, string>>,
): string[] {
  return [
    ...inputChanges(before, now, trees, store, places),
    ...valueChanges(before.options, now.options, ''),
    ...commandChanges(before, now),
    ...envChanges(before.env, now.env),
    ...(before.kind !== now.kind
      ? [`kind ${before.kind} -> ${now.kind}`]
      : before.code !== now.code
        ? [`code of kind ${now.kind} changed`]
        : []),
    ...(before.platform !== now.platform ? [`platform ${before.platform} -> ${now.platform}`] : []),
    ...(before.v !== now.v ? ['this version of kpipe hashes more than the last one'] : []),
  ]
}

/** Differences of plain values by key path: `learning_rate 0.001 -> 0.0005`, `hidden_layers [512,256] -> [512,128]`. */
export function valueChanges(before: unknown, now: unknown, path: string): string[] {
  if (canonical(before ?? null) === canonical(now ?? null)) return []
  if (isRecord(before) && isRecord(now)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort()
    return names.flatMap((name) => {
      const below = path ? `${path}.${name}` : name
      if (!(name in before)) return [`${below} added: ${short(now[name])}`]
      if (!(name in now)) return [`${below} removed (was ${short(before[name])})`]
      return valueChanges(before[name], now[name], below)
    })
  }
  return [`${path} ${short(before)} -> ${short(now)}`]
}

function inputChanges(
  before: KeyDocument,
  now: KeyDocument,
  trees: Trees,
  store: Store,
  places: Readonly<Record<string, string>>,
): string[] {
  const names = [...new Set([...Object.keys(before.inputs), ...Object.keys(now.inputs)])].sort()
  return names.flatMap((name) => {
    const old = before.inputs[name]
    const fresh = now.inputs[name]
    if (old === undefined) return [`input ${name} added`]
    if (fresh === undefined) return [`input ${name} removed`]
    if (canonical(old) === canonical(fresh)) return []
    const read: Reader = (oldHash, newHash, below) => [
      store.blob(oldHash),
      store.blob(newHash) ?? readThere(places[name], below),
    ]
    if (typeof old === 'string' && typeof fresh === 'string') return contentChange(name, old, fresh, trees, read)
    const oldList = [old].flat() as ContentHash[]
    const newList = [fresh].flat() as ContentHash[]
    if (oldList.length !== newList.length) return [`input ${name}: ${oldList.length} -> ${newList.length} stages`]
    return newList.flatMap((content, i) =>
      content === oldList[i] ? [] : contentChange(`${name}[${i}]`, oldList[i]!, content, trees, read),
    )
  })
}

function contentChange(name: string, old: ContentHash, fresh: ContentHash, trees: Trees, read: Reader): string[] {
  if (old === '-') return [`${name} is new`]
  if (fresh === '-') return [`${name} is gone`]
  if (old[0] !== fresh[0]) return [`${name} is now a ${fresh[0] === 'D' ? 'folder' : 'file'}`]
  if (old.startsWith('F:')) return [tableChange(name, ...read(old.slice(2), fresh.slice(2), ''))]
  let difference: TreeDifference
  try {
    difference = treeDifference(trees, old, fresh)
  } catch {
    return [`${name} changed`]
  }
  return folderChange(name, difference, read)
}

function folderChange(name: string, { added, removed, changed }: TreeDifference, read: Reader): string[] {
  const readable = changed.filter(({ path }) => /\.(csv|json)$/i.test(path)).slice(0, MOST_NAMES)
  const sentences = [
    ...readable.map(({ path, old, hash }) => tableChange(path, ...read(old, hash, path))),
    ...countFiles(added, 'added'),
    ...countFiles(removed, 'removed'),
    ...countFiles(
      changed.filter((file) => !readable.includes(file)).map(({ path }) => path),
      'changed',
    ),
  ]
  return sentences.length === 0 ? [`${name} changed`] : sentences.map((sentence) => `${name}: ${sentence}`)
}

/** "2 MIDI files added (a.mid, b.mid)" */
function countFiles(paths: readonly string[], verb: string): string[] {
  const groups = new Map<string, string[]>()
  for (const path of paths) {
    const word = fileWord(path)
    const group = groups.get(word)
    if (group) group.push(path)
    else groups.set(word, [path])
  }
  return [...groups].map(([word, group]) => {
    const names = group.slice(0, MOST_NAMES).join(', ') + (group.length > MOST_NAMES ? ', …' : '')
    return `${group.length.toLocaleString('en')} ${word}${group.length === 1 ? '' : 's'} ${verb} (${names})`
  })
}

function fileWord(path: string): string {
  const extension = /\.([^./]+)$/.exec(path)?.[1]?.toLowerCase() ?? ''
  if (extension === 'mid' || extension === 'midi') return 'MIDI file'
  return extension ? `${extension.toUpperCase()} file` : 'file'
}

function readThere(place: string | undefined, below: string): Buffer | undefined {
  try {
    return place === undefined ? undefined : readFileSync(join(place, below))
  } catch {
    return undefined
  }
}

function commandChanges(before: KeyDocument, now: KeyDocument): string[] {
  if (!before.command || !now.command) return []
  return [
    ...(before.command.run !== now.command.run
      ? [`command changed: ${short(before.command.run)} -> ${short(now.command.run)}`]
      : []),
    ...valueChanges(before.command.params, now.command.params, ''),
    ...valueChanges(before.command.outs, now.command.outs, 'outs'),
  ]
}

function envChanges(before: KeyDocument['env'], now: KeyDocument['env']): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort()
  return names
    .filter((name) => before[name] !== now[name])
    .map(
      (name) =>
        `environment variable ${name} ${now[name] === 'unset' ? 'is no longer set' : name in before && before[name] !== 'unset' ? 'changed' : 'is now set'}`,
    )
}

function short(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text === undefined ? 'nothing' : text.length > 60 ? `${text.slice(0, 57)}…` : text
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
