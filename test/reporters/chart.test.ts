/** Charts as whole text. */
import { expect, test } from 'vitest'
import { bar, chart, sparkline } from '../../src/reporters/chart.ts'
import type { Point } from '../../src/reporters/view.ts'
import { cells, cut, fit, harmless } from '../../src/reporters/width.ts'

const text = (curves: readonly (readonly Point[])[], width: number, height: number, unicode = true) =>
  chart(
    curves.map((points, i) => ({ points, dotted: i === 0, letter: '.*'[i]! })),
    { width, height, unicode },
  )
    .rows.map((row) => `${row.label}|${row.cells.map((cell) => cell.sign).join('')}`.trimEnd())
    .join('\n')

const falling = (from: number, to: number, count: number): Point[] =>
  Array.from({ length: count }, (_, i) => [i + 1, from + ((to - from) * i) / (count - 1)])

test('a straight fall from corner to corner', () => {
  expect(text([[], falling(1, 0, 9)], 18, 4)).toBe(
    [
      '        1|⠑⢄', //
      '         |  ⠑⢄',
      '         |    ⠑⢄',
      '        0|      ⠑⢄',
    ].join('\n'),
  )
})

test('two curves: the first one dotted, the later one on top', () => {
  expect(text([falling(1, 0.5, 5), falling(0.6, 0, 5)], 26, 5)).toBe(
    [
      '        1|⠁⠂⠂⠄⠄⡀',
      '         |      ⠁⠁⠂⠄⠄⡀⡀',
      '      0.5|⠉⠒⠒⠤⠤⣀       ⠁⠂⠄',
      '         |      ⠉⠑⠒⠤⣀',
      '        0|           ⠉⠑⠢⠤⣀',
    ].join('\n'),
  )
})

test('ASCII where there is no Unicode', () => {
  expect(text([falling(1, 0.5, 5), falling(0.6, 0, 5)], 26, 5, false)).toBe(
    [
      '        1|.',
      '         |  . . . .',
      '      0.5|******    . . .',
      '         |      *******',
      '        0|             ***',
    ].join('\n'),
  )
})

test('a loss over three decades gets a logarithmic axis', () => {
  const steep: Point[] = [
    [1, 100],
    [2, 10],
    [3, 1],
    [4, 0.1],
  ]
  const drawn = chart([{ points: steep, dotted: false, letter: '*' }], { width: 17, height: 5, unicode: false })
  expect(drawn.logarithmic).toBe(true)
  expect(text([[], steep], 17, 5, false)).toBe(
    [
      '      100|*', //
      '         | **',
      '     3.16|   *',
      '         |    *',
      '      0.1|     **',
    ].join('\n'),
  )
})

test('one point, no point, equal points, NaN and infinity', () => {
  expect(text([[], [[1, 0.25]]], 16, 3, false)).toBe('    0.275|\n         |*\n    0.225|')
  expect(text([[], []], 16, 3, false)).toBe('        1|\n         |\n        0|')
  const wild: Point[] = [
    [1, 2],
    [2, NaN],
    [3, Infinity],
    [4, 2],
  ]
  expect(text([[], wild], 16, 3, false)).toBe('      2.2|\n         |******\n      1.8|')
})

test('sparklines and bars', () => {
  expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8, true)).toBe('▁▂▃▄▅▆▇█')
  expect(sparkline([0, 7], 8, false)).toBe('_@')
  expect(sparkline([1, 1, 1], 8, true)).toBe('▁▁▁')
  expect(sparkline([0, 0, 1, 1], 2, true)).toBe('▁█')
  expect(sparkline([], 8, true)).toBe('')
  expect(sparkline([0.5], 1, true, [0, 1])).toBe('▅')
  expect([bar(0, 4, true), bar(0.5, 4, true), bar(0.6, 4, true), bar(2, 4, true)]).toEqual([
    '░░░░',
    '██░░',
    '██▍░',
    '████',
  ])
  expect([bar(0.5, 4, false), bar(-1, 4, false)]).toEqual(['##..', '....'])
})

test('widths: wide and combining characters, cuts, and what a log line may hold', () => {
  expect([cells('train'), cells('訓練'), cells('é'), cells('e\u0301'), cells('🎵')]).toEqual([5, 4, 1, 1, 2])
  expect(fit('訓練データ', 6, true)).toBe('訓練… ')
  expect(cut('groove_predictor', 8, false)).toBe('groove_~')
  expect(cut('groove', 6, true)).toBe('groove')
  expect(harmless('\u001B[31mred\u001B[0m\tbell\u0007 \u001B]0;title\u0007end')).toBe('red    bell end')
  expect(harmless(' 10%\r 20%\r 30%\r')).toBe(' 30%')
})
