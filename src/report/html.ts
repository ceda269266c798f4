/** The page around the panels, and the few pieces of HTML they are made of. No script, nothing from outside. */
import { escapeText } from '../plot/svg.ts'
import { PLOT_RULES, themeVariables } from '../plot/theme.ts'

/** Text of the user's as HTML. */
export const html = escapeText

const PAGE_RULES = `
body{margin:0;background:var(--kp-paper);color:var(--kp-ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
main{max-width:1100px;margin:0 auto;padding:28px 20px 60px}
h1{font-size:26px;margin:0 0 4px;overflow-wrap:anywhere}h2{font-size:19px;margin:44px 0 2px;padding-top:14px;border-top:1px solid var(--kp-grid)}
h3{font-size:15px;margin:20px 0 6px;overflow-wrap:anywhere}p{margin:4px 0 10px}.about,.quiet{color:var(--kp-soft)}
.banner{border-left:4px solid var(--kp-warn);background:var(--kp-node);padding:10px 14px;margin:14px 0;border-radius:4px}
.plots{display:flex;flex-wrap:wrap;gap:14px;align-items:flex-start;margin:14px 0}.plots>figure,.wide{margin:0;border:1px solid var(--kp-grid);border-radius:8px;overflow:hidden;max-width:100%}
.wide{overflow-x:auto;margin:12px 0}.wide svg{max-width:none;display:block;margin:0 auto}figure svg{display:block}
.scroll{overflow-x:auto;margin:8px 0}table{border-collapse:collapse;font-size:13.5px}th{text-align:left;color:var(--kp-soft);font-weight:500}
th,td{padding:4px 14px 4px 0;border-bottom:1px solid var(--kp-grid);vertical-align:top}td.n,th.n,td code{white-space:nowrap}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
td{overflow-wrap:anywhere;max-width:460px}code,.mono{font:12.5px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.good{color:var(--kp-good)}.bad{color:var(--kp-bad)}.warn{color:var(--kp-warn)}nav{margin:16px 0 0;font-size:14px}nav a{color:var(--kp-c1);margin-right:14px;text-decoration:none;white-space:nowrap;display:inline-block}
details{margin:10px 0}summary{cursor:pointer;color:var(--kp-soft)}audio{height:34px;width:260px;display:block}
.clips{display:flex;flex-wrap:wrap;gap:18px}.clips figcaption{font-size:13px;color:var(--kp-soft);margin-bottom:4px}.clips figure{margin:0}
@media print{nav{display:none}h2{break-after:avoid}figure{break-inside:avoid}}
`

/** Forbids every request, so that a report says nothing to anybody about being read. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src data:"

export interface Section {
  readonly id: string
  readonly title: string
  readonly about: string
  readonly body: string
}

export function page(title: string, head: string, sections: readonly Section[], version: string): string {
  const links = sections.map(({ id, title: name }) => `<a href="#${id}">${html(name)}</a>`).join('')
  const parts = sections.map(
    ({ id, title: name, about, body }) =>
      `<section id="${id}">\n<h2>${html(name)}</h2>\n<p class="about">${html(about)}</p>\n${body}\n</section>\n`,
  )
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="kpipe ${html(version)}">
<title>${html(title)}</title>
<style>${themeVariables(':root')}${PLOT_RULES}${PAGE_RULES}</style>
</head>
<body>
<main>
${head}
<nav>${links}</nav>
${parts.join('')}</main>
</body>
</html>
`
}

export interface Column {
  readonly name: string
  /** Numbers stand to the right. */
  readonly numeric?: boolean
}

/** Cells are HTML already. */
export function table(columns: readonly (Column | string)[], rows: readonly (readonly string[])[]): string {
  const heads = columns.map((column) => (typeof column === 'string' ? { name: column } : column))
  const kind = (i: number) => (heads[i]?.numeric ? ' class="n"' : '')
  const head = heads.map(({ name }, i) => `<th${kind(i)}>${html(name)}</th>`).join('')
  const body = rows.map((row) => `<tr>${row.map((cell, i) => `<td${kind(i)}>${cell}</td>`).join('')}</tr>`).join('\n')
  return `<div class="scroll"><table>\n<thead><tr>${head}</tr></thead>\n<tbody>\n${body}\n</tbody></table></div>`
}

export const plots = (pictures: readonly string[]): string =>
  `<div class="plots">${pictures.map((picture) => `<figure>${picture}</figure>`).join('\n')}</div>`

export const details = (summary: string, body: string): string =>
  `<details><summary>${html(summary)}</summary>${body}</details>`

/** `1.2 MB`; powers of a thousand. */
export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB']
  let [value, unit] = [count, 0]
  while (value >= 999.5 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1]
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`
}

/** Four significant digits, - for nothing. */
export const figure = (value: number | null | undefined): string =>
  value === null || value === undefined ? '–' : String(Number.isInteger(value) ? value : Number(value.toPrecision(4)))

/** The first signs of a hash, the whole of it as a tooltip. */
export const hash = (value: string): string => `<code title="${html(value)}">${html(value.slice(0, 12))}…</code>`
