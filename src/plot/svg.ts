/** SVG as text: elements, escaping, short numbers, text that is cut to a width with the whole of it as a tooltip. */

export type Attributes = Readonly<Record<string, string | number | undefined>>

/** `<name a="1">…</name>`; attributes that are undefined are left out, numbers are written with at most two decimals. */
export function el(name: string, attributes: Attributes, ...children: readonly string[]): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? short(value) : escapeText(value!)}"`)
    .join('')
  return children.length === 0 ? `<${name}${written}/>` : `<${name}${written}>${children.join('')}</${name}>`
}

/** For text and for attribute values; characters that XML cannot hold are replaced. */
export function escapeText(text: string): string {
  const safe = text.replace(UNPRINTABLE, '\uFFFD')
  return safe.replace(/[&<>"']/g, (char) => ENTITIES[char]!)
}

// oxlint-disable-next-line no-control-regex
const UNPRINTABLE = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]|[\uD800-\uDBFF](?![\uDC00-\uDFFF])/g
const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** At most two decimals, no `-0`. @throws Error for what is not finite: a picture must not hold NaN */
export function short(value: number): string {
  if (!Number.isFinite(value)) throw new Error(`a coordinate is ${value}`)
  const text = String(Math.round(value * 100) / 100)
  return text === '-0' ? '0' : text
}

export interface TextStyle {
  readonly x: number
  readonly y: number
  /** Class names of theme.ts besides the size. */
  readonly class?: string
  readonly anchor?: 'start' | 'middle' | 'end'
  /** Greatest width in px; longer text is cut. */
  readonly width?: number
  /** Font size in px, default 12. */
  readonly size?: number
  /** Degrees, about (x, y). */
  readonly rotate?: number
}

export function text(content: string, style: TextStyle): string {
  const { x, y, anchor, rotate, size = 12 } = style
  const bold = style.class === 'kp-h' ? 1.1 : 1
  const shown = style.width === undefined ? content : cutText(content, style.width / bold, size)
  const tooltip = shown === content ? [] : [el('title', {}, escapeText(content))]
  const attributes = {
    x,
    y,
    class: style.class ?? 'kp-t',
    'text-anchor': anchor === 'start' ? undefined : anchor,
    'font-size': size === 12 ? undefined : size,
    transform: rotate === undefined ? undefined : `rotate(${short(rotate)} ${short(x)} ${short(y)})`,
  }
  return el('text', attributes, ...tooltip, escapeText(shown))
}

/** An estimate: there is no font here to ask. Wide scripts count double. */
export function textWidth(content: string, size = 12): number {
  let units = 0
  for (const char of content) units += char.codePointAt(0)! >= 0x1100 ? 1.05 : /[A-Z@%mwMW]/.test(char) ? 0.75 : 0.58
  return units * size
}

export function cutText(content: string, width: number, size = 12): string {
  if (textWidth(content, size) <= width) return content
  const chars = [...content]
  while (chars.length > 1 && textWidth(`${chars.join('')}…`, size) > width) chars.pop()
  return `${chars.join('').trimEnd()}…`
}

/** `M0,0L1,1`; a point that is null or not finite breaks the line there. */
export function path(points: readonly (readonly [number, number] | null)[]): string {
  let out = ''
  let broken = true
  for (const point of points) {
    if (!point || !Number.isFinite(point[0]) || !Number.isFinite(point[1])) {
      broken = true
      continue
    }
    out += `${broken ? 'M' : 'L'}${short(point[0])},${short(point[1])}`
    broken = false
  }
  return out
}
