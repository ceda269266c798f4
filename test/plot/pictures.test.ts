/** Every picture on tiny cases as whole text, and on odd ones by what must hold of all: well-formed, no NaN, "no data" said. */
import { describe, expect, it } from 'vitest'
import { random as seeded } from '../../src/lib/random.ts'
import { barPlot } from '../../src/plot/bar.ts'
import { graphPlot } from '../../src/plot/graph.ts'
import { heatmap } from '../../src/plot/heatmap.ts'
import { binValues, histogram } from '../../src/plot/histogram.ts'
import { linePlot } from '../../src/plot/line.ts'
import { pianoRoll } from '../../src/plot/piano-roll.ts'
import { scatterPlot } from '../../src/plot/scatter.ts'
import { cutText, el, escapeText, path, short, text, textWidth } from '../../src/plot/svg.ts'
import { checkMarkup, textsOf } from './xml.ts'

const LONG = 'a_very_long_name_of_a_model_that_nobody_would_give_but_somebody_does_give_all_the_same'
const NASTY = `<script>alert("&'")</script>\u0007\uD800`

describe('markup', () => {
  it('is escaped, rounded and cut', () => {
    expect(el('a', { b: 'x<"y">', c: 1 / 3, d: undefined }, escapeText('1 & 2'))).toBe(
      '<a b="x&lt;&quot;y&quot;&gt;" c="0.33">1 &amp; 2</a>',
    )
    expect(escapeText(NASTY)).toBe('&lt;script&gt;alert(&quot;&amp;&#39;&quot;)&lt;/script&gt;\uFFFD\uFFFD')
    expect([short(-0.001), short(1e-9), short(12.345)]).toEqual(['0', '0', '12.35'])
    expect(() => short(Number.NaN)).toThrow('NaN')
    expect(cutText(LONG, 100)).toMatch(/^a_very_lon.*…$/)
    expect(textWidth(cutText(LONG, 100))).toBeLessThanOrEqual(100)
    expect(text(LONG, { x: 0, y: 0, width: 60 })).toContain(`<title>${LONG}</title>`)
    expect(text('short', { x: 0, y: 0, width: 60 })).toBe('<text x="0" y="0" class="kp-t">short</text>')
  })

  it('leaves gaps in paths', () => {
    expect(path([[0, 1], null, [2, 3], [4, Number.NaN], [5, 6], [7, 8]])).toBe('M0,1M2,3M5,6L7,8')
  })
})

