/** validate: which files and labels can be used, and why the others cannot. Decodes every file once. */
import { type DataFault, formatFault, UserError } from '../src/lib/errors.ts'
import { canonical, writeAtomic } from '../src/lib/files.ts'
import type { FileCheck } from '../src/data/check-file.ts'
import type { DataFolder } from '../src/data/data-folder.ts'
import type { Dropped, Example, ValidationReport } from '../src/data/manifest.ts'
import { defineStage, type OptionProblem, type StageContext, type StageResult } from '../src/stage.ts'
import { eachItem } from './shared/items.ts'
import type { Served } from './shared/serves.ts'

interface Options {
  readonly max_bad: string | number
  readonly min_seconds: number
  readonly min_notes: number
  readonly sample_rate: number
  readonly repair: boolean
}

/** Dropped items written to the log of a stage that goes on; validation.txt has all of them. */
const LOGGED = 20
/** Dropped items in the message of a stage that stops. */
const SHOWN = 10

export const validate = defineStage<Options>({
  kind: 'validate',
  summary: 'find the files and labels that can be used, and say why the others cannot',
  options: {
    type: 'object',
    additionalProperties: false,
    properties: {
      max_bad: {
        type: ['string', 'integer'],
        default: '5%',
        minimum: 0,
        pattern: '^\\d+(\\.\\d+)?%$',
        examples: ['5%', 20],
        description:
          'Most bad items to go on without: a share ("5%") or a number. Copies and files without a label do not count.',
      },
      min_seconds: { type: 'number', minimum: 0, default: 0.5, description: 'Shorter audio is dropped, in seconds.' },
      min_notes: { type: 'integer', minimum: 1, default: 1, description: 'MIDI with fewer notes is dropped.' },
      repair: {
        type: 'boolean',
        default: false,
        description: 'Keep what can be read of damaged MIDI files; each one is reported with what was lost.',
      },
      sample_rate: {
        type: 'integer',
        minimum: 4000,
        default: 16000,
        description: 'Rate of the features, in Hz: audio below it is warned of.',
      },
    },
  },
  inputs: { data: { about: 'the music in the Kelly layout: the output of download, or a folder' } },
  outputs: {
    'validation.json': 'every example that is used, every one that is not with path, offset and cause',
    'validation.txt': 'the same as a table to read',
    'stats.json': 'the examples in figures: lengths, note density, pitches, labels, class balance',
  },
  check: (options): OptionProblem[] => {
    const share = typeof options.max_bad === 'string' ? Number.parseFloat(options.max_bad) : 0
    return share > 100 ? [{ path: ['max_bad'], message: `${options.max_bad} is more than all`, hint: '100%' }] : []
  },
  run: async (ctx) => {
    const [{ readExamples }, { openDataFolder }, { makeReport, writeValidation }] = await Promise.all([
      import('../src/data/examples.ts'),
      import('../src/data/data-folder.ts'),
      import('../src/data/validation.ts'),
    ])
    const input = ctx.inputs.data!
    const data = openDataFolder(input.path, input.files())
    const reading = await readExamples(data.root, data.files)
    if (reading.unreadable.length > 0) throw unreadable(reading.unreadable)
    const checked = await checkFiles(ctx, data, reading.examples)
    const report = makeReport(
      data.source,
      checked.kept,
      [...reading.dropped, ...checked.dropped],
      [...reading.warnings, ...checked.warnings],
    )
    await judge(ctx, report)
    writeValidation(ctx.out(''), report)
    writeAtomic(ctx.out('stats.json'), `${JSON.stringify(checked.stats, null, 1)}\n`)
    const { servedModels } = await import('./shared/serves.ts')
    return result(report, servedModels(report.counts))
  },
})

