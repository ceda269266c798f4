/**
 * dvc.yaml → a pipeline: cmd, wdir, deps, outs, params, metrics, plots, foreach, matrix, vars, frozen, desc. What kpipe cannot
 * say is told by line and stands as a comment above the stage; nothing is dropped in silence.
 * Source: https://doc.dvc.org/user-guide/project-structure/dvcyaml-files
 */
import type { Diagnostic } from '../plan.ts'
import { collectProblems } from '../plan/diagnostic.ts'
import { openFiles } from '../plan/load.ts'
import { child, type Entry, placeOf } from '../plan/node.ts'
import { importStage, type StageDraft } from './dvc-stage.ts'
import { makeVars, readVars } from './dvc-vars.ts'
import { comment, emitEntry } from './emit.ts'

export interface DvcImport {
  /** The pipeline file. */
  readonly text: string
  /** What is not as it was, by place. */
  readonly notes: readonly Diagnostic[]
  /** dvc.yaml could not be read: mistakes in it, nothing to write. */
  readonly mistakes: readonly Diagnostic[]
  readonly stages: number
}

/**
 * @param root project folder, absolute; paths in the pipeline are relative to it
 * @param file dvc.yaml relative to `root`
 */
export function importDvc(root: string, file: string, name: string): DvcImport {
  const mistakes = collectProblems()
  const notes = collectProblems()
  const files = openFiles(root, mistakes, { templateKeys: true })
  const loaded = files.read(file)
  const top = loaded?.node
  if (top && top.type !== 'map')
    mistakes.add({ source: loaded.source, start: 0, end: 1 }, '', 'is no dvc.yaml: not a map with `stages:`')
  else if (top && child(top, 'stages')?.type !== 'map')
    mistakes.add({ source: loaded!.source, start: 0, end: 1 }, '', 'has no `stages:`, so there is nothing to import')
  if (top?.type !== 'map' || mistakes.count > 0)
    return { text: '', notes: [], mistakes: mistakes.list(file), stages: 0 }

  const base = file.includes('/') ? file.slice(0, file.lastIndexOf('/')) : ''
  const context = { files, notes, base }
  const vars = makeVars(readVars(child(top, 'vars'), base, true, context))
  const stages = (child(top, 'stages') as { entries: ReadonlyMap<string, Entry> }).entries
  const drafts = [...stages].flatMap(([stage, entry]) => importStage(stage, entry, { ...context, vars }) ?? [])
  for (const [key, { key: at }] of top.entries)
    if (!['stages', 'vars'].includes(key))
      notes.add(at, key, TOP[key] ?? 'kpipe knows no such key of DVC; it was left out')
  const frozen = drafts.filter((draft) => draft.frozen)
  for (const draft of frozen) {
    const outs = [draft.keys['outs'] ?? []].flat().join(', ')
    notes.add(
      draft.entry.key,
      `stages.${draft.name}`,
      `is frozen: it is a comment now, and what it made (${outs || 'nothing'}) is a file of yours to kpipe`,
      'remove the # to have it run',
    )
  }
  const topNotes = notes
    .list(file)
    .filter(({ message }) => Object.hasOwn(TOP, message.split(':')[0]!))
    .flatMap(({ place, message }) => comment(`${place.file}:${place.line}: ${message}`, ''))
  const params = Object.entries(vars.used())
  const lines = [
    '# yaml-language-server: $schema=../schemas/pipeline.schema.json',
    `# Imported from ${file} by kpipe import.`,
    ...topNotes,
    ...emitEntry('name', name, ''),
    ...(params.length > 0 ? ['', 'params:', ...params.flatMap(([key, value]) => emitEntry(key, value, '  '))] : []),
    '',
    'stages:',
    ...drafts.flatMap((draft) => stageLines(draft, file)),
  ]
  return {
    text: `${lines.join('\n')}\n`,
    notes: notes.list(file),
    mistakes: mistakes.list(file),
    stages: drafts.length,
  }
}

const TOP: Readonly<Record<string, string>> = {
  params: 'a list of params files for DVC’s tables; was left out',
  metrics: 'was left out: metrics belong to the stage that writes them',
  plots: 'was left out: kpipe report draws its own',
  artifacts: 'was left out: kpipe has a registry stage, see kpipe list kinds',
  datasets: 'was left out: write data sets as deps',
  outs: 'was left out: outs belong to the stage that writes them',
}

function stageLines(draft: StageDraft, file: string): string[] {
  const { source, start } = draft.entry.key
  const line = source ? placeOf(source, start).line : 0
  const notes = draft.notes.flatMap((note) => comment(`${file}:${note}`, '  '))
  const body = Object.entries(draft.keys).flatMap(([key, value]) => emitEntry(key, value, '    '))
  const stage = [...emitEntry(draft.name, null, '  '), ...body]
  if (!draft.frozen) return [...notes, ...stage]
  const frozen = comment(`${file}:${line}: frozen, so it does not run; what it made is a file of yours.`, '  ')
  return [...notes, ...frozen, ...stage.map((one) => one.replace(/^ {2}/, '  # '))]
}