describe('whole pictures', () => {
  it('line', () => {
    const svg = linePlot({ title: 'loss', width: 200, height: 120, series: [{ name: 'a', x: [1, 2], y: [1, 0] }] })
    expect(svg).toMatchInlineSnapshot(
      `"<svg class="kp" width="200" height="120" viewBox="0 0 200 120" role="img" aria-label="loss"><rect class="kp-paper" width="200" height="120" rx="6"/><text x="14" y="20" class="kp-h" font-size="13">loss</text><path class="kp-g" d="M39.14,94H182"/><text x="33.14" y="98" class="kp-s" text-anchor="end" font-size="11">0</text><path class="kp-g" d="M39.14,82.8H182"/><text x="33.14" y="86.8" class="kp-s" text-anchor="end" font-size="11">0.2</text><path class="kp-g" d="M39.14,71.6H182"/><text x="33.14" y="75.6" class="kp-s" text-anchor="end" font-size="11">0.4</text><path class="kp-g" d="M39.14,60.4H182"/><text x="33.14" y="64.4" class="kp-s" text-anchor="end" font-size="11">0.6</text><path class="kp-g" d="M39.14,49.2H182"/><text x="33.14" y="53.2" class="kp-s" text-anchor="end" font-size="11">0.8</text><path class="kp-g" d="M39.14,38H182"/><text x="33.14" y="42" class="kp-s" text-anchor="end" font-size="11">1.0</text><path class="kp-a" d="M41.14,94v4"/><text x="41.14" y="111" class="kp-s" text-anchor="middle" font-size="11">1</text><path class="kp-a" d="M182,94v4"/><text x="182" y="111" class="kp-s" text-anchor="middle" font-size="11">2</text><path class="kp-a" d="M39.14,94H182"/><path class="kp-l1" d="M41.14,38L182,94"><title>a: last 0, least 0</title></path></svg>"`,
    )
  })

  it('heatmap', () => {
    expect(heatmap({ rows: ['a'], columns: ['a', 'b'], values: [[3, 0]], width: 120 })).toMatchInlineSnapshot(
      `"<svg class="kp" width="120" height="80.38" viewBox="0 0 120 80.38" role="img"><rect class="kp-paper" width="120" height="80.38" rx="6"/><text x="20.38" y="53.38" class="kp-s" text-anchor="end" font-size="11">a</text><text x="47.38" y="26.38" class="kp-s" font-size="11" transform="rotate(-90 47.38 26.38)">a</text><text x="81.38" y="26.38" class="kp-s" font-size="11" transform="rotate(-90 81.38 26.38)">b</text><rect class="kp-f1" fill-opacity="0.9" x="26.88" y="32.88" width="33" height="33"><title>a → a: 3</title></rect><text x="43.38" y="53.38" class="kp-on" text-anchor="middle" font-size="10">3</text><rect class="kp-f1" fill-opacity="0.04" x="60.88" y="32.88" width="33" height="33"><title>a → b: 0</title></rect></svg>"`,
    )
  })

  it('graph', () => {
    const nodes = [
      { id: 'a', label: 'a' },
      { id: 'b@1', label: 'b', detail: '1', aside: '2 s', state: 'good' as const },
    ]
    expect(graphPlot({ nodes, edges: [['a', 'b@1']] })).toMatchInlineSnapshot(
      `"<svg class="kp" width="468" height="70" viewBox="0 0 468 70" role="img"><rect class="kp-paper" width="468" height="70" rx="6"/><path class="kp-a" d="M212,35C234,35,234,35,256,35"/><path class="kp-arrow" d="M256,35l-7,-4v8z"/><g><title>a</title><rect class="kp-node" x="14" y="14" width="198" height="42" rx="6"/><rect class="kp-soft" x="19" y="21" width="4" height="28" rx="2"/><text x="30" y="39" class="kp-h">a</text></g><g><title>b@1</title><rect class="kp-node" x="256" y="14" width="198" height="42" rx="6"/><rect class="kp-good" x="261" y="21" width="4" height="28" rx="2"/><text x="272" y="32" class="kp-h">b</text><text x="445" y="32" class="kp-s" text-anchor="end" font-size="11">2 s</text><text x="272" y="48" class="kp-s" font-size="11">1</text></g></svg>"`,
    )
  })

  it('piano roll', () => {
    const notes = [{ start: 0, duration: 1, pitch: 60, velocity: 100 }]
    expect(pianoRoll({ notes, seconds: 2, pitchName: String, width: 200 })).toMatchInlineSnapshot(
      `"<svg class="kp" width="200" height="68" viewBox="0 0 200 68" role="img"><rect class="kp-paper" width="200" height="68" rx="6"/><path class="kp-g" d="M38,30H182"/><text x="32" y="34" class="kp-s" text-anchor="end" font-size="11">60</text><path class="kp-a" d="M38,42v4"/><text x="38" y="59" class="kp-s" text-anchor="middle" font-size="11">0</text><path class="kp-a" d="M74,42v4"/><text x="74" y="59" class="kp-s" text-anchor="middle" font-size="11">0.5</text><path class="kp-a" d="M110,42v4"/><text x="110" y="59" class="kp-s" text-anchor="middle" font-size="11">1.0</text><path class="kp-a" d="M146,42v4"/><text x="146" y="59" class="kp-s" text-anchor="middle" font-size="11">1.5</text><path class="kp-a" d="M182,42v4"/><text x="182" y="59" class="kp-s" text-anchor="middle" font-size="11">2.0</text><path class="kp-a" d="M38,42H182"/><rect class="kp-f1" x="38" y="26.5" width="71.5" height="7" rx="1" fill-opacity="0.82"><title>60, 0.00 s, velocity 100</title></rect></svg>"`,
    )
  })
})

