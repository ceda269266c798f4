/** Text in terminal cells: how wide it is, cutting and padding, and making text of others harmless. */

/** East Asian wide and fullwidth blocks and emoji (UAX #11), as ranges. */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0xa4cf],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1f64f],
  [0x1f680, 0x1f6ff],
  [0x1f900, 0x1f9ff],
  [0x20000, 0x3fffd],
]

export function cells(text: string): number {
  // oxlint-disable-next-line no-control-regex
  if (/^[\x20-\x7e]*$/.test(text)) return text.length
  let width = 0
  for (const char of text) width += charCells(char)
  return width
}

function charCells(char: string): number {
  if (/^[\p{Mn}\p{Me}\p{Cf}]$/u.test(char)) return 0
  const code = char.codePointAt(0)!
  return WIDE.some(([from, to]) => code >= from && code <= to) ? 2 : 1
}

/** Exactly `width` cells: padded, or cut with a sign that it was. */
export function fit(text: string, width: number, unicode: boolean): string {
  const have = cells(text)
  if (have <= width) return text + ' '.repeat(width - have)
  return cut(text, width, unicode) + ' '.repeat(Math.max(0, width - cells(cut(text, width, unicode))))
}

/** At most `width` cells. */
export function cut(text: string, width: number, unicode: boolean): string {
  if (cells(text) <= width) return text
  if (width <= 0) return ''
  let kept = ''
  let used = 1
  for (const char of text) {
    const wide = charCells(char)
    if (used + wide > width) break
    kept += char
    used += wide
  }
  return kept + (unicode ? '…' : '~')
}

/** A line of a log as it may be shown: no control characters, tabs as spaces, of a rewritten line its last state. */
export function harmless(line: string): string {
  const last = line.replace(/\r+$/, '').split('\r').at(-1)!
  return (
    last
      // oxlint-disable-next-line no-control-regex
      .replace(/\u001B(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001B]*(?:\u0007|\u001B\\)?|[@-Z\\-_])/g, '')
      .replaceAll('\t', '    ')
      // oxlint-disable-next-line no-control-regex
      .replace(/[\u0000-\u001F\u007F-\u009F]/g, '')
  )
}
