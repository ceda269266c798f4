/** How long one forward pass takes, as measured on the machine of the run. */
import { histogram } from '../../plot/histogram.ts'
import type { Latency } from '../../train/latency.ts'
import { html, plots, table } from '../html.ts'
import { instanceOf, jsonOf, type Panel, type ReportStage } from '../report.ts'

interface LatencyFile {
  readonly single: Omit<Latency, 'histogram'> & Partial<Pick<Latency, 'histogram'>>
  readonly batch: Omit<Latency, 'histogram'> & { readonly size: number; readonly samples_per_second: number }
  readonly target_ms: number
}

export const latency: Panel = {
  title: 'Latency',
  about:
    'One forward pass with one sample in kpipe’s own plain loop, each call timed alone. A fact of the machine, not of the model.',
  draw: (report) => {
    const found = report.stages.flatMap((stage) => {
      const data = jsonOf<LatencyFile>(stage, 'latency.json')
      return data?.single && data.batch ? [{ stage, data }] : []
    })
    if (found.length === 0) return ''
    const number = (name: string) => ({ name, numeric: true })
    const heads = [
      'model',
      number('average'),
      number('P95'),
      number('P99'),
      number('target'),
      'P99 within target',
      number('samples/s in batches'),
    ]
    const rows = found.map(({ stage, data: { single, batch, target_ms: target } }) => [
      html(instanceOf(stage.id)),
      ms(single.avg_ms),
      ms(single.p95_ms),
      ms(single.p99_ms),
      ms(target),
      single.p99_ms <= target ? '<span class="good">yes</span>' : '<span class="bad">no</span>',
      `${batch.samples_per_second.toLocaleString('en')} <span class="quiet">(${batch.size})</span>`,
    ])
    return `${plots(found.map(({ stage, data }) => picture(stage, data)))}\n${table(heads, rows)}`
  },
}

function picture(stage: ReportStage, { single, target_ms: target }: LatencyFile): string {
  const bins = single.histogram ?? { edges_ms: [], counts: [], slower: 0 }
  return histogram({
    title: instanceOf(stage.id),
    description: `${stage.id}: P99 ${ms(single.p99_ms)}`,
    xLabel: bins.slower > 0 ? `ms (${bins.slower} of ${single.calls} calls were slower)` : 'ms',
    yLabel: 'calls',
    edges: bins.edges_ms,
    counts: bins.counts,
    width: 346,
    height: 220,
    marks: [
      { x: single.avg_ms, label: 'average' },
      { x: single.p95_ms, label: 'P95' },
      { x: target, label: 'target' },
    ],
  })
}

const ms = (value: number): string => `${Number(value.toPrecision(3))} ms`
