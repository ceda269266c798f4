/**
 * Places for the nodes of an acyclic graph, in layers, after Sugiyama, Tagawa, Toda (1981): layers by longest path, order within
 * a layer by barycentres, places by least squares. Edges over several layers bend at places of their own. Everything is
 * deterministic; ties keep the order given.
 */

export type Edge = readonly [from: string, to: string]

export interface Layout {
  /** Centre of each node: `layer` counts from 0, `offset` is in units of the cross axis (see `span`). */
  readonly nodes: ReadonlyMap<string, { readonly layer: number; readonly offset: number }>
  /** Every edge as the places it goes through, ends included. */
  readonly edges: readonly { readonly edge: Edge; readonly via: readonly { layer: number; offset: number }[] }[]
  readonly layers: number
  /** Greatest offset; the least is 0. */
  readonly span: number
}

/** Room that a bend of a long edge takes beside nodes, of which each takes 1. */
const BEND = 0.35
const SWEEPS = 12

export function layeredLayout(ids: readonly string[], edges: readonly Edge[]): Layout {
  const layerOf = layersByLongestPath(ids, edges)
  const places: Place[] = ids.map((id) => ({ id, layer: layerOf.get(id)!, size: 1, offset: 0, up: [], down: [] }))
  const byId = new Map(places.map((place) => [place.id, place]))
  const chains = edges.map((edge) => {
    const [from, to] = [byId.get(edge[0])!, byId.get(edge[1])!]
    const bends: Place[] = []
    for (let layer = from.layer + 1; layer < to.layer; layer++)
      bends.push({ id: '', layer, size: BEND, offset: 0, up: [], down: [] })
    places.push(...bends)
    const chain = [from, ...bends, to]
    for (let i = 1; i < chain.length; i++) {
      chain[i - 1]!.down.push(chain[i]!)
      chain[i]!.up.push(chain[i - 1]!)
    }
    return { edge, chain }
  })
  const layers = toLayers(places)
  orderLayers(layers)
  placeLayers(layers)
  const least = Math.min(...places.map((place) => place.offset))
  for (const place of places) place.offset -= least
  return {
    nodes: new Map(ids.map((id) => [id, { layer: byId.get(id)!.layer, offset: byId.get(id)!.offset }])),
    edges: chains.map(({ edge, chain }) => ({ edge, via: chain.map(({ layer, offset }) => ({ layer, offset })) })),
    layers: layers.length,
    span: Math.max(0, ...places.map((place) => place.offset)),
  }
}

/** Edges that another path does not already say: without them the same order follows. */
export function reduceEdges(ids: readonly string[], edges: readonly Edge[]): Edge[] {
  const next = new Map<string, string[]>(ids.map((id) => [id, []]))
  for (const [from, to] of edges) next.get(from)!.push(to)
  const reach = new Map<string, Set<string>>()
  const reachOf = (id: string): Set<string> => {
    const known = reach.get(id)
    if (known) return known
    const found = new Set<string>()
    reach.set(id, found)
    for (const to of next.get(id)!) {
      found.add(to)
      for (const further of reachOf(to)) found.add(further)
    }
    return found
  }
  const seen = new Set<string>()
  return edges.filter(([from, to]) => {
    const name = `${from}\0${to}`
    if (seen.has(name)) return false
    seen.add(name)
    return !next.get(from)!.some((other) => other !== to && reachOf(other).has(to))
  })
}

interface Place {
  /** '' for a bend. */
  readonly id: string
  readonly layer: number
  readonly size: number
  offset: number
  readonly up: Place[]
  readonly down: Place[]
}

function layersByLongestPath(ids: readonly string[], edges: readonly Edge[]): Map<string, number> {
  const before = new Map<string, string[]>(ids.map((id) => [id, []]))
  for (const [from, to] of edges) before.get(to)!.push(from)
  const layers = new Map<string, number>()
  const layerOf = (id: string): number => {
    const known = layers.get(id)
    if (known !== undefined) return known
    layers.set(id, 0) // an edge that closes a circle counts for nothing
    const layer = Math.max(0, ...before.get(id)!.map((one) => layerOf(one) + 1))
    layers.set(id, layer)
    return layer
  }
  for (const id of ids) layerOf(id)
  return layers
}

function toLayers(places: readonly Place[]): Place[][] {
  const layers: Place[][] = []
  for (const place of places) (layers[place.layer] ??= []).push(place)
  return Array.from(layers, (layer) => layer ?? [])
}

/** Sweeps down and up, each layer sorted by the mean rank of its neighbours; the order with the fewest crossings stays. */
function orderLayers(layers: Place[][]): void {
  let best = layers.map((layer) => [...layer])
  let fewest = crossings(layers)
  for (let sweep = 0; sweep < SWEEPS && fewest > 0; sweep++) {
    const down = sweep % 2 === 0
    const order = down ? layers.keys() : [...layers.keys()].reverse()
    for (const i of order) {
      const beside = layers[down ? i - 1 : i + 1]
      if (!beside) continue
      const rank = new Map(beside.map((place, r) => [place, r]))
      const key = new Map(
        layers[i]!.map((place, r) => [place, mean((down ? place.up : place.down).map((one) => rank.get(one)!)) ?? r]),
      )
      layers[i]!.sort((a, b) => key.get(a)! - key.get(b)!)
    }
    const now = crossings(layers)
    if (now < fewest) [fewest, best] = [now, layers.map((layer) => [...layer])]
  }
  best.forEach((layer, i) => (layers[i] = layer))
}

function crossings(layers: readonly (readonly Place[])[]): number {
  let count = 0
  for (let i = 1; i < layers.length; i++) {
    const rank = new Map(layers[i]!.map((place, r) => [place, r]))
    const ends = layers[i - 1]!.flatMap((place) => place.down.map((one) => rank.get(one)!).sort((a, b) => a - b))
    for (let a = 0; a < ends.length; a++) for (let b = a + 1; b < ends.length; b++) if (ends[a]! > ends[b]!) count++
  }
  return count
}

/** Each layer as near to its neighbours as the room between its places allows. */
function placeLayers(layers: readonly Place[][]): void {
  for (const layer of layers) settle(layer, () => 0)
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const down = sweep % 2 === 0
    for (const layer of down ? layers : [...layers].reverse()) {
      settle(layer, (place) => {
        const near = down ? place.up : place.down
        return mean((near.length > 0 ? near : [...place.up, ...place.down]).map((one) => one.offset)) ?? place.offset
      })
    }
  }
}

/** Least-squares offsets that keep order and distance: pool adjacent violators (Ayer et al. 1955) on offsets less the room needed. */
function settle(layer: readonly Place[], wish: (place: Place) => number): void {
  let room = 0
  const rooms = layer.map((place, i) => (room += i === 0 ? 0 : (layer[i - 1]!.size + place.size) / 2))
  const blocks: { sum: number; count: number }[] = []
  layer.forEach((place, i) => {
    blocks.push({ sum: wish(place) - rooms[i]!, count: 1 })
    while (blocks.length > 1) {
      const [a, b] = [blocks.at(-2)!, blocks.at(-1)!]
      if (a.sum / a.count <= b.sum / b.count) break
      blocks.splice(-2, 2, { sum: a.sum + b.sum, count: a.count + b.count })
    }
  })
  let i = 0
  for (const { sum, count } of blocks) for (let k = 0; k < count; k++, i++) layer[i]!.offset = sum / count + rooms[i]!
}

const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length
