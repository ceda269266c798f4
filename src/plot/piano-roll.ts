/** Notes over time: pitch upwards, louder notes stronger; for drums every sound has a line of its own. */
import { axes, heading, noData, plotArea, type PlotOptions, svgRoot, tooltip, WIDTH } from './frame.ts'
import { linearScale, niceTicks, type Scale } from './scale.ts'
import { el } from './svg.ts'
import { colorOf } from './theme.ts'

export interface RollNote {
  /** Seconds. */
  readonly start: number
  readonly duration: number
  /** MIDI number, 60 = C4. */
  readonly pitch: number
  /** 1-127 */
  readonly velocity: number
  /** Colour by voice: 0-based. */
  readonly voice?: number
}

export interface PianoRoll extends PlotOptions {
  readonly notes: readonly RollNote[]
  /** Seconds shown; notes after it are left out. */
  readonly seconds: number
  /** Name of a pitch, e.g. `C4` or `snare`. */
  readonly pitchName: (pitch: number) => string
  /** One line a pitch that occurs, instead of all semitones. */
  readonly compact?: boolean
}

/** Lines are at least this high, px. */
const LEAST_LINE = 4

export function pianoRoll(plot: PianoRoll): string {
  const { width = WIDTH, seconds } = plot
  const notes = plot.notes.filter((note) => note.start < seconds && note.start + note.duration > 0)
  if (notes.length === 0) return noData({ height: 160, ...plot })
  const pitches = [...new Set(notes.map((note) => note.pitch))].sort((a, b) => a - b)
  const lines = plot.compact ? pitches : between(pitches[0]! - 1, pitches.at(-1)! + 1)
  const lineHeight = Math.max(LEAST_LINE, Math.min(plot.compact ? 14 : 8, 150 / lines.length))
  const { parts, bottom } = heading(width, plot.title, [])
  const height = bottom + 8 + lineHeight * lines.length + 26 + (plot.xLabel ? 16 : 0)
  const named = namedPitches(lines, lineHeight, plot.compact === true)
  const area = plotArea(width, height, bottom, plot, named.map(plot.pitchName))
  const x = linearScale({ min: 0, max: seconds }, [area.left, area.right])
  const row = new Map(lines.map((pitch, i) => [pitch, i]))
  const middle = (pitch: number) => area.bottom - (row.get(pitch)! + 0.5) * lineHeight
  const y: Scale = { map: middle, ticks: named, label: plot.pitchName }
  const boxes = notes.map((note) => {
    const [from, to] = [x.map(Math.max(0, note.start)), x.map(Math.min(seconds, note.start + note.duration))]
    return el(
      'rect',
      {
        class: `kp-f${colorOf(note.voice ?? 0)}`,
        x: from,
        y: middle(note.pitch) - lineHeight / 2 + 0.5,
        width: Math.max(plot.compact ? 3 : 1.5, to - from - 0.5),
        height: lineHeight - 1,
        rx: 1,
        'fill-opacity': 0.35 + 0.6 * (Math.min(127, Math.max(0, note.velocity)) / 127),
      },
      tooltip(`${plot.pitchName(note.pitch)}, ${note.start.toFixed(2)} s, velocity ${note.velocity}`),
    )
  })
  const seen = { ...x, ticks: niceTicks({ min: 0, max: seconds }, 8) }
  return svgRoot(width, height, plot, [...parts, ...axes(area, seen, y, plot), ...boxes])
}

/** Every C, or every line where there is room for its name. */
function namedPitches(lines: readonly number[], lineHeight: number, compact: boolean): number[] {
  if (compact) return lines.filter((_, i) => i % Math.ceil(12 / lineHeight) === 0)
  const cs = lines.filter((pitch) => pitch % 12 === 0)
  return cs.length > 0 ? cs : [lines[0]!, lines.at(-1)!]
}

const between = (low: number, high: number): number[] => Array.from({ length: high - low + 1 }, (_, i) => low + i)
