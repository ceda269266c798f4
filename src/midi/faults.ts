/** Collects the faults of one file: the fatal ones are thrown unless repair is on, the small ones counted by kind. */
import { DataError, type DataFault } from '../lib/errors.ts'

export interface Faults {
  readonly repair: boolean
  /** An oddity that loses nothing, or that is well understood. The first of a kind keeps its place, the rest are counted. */
  warn(code: string, offset: number | null, message: string, hint?: string, count?: number): void
  /** A fault that stops the reading: throws it, or with repair on notes it together with what was done about it. */
  stumble(code: string, offset: number, message: string, hint: string, repaired: string): void
  /** A fault that nothing can mend. */
  fail(code: string, offset: number | null, message: string, hint: string): never
  /** Every repair, then one entry a kind of oddity. */
  list(): DataFault[]
}

const REPAIRED = 'repaired: '

/** Is this warning of a file about something that was repaired? */
export function isRepair({ hint }: DataFault): boolean {
  return hint.startsWith(REPAIRED)
}

export function collectFaults(path: string, repair: boolean): Faults {
  const kinds = new Map<string, { fault: DataFault; count: number }>()
  const repairs: DataFault[] = []
  const warn = (code: string, offset: number | null, message: string, hint = '', count = 1) => {
    const known = kinds.get(code)
    if (known) known.count += count
    else kinds.set(code, { fault: { path, offset, code, message, hint }, count })
  }
  return {
    repair,
    warn,
    stumble(code, offset, message, hint, repaired) {
      if (!repair) throw new DataError({ path, offset, code, message, hint })
      repairs.push({ path, offset, code, message, hint: `${REPAIRED}${repaired}` })
    },
    fail(code, offset, message, hint) {
      throw new DataError({ path, offset, code, message, hint })
    },
    list() {
      const oddities = [...kinds.values()].map(({ fault, count }) =>
        count === 1 ? fault : { ...fault, message: `${fault.message}; ${count} of this kind in the file` },
      )
      return [...repairs, ...oddities]
    },
  }
}
