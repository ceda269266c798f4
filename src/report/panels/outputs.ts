/** The error of every named output beside that of predicting the mean: what a model has learnt, and what not. */
import { barPlot } from '../../plot/bar.ts'
import type { PredictionsReport } from '../../train/predictions.ts'
import { plots } from '../html.ts'
import { instanceOf, type Panel, reportsOf } from '../report.ts'

/** Of more outputs than this, those that vary most are shown. */
const MOST_OUTPUTS = 32

export const outputs: Panel = {
  title: 'Outputs',
  about:
    'Root mean square error of each output on held-out rows, beside that of predicting the mean. Shorter is better.',
  draw: (report) => {
    const pictures = reportsOf<PredictionsReport>(report, 'predictions.json', 'kpipe-predictions/1').flatMap(
      ({ stage, data }) => {
        if (!data.outputs) return []
        const { labels, rmse, baseline_rmse: baseline } = data.outputs
        const all = labels.map((label, i) => ({ label, values: [rmse[i]!, baseline[i]!] }))
        const most = [...all].sort((a, b) => b.values[1]! - a.values[1]!).slice(0, MOST_OUTPUTS)
        const groups = all.filter((group) => most.includes(group))
        const cut = groups.length < all.length ? `, the ${groups.length} of ${all.length} that vary most` : ''
        const title = `${instanceOf(stage.id)}${cut}`
        return [barPlot({ title, xLabel: 'RMSE', series: ['model', 'mean'], groups, width: 520 })]
      },
    )
    return pictures.length > 0 ? plots(pictures) : ''
  },
}
