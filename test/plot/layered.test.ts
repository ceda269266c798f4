import { describe, expect, it } from 'vitest'
import { type Random, random as seeded } from '../../src/lib/random.ts'
import { laneRows } from '../../src/plot/lanes.ts'
import { type Edge, layeredLayout, reduceEdges } from '../../src/plot/layered.ts'

const DIAMOND: Edge[] = [
  ['a', 'b'],
  ['a', 'c'],
  ['b', 'd'],
  ['c', 'd'],
  ['a', 'd'],
]

/** Edges only from lower to higher numbers: acyclic. */
function randomGraph(random: Random, size: number): { ids: string[]; edges: Edge[] } {
  const ids = Array.from({ length: size }, (_, i) => `n${i}`)
  const edges: Edge[] = []
  for (let to = 1; to < size; to++)
    for (let from = 0; from < to; from++) if (random.next() < 2 / size) edges.push([ids[from]!, ids[to]!])
  return { ids, edges }
}

describe('layers', () => {
  it('put every node after all it needs, edges bend at every layer between', () => {
    const random = seeded(11)
    for (let i = 0; i < 60; i++) {
      const { ids, edges } = randomGraph(random, 1 + Math.floor(random.next() * 40))
      const layout = layeredLayout(ids, edges)
      expect(layout.edges).toHaveLength(edges.length)
      for (const { edge, via } of layout.edges) {
        expect(via.map(({ layer }) => layer)).toEqual(via.map((_, k) => via[0]!.layer + k))
        expect(via[0]).toEqual(layout.nodes.get(edge[0]))
        expect(via.at(-1)).toEqual(layout.nodes.get(edge[1]))
      }
      const taken = [...layout.nodes.values()].sort((a, b) => a.layer - b.layer || a.offset - b.offset)
      taken.forEach((node, k) => {
        const last = taken[k - 1]
        expect(Number.isFinite(node.offset) && node.offset >= 0 && node.offset <= layout.span).toBe(true)
        if (last?.layer === node.layer) expect(node.offset - last.offset).toBeGreaterThan(1 - 1e-9)
      })
    }
  })

  it('stand straight where they can', () => {
    const { nodes } = layeredLayout(['a', 'b', 'c', 'd'], DIAMOND.slice(0, 4))
    expect([...nodes.values()]).toEqual([
      { layer: 0, offset: 0.5 },
      { layer: 1, offset: 0 },
      { layer: 1, offset: 1 },
      { layer: 2, offset: 0.5 },
    ])
  })

  it('do not cross where crossing is not needed', () => {
    // Two chains named so that their order is wrong at first.
    const layout = layeredLayout(
      ['a1', 'b1', 'b2', 'a2'],
      [
        ['a1', 'a2'],
        ['b1', 'b2'],
      ],
    )
    const offset = (id: string) => layout.nodes.get(id)!.offset
    expect(offset('a1') < offset('b1')).toBe(offset('a2') < offset('b2'))
  })
})

describe('reduction', () => {
  it('leaves out what follows from others, and nothing else', () => {
    expect(reduceEdges(['a', 'b', 'c', 'd'], [...DIAMOND, ['a', 'b']])).toEqual(DIAMOND.slice(0, 4))
    const random = seeded(5)
    const reach = (ids: readonly string[], edges: readonly Edge[]) => {
      const next = new Map(ids.map((id) => [id, edges.filter(([from]) => from === id).map(([, to]) => to)]))
      const found = (id: string): Set<string> => new Set(next.get(id)!.flatMap((to) => [to, ...found(to)]))
      return ids.map((id) => [...found(id)].sort())
    }
    for (let i = 0; i < 40; i++) {
      const { ids, edges } = randomGraph(random, 12)
      const reduced = reduceEdges(ids, edges)
      expect(reach(ids, reduced)).toEqual(reach(ids, edges))
      for (const edge of reduced)
        expect(
          reach(
            ids,
            reduced.filter((one) => one !== edge),
          ),
        ).not.toEqual(reach(ids, edges))
    }
  })
})

describe('lanes', () => {
  const picture = (ids: string[], edges: Edge[], unicode = true) =>
    laneRows(ids, edges, unicode).map((row) => `${row.picture.trimEnd()}${row.node ? ` ${row.node}` : ''}`)

  it('draw forks and joins', () => {
    expect(picture(['a', 'b', 'c', 'd'], DIAMOND.slice(0, 4))).toEqual(['● a', '├─╮', '● │ b', '│ ● c', '├─╯', '● d'])
    expect(picture(['a', 'b', 'c', 'd'], DIAMOND.slice(0, 4), false)).toEqual([
      '* a',
      '+-.',
      '* | b',
      '| * c',
      "+-'",
      '* d',
    ])
  })

  it('draw nodes that nothing joins, and lanes that pass a join', () => {
    expect(picture(['a', 'b'], [])).toEqual(['● a', '● b'])
    const edges: Edge[] = [
      ['a', 'x'],
      ['a', 'b'],
      ['a', 'c'],
      ['b', 'd'],
      ['c', 'd'],
      ['d', 'x'],
    ]
    expect(picture(['a', 'b', 'c', 'd', 'x'], edges)).toEqual([
      '● a',
      '├─┬─╮',
      '│ ● │ b',
      '│ │ ● c',
      '│ ├─╯',
      '│ ● d',
      '├─╯',
      '● x',
    ])
  })

  it('tell every node once, below all it needs', () => {
    const random = seeded(23)
    for (let i = 0; i < 60; i++) {
      const { ids, edges } = randomGraph(random, 1 + Math.floor(random.next() * 30))
      const order = laneRows(ids, edges).flatMap((row) => row.node ?? [])
      expect([...order].sort()).toEqual([...ids].sort())
      for (const [from, to] of edges) expect(order.indexOf(from)).toBeLessThan(order.indexOf(to))
    }
  })
})
