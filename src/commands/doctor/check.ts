/** One line of `kpipe doctor`. */
export interface Check {
  /** What was looked at. */
  readonly name: string
  /** `warn`: works, but worth knowing; `bad`: a run will fail or cannot be trusted. */
  readonly state: 'ok' | 'warn' | 'bad'
  /** What was found. */
  readonly found: string
  /** The command that mends it, or what to do; '' where all is well. */
  readonly fix: string
}

export const ok = (name: string, found: string): Check => ({ name, state: 'ok', found, fix: '' })
export const warn = (name: string, found: string, fix: string): Check => ({ name, state: 'warn', found, fix })
export const bad = (name: string, found: string, fix: string): Check => ({ name, state: 'bad', found, fix })

/** `1.2 GB`, decimal as disks are sold. */
export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const power = count < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(count) / 3))
  const value = count / 1000 ** power
  return `${value < 10 && power > 0 ? value.toFixed(1) : Math.round(value)} ${units[power]}`
}
