import { afterEach, beforeEach, expect, it } from 'vitest'
import { checkMarkup } from '../plot/xml.ts'
import { Project } from '../rig.ts'

let project: Project
beforeEach(() => {
  project = new Project()
})
afterEach(() => project.dispose())

const PIPELINE = `
name: two
params: { items: [a, b] }
stages:
  first: { run: 'echo 1 > first.txt', outs: [first.txt], about: what all need }
  each: { foreach: "\${items}", run: 'cat first.txt > each-\${item}.txt', deps: [first.txt], outs: ['each-\${item}.txt'] }
  last: { run: 'cat first.txt each-*.txt > last.txt', deps: [first.txt, each-a.txt, each-b.txt], outs: [last.txt] }
`

const graph = (...words: string[]): string => {
  const done = project.kpipe('graph', ...words)
  expect([done.code, done.err]).toEqual([0, ''])
  return done.out
}

it('draws lanes for a terminal, with what each is about', () => {
  project.write({ 'pipelines/two.yaml': PIPELINE })
  expect(graph()).toBe('●   first   what all need\n├─╮\n● │ each@a\n│ ● each@b\n├─╯\n●   last\n')
  expect(project.kpipeWith({ LC_ALL: 'C' }, 'graph').out).toBe(
    "*   first   what all need\n+-.\n* | each@a\n| * each@b\n+-'\n*   last\n",
  )
  expect(graph('each@b')).toBe('● first   what all need\n● each@b\n')
})

it('writes mermaid, dot and SVG, without what follows from other dependencies', () => {
  project.write({ 'pipelines/two.yaml': PIPELINE })
  expect(graph('two', '--format', 'mermaid')).toBe(`flowchart TD
  s0["first"]
  s1["each@a"]
  s2["each@b"]
  s3["last"]
  s0 --> s1
  s0 --> s2
  s1 --> s3
  s2 --> s3
`)
  expect(graph('--format', 'dot')).toBe(`digraph "two" {
  node [shape=box, style=rounded, fontname="sans-serif"];
  "first";
  "each@a";
  "each@b";
  "last";
  "first" -> "each@a";
  "first" -> "each@b";
  "each@a" -> "last";
  "each@b" -> "last";
}
`)
  expect(graph('--format', 'dot', '--all')).toContain('"first" -> "last";')
  expect(graph('--format', 'svg', '-o', 'two.svg')).toBe('')
  const svg = project.read('two.svg')
  checkMarkup(svg.replace(/<style>.*<\/style>/, ''))
  expect(svg.match(/<g>/g)).toHaveLength(4)
})

it('tells how long each stage took', () => {
  project.write({ 'pipelines/two.yaml': PIPELINE })
  project.run()
  expect(graph('--format', 'mermaid')).toMatch(/s0\["first<br\/>[\d.]+ s"\]/)
  expect(graph()).toMatch(/^● {3}first +[\d.]+ s +what all need$/m)
})

it('folds a wide foreach to one node', () => {
  const items = Array.from({ length: 200 }, (_, i) => i)
  project.write({ 'pipelines/two.yaml': PIPELINE.replace('[a, b]', JSON.stringify(items)).replace(/\n.*last:.*/, '') })
  expect(graph()).toBe('● first         what all need\n● each@… (200)\n')
  expect(graph('--all', '--format', 'dot').match(/->/g)).toHaveLength(200)
})

it('names the formats there are', () => {
  project.write({ 'pipelines/two.yaml': PIPELINE })
  const done = project.kpipe('graph', '--format', 'mermade')
  expect([done.code, done.err]).toEqual([2, 'kpipe: there is no format mermade\n       did you mean mermaid?\n'])
})
