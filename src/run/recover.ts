/** After a crash: end what the dead run left behind. Runs under the lock, before any stage starts. */
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { readJson } from '../lib/files.ts'
import { move } from './commit.ts'
import { dropUnsettled } from './items.ts'
import { crashPoint } from './crash.ts'
import { endProcess } from '../lib/processes.ts'
import type { Session } from './session.ts'

/** What a command stage's last good outputs were moved aside as: meta.json beside numbered files. */
export interface AsideMeta {
  readonly stage: string
  readonly outs: readonly string[]
}

export function recover(session: Session): void {
  // Commands of a dead run may still be writing, and stage kinds that never listen still computing.
  for (const { dirty } of session.journal.all()) if (dirty) endProcess(dirty.pid, dirty.started)
  crashPoint('orphans ended')
  putBack(session)
  dropUnsettled(session.layout.items)
  // Retried: what was ended elsewhere (another machine on a shared disk) may still make files in there.
  rmSync(session.layout.temp, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 })
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
        crashPoint('half-made output gone')
        move(kept, out)
      })
    }
    rmSync(folder, { recursive: true, force: true })
  }
}
