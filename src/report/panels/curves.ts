/** Loss and validation loss over the epochs of every training. */
import { linePlot } from '../../plot/line.ts'
import { plots } from '../html.ts'
import { instanceOf, jsonOf, type Panel, type ReportStage } from '../report.ts'

interface Epoch {
  readonly epoch: number
  readonly loss: number
  readonly val_loss: number | null
  readonly learning_rate: number
}

export const curves: Panel = {
  title: 'Training',
  about:
    'Loss on the rows trained on and on the validation rows, epoch by epoch; the line marks the epoch that was kept.',
  draw: (report) => {
    const trained = report.stages.flatMap((stage) => {
      const history = jsonOf<Epoch[]>(stage, 'history.json')
      return Array.isArray(history) ? [curve(stage, history)] : []
    })
    return trained.length > 0 ? plots(trained) : ''
  },
}

function curve(stage: ReportStage, history: readonly Epoch[]): string {
  const x = history.map(({ epoch }) => epoch)
  const validated = history.some(({ val_loss: loss }) => loss !== null)
  const best = stage.metrics['best_epoch']
  return linePlot({
    title: instanceOf(stage.id),
    description: `${stage.id}: ${stage.headline}`,
    xLabel: 'epoch',
    yLabel: 'loss',
    width: 346,
    height: 240,
    yScale: 'auto',
    series: [
      { name: 'training', x, y: history.map(({ loss }) => loss) },
      ...(validated ? [{ name: 'validation', x, y: history.map(({ val_loss: loss }) => loss) }] : []),
    ],
    marks: typeof best === 'number' ? [{ x: best, label: `kept: ${best}` }] : [],
  })
}
