/** The graph of stages with their times and outcomes, and the same as a table. */
import type { Outcome } from '../../events.ts'
import { seconds } from '../../reporters/text.ts'
import { foldWide, graphLabel, graphPlot, type GraphNode } from '../../plot/graph.ts'
import { type Edge, reduceEdges } from '../../plot/layered.ts'
import { details, html, table } from '../html.ts'
import type { Panel, Report, ReportStage } from '../report.ts'

export const stages: Panel = {
  title: 'Stages',
  about:
    'What needs what, how it ended and how long it took. Dependencies that follow from others are not drawn, wide groups are one box.',
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
  const stages = report.stages.map((stage) => ({ ...stage, group: stage.id.split('@')[0]! }))
  const name = foldWide(stages)
  const boxes = new Map<string, ReportStage[]>()
  for (const stage of stages) boxes.set(name(stage), [...(boxes.get(name(stage)) ?? []), stage])
  const names = new Map(stages.map((stage) => [stage.id, name(stage)]))
  const edges = stages.flatMap((stage) =>
    stage.needs
      .filter((need) => names.has(need) && names.get(need) !== name(stage))
      .map((need): Edge => [names.get(need)!, name(stage)]),
  )
  const nodes = [...boxes].map(([id, members]) => node(id, members))
  return graphPlot({ nodes, edges: reduceEdges([...boxes.keys()], edges), description: 'graph of stages' })
}

/** One stage, or a wide group: then the worst state of its members and how many ended how. */
function node(id: string, members: readonly ReportStage[]): GraphNode {
  const cost = members.reduce((sum, stage) => sum + stage.cost, 0)
  const outcomes = new Map<string, number>()
  for (const { outcome } of members) if (outcome) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
  const told = [...outcomes]
    .map(([outcome, count]) => (members.length > 1 ? `${count} ${outcome}` : outcome))
    .join(', ')
  const words = [told, cost > 0 ? seconds(cost) : ''].filter(Boolean).join(members.length > 1 ? ', ' : ' ')
  const [only] = members
  const about = members.length > 1 ? [words] : [only!.headline, only!.reason, firstLine(only!.error)]
  return {
    id,
    ...(members.length > 1 ? { label: id, detail: words } : graphLabel(id, words)),
    state: WORST.find((state) => members.some((stage) => stateOf(stage) === state)) ?? 'soft',
    tooltip: [id, ...about].filter(Boolean).join('\n'),
  }
}

const WORST = ['bad', 'warn', 'good', 'soft'] as const

function failures(report: Report): string {
  // That it was cancelled is said by its box.
  const failed = report.stages.filter((stage) => stage.error !== '' && stage.error !== stage.outcome)
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
