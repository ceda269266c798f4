/** Well-formedness of the SVG and HTML fragments that we write: every tag closed, every attribute quoted, nothing not a number. */

/** @throws Error naming the first thing that is wrong */
export function checkMarkup(markup: string): void {
  const open: string[] = []
  const tag = /<(\/?)([a-zA-Z][\w-]*)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/g
  let end = 0
  for (const match of markup.matchAll(tag)) {
    const between = markup.slice(end, match.index)
    if (/[<>]/.test(between)) throw new Error(`stray bracket in ${JSON.stringify(between.slice(0, 200))}`)
    if (/&(?!(amp|lt|gt|quot|#39);)/.test(between))
      throw new Error(`stray & in ${JSON.stringify(between.slice(0, 200))}`)
    end = match.index + match[0].length
    const [, closing, name, attributes, selfClosing] = match
    if (/NaN|Infinity|undefined|null/.test(attributes!)) throw new Error(`no number in <${name}${attributes}>`)
    if (closing) {
      const expected = open.pop()
      if (expected !== name) throw new Error(`</${name}> closes <${expected}>`)
    } else if (!selfClosing) open.push(name!)
  }
  if (markup.slice(end).trim() !== '') throw new Error(`text after the end: ${markup.slice(end, end + 100)}`)
  if (open.length > 0) throw new Error(`<${open.join('>, <')}> not closed`)
}

/** Texts that can be seen: everything in <text> but its tooltips. */
export function textsOf(svg: string): string[] {
  return [...svg.matchAll(/<text[^>]*>(.*?)<\/text>/g)].map((match) => match[1]!.replace(/<title>.*?<\/title>/g, ''))
}
