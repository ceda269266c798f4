/** Events as JSON lines on stdout: the shape of events.ts, one object a line. */
import type { Reporter } from '../events.ts'
import type { ReporterOptions } from './index.ts'

export function jsonReporter(options: ReporterOptions): Reporter {
  return { event: (event) => options.out(`${JSON.stringify(event)}\n`), close: () => undefined }
}
