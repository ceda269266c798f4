/** How busy the machine is, looked at now and then. */
import { availableParallelism, cpus, freemem, totalmem } from 'node:os'

export interface MachineLoad {
  /** Share of all cores that was busy since the last look, 0-1. */
  readonly cpu: number
  readonly cores: number
  readonly usedBytes: number
  readonly totalBytes: number
  /** `cpu` of the last minute or so, the newest last. */
  readonly history: readonly number[]
}

const HISTORY = 60

/** Call `look` every few seconds: each call tells about the time since the one before. */
export function machineMeter(): { look(): MachineLoad } {
  let before = ticks()
  let history: readonly number[] = []
  return {
    look: () => {
      const now = ticks()
      const all = now.all - before.all
      const cpu = all > 0 ? Math.min(1, Math.max(0, 1 - (now.idle - before.idle) / all)) : 0
      before = now
      history = [...history.slice(1 - HISTORY), cpu]
      const limit = process.constrainedMemory?.() ?? 0
      const totalBytes = limit > 0 && limit < totalmem() ? limit : totalmem()
      const usedBytes = totalBytes - Math.min(totalBytes, freemem())
      return { cpu, cores: availableParallelism(), usedBytes, totalBytes, history }
    },
  }
}

function ticks(): { all: number; idle: number } {
  let [all, idle] = [0, 0]
  for (const { times } of cpus()) {
    all += times.user + times.nice + times.sys + times.irq + times.idle
    idle += times.idle
  }
  return { all, idle }
}
