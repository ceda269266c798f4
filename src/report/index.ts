/** The sections of a report, in the order of the page. A panel is one file in panels/ and one line here. */
import { writeHead } from './head.ts'
import { page, type Section } from './html.ts'
import { baseline } from './panels/baseline.ts'
import { confusion } from './panels/confusion.ts'
import { curves } from './panels/curves.ts'
import { data } from './panels/data.ts'
import { emotion } from './panels/emotion.ts'
import { exported } from './panels/exported.ts'
import { latency } from './panels/latency.ts'
import { listening } from './panels/listening.ts'
import { metrics } from './panels/metrics.ts'
import { music } from './panels/music.ts'
import { outputs } from './panels/outputs.ts'
import { rolls } from './panels/rolls.ts'
import { stages } from './panels/stages.ts'
import type { Panel, Report } from './report.ts'

export const panels = {
  stages,
  data,
  music,
  listening,
  rolls,
  curves,
  baseline,
  emotion,
  outputs,
  confusion,
  latency,
  exported,
  metrics,
} satisfies Record<string, Panel>

/** One HTML file that needs nothing else. */
export async function reportHtml(report: Report): Promise<string> {
  const sections: Section[] = []
  for (const [id, panel] of Object.entries(panels) as [string, Panel][]) {
    const body = await panel.draw(report)
    if (body) sections.push({ id, title: panel.title, about: panel.about, body })
  }
  const title = report.run ? `${report.pipeline}: run ${report.run}` : `${report.pipeline}: results`
  return page(title, writeHead(report), sections, report.version)
}
