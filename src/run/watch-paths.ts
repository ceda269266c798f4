/** Which paths of the user's a plan reads, and which it writes: what a watch looks at, and what it must not. */
import { isAbsolute, join, sep } from 'node:path'
import type { InputRef, Plan } from '../plan.ts'
import type { Layout } from '../store/layout.ts'

export interface WatchPaths {
  /** Files and folders of data, absolute. */
  readonly data: readonly string[]
  /** Written by stages, absolute. */
  readonly outputs: readonly string[]
  /** Files the plan was made from, absolute. */
  readonly sources: readonly string[]
}

export function watchPaths(plan: Plan, layout: Layout, home: string): WatchPaths {
  const absolute = (path: string) => {
    const full = path.startsWith('~/') ? join(home, path.slice(2)) : path
    return isAbsolute(full) ? full : join(layout.root, full)
  }
  const data = new Set<string>()
  const outputs = new Set<string>()
  for (const stage of plan.stages) {
    if (stage.to) outputs.add(absolute(stage.to))
    for (const out of stage.command?.outs ?? []) outputs.add(absolute(out))
  }
  for (const stage of plan.stages) {
    const refs = Object.values(stage.inputs).flat() as InputRef[]
    const files = refs.flatMap((ref) => ('file' in ref ? [ref.file] : []))
    for (const path of [...files, ...Object.values(stage.external), ...(stage.command?.deps ?? [])]) {
      const full = absolute(beforeWildcard(path))
      if (!isBelow(full, outputs)) data.add(full)
    }
  }
  return { data: [...data].sort(), outputs: [...outputs], sources: Object.keys(plan.sources).map(absolute) }
}

/** The folder that all matches of a glob lie in. */
function beforeWildcard(path: string): string {
  const parts = path.split('/')
  const at = parts.findIndex((part) => /[*?]/.test(part))
  return at < 0 ? path : parts.slice(0, at).join('/') || '.'
}

/** The path itself or one below it. */
export function isBelow(path: string, folders: Iterable<string>): boolean {
  for (const folder of folders) if (path === folder || path.startsWith(folder + sep)) return true
  return false
}
