/** Going in to write: the run lock, and everything that another run may have changed looked at anew. */
import { Journal } from '../store/journal.ts'
import { crashPoint } from './crash.ts'
import { acquireLock, type Lock } from './lock.ts'
import { recover } from './recover.ts'
import type { Session } from './session.ts'

export interface Entered {
  readonly lock: Lock
  /** Another run has worked since the session was opened: what was seen before may not be so any more. */
  readonly moved: boolean
}

/**
 * @param onWait called once if another run has the lock, with a sentence on which
 * @throws AbortError when `signal` says stop while waiting.
 */
export async function enter(session: Session, onWait: (reason: string) => void, signal: AbortSignal): Promise<Entered> {
  const { layout } = session
  const { size } = session.journal
  const lock = await acquireLock(layout.lock, onWait, signal)
  crashPoint('locked')
  session.journal = new Journal(layout.journal)
  session.store.results.reload()
  const moved = session.journal.size !== size
  recover(session)
  session.trees.forget()
  return { lock, moved }
}