/** Name → a picture of nothing, of one thing, of odd things. */
const CASES: Readonly<Record<string, { none: string; one: string; odd: string }>> = {
  line: {
    none: linePlot({ title: 'line', series: [{ name: 'a', x: [1], y: [null] }] }),
    one: linePlot({ series: [{ name: 'a', x: [3], y: [5] }], marks: [{ x: 3, label: LONG }] }),
    odd: linePlot({
      title: NASTY,
      xLabel: LONG,
      yLabel: LONG,
      yScale: 'auto',
      series: [LONG, NASTY, 'b', 'c', 'd'].map((name, i) => ({
        name,
        x: [1, 2, 3, 4],
        y: [1e-9, Number.NaN, i === 1 ? Infinity : 3, 10 ** i],
      })),
    }),
  },
  scatter: {
    none: scatterPlot({ title: 'scatter', groups: [{ name: 'a', points: [{ x: Number.NaN, y: 1 }] }] }),
    one: scatterPlot({ groups: [{ name: 'a', points: [{ x: 0, y: 0, to: [1, 1] }] }], cross: true, diagonal: true }),
    odd: scatterPlot({
      title: LONG,
      groups: [
        { name: NASTY, points: [{ x: 9, y: -9, label: NASTY }] },
        { name: LONG, points: [] },
      ],
      xRange: { min: -1, max: 1 },
      yRange: { min: -1, max: 1 },
      diagonal: true,
    }),
  },
  bar: {
    none: barPlot({ title: 'bar', series: ['a'], groups: [{ label: 'x', values: [null] }] }),
    one: barPlot({ series: ['a'], groups: [{ label: 'x', values: [0] }] }),
    odd: barPlot({
      title: NASTY,
      series: [LONG, 'b'],
      groups: [
        { label: LONG, values: [-5, 1e7], spreads: [[-6, -4], null] },
        { label: NASTY, values: [Number.NaN, null] },
      ],
    }),
  },
  histogram: {
    none: histogram({ title: 'histogram', edges: [], counts: [] }),
    one: histogram({ ...binValues([0.01]), marks: [{ x: 0.01, label: LONG }] }),
    odd: histogram({ title: LONG, xLabel: NASTY, ...binValues([-1e9, 1e9]), marks: [{ x: 1e12, label: 'far' }] }),
  },
  heatmap: {
    none: heatmap({ title: 'heatmap', rows: ['a'], columns: ['b'], values: [[null]] }),
    one: heatmap({ rows: ['a'], columns: ['a'], values: [[0]], diagonal: true }),
    odd: heatmap({ title: LONG, rows: [LONG, NASTY], columns: [NASTY, LONG], values: [[Number.NaN, -1], [1e9]] }),
  },
  graph: {
    none: graphPlot({ title: 'graph', nodes: [], edges: [] }),
    one: graphPlot({ nodes: [{ id: 'a', label: 'a' }], edges: [] }),
    odd: graphPlot({
      title: NASTY,
      nodes: [LONG, NASTY, 'c'].map((id) => ({
        id,
        label: id,
        detail: id,
        aside: id,
        tooltip: id,
        state: 'bad' as const,
      })),
      edges: [
        [LONG, NASTY],
        [NASTY, 'c'],
        [LONG, 'c'],
      ],
    }),
  },
  'piano roll': {
    none: pianoRoll({ title: 'roll', notes: [], seconds: 8, pitchName: String }),
    one: pianoRoll({ notes: [{ start: 7.9, duration: 9, pitch: 0, velocity: 1 }], seconds: 8, pitchName: String }),
    odd: pianoRoll({
      title: NASTY,
      notes: [0, 127].map((pitch) => ({ start: -1, duration: 2, pitch, velocity: 300, voice: 12 })),
      seconds: 1,
      pitchName: () => NASTY,
      compact: true,
    }),
  },
}

