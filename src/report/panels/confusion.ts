/** Which class was taken for which, for models that predict one of several. */
import { heatmap } from '../../plot/heatmap.ts'
import type { ClassCounts, PredictionsReport } from '../../train/predictions.ts'
import { html, plots } from '../html.ts'
import { instanceOf, type Panel, reportsOf } from '../report.ts'

/** Classes with a line of their own; the rest stand together. */
const MOST_CLASSES = 24

export const confusion: Panel = {
  title: 'Classes',
  about:
    'Rows: the most probable class by the data. Columns: by the model. A square counts held-out rows; the diagonal is right.',
  draw: (report) =>
    reportsOf<PredictionsReport>(report, 'predictions.json', 'kpipe-predictions/1')
      .filter(({ data }) => data.classes !== null)
      .map(({ stage, data }) => {
        const { picture, about } = matrix(data.classes!)
        const generated = data.generated ? ', generated data' : ''
        return `<h3>${html(instanceOf(stage.id))} <span class="quiet">${html(about + generated)}</span></h3>\n${plots([picture])}`
      })
      .join('\n'),
}

function matrix({ labels, counts }: ClassCounts): { picture: string; about: string } {
  const rows = counts.reduce((sum, [, , count]) => sum + count, 0)
  const right = counts.reduce((sum, [truth, guess, count]) => sum + (truth === guess ? count : 0), 0)
  const often = new Map<number, number>()
  for (const [truth, guess, count] of counts) {
    often.set(truth, (often.get(truth) ?? 0) + count)
    often.set(guess, (often.get(guess) ?? 0) + (truth === guess ? 0 : count))
  }
  const byCount = [...often].sort(([a, x], [b, y]) => y - x || a - b)
  const shown = byCount
    .slice(0, MOST_CLASSES)
    .map(([index]) => index)
    .sort((a, b) => a - b)
  const place = new Map(shown.map((index, i) => [index, i]))
  const hidden = often.size - shown.length
  const size = shown.length + (hidden > 0 ? 1 : 0)
  const values = Array.from({ length: size }, () => Array.from({ length: size }, () => 0))
  for (const [truth, guess, count] of counts) {
    const [row, column] = [place.get(truth) ?? shown.length, place.get(guess) ?? shown.length]
    values[row]![column] = values[row]![column]! + count
  }
  const names = [
    ...shown.map((index) => labels[index] ?? `class ${index}`),
    ...(hidden > 0 ? [`${hidden} others`] : []),
  ]
  const picture = heatmap({
    title: 'Confusion',
    xLabel: 'predicted',
    yLabel: 'in the data',
    rows: names,
    columns: names,
    values,
    diagonal: true,
    width: Math.min(720, 170 + 30 * size),
  })
  return { picture, about: `${right} of ${rows} right` }
}
