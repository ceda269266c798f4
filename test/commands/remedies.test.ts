/** No error of the command line, the runner or a stage ends without a word on what to do. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { repository } from '../rig.ts'

const sources = (path: string): string[] =>
  statSync(path).isDirectory()
    ? readdirSync(path).flatMap((name) => sources(join(path, name)))
    : path.endsWith('.ts')
      ? [path]
      : []

/** The text of every `new UserError(…)`, up to its closing bracket. */
function userErrors(text: string): string[] {
  return [...text.matchAll(/new UserError\(/g)].map(({ index, 0: head }) => {
    let depth = 1
    let end = index + head.length
    while (depth > 0 && end < text.length) {
      if (text[end] === '(') depth++
      if (text[end] === ')') depth--
      end++
    }
    return text.slice(index, end)
  })
}

const ROOMS = [
  'src/cli.ts',
  'src/kinds.ts',
  'src/commands',
  'src/import',
  'src/run',
  'src/store',
  'src/reporters',
  'stages',
]

test('every UserError has a hint', () => {
  const files = ROOMS.flatMap((room) => sources(join(repository, room)))
  const found = files.flatMap((file) =>
    userErrors(readFileSync(file, 'utf8')).map((error) => ({ file: file.slice(repository.length), error })),
  )
  expect(found.length).toBeGreaterThan(40)
  expect(found.filter(({ error }) => !/\bhint\b/.test(error))).toEqual([])
})
