/** The data in pictures: how dense the items are, on which pitches, and how they are spread over labels and classes. */
import type { Balance, DataStats, RoomStats, Spread } from '../../data/stats.ts'
import { barPlot } from '../../plot/bar.ts'
import { histogram } from '../../plot/histogram.ts'
import { html, plots } from '../html.ts'
import { type Panel, reportsOf } from '../report.ts'

const SMALL = { width: 340, height: 190 } as const
/** Bars of one picture; a style list of fifty is not read. */
const MOST_BARS = 14

export const music: Panel = {
  title: 'The data in figures',
  about: 'Of the examples that are used, room by room: note density, pitches, labels and class balance.',
  draw: (report) =>
    reportsOf<DataStats>(report, 'stats.json', 'kpipe-data-stats/1')
      .flatMap(({ data: { rooms } }) => {
        const labelled = rooms.filter((room) => room.labelled > 0).length
        return rooms.map((room, index) => pictures(room, index, labelled > 1))
      })
      .join('\n'),
}

/** @param apart the labels of this room too, where the picture above has those of several */
function pictures(room: RoomStats, index: number, apart: boolean): string {
  const { room: name, items, sources, labelled, length, density, pitches, valence, arousal, balance } = room
  const drawn = [
    name === 'chords' ? spread('Length', 'chords', length, index) : '',
    density && density.max > 0 ? spread('Note density', 'notes a second', density, index) : '',
    pitches ? pitchPlot(pitches, index) : '',
    valence && apart ? histogram({ ...SMALL, title: 'Valence', yLabel: 'items', ...valence, color: index }) : '',
    arousal && apart ? histogram({ ...SMALL, title: 'Arousal', yLabel: 'items', ...arousal, color: index }) : '',
    ...balance.map(balancePlot),
  ]
  const facts = `${counted(items, 'item')} of ${counted(sources, 'source')}, ${labelled === 0 ? 'none labelled' : `${labelled} labelled`}`
  return `<h3>${html(name)}</h3>\n<p class="quiet">${html(facts)}</p>\n${plots(drawn.filter(Boolean))}`
}

function spread(title: string, unit: string, { bins, median }: Spread, color: number): string {
  // In a bin or two the line would stand on the bar and its words in it.
  const marks = bins.counts.length > 2 ? [{ x: median, label: `median ${Number(median.toPrecision(3))}` }] : []
  return histogram({ ...SMALL, title, xLabel: unit, yLabel: 'items', ...bins, marks, color })
}

/** One bar a semitone, from the lowest to the highest that is played. */
function pitchPlot(pitches: readonly number[], color: number): string {
  const first = pitches.findIndex((count) => count > 0)
  if (first < 0) return ''
  const last = pitches.findLastIndex((count) => count > 0)
  const edges = Array.from({ length: last - first + 2 }, (_, i) => first + i - 0.5)
  const counts = pitches.slice(first, last + 1)
  return histogram({
    ...SMALL,
    title: 'Pitches',
    xLabel: 'MIDI pitch, 60 = middle C',
    yLabel: 'notes',
    edges,
    counts,
    color,
  })
}

function balancePlot({ by, counts, more }: Balance): string {
  const shown = counts.slice(0, MOST_BARS)
  const hidden = counts.slice(MOST_BARS)
  const rest = hidden.reduce((sum, [, items]) => sum + items, more.items)
  const kinds = hidden.length + more.kinds
  const groups = [...shown, ...(kinds > 0 ? [[`${kinds} more`, rest] as const] : [])]
  const title = `By ${by}`
  return barPlot({
    title,
    width: SMALL.width,
    series: ['items'],
    groups: groups.map(([label, items]) => ({ label, values: [items] })),
  })
}

const counted = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`