describe.each(Object.entries(CASES))('%s', (_, { none, one, odd }) => {
  it('says that there is no data', () => {
    checkMarkup(none)
    expect(textsOf(none).some((line) => line === 'no data' || line === 'no stages')).toBe(true)
  })

  it('draws one thing', () => {
    checkMarkup(one)
    expect(textsOf(one)).not.toContain('no data')
    expect(one).toMatch(/<(circle|rect|path) class="kp-[flgn]/)
  })

  it('survives long and hostile names and odd numbers', () => {
    checkMarkup(odd)
    expect(odd).not.toContain('<script')
    for (const line of textsOf(odd)) expect(line.replace(/&[a-z#0-9]+;/g, 'x').length).toBeLessThan(80)
  })
})

/** Words of a picture that are not turned, as far as their estimated width tells: [text, left, right]. */
function placed(svg: string): [string, number, number][] {
  const shown = svg.replaceAll(/<text[^>]*><title>.*?<\/title>/g, (all) => all.replace(/<title>.*<\/title>/, ''))
  return [...shown.matchAll(/<text x="([^"]+)"([^>]*)>([^<]*)</g)].flatMap(([, x, style, words]) => {
    if (style!.includes('rotate')) return []
    const wide = textWidth(words!.replaceAll(/&[a-z#0-9]+;/g, 'x'), Number(/font-size="(\d+)"/.exec(style!)?.[1] ?? 12))
    const left = Number(x) - wide * (style!.includes('"end"') ? 1 : style!.includes('"middle"') ? 0.5 : 0)
    return [[words!, left, left + wide]]
  })
}

describe('words', () => {
  it.each(Object.entries(CASES))('of a %s stay inside the picture', (_, { none, one, odd }) => {
    for (const svg of [none, one, odd]) {
      const width = Number(/ width="(\d+)"/.exec(svg)![1])
      const outside = placed(svg).filter(([, left, right]) => left < -6 || right > width + 6)
      expect(outside).toEqual([])
    }
  })
})

describe('themes', () => {
  it('stand once a page, and in a picture of its own', () => {
    const plot = { series: [{ name: 'a', x: [1, 2], y: [1, 2] }] }
    expect(linePlot(plot)).not.toContain('<style')
    const alone = linePlot({ ...plot, standalone: true })
    expect(alone).toContain('prefers-color-scheme:dark')
    expect(alone).toContain('xmlns="http://www.w3.org/2000/svg"')
    // Colours come from the theme alone, so that dark pages have no light leftovers.
    const used = alone.replace(/<style>.*<\/style>/, '')
    expect(used).not.toMatch(/#[0-9a-f]{3,8}\b|rgb\(/)
    const classes = new Set([...used.matchAll(/class="([^"]*)"/g)].flatMap((match) => match[1]!.split(' ')))
    for (const name of classes) expect(alone).toContain(`.${name}{`)
  })

  it('have a rule for every class that pictures use', () => {
    const alone = linePlot({ series: [{ name: 'a', x: [1, 2], y: [1, 2] }], standalone: true })
    const all = Object.values(CASES)
      .flatMap(({ none, one, odd }) => [none, one, odd])
      .join('')
    const classes = new Set([...all.matchAll(/class="([^"]*)"/g)].flatMap((match) => match[1]!.split(' ')))
    expect([...classes].filter((name) => !alone.includes(`.${name}{`))).toEqual([])
  })
})

describe('line plots', () => {
  it('thin what no eye tells apart, and keep the last point', () => {
    const x = Array.from({ length: 100_000 }, (_, i) => i)
    const svg = linePlot({ series: [{ name: 'a', x, y: x.map((i) => Math.sin(i)) }] })
    expect(svg.length).toBeLessThan(40_000)
    checkMarkup(svg)
  })

  it('draw a lonely point between gaps as a dot', () => {
    const svg = linePlot({ series: [{ name: 'a', x: [1, 2, 3, 4, 5], y: [1, 2, null, 4, null] }] })
    expect(svg.match(/<circle/g)).toHaveLength(1)
  })

  it('stay inside their picture for any values', () => {
    const random = seeded(99)
    for (let i = 0; i < 200; i++) {
      const size = 1 + random.below(20)
      const x = Array.from({ length: size }, (_, k) => k + 1)
      const y = x.map(() => (random.next() < 0.2 ? null : random.normal() * 10 ** (random.below(12) - 6)))
      const svg = linePlot({ series: [{ name: 'a', x, y }], yScale: i % 2 ? 'auto' : 'linear' })
      checkMarkup(svg)
      for (const [, px, py] of svg.matchAll(/[ML](-?[\d.]+),(-?[\d.]+)/g)) {
        expect(Number(px)).toBeGreaterThanOrEqual(0)
        expect(Number(px)).toBeLessThanOrEqual(460)
        expect(Number(py)).toBeGreaterThanOrEqual(0)
        expect(Number(py)).toBeLessThanOrEqual(260)
      }
    }
  })
})
