// How often the estimates of chords and keys agree with what people wrote down: POP909, OpenEWLD and the Weimar Jazz Database.
// A bench of quality, not of speed: `peer` is a baseline that anybody could have without listening.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { bundle, must, repository } from './tools.mjs'

export async function run(tools) {
  const data = join(repository, '..', 'shared', 'data', 'train')
  if (!existsSync(data)) throw new Error(`this bench needs the annotated songs in ${data}`)
  const script = await bundle(join(repository, 'bench', 'music.ours.ts'), join(tools.work, 'ours.mjs'))
  const found = JSON.parse(must(process.execPath, [script, data], { maxBuffer: 2 ** 26 }))
  return found.filter((row) => tools.wants(row.case)).map((row) => ({ ...row, unit: '%', goal: 1, better: 'more' }))
}
