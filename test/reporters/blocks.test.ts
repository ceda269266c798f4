import { describe, expect, it } from 'vitest'
import { barLines, columnLines, rollLines, waveLines } from '../../src/reporters/blocks.ts'

describe('bars that lie', () => {
  const rows = [
    { name: 'rock', value: 80 },
    { name: 'a style whose name is longer than anybody reads', value: 3 },
    { name: 'none', value: 0, label: '-' },
  ]

  it('are as long as their share, and what is small is still seen', () => {
    expect(barLines(rows, 50, true)).toEqual([
      'rock                          ████████████████ 80',
      'a style whose name is longe…  ▋ 3',
      'none                          -',
    ])
    expect(barLines(rows, 50, false)[1]).toBe('a style whose name is longe…  # 3')
  })

  it('of nothing are nothing', () => expect(barLines([], 40, true)).toEqual([]))
})

describe('columns that stand', () => {
  const bins = { edges: [0, 1, 2, 3], counts: [1, 8, 4] }

  it('fill eighths of a line, with the ends of the axis below', () => {
    expect(columnLines(bins, { width: 12, height: 2, unicode: true })).toEqual([
      '    ████',
      '▂▂▂▂████████',
      '0          3',
    ])
    expect(columnLines(bins, { width: 12, height: 1, unicode: false })).toEqual(['....####::::', '0          3'])
  })

  it('are added up where there are more bins than cells', () => {
    const many = { edges: Array.from({ length: 101 }, (_, i) => i), counts: Array.from({ length: 100 }, () => 2) }
    const [line, axis] = columnLines(many, { width: 25, height: 1, unicode: true })
    expect(line).toBe('█'.repeat(25))
    expect(axis).toBe(`0${' '.repeat(21)}100`)
    expect(columnLines({ edges: [], counts: [] }, { width: 9, height: 3, unicode: true })).toEqual([])
  })
})

describe('notes', () => {
  const scale = Array.from({ length: 8 }, (_, i) => ({ start: i, duration: 1, pitch: 60 + i }))

  it('rise from low left to high right, four pitches a line', () => {
    const size = { seconds: 8, width: 8, height: 4, unicode: true }
    expect(rollLines(scale, size)).toEqual(['    ⣀⠤⠒⠉', '⣀⠤⠒⠉'])
    expect(rollLines(scale, { ...size, height: 8, unicode: false })[7]).toBe('=')
  })

  it('are pressed into the lines there are, cut at the end, and left out after it', () => {
    const wide = [
      { start: 0, duration: 99, pitch: 20 },
      { start: 9, duration: 1, pitch: 127 },
      { start: 1, duration: 0, pitch: 100 },
    ]
    const lines = rollLines(wide, { seconds: 2, width: 4, height: 2, unicode: true })
    expect(lines).toEqual(['  ⠁', '⣀⣀⣀⣀'])
    expect(rollLines([], { seconds: 2, width: 4, height: 2, unicode: true })).toEqual([])
  })
})

describe('a waveform', () => {
  it('shows the loudest sample of every slice, however quiet the whole is', () => {
    const samples = Float32Array.of(0.001, -0.01, 0, 0.005, 0, 0)
    expect(waveLines(samples, { width: 3, height: 1, unicode: true })).toEqual(['█▄'])
    expect(waveLines(samples, { width: 3, height: 2, unicode: true })).toEqual(['█', '██'])
    expect(waveLines(new Float32Array(9), { width: 3, height: 1, unicode: true })).toEqual([''])
    expect(waveLines(new Float32Array(0), { width: 3, height: 1, unicode: true })).toEqual([])
  })
})
