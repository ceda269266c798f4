/** `kpipe report` on stages that leave what the music stages leave: one file, complete, nothing from outside. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { panels } from '../../src/report/index.ts'
import { checkMarkup } from '../plot/xml.ts'
import { Project } from '../rig.ts'
import { finishedProject } from './finished-project.ts'

let project: Project
beforeEach(() => {
  project = new Project()
})
afterEach(() => project.dispose())

const section = (page: string, id: string): string =>
  page.slice(page.indexOf(`<section id="${id}">`)).split('</section>')[0]!

describe('the report of a pipeline', () => {
  it('has every panel, is well-formed and asks nothing of anybody', () => {
    finishedProject(project)
    project.run()
    const done = project.kpipe('report')
    expect([done.code, done.out, done.err]).toEqual([0, 'reports/small.html\n', ''])
    const page = project.read('reports/small.html')

    const ids = [...page.matchAll(/<section id="([^"]+)">/g)].map((match) => match[1])
    expect(ids).toEqual(Object.keys(panels))
    expect([...page.matchAll(/<a href="#([^"]+)">/g)].map((match) => match[1])).toEqual(ids)
    for (const id of ids) expect(section(page, id!), id).toMatch(/<svg|<table|<audio/)

    // Nothing is fetched: no link, no script, no import, no url(), and sources only in the page itself.
    expect(page).not.toMatch(/<(script|link|iframe|object|embed|base)\b|@import|url\(|srcset|<form/i)
    const sources = [...page.matchAll(/\b(?:src|href|xlink:href|poster|action)\s*=\s*"([^"]*)"/g)].map(
      (match) => match[1]!,
    )
    expect(sources.length).toBeGreaterThan(ids.length)
    for (const source of sources) expect(source).toMatch(/^(#|data:audio\/wav;base64,)/)
    expect(page).toContain(`default-src 'none'`)

    const body = page.slice(page.indexOf('<main>')).replace('</body>\n</html>\n', '')
    checkMarkup(body.replaceAll('<br>', '<br/>').replaceAll('<audio controls ', '<audio controls="" '))
  })

  it('tells figures, names generated data, and shows hostile names as they are', () => {
    finishedProject(project)
    project.run()
    project.kpipe('report', 'small', '-o', 'out/page.html')
    const page = project.read('out/page.html')
    expect(page).toContain('<strong>Generated data.</strong> music made for a test')
    expect(section(page, 'data')).toContain('midi/&lt;torn&gt;.mid')
    for (const words of [
      '1 item of 1 source, 1 labelled',
      'Note density',
      'Pitches',
      'By quadrant',
      '&lt;rock&gt; &amp; roll',
    ])
      expect(section(page, 'music')).toContain(words)
    expect(section(page, 'data')).toContain('byte 14: ends early (export it again)')
    expect(section(page, 'data')).toContain('<td>all</td><td class="n">5</td><td class="n">4</td><td class="n">1</td>')
    expect(section(page, 'data')).toContain(
      '<td class="n">1 h 00 min</td><td class="n">13 s · 1 h 00 min · 1 h 00 min</td>',
    )
    expect(section(page, 'data')).toContain('Length of recordings')
    expect(section(page, 'curves').match(/kept: 2/g)).toHaveLength(2)
    expect(section(page, 'baseline')).toContain('<span class="good">50.0 % lower</span>')
    expect(section(page, 'emotion')).toContain('audio/one.wav: (0.50, 0.50) → (0.40, 0.10)')
    expect(section(page, 'confusion')).toContain('5 of 6 right, generated data')
    expect(section(page, 'confusion')).toContain('C → G &amp; D: 1')
    expect(section(page, 'latency')).toContain('ms (1 of 4 calls were slower)')
    expect(section(page, 'exported')).toContain('<td class="n">123 kB</td>')
    expect(section(page, 'exported')).toContain('mind the &lt;gap&gt;')
    expect(section(page, 'exported')).toContain('ab'.repeat(32))
    expect(section(page, 'listening').match(/<audio/g)).toHaveLength(2)
    expect(section(page, 'rolls').match(/<svg/g)).toHaveLength(2)
    expect(section(page, 'rolls')).toContain('C4')
    expect(section(page, 'rolls')).toContain('kick')
    expect(page).toContain('evaluate@beta: a &lt; b &amp; c')
    expect(page).toContain('beta &lt;b&gt;')
    expect(section(page, 'metrics')).toContain('<td>download</td><td>songs</td><td class="n">4</td>')
  })

  it('of an older run shows what that run made, not what is there now', () => {
    finishedProject(project)
    project.run()
    const history = JSON.stringify([{ epoch: 1, loss: 9, val_loss: null, learning_rate: 1 }])
    project.write({ 'made/train-alpha/history.json': history, 'made/train-beta/history.json': history })
    project.run('--set', 'rate=0.5')
    project.kpipe('report', 'last~1', '-o', 'old.html')
    project.kpipe('report', 'last', '-o', 'new.html')
    project.kpipe('report', '-o', 'now.html')
    const [old, fresh, now] = ['old', 'new', 'now'].map((name) => section(project.read(`${name}.html`), 'curves'))
    expect(old).toContain('validation: last 0.25')
    expect(fresh).toContain('training: last 9')
    expect(fresh).not.toContain('validation: last')
    expect(now).toBe(fresh)
    expect(project.read('new.html')).toContain('<code>rate=0.5</code>')
  })

  it('draws a wide foreach as one box, with its worst end', () => {
    project.write({
      'pipelines/p.yaml': `name: p
params: { n: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13] }
stages:
  first: { run: 'echo > f', outs: [f] }
  work: { foreach: "\${n}", run: 'test \${item} != 7 && echo > w\${item}', deps: [f], outs: ["w\${item}"] }
`,
    })
    expect(project.kpipe('run', '--keep-going').code).toBe(1)
    project.kpipe('report', 'last', '-o', 'r.html')
    const graph = section(project.read('r.html'), 'stages').split('</svg>')[0]!
    expect(graph.match(/class="kp-node"/g)).toHaveLength(2)
    expect(graph).toContain('work@… (13)')
    expect(graph).toContain('12 ran, 1 failed')
    expect(graph).toContain('class="kp-bad"')
  })

  it('of commands shows what they measured', () => {
    project.write({
      'pipelines/p.yaml': `name: p\nstages:\n  a: { run: 'echo "{\\"words\\": 7, \\"of\\": {\\"long\\": 2.123456}}" > a.json', outs: [a.json], metrics: a.json }\n`,
    })
    expect(project.kpipe('run').out).toContain('words 7, of.long 2.123')
    project.kpipe('report', '-o', 'r.html')
    expect(section(project.read('r.html'), 'metrics')).toContain('<td>of.long</td><td class="n">2.123</td>')
  })

  it('tells a failure with its message', () => {
    project.write({
      'pipelines/p.yaml': `name: p\nstages:\n  bad: { run: 'echo "<oops>" >&2; exit 3', outs: [x] }\n  then: { run: cp x y, deps: [x], outs: [y] }\n`,
    })
    expect(project.kpipe('run').code).toBe(1)
    expect(project.kpipe('report', 'last', '-o', 'r.html').code).toBe(0)
    const page = project.read('r.html')
    expect(page).toContain('<span class="bad">failed</span>')
    expect(page).toContain('&lt;oops&gt;')
    expect([...page.matchAll(/<section id/g)]).toHaveLength(1)
  })

  it('says what to do where there is nothing to report', () => {
    project.write({ 'pipelines/p.yaml': `name: p\nstages:\n  a: { run: 'echo > a', outs: [a] }\n` })
    const none = project.kpipe('report')
    expect([none.code, none.err]).toEqual([2, 'kpipe: p has no results yet\n       kpipe run p makes them\n'])
    const unknown = project.kpipe('report', 'last')
    expect(unknown.code).toBe(2)
    expect(unknown.err).toContain('no run has been logged yet')
    project.run()
    expect(project.kpipe('report', 'q').err).toContain('there is no pipeline or run q')
    expect(project.kpipe('report', 'last~1').err).toContain('there is no last~1: 1 run logged')
    expect(project.kpipe('report', '2020').err).toContain('there is no pipeline or run 2020')
  })
})
