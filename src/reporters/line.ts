/** A line of the screen as coloured parts, and how it becomes text. */
import type pc from 'picocolors'
import { asciiSigns } from '../lib/ascii.ts'
import { cells, cut } from './width.ts'

export type Color = 'plain' | 'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan' | 'blue'
export type Paint = ReturnType<typeof pc.createColors>

export interface Part {
  readonly text: string
  readonly color: Color
}
export type Line = Part[]

export const part = (text: string, color: Color = 'plain'): Part => ({ text, color })

/** Parts beside each other, painted; an empty line is one space, because a text without characters has no height. */
export function rowOf(line: Line, { paint, unicode }: { readonly paint: Paint; readonly unicode: boolean }): string {
  const painted = line.map(({ text, color }) => (color === 'plain' || text === '' ? text : paint[color](text))).join('')
  const row = unicode ? painted : asciiSigns(painted)
  return row === '' ? ' ' : row
}

export function rule(title: string, columns: number, unicode: boolean): Line {
  const stroke = unicode ? '─' : '-'
  const name = title ? ` ${cut(title, columns - 6, unicode)} ` : ''
  return [
    part(stroke.repeat(2), 'dim'),
    part(name, 'bold'),
    part(stroke.repeat(Math.max(0, columns - 2 - cells(name))), 'dim'),
  ]
}
