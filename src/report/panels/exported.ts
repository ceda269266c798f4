/** The files that go into the plug-in: sizes, hashes, and how far they are from the trained model. */
import type { ExportReport } from '../../../stages/export.ts'
import { bytes, hash, html, table } from '../html.ts'
import { type Panel, reportsOf } from '../report.ts'

export const exported: Panel = {
  title: 'Exports',
  about: 'Every file was read back by a reader of its own and compared with the trained model on probe rows.',
  draw: (report) => {
    const found = reportsOf<ExportReport>(report, 'export.json', 'kpipe-export/1')
    if (found.length === 0) return ''
    const number = (name: string) => ({ name, numeric: true })
    const heads = ['file', 'format', number('size'), 'sha256', number('greatest difference'), 'reader']
    const rows = found.flatMap(({ data }) =>
      data.files.flatMap((file) => [
        [
          `<strong>${html(file.file)}</strong>${data.generated ? ' <span class="quiet">(trained on generated data)</span>' : ''}${file.warnings.map((warning) => `<br><span class="warn">${html(warning)}</span>`).join('')}`,
          html(file.format),
          bytes(file.bytes),
          hash(file.sha256),
          file.max_abs_diff === 0 ? '0' : file.max_abs_diff.toExponential(1),
          html(file.reader),
        ],
        ...file.beside.map((one) => [html(one.file), '', bytes(one.bytes), hash(one.sha256), '', '']),
      ]),
    )
    return table(heads, rows)
  },
}
