import { afterEach, beforeEach, expect, it } from 'vitest'
import { Project } from '../rig.ts'

let project: Project
beforeEach(() => {
  project = new Project()
})
afterEach(() => project.dispose())

const PIPELINE = `
name: p
params: { rate: 0.1 }
stages:
  prepare: { run: 'cat data/labels.csv > table.csv', deps: [data], outs: [table.csv] }
  fit:
    run: 'echo "{\\"loss\\": \${rate}, \\"rows\\": $(wc -l < table.csv)}" > m.json'
    deps: [table.csv]
    outs: [m.json]
    metrics: m.json
  ship: { run: cp m.json shipped.json, deps: [m.json], outs: [shipped.json] }
`
const LABELS = 'filename,valence,arousal\na.wav,0.1,0.2\nb.wav,0.3,0.4\nc.wav,0.5,0.6\n'

function start(): void {
  project.write({ 'pipelines/p.yaml': PIPELINE, 'data/labels.csv': LABELS, 'data/a.mid': 'x' })
  project.run()
}

const withoutIds = (text: string) => text.replace(/\d{8}-\d{6}-[0-9a-f]{4}/g, 'RUN').replace(/ok +[\d.]+ s/g, 'ok TIME')

it('tells a changed param with what follows from it', () => {
  start()
  project.run('--set', 'rate=0.2')
  expect(withoutIds(project.kpipe('diff').out)).toBe(`A  RUN  p  ok TIME
B  RUN  p  ok TIME  rate=0.2

params
  rate 0.1 -> 0.2

causes
  fit: command changed: echo "{\\"loss\\": 0.1, \\"rows\\": $(wc -l < table.csv)}" > … -> echo "{\\"loss\\": 0.2, \\"rows\\": $(wc -l < table.csv)}" > …

follow from these
  1 stage: ship

metrics
  stage  metric  A    B    change
  fit    loss    0.1  0.2  +100 %
`)
})

it('tells changed data in the words of the data, also long afterwards', () => {
  start()
  project.write({
    'data/labels.csv': LABELS.replace('0.3,0.4', '0.9,0.4').concat('d.wav,0,0\n'),
    'data/b.mid': 'y',
    'data/c.mid': 'z',
  })
  project.run()
  project.write({ 'data/labels.csv': LABELS, 'data/d.mid': 'w' })
  project.run()
  const found = JSON.parse(project.kpipe('diff', 'last~2', 'last~1', '--json').out)
  expect(found).toMatchObject({
    params: [],
    stages: [],
    follow: ['fit', 'ship'],
    unknown: [],
    metrics: [{ stage: 'fit', metric: 'rows', a: 4, b: 5 }],
  })
  expect(found.causes).toEqual([
    { stages: ['prepare'], what: 'data: 1 of 4 rows of labels.csv changed (valence), 1 row added to labels.csv' },
    { stages: ['prepare'], what: 'data: 2 MIDI files added (b.mid, c.mid)' },
  ])
})

it('tells stages that ended differently and those of one run only', () => {
  start()
  project.write({ 'pipelines/p.yaml': PIPELINE.replace('cp m.json shipped.json', 'exit 1') })
  expect(project.kpipe('run').code).toBe(1)
  expect(JSON.parse(project.kpipe('diff', '--json').out)).toMatchObject({
    stages: ['ship ok -> FAILED'],
    causes: [],
    metrics: [],
  })
  project.write({ 'pipelines/p.yaml': PIPELINE.replace(/\n {2}ship.*/, '').replace("'cat data", "'cat ./data") })
  project.run()
  const found = JSON.parse(project.kpipe('diff', 'last~2', 'last', '--json').out)
  expect(found.stages).toEqual([`ship only in ${found.a}`])
})

it('says when nothing differs, and what to name', () => {
  start()
  const once = project.kpipe('diff')
  expect([once.code, once.err]).toEqual([
    2,
    'kpipe: p has run once, there is nothing to compare with\n       change something and run again\n',
  ])
  project.run('--force')
  expect(withoutIds(project.kpipe('diff').out)).toContain('nothing differs: same params, same results, same metrics\n')
  expect(project.kpipe('diff', 'a', 'b', 'c').err).toContain('kpipe diff takes two runs')
  expect(project.kpipe('diff', 'last~9').err).toContain('there is no last~9: 2 runs logged')
})
