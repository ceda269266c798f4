import { describe, expect, it } from 'vitest'
import { buildNetwork, modelDefaults, otherModels } from '../../src/models/index.ts'
import { freezeLayers } from '../../src/models/fine-tune.ts'
import type { Network } from '../../src/network.ts'
import { draw } from '../../src/network/draw.ts'
import { summarize } from '../../src/network/summary.ts'
import { cases } from './networks.ts'

const residual: Network = {
  name: 'residual',
  inputs: [
    { name: 'x', shape: [4], dtype: 'float32' },
    { name: 'z', shape: [2], dtype: 'float32' },
  ],
  layers: [
    { kind: 'dense', name: 'left', inputs: ['z'], units: 4, activation: 'tanh', useBias: true },
    { kind: 'add', name: 'sum', inputs: ['x', 'left'] },
    { kind: 'dense', name: 'out', inputs: ['sum'], units: 3, activation: 'linear', useBias: false },
  ],
  outputs: ['out'],
}

describe('draw', () => {
  it('puts what is read above what reads it, branches side by side', () => {
    expect(draw(residual)).toMatchInlineSnapshot(`
      "                    ┌───────────┐
                          │ z         │
                          │ float32 2 │
                          └─────┬─────┘
                                │
       ┌───────────┐  ┌─────────┴────────┐
       │ x         │  │ left  dense tanh │
       │ float32 4 │  │ 4 · 12           │
       └─────┬─────┘  └─────────┬────────┘
             ├──────────────────┘
       ┌─────┴────┐
       │ sum  add │
       │ 4        │
       └─────┬────┘
             │
      ┌──────┴─────┐
      │ out  dense │
      │ 3 · 12     │
      └────────────┘"
    `)
  })

  it.each([...cases.map(({ network }) => network), ...Object.values(modelDefaults).map(buildNetwork)])(
    'shows every layer of $name, in lines that meet',
    (network) => {
      const text = draw(network)
      for (const { name } of [...network.inputs, ...network.layers]) expect(text).toMatch(new RegExp(`│ ${name} `))
      checkLines(text)
    },
  )

  it('draws equal blocks once, and keeps to 100 columns where it can', () => {
    const text = draw(buildNetwork(otherModels['solo_gpt']!))
    expect(text).toContain('block_2 … block_8')
    expect(text).toContain('as block_1')
    expect(text).not.toContain('block_3_')
    checkLines(text)
    const chords = draw(buildNetwork(otherModels['chord_lstm']!))
    checkLines(chords)
    expect(Math.max(...chords.split('\n').map((line) => line.length))).toBeLessThanOrEqual(110)
    for (const name of ['sequence', 'genre', 'mood', 'key', 'scale']) expect(chords).toContain(`│ ${name} `)
  })

  it('needs nothing but ASCII where it must', () => {
    expect(draw(residual, { unicode: false })).toMatch(/^[ -~\n]+$/)
    expect(draw(residual, { unicode: false }).split('\n')).toHaveLength(draw(residual).split('\n').length)
  })
})

describe('summary', () => {
  it('tells frozen weights from moving averages', () => {
    const cnn = buildNetwork(otherModels['emotion_cnn']!)
    expect(summarize(cnn)).toContain('Parameters: 324,519 (324,071 trainable, 448 moving averages)')
    const frozen = summarize(freezeLayers(cnn, ['conv_1', 'norm_1']))
    expect(frozen).toContain('Parameters: 324,519 (323,719 trainable, 416 frozen, 384 moving averages)')
    expect(frozen).toContain('conv_1 (conv2d k3x3 frozen)')
  })
})

/** Every line goes on in the cell it points to. */
function checkLines(text: string): void {
  const rows = text.split('\n').map((line) => [...line])
  const at = (y: number, x: number) => rows[y]?.[x] ?? ' '
  const right = new Set('─┌└├┬┴┼╶')
  const left = new Set('─┐┘┤┬┴┼╴')
  const down = new Set('│┌┐├┤┬┼╷')
  const up = new Set('│└┘├┤┴┼╵')
  for (const [y, row] of rows.entries()) {
    for (const [x, char] of row.entries()) {
      if (right.has(char) && char !== '│') expect([y, x, left.has(at(y, x + 1))]).toEqual([y, x, true])
      if (down.has(char)) expect([y, x, up.has(at(y + 1, x))]).toEqual([y, x, true])
      expect('╵╷╴╶'.includes(char)).toBe(false)
    }
  }
}
