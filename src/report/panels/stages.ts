/** The graph of stages with their times and outcomes, and the same as a table. */
import type { Outcome } from '../../events.ts'
import { seconds } from '../../reporters/text.ts'
import { graphLabel, graphPlot, type GraphNode } from '../../plot/graph.ts'
import { type Edge, reduceEdges } from '../../plot/layered.ts'
import { details, html, table } from '../html.ts'
import type { Panel, Report, ReportStage } from '../report.ts'

export const stages: Panel = {
  title: 'Stages',
  about: 'What needs what, how it ended and how long it took. Dependencies that follow from others are not drawn.',
  draw: (report) => {
    if (report.stages.length === 0) return ''
    const rows = report.stages.map((stage) => [
      html(stage.id),
      `<span class="${stateOf(stage)}">${html(stage.outcome ?? '–')}</span>`,
      stage.cost > 0 ? seconds(stage.cost) : '',
      html(stage.createdAt.slice(0, 16).replace('T', ' ')),
      html(stage.headline || firstLine(stage.error)),
      html(stage.reason),
    ])
    const heads = ['stage', 'outcome', { name: 'took', numeric: true }, 'made (UTC)', 'key figure', 'because']
    return `<div class="wide">${graph(report)}</div>\n${failures(report)}${details('All stages as a table', table(heads, rows))}`
  },
}

function graph(report: Report): string {
  const ids = new Set(report.stages.map((stage) => stage.id))
  const edges = report.stages.flatMap((stage) =>
    stage.needs.filter((need) => ids.has(need)).map((need): Edge => [need, stage.id]),
  )
  const nodes = report.stages.map(
    (stage): GraphNode => ({
      id: stage.id,
      ...graphLabel(
        stage.id,
        [stage.outcome ?? '', stage.cost > 0 ? seconds(stage.cost) : ''].filter(Boolean).join(' '),
      ),
      state: stateOf(stage),
      tooltip: [stage.id, stage.headline, stage.reason, firstLine(stage.error)].filter(Boolean).join('\n'),
    }),
  )
  return graphPlot({ nodes, edges: reduceEdges([...ids], edges), description: 'graph of stages' })
}

function failures(report: Report): string {
  const failed = report.stages.filter((stage) => stage.error !== '')
  return failed
    .map((stage) => `<h3 class="bad">${html(stage.id)}</h3><pre class="mono scroll">${html(stage.error)}</pre>`)
    .join('')
}

const STATES: Readonly<Record<Outcome, NonNullable<GraphNode['state']>>> = {
  ran: 'good',
  same: 'good',
  fresh: 'good',
  restored: 'good',
  failed: 'bad',
  'timed-out': 'bad',
  moved: 'bad',
  held: 'warn',
  skipped: 'warn',
  cancelled: 'warn',
  disabled: 'soft',
}

const stateOf = (stage: ReportStage): NonNullable<GraphNode['state']> =>
  stage.outcome ? STATES[stage.outcome] : 'soft'

const firstLine = (text: string): string => text.split('\n')[0]!
