/** Predicted emotions against labels, on held-out rows. */
import { type Point, scatterPlot } from '../../plot/scatter.ts'
import type { EmotionPrediction, PredictionsReport } from '../../train/predictions.ts'
import { html, plots } from '../html.ts'
import { instanceOf, type Panel, reportsOf } from '../report.ts'

const SQUARE = { min: -1, max: 1 }
/** With more rows the lines between label and prediction would cover everything. */
const MOST_LINES = 80

export const emotion: Panel = {
  title: 'Emotion',
  about: 'Held-out rows with a label: where the label is, and where the model puts it. On the diagonal both agree.',
  draw: (report) =>
    reportsOf<PredictionsReport>(report, 'predictions.json', 'kpipe-predictions/1')
      .filter(({ data }) => data.emotion !== null)
      .map(({ stage, data }) => {
        const name = instanceOf(stage.id)
        const rows = data.emotion!
        const about = `${rows.length} ${data.split} rows${data.generated ? ', generated data' : ''}`
        const pictures = [plane(rows), axis('Valence', rows, 'valence'), axis('Arousal', rows, 'arousal')]
        return `<h3>${html(name)} <span class="quiet">${html(about)}</span></h3>\n${plots(pictures)}`
      })
      .join('\n'),
}

function plane(rows: readonly EmotionPrediction[]): string {
  const label = (row: EmotionPrediction) => `${row.id}: ${pair(row, 0)} → ${pair(row, 1)}`
  const truth = rows.map((row): Point => {
    const point = { x: row.valence[0], y: row.arousal[0], label: label(row) }
    return rows.length > MOST_LINES ? point : { ...point, to: [row.valence[1], row.arousal[1]] }
  })
  const guess = rows.map((row): Point => ({ x: row.valence[1], y: row.arousal[1], label: label(row) }))
  return scatterPlot({
    title: 'Valence and arousal',
    xLabel: 'valence',
    yLabel: 'arousal',
    groups: [
      { name: 'label', points: truth },
      { name: 'predicted', points: guess },
    ],
    xRange: SQUARE,
    yRange: SQUARE,
    cross: true,
    width: 346,
    height: 350,
  })
}

function axis(title: string, rows: readonly EmotionPrediction[], name: 'valence' | 'arousal'): string {
  const points = rows.map((row) => ({ x: row[name][0], y: row[name][1], label: row.id }))
  return scatterPlot({
    title,
    xLabel: 'label',
    yLabel: 'predicted',
    groups: [{ name, points }],
    xRange: SQUARE,
    yRange: SQUARE,
    diagonal: true,
    width: 346,
    height: 350,
  })
}

const pair = (row: EmotionPrediction, i: 0 | 1): string =>
  `(${row.valence[i].toFixed(2)}, ${row.arousal[i].toFixed(2)})`
