/** The top of a report: what it is of, how it ended, params, and whether any of it rests on generated data. */
import { seconds } from '../reporters/text.ts'
import { details, html, table } from './html.ts'
import { jsonOf, type Report } from './report.ts'

export function writeHead(report: Report): string {
  const { pipeline, about, run, at, outcome } = report
  const state = outcome ? `, <span class="${outcome === 'ok' ? 'good' : 'bad'}">${html(outcome)}</span>` : ''
  const when = at ? at.slice(0, 16).replace('T', ' ') : ''
  const facts = run
    ? `run <code>${html(run)}</code> of ${html(when)} UTC${state} in ${seconds(report.seconds)}`
    : `the results as they stand; the newest is of ${html(when)} UTC${state}; ${seconds(report.seconds)} of work in all`
  return [
    `<h1>${html(pipeline)}</h1>`,
    about ? `<p class="about">${html(about)}</p>` : '',
    `<p>${facts}</p>`,
    generatedBanner(report),
    paramTable(report),
    noteList(report),
  ]
    .filter(Boolean)
    .join('\n')
}

/** Generated music is named wherever figures rest on it: nobody must take them for results on recordings. */
function generatedBanner(report: Report): string {
  const title = report.stages.map(generatedTitle).find(Boolean)
  if (!title) return ''
  return `<div class="banner"><strong>Generated data.</strong> ${html(title)}: the figures show that the pipeline works, not how good a model is on real music.</div>`
}

function generatedTitle(stage: Report['stages'][number]): string {
  interface Said {
    readonly generated?: boolean
    readonly title?: string
    readonly name?: string
  }
  const source = jsonOf<Said>(stage, 'source.json')
  if (source?.generated === true) return source.title || source.name || 'generated music'
  const measured = jsonOf<Said>(stage, 'metrics.json') ?? jsonOf<Said>(stage, 'export.json')
  return measured?.generated === true ? `${stage.id} rests on generated music` : ''
}

function paramTable({ params, set }: Report): string {
  const rows = Object.entries(params)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => [html(name), html(typeof value === 'string' ? value : JSON.stringify(value))])
  const changed = set.map((one) => `<code>${html(one)}</code>`).join(' ')
  return [
    changed ? `<p>set on the command line: ${changed}</p>` : '',
    rows.length > 0 ? details(counted(rows.length, 'param'), table(['param', 'value'], rows)) : '',
  ].join('')
}

function noteList({ stages }: Report): string {
  const notes = [...new Set(stages.flatMap((stage) => stage.notes.map((note) => `${stage.id}: ${note}`)))]
  if (notes.length === 0) return ''
  return details(counted(notes.length, 'note'), `<ul>${notes.map((note) => `<li>${html(note)}</li>`).join('')}</ul>`)
}

const counted = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`