/** One cache entry a file: its content and these options decide, never its label or its name. */
async function checkFiles(
  ctx: StageContext<Options>,
  data: Pick<DataFolder, 'hash' | 'read' | 'reads'>,
  examples: readonly Example[],
) {
  const [{ checkFile }, { statsBuilder }] = await Promise.all([
    import('../src/data/check-file.ts'),
    import('../src/data/stats.ts'),
  ])
  const { min_seconds: minSeconds, min_notes: minNotes, sample_rate: sampleRate, repair } = ctx.options
  const onDisk = examples.filter((example) => example.room !== 'chords')
  const items = {
    length: onDisk.length,
    at: (index: number) => {
      const { id, room } = onDisk[index]!
      const options = room === 'audio' ? [minSeconds, sampleRate] : [room, minNotes, ...(repair ? ['repair'] : [])]
      return { id, key: canonical([data.hash(id), ...options]), reads: data.reads(id) }
    },
  }
  const dropped: Dropped[] = []
  const warnings: Dropped[] = []
  const bad = new Set<Example>()
  const repaired = new Set<Example>()
  const lengths = new Map<Example, number>()
  const stats = statsBuilder()
  for (const example of examples) if (example.room === 'chords') stats.add(example, null)
  const encoder = new TextEncoder()
  const decoder = new TextDecoder()
  const check = async (index: number) => {
    const { room, id } = onDisk[index]!
    return encoder.encode(
      JSON.stringify(await checkFile(room, data.read(id), id, { minSeconds, minNotes, sampleRate, repair })),
    )
  }
  const take = (value: Uint8Array, index: number) => {
    const example = onDisk[index]!
    const { id, room } = example
    const found = JSON.parse(decoder.decode(value)) as FileCheck
    // The stored path is that of the file when it was checked; a renamed copy has the same content.
    warnings.push(...found.warnings.map((fault) => ({ room, id, fault: { ...fault, path: id } })))
    if (found.repaired) repaired.add(example)
    if (!found.fault) {
      stats.add(example, found.measure)
      if (found.measure) lengths.set(example, found.measure.seconds)
      return
    }
    dropped.push({ room, id, fault: { ...found.fault, path: id } })
    bad.add(example)
  }
  await eachItem(ctx, 'check', items, check, { take })
  const kept = examples
    .filter((example) => !bad.has(example))
    .map((example) => ({
      ...example,
      ...(lengths.has(example) ? { seconds: lengths.get(example)! } : {}),
      // The recipes read it as it was read here.
      ...(repaired.has(example) ? { facts: { ...example.facts, repaired: true } } : {}),
    }))
  return { kept, dropped, warnings, stats: stats.result() }
}

/** Logs what was dropped. @throws UserError above `max_bad`, or where nothing at all was found */
async function judge(ctx: StageContext<Options>, report: ValidationReport): Promise<void> {
  const { allowedBad, faultLines, HARMLESS } = await import('../src/data/validation.ts')
  const found = report.examples.length + report.dropped.length
  if (found === 0)
    throw new UserError('the data folder holds no music in the Kelly layout', {
      hint: 'expected audio/labels.csv, midi/emotion_labels.json, chords/progressions.json or drums/*.mid below it',
    })
  const bad = report.dropped.filter(({ fault }) => !HARMLESS.has(fault.code))
  if (bad.length > allowedBad(ctx.options.max_bad, found)) {
    const share = ((100 * bad.length) / found).toFixed(1)
    const lines = faultLines(bad.slice(0, SHOWN)).map((line) => `  ${line}`)
    const more = bad.length > SHOWN ? [`  … and ${bad.length - SHOWN} more`] : []
    for (const line of faultLines(bad)) ctx.log('warn', line)
    const head = `${bad.length} of ${found} items are bad (${share} %), more than max_bad ${ctx.options.max_bad} lets pass:`
    throw new UserError([head, ...lines, ...more].join('\n'), {
      hint: `mend or delete them, or go on without them: max_bad: ${Math.ceil((100 * bad.length) / found)}%`,
    })
  }
  for (const line of faultLines(report.dropped.slice(0, LOGGED))) ctx.log('warn', `dropped ${line}`)
  if (report.dropped.length > LOGGED)
    ctx.log('warn', `… and ${report.dropped.length - LOGGED} more dropped, see validation.txt`)
}

function unreadable(faults: readonly DataFault[]): UserError {
  const lines = faults.map((fault) => formatFault(fault))
  return new UserError(`label files cannot be read:\n  ${lines.join('\n  ')}`, { hint: 'mend them and run again' })
}

function result({ source, examples, dropped, warnings, counts }: ValidationReport, served: Served): StageResult {
  const found = examples.length + dropped.length
  const rooms = Object.entries(counts).filter(([, count]) => count.found > 0)
  const generated = source.generated ? [`the data is generated (${source.title || source.name}), not real music`] : []
  const mended = examples.filter(({ facts }) => facts.repaired === true).length
  const repairs = mended > 0 ? [`${mended} damaged files repaired and kept, see validation.txt`] : []
  const lost = dropped.length > 0 ? [`${dropped.length} of ${found} items dropped, see validation.txt`] : []
  const others = Object.entries(served.others).map(([model, what]) => `${model} (${what})`)
  const nothing = others.length > 0 ? [`nothing in the data for ${others.join(', ')}`] : []
  return {
    headline: `${examples.length} of ${found} items kept`,
    notes: [...generated, ...lost, ...repairs, ...nothing],
    metrics: {
      found,
      kept: examples.length,
      dropped: dropped.length,
      warnings: warnings.length,
      generated: source.generated,
      ...Object.fromEntries(
        rooms.flatMap(([room, { kept, labelled }]) => [
          [`${room}.kept`, kept],
          [`${room}.labelled`, labelled],
        ]),
      ),
    },
  }
}
