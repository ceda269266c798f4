/** The export formats by name. A new one is a file here, a line below, and joins test/cases/exporter.test.ts by that line. */
import type { Exporter } from '../exporter.ts'
import { rtneural } from './rtneural.ts'

export const exporters = { rtneural } satisfies Record<string, Exporter>

/** Exporters by name, for names that come from outside. */
export const exportersByName: Readonly<Record<string, Exporter>> = exporters
