/** Every model against predicting the mean: the least that a model has to do better than. */
import { barPlot } from '../../plot/bar.ts'
import type { EvaluationReport } from '../../train/report.ts'
import { figure, html, plots, table } from '../html.ts'
import { instanceOf, type Panel, reportsOf } from '../report.ts'

type Score = EvaluationReport['all']

export const baseline: Panel = {
  title: 'Against the baseline',
  about: 'Loss on held-out rows, and how much lower it is than that of predicting the mean of the training rows.',
  draw: (report) => {
    const found = reportsOf<EvaluationReport>(report, 'metrics.json', 'kpipe-evaluation/1')
    if (found.length === 0) return ''
    const bars = barPlot({
      title: 'Lower loss than the mean',
      xLabel: '%',
      unit: '%',
      width: 620,
      series: ['improvement'],
      groups: found.map(({ stage, data }) => ({
        label: instanceOf(stage.id),
        values: [Number(scoreOf(data).improvement_percent.toFixed(1))],
      })),
    })
    const number = (name: string) => ({ name, numeric: true })
    const heads = [
      'model',
      'loss',
      number('model'),
      number('mean'),
      'verdict',
      number('rows'),
      number('valence CCC'),
      number('arousal CCC'),
      number('parameters'),
    ]
    const rows = found.map(({ stage, data }) => row(instanceOf(stage.id), data))
    return `${plots([bars])}\n${table(heads, rows)}`
  },
}

function row(name: string, data: EvaluationReport): string[] {
  const score = scoreOf(data)
  const percent = `${Math.abs(score.improvement_percent).toFixed(1)} %`
  const verdict = score.beats_baseline
    ? `<span class="good">${percent} lower</span>`
    : `<span class="bad">not lower (${percent} higher)</span>`
  return [
    `${html(name)}${data.generated ? ' <span class="quiet">(generated data)</span>' : ''}`,
    html(data.loss),
    figure(score.loss),
    figure(score.baseline_loss),
    verdict,
    `${score.rows} ${html(data.split)}`,
    figure(data.emotion?.valence.ccc),
    figure(data.emotion?.arousal.ccc),
    data.parameters.toLocaleString('en'),
  ]
}

/** The rows that count for this model, as `evaluate` has it. */
function scoreOf({ task, all, labelled }: EvaluationReport): Score {
  return task === 'emotion_embedding' && labelled ? labelled : all
}
