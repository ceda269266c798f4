/** `kpipe graph`: the stages of a pipeline and what needs what, for a terminal or as mermaid, dot or SVG. */
import { resolve } from 'node:path'
import type { Io } from '../io.ts'
import { UserError } from '../lib/errors.ts'
import { writeAtomic } from '../lib/files.ts'
import { nearest } from '../lib/nearest.ts'
import type { StagePlan } from '../plan.ts'
import { foldWide, graphLabel, graphPlot } from '../plot/graph.ts'
import { laneRows } from '../plot/lanes.ts'
import { type Edge, reduceEdges } from '../plot/layered.ts'
import { columns, seconds } from '../reporters/text.ts'
import { recordName, type Session } from '../run/session.ts'
import { openPipeline, select } from './project.ts'
import { closure, selectTargets } from './run.ts'

export interface GraphOptions {
  readonly words: readonly string[]
  readonly set: readonly string[]
  readonly format: string
  /** File to write, or ''. */
  readonly output: string
  /** Every dependency, also those that others imply; and every stage of a wide `foreach`. */
  readonly all: boolean
}

interface Node {
  readonly id: string
  readonly about: string
  /** How long it last took, or ''. */
  readonly time: string
}

interface Graph {
  readonly name: string
  readonly nodes: readonly Node[]
  readonly edges: readonly Edge[]
}

const FORMATS: Readonly<Record<string, (graph: Graph, io: Io) => string>> = {
  text: terminalText,
  mermaid: mermaidText,
  dot: dotText,
  svg: svgText,
}

export async function graphCommand(options: GraphOptions, io: Io): Promise<number> {
  const format = options.format || 'text'
  if (!Object.hasOwn(FORMATS, format)) {
    const near = nearest(format, Object.keys(FORMATS))
    throw new UserError(`there is no format ${format}`, {
      hint: near ? `did you mean ${near}?` : `formats: ${Object.keys(FORMATS).join(', ')}`,
      exitCode: 2,
    })
  }
  const selection = select(options.words, io.cwd)
  const session = await openPipeline(selection, options.set)
  const wanted = closure(session.plan, selectTargets(session.plan, selection.stages))
  const text = FORMATS[format]!(graphOf(session, wanted, options.all), io)
  if (options.output) writeAtomic(resolve(io.cwd, options.output), text)
  else io.out(text)
  return 0
}

function graphOf(session: Session, wanted: ReadonlySet<string>, all: boolean): Graph {
  const stages = session.plan.stages.filter((stage) => wanted.has(stage.id))
  const name = all ? (stage: StagePlan) => stage.id : foldWide(stages)
  const nameById = new Map(stages.map((stage) => [stage.id, name(stage)]))
  const nodes = new Map<string, Node>()
  for (const stage of stages) {
    const id = name(stage)
    const took = id === stage.id ? (session.journal.get(recordName(session.plan, stage))?.seconds ?? 0) : 0
    if (!nodes.has(id)) nodes.set(id, { id, about: stage.about, time: took > 0 ? seconds(took) : '' })
  }
  const edges = stages.flatMap((stage) =>
    stage.needs
      .filter((need) => wanted.has(need))
      .map((need): Edge => [nameById.get(need)!, name(stage)])
      .filter(([from, to]) => from !== to),
  )
  const ids = [...nodes.keys()]
  return { name: session.plan.name, nodes: [...nodes.values()], edges: all ? unique(edges) : reduceEdges(ids, edges) }
}

function unique(edges: readonly Edge[]): Edge[] {
  return [...new Map(edges.map((edge) => [edge.join('\0'), edge])).values()]
}

function terminalText({ nodes, edges }: Graph, io: Io): string {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const rows = laneRows([...byId.keys()], edges, io.unicode)
  const width = Math.max(...rows.map((row) => row.picture.length), 0)
  const timed = nodes.some(({ time }) => time !== '')
  const cells = rows.map(({ picture, node }) => {
    const { id, about, time } = node === null ? { id: '', about: '', time: '' } : byId.get(node)!
    return timed ? [`${picture.padEnd(width)} ${id}`, time, about] : [`${picture.padEnd(width)} ${id}`, about]
  })
  return columns(cells, io.columns)
    .map((line) => `${line}\n`)
    .join('')
}

function mermaidText({ nodes, edges }: Graph): string {
  const short = new Map(nodes.map((node, i) => [node.id, `s${i}`]))
  const quote = (text: string) => text.replace(/"/g, '#quot;').replace(/[<>]/g, (c) => (c === '<' ? '#lt;' : '#gt;'))
  return [
    'flowchart TD',
    ...nodes.map(({ id, time }) => `  ${short.get(id)}["${quote(id)}${time ? `<br/>${time}` : ''}"]`),
    ...edges.map(([from, to]) => `  ${short.get(from)} --> ${short.get(to)}`),
    '',
  ].join('\n')
}

function dotText({ name, nodes, edges }: Graph): string {
  const quote = (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`
  return [
    `digraph ${quote(name)} {`,
    '  node [shape=box, style=rounded, fontname="sans-serif"];',
    ...nodes.map(({ id, time }) => `  ${quote(id)}${time ? ` [label=${quote(id).slice(0, -1)}\\n${time}"]` : ''};`),
    ...edges.map(([from, to]) => `  ${quote(from)} -> ${quote(to)};`),
    '}',
    '',
  ].join('\n')
}

function svgText({ name, nodes, edges }: Graph): string {
  const boxes = nodes.map(({ id, about, time }) => ({
    id,
    ...graphLabel(id, time),
    tooltip: about ? `${id}: ${about}` : id,
  }))
  return `${graphPlot({ nodes: boxes, edges, title: name, standalone: true })}\n`
}
