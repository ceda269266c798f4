/** `kpipe data stats NAME|FOLDER`: every file decoded once, and the whole in figures and small charts. */
import type { Balance, DataStats, RoomStats, Spread } from '../data/stats.ts'
import type { Io } from '../io.ts'
import { UserError } from '../lib/errors.ts'
import { barLines, columnLines } from '../reporters/blocks.ts'
import { number, seconds } from '../reporters/text.ts'
import type { DataOptions } from './data.ts'
import { placeOf, titleOf } from './data-place.ts'

export async function dataStats(options: DataOptions, io: Io): Promise<number> {
  const { measureExamples, surveyFolder } = await import('../data/survey.ts')
  const folder = placeOf(options.words[0], io)
  const told = progress(io)
  const all = await surveyFolder(folder, told('reading'))
  const { reading } = all
  if (reading.parts.length === 0)
    throw new UserError(`${options.words[0]} holds no music in a layout that kpipe knows`, {
      hint: 'kpipe help data says more',
      exitCode: 2,
    })
  const wanted = options.room ? reading.examples.filter(({ room }) => room === options.room) : reading.examples
  const measured = await measureExamples(
    { ...all, reading: { ...reading, examples: wanted } },
    CHECKS,
    told('decoding'),
  )
  const { stats } = measured
  const dropped = [...reading.dropped, ...measured.dropped].filter(({ room }) => !options.room || room === options.room)
  if (options.json) {
    const causes = tally(dropped.map(({ fault }) => fault.code))
    io.out(
      `${JSON.stringify({ folder: options.words[0], sets: reading.parts, bytes: all.bytes, dropped: causes, ...stats }, null, 2)}\n`,
    )
    return 0
  }
  io.out(`${statsText(titleOf(folder), all.bytes, stats, io)}${droppedText(dropped.map(({ fault }) => fault.code))}`)
  return 0
}

/** As `validate` has them by default. */
const CHECKS = { minSeconds: 0.5, minNotes: 1, sampleRate: 16000 }

/** On a terminal alone, and not for what is done at once. */
function progress(io: Io): (what: string) => (done: number, total: number) => void {
  return (what) => (done, total) => {
    if (io.color && total > 500 && (done % 250 === 0 || done === total))
      io.err(done === total ? '\r\u001B[K' : `\r${what} ${done} of ${total}`)
  }
}

function statsText(title: string, bytes: number, { rooms }: DataStats, io: Io): string {
  const size = bytes < 1e9 ? `${number(bytes / 1e6)} MB` : `${number(bytes / 1e9)} GB`
  const items = rooms.reduce((sum, room) => sum + room.items, 0)
  return (
    [`${title}: ${items.toLocaleString('en-US')} items, ${size}`, ...rooms.map((room) => roomText(room, io))].join(
      '\n\n',
    ) + '\n'
  )
}

function roomText(stats: RoomStats, io: Io): string {
  const { room, items, sources, labelled, length, density, pitches, valence, arousal, balance } = stats
  const width = Math.min(78, io.columns) - 2
  const long = (value: number) => (room === 'chords' ? `${number(value)} chords` : seconds(value))
  const head = `${room}: ${items} items of ${sources} sources, ${labelled === 0 ? 'none labelled' : `${labelled} labelled`}`
  const parts = [
    `${head}\n  ${long(length.total)} in all, ${long(length.min)} to ${long(length.max)}, median ${long(length.median)}`,
    chart(room === 'chords' ? 'chords an item' : 'seconds', length, io),
    density && density.max > 0 ? chart('notes a second', density, io) : '',
    pitches && pitches.some((count) => count > 0) ? pitchChart(pitches, io) : '',
    valence ? chartOf('valence', valence, io) : '',
    arousal ? chartOf('arousal', arousal, io) : '',
    ...balance.map((one) => balanceText(one, width, io)),
  ]
  return parts.filter(Boolean).join('\n')
}

const chart = (name: string, { bins, median }: Spread, io: Io): string =>
  chartOf(`${name}, median ${number(Number(median.toPrecision(3)))}`, bins, io)

function chartOf(name: string, bins: { edges: readonly number[]; counts: readonly number[] }, io: Io): string {
  const lines = columnLines(bins, { width: Math.min(60, io.columns - 4), height: 3, unicode: io.unicode })
  return [`  ${name}`, ...lines.map((line) => `  ${line}`)].join('\n')
}

function pitchChart(pitches: readonly number[], io: Io): string {
  const first = pitches.findIndex((count) => count > 0)
  const last = pitches.findLastIndex((count) => count > 0)
  const edges = Array.from({ length: last - first + 2 }, (_, i) => first + Math.min(i, last - first))
  return chartOf('MIDI pitch (60 is middle C)', { edges, counts: pitches.slice(first, last + 1) }, io)
}

const MOST_BARS = 12

function balanceText({ by, counts, more }: Balance, width: number, io: Io): string {
  const shown = counts.slice(0, MOST_BARS)
  const hidden = counts.slice(MOST_BARS)
  const kinds = hidden.length + more.kinds
  const rest = hidden.reduce((sum, [, items]) => sum + items, more.items)
  const rows = [...shown, ...(kinds > 0 ? [[`${kinds} more`, rest] as const] : [])]
  const lines = barLines(
    rows.map(([name, value]) => ({ name, value })),
    Math.min(66, width),
    io.unicode,
  )
  return [`  by ${by}`, ...lines.map((line) => `    ${line}`)].join('\n')
}

function droppedText(codes: readonly string[]): string {
  const causes = Object.entries(tally(codes)).map(([code, count]) => `${count} ${code}`)
  return causes.length > 0 ? `\nleft out: ${causes.join(', ')}\n` : ''
}

function tally(words: readonly string[]): Record<string, number> {
  const found: Record<string, number> = {}
  for (const word of words) found[word] = (found[word] ?? 0) + 1
  return found
}
