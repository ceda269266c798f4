/** After a crash: end what the dead run left behind. Runs under the lock, before any stage starts. */
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { readJson } from '../lib/files.ts'
import { move } from './commit.ts'
import { processStart, signalGroup } from '../lib/processes.ts'
import type { Session } from './session.ts'

/** What a command stage's last good outputs were moved aside as: meta.json beside numbered files. */
export interface AsideMeta {
  readonly stage: string
  readonly outs: readonly string[]
}

export function recover(session: Session): void {
  // Commands of a dead run may still be writing.
  for (const record of session.journal.all()) {
    const { dirty } = record
    if (dirty && dirty.pid > 0 && dirty.started !== '' && processStart(dirty.pid) === dirty.started)
      signalGroup(dirty.pid, 'SIGKILL')
  }
  putBack(session)
  rmSync(session.layout.temp, { recursive: true, force: true })
  session.journal.compact()
  session.store.results.compact()
}

/** Last good outputs that a command's attempt had moved aside come back; half-made ones go. */
function putBack(session: Session): void {
  if (!existsSync(session.layout.aside)) return
  for (const name of readdirSync(session.layout.aside)) {
    const folder = join(session.layout.aside, name)
    const meta = readJson<AsideMeta>(join(folder, 'meta.json'))
    if (meta) {
      meta.outs.forEach((out, i) => {
        const kept = join(folder, String(i))
        if (!statSync(kept, { throwIfNoEntry: false })) return
        rmSync(out, { recursive: true, force: true })
        move(kept, out)
      })
    }
    rmSync(folder, { recursive: true, force: true })
  }
}
