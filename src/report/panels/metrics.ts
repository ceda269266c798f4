/** What stages measured that no other panel draws: commands, and kinds of the user's own. */
import { details, figure, html, table } from '../html.ts'
import { type Panel, type ReportStage } from '../report.ts'

/** Files whose figures have a panel of their own. */
const TOLD = ['validation.json', 'history.json', 'metrics.json', 'predictions.json', 'export.json']
/** A longer table is folded away. */
const MOST_OPEN = 40

export const metrics: Panel = {
  title: 'Metrics',
  about: 'What the other stages measured.',
  draw: (report) => {
    const rows = report.stages.filter((stage) => !isTold(stage)).flatMap(rowsOf)
    if (rows.length === 0) return ''
    const whole = table(['stage', 'metric', { name: 'value', numeric: true }], rows)
    return rows.length > MOST_OPEN ? details(`${rows.length} metrics`, whole) : whole
  },
}

const isTold = ({ files }: ReportStage): boolean => files.some(({ path }) => TOLD.includes(path))

/** The name of a stage stands beside its first metric only. */
function rowsOf({ id, metrics: measured }: ReportStage): string[][] {
  const known = Object.entries(measured).filter(([, value]) => value !== null && value !== undefined)
  return known.map(([name, value], i) => [
    i === 0 ? html(id) : '',
    html(name),
    typeof value === 'number' ? figure(value) : html(String(value)),
  ])
}
