/** Colours and type of every picture: CSS variables, light and dark by the reader's `prefers-color-scheme`. */

const LIGHT = {
  paper: '#ffffff',
  ink: '#1c2230',
  soft: '#5a6373',
  grid: '#e4e7ec',
  axis: '#9aa3b2',
  node: '#f5f7fa',
  good: '#12805c',
  bad: '#c92a2a',
  warn: '#b35c00',
  c1: '#2563eb',
  c2: '#d9480f',
  c3: '#0f8a5f',
  c4: '#8b3fd9',
  c5: '#a16207',
  c6: '#0e7490',
  c7: '#be185d',
  c8: '#64707f',
}

const DARK: typeof LIGHT = {
  paper: '#14181f',
  ink: '#e6e9ef',
  soft: '#a3adbd',
  grid: '#2a313c',
  axis: '#5d6778',
  node: '#1c222c',
  good: '#4fcf9f',
  bad: '#ff7b7b',
  warn: '#f2b04e',
  c1: '#6ea8fe',
  c2: '#ff9a5c',
  c3: '#4fcf9f',
  c4: '#c99bff',
  c5: '#e8c15a',
  c6: '#5fd0e6',
  c7: '#ff8ac0',
  c8: '#a3adbd',
}

export const COLORS = 8

/** Class suffix of the n-th series, from 1 on, again from the start after the last. */
export const colorOf = (index: number): number => (index % COLORS) + 1

const variables = (colors: Readonly<Record<string, string>>) =>
  Object.entries(colors)
    .map(([name, value]) => `--kp-${name}:${value}`)
    .join(';')

const series = Array.from({ length: COLORS }, (_, i) => i + 1)
  .map(
    (i) =>
      `.kp-l${i}{stroke:var(--kp-c${i});fill:none;stroke-width:1.8;stroke-linejoin:round}.kp-f${i}{fill:var(--kp-c${i})}`,
  )
  .join('')

const states = ['good', 'bad', 'warn', 'soft']
  .map((name) => `.kp-${name}{fill:var(--kp-${name})}.kp-edge-${name}{stroke:var(--kp-${name})}`)
  .join('')

/** Variables on `root` (`:root` of a page, `.kp` of a picture that stands alone). */
export const themeVariables = (root: string): string =>
  `${root}{color-scheme:light dark;${variables(LIGHT)}}@media(prefers-color-scheme:dark){${root}{${variables(DARK)}}}`

/** Rules of all classes that pictures use; needed once a page. */
export const PLOT_RULES = [
  '.kp{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;max-width:100%;height:auto}',
  '.kp-paper{fill:var(--kp-paper)}.kp-t{fill:var(--kp-ink)}.kp-s{fill:var(--kp-soft)}.kp-h{fill:var(--kp-ink);font-weight:600}',
  '.kp-g{stroke:var(--kp-grid);stroke-width:1;fill:none}.kp-a{stroke:var(--kp-axis);stroke-width:1;fill:none}',
  '.kp-whisker{stroke:var(--kp-ink);stroke-width:1.4}.kp-node{fill:var(--kp-node);stroke:var(--kp-axis)}.kp-arrow{fill:var(--kp-axis)}.kp-dash{stroke-dasharray:5 4}',
  '.kp-on{fill:var(--kp-paper)}.kp-ghost{fill-opacity:.16}.kp-point{fill-opacity:.75}',
  series,
  states,
].join('')
