/** `10m`, `1h30m` → seconds; `4G` → bytes. */

const SECONDS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86400 }

/** Seconds of `90`, `90s`, `10m`, `1h30m`, `2d`; null where the text is no duration. */
export function parseDuration(text: string): number | null {
  const plain = text.trim()
  if (/^\d+(\.\d+)?$/.test(plain)) return Number(plain)
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d)\s*)+$/.test(plain)) return null
  let seconds = 0
  for (const [, amount, , unit] of plain.matchAll(/(\d+(\.\d+)?)(ms|s|m|h|d)/g))
    seconds += Number(amount) * SECONDS[unit!]!
  return seconds
}

const BYTES: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 }

/** Bytes of `512`, `512M`, `4G`, `4GB`, `4GiB`, `1.5T` (powers of 1024); null where the text is no size. */
export function parseSize(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(i?b)?$/i.exec(text.trim())
  return match ? Math.round(Number(match[1]) * BYTES[match[2]!.toLowerCase()]!) : null
}
