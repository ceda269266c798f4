/** Which folder a name on the command line means: one of the user's, or a data set that a run has brought in. */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { isCatalogueId, nearestSource } from '../data/catalogue.ts'
import type { SourceInfo } from '../data/manifest.ts'
import type { Io } from '../io.ts'
import { UserError } from '../lib/errors.ts'
import { readJson } from '../lib/files.ts'
import { openProject } from './project.ts'

/** The output of a `download` stage of this project. */
export interface Present {
  readonly source: SourceInfo
  /** Absolute, with source.json and data/ in it. */
  readonly path: string
  /** `kelly/download` */
  readonly stage: string
}

/** Data that runs of this project have brought in; [] outside of a project. */
export function presentData(cwd: string): Present[] {
  const out = outFolder(cwd)
  return foldersIn(out).flatMap((pipeline) =>
    foldersIn(join(out, pipeline)).flatMap((stage) => {
      const path = join(out, pipeline, stage)
      const source = readJson<SourceInfo>(join(path, 'source.json'))
      const there = source?.format === 'kpipe-source/1' && existsSync(join(path, 'data'))
      return there ? [{ source, path, stage: `${pipeline}/${stage}` }] : []
    }),
  )
}

/** Folder to look into. @throws UserError where the name is neither a folder nor data at hand */
export function placeOf(word: string | undefined, io: Io): string {
  if (word === undefined)
    throw new UserError('which data? name a folder or a data set', {
      hint: 'kpipe data list shows what there is',
      exitCode: 2,
    })
  const path = word.startsWith('~/') ? join(homedir(), word.slice(2)) : resolve(io.cwd, word)
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return path
  const present = presentData(io.cwd).find(({ source }) => source.name === word)
  if (present) return present.path
  if (isCatalogueId(word) || word === 'demo')
    throw new UserError(`${word} is not at hand`, {
      hint: `kpipe run --set data=${word} download brings it in`,
      exitCode: 2,
    })
  const near = nearestSource(word)
  throw new UserError(`there is no folder ${word}`, {
    hint: near ? `did you mean ${near}?` : 'kpipe data list shows what there is',
    exitCode: 2,
  })
}

/** What a folder is called on the screen. */
export function titleOf(path: string): string {
  const source = readJson<SourceInfo>(join(path, 'source.json'))
  return source?.format === 'kpipe-source/1' ? source.title : basename(path)
}

function outFolder(cwd: string): string {
  try {
    return openProject(cwd).layout.out
  } catch (error) {
    if (error instanceof UserError) return ''
    throw error
  }
}

function foldersIn(path: string): string[] {
  if (path === '' || !statSync(path, { throwIfNoEntry: false })?.isDirectory()) return []
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
}
