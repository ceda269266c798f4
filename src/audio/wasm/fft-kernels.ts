/**
 * Wasm kernels of four Fourier transforms at a time, one a lane, in single precision. Number k of the transforms lies at
 * `data + 32k`: four real parts, then four imaginary ones. Forward passes are decimation in frequency, from natural to
 * digit-reversed order, inverse passes decimation in time, back again: nothing is ever put in order.
 * Source: Van Loan, Computational Frameworks for the Fast Fourier Transform (1992), sections 1.4 and 2.4.
 */
import { addI32, type Code, get, i32, kernel, lessI32, loopWhile, set, v4 } from '../../lib/wasm/assembler.ts'

const { load, store, loadSplat, add, sub, mul, shuffle } = v4
/** Bytes of one number of all four transforms. */
export const NUMBER = 32
const IMAGINARY = 16

export type Local<N extends string> = Readonly<Record<N, number>>
export const step = (local: number, by: Code): Code => set(local, addI32(get(local), by))

/**
 * load(from, hop, window, windowEnd, to): four frames, `hop` bytes apart, times the window; two samples of a frame become
 * one complex number.
 */
export const loadFrames = kernel(
  'load',
  ['from', 'hop', 'window', 'windowEnd', 'to'],
  ['second', 'third', 'fourth'],
  ['a', 'b', 'c', 'd', 'w', 'ab', 'cd'],
  (l) => [
    ...set(l.second, addI32(get(l.from), get(l.hop))),
    ...set(l.third, addI32(get(l.second), get(l.hop))),
    ...set(l.fourth, addI32(get(l.third), get(l.hop))),
    ...loopWhile(lessI32(get(l.window), get(l.windowEnd)), [
      ...set(l.w, load(get(l.window))),
      ...set(l.a, mul(load(get(l.from)), get(l.w))),
      ...set(l.b, mul(load(get(l.second)), get(l.w))),
      ...set(l.c, mul(load(get(l.third)), get(l.w))),
      ...set(l.d, mul(load(get(l.fourth)), get(l.w))),
      ...transposeTo(l, (column, value) => store(get(l.to), value, 16 * column)),
      ...[l.from, l.second, l.third, l.fourth, l.window].flatMap((at) => step(at, i32(16))),
      ...step(l.to, i32(64)),
    ]),
  ],
)

/** The columns of the matrix whose rows are a, b, c and d. */
export function transposeTo(
  l: Local<'a' | 'b' | 'c' | 'd' | 'ab' | 'cd'>,
  take: (column: number, value: Code) => Code,
): Code {
  return [0, 2].flatMap((first) => [
    ...set(l.ab, shuffle(get(l.a), get(l.b), [first, first + 4, first + 1, first + 5])),
    ...set(l.cd, shuffle(get(l.c), get(l.d), [first, first + 4, first + 1, first + 5])),
    ...take(first, shuffle(get(l.ab), get(l.cd), [0, 1, 4, 5])),
    ...take(first + 1, shuffle(get(l.ab), get(l.cd), [2, 3, 6, 7])),
  ])
}

const PARTS = ['ar', 'ai', 'br', 'bi', 'cr', 'ci', 'dr', 'di'] as const
const FACTORS = ['w1r', 'w1i', 'w2r', 'w2i', 'w3r', 'w3i'] as const
const SUMS = ['sr', 'si', 'tr', 'ti', 'ur', 'ui', 'vr', 'vi'] as const
type Butterfly = Local<(typeof PARTS)[number] | (typeof SUMS)[number]>

/** s, t = a ± c and u, v = b ± d. */
const sums = (l: Butterfly): Code => [
  ...set(l.sr, add(get(l.ar), get(l.cr))),
  ...set(l.si, add(get(l.ai), get(l.ci))),
  ...set(l.tr, sub(get(l.ar), get(l.cr))),
  ...set(l.ti, sub(get(l.ai), get(l.ci))),
  ...set(l.ur, add(get(l.br), get(l.dr))),
  ...set(l.ui, add(get(l.bi), get(l.di))),
  ...set(l.vr, sub(get(l.br), get(l.dr))),
  ...set(l.vi, sub(get(l.bi), get(l.di))),
]

/** Real and imaginary part of (r + i·im)·(wr + i·wi), or of the product with the factor's conjugate. */
const timesReal = (r: Code, im: Code, wr: Code, wi: Code, conjugate: boolean): Code =>
  (conjugate ? add : sub)(mul(r, wr), mul(im, wi))
const timesImaginary = (r: Code, im: Code, wr: Code, wi: Code, conjugate: boolean): Code =>
  (conjugate ? sub : add)(mul(im, wr), mul(r, wi))

/** Outputs 0 to 3 of a butterfly after `sums`; the sign of i differs between forward and inverse. */
function outputs(l: Butterfly, inverse: boolean): readonly (readonly [Code, Code])[] {
  const plus = inverse ? sub : add
  const minus = inverse ? add : sub
  return [
    [add(get(l.sr), get(l.ur)), add(get(l.si), get(l.ui))],
    [plus(get(l.tr), get(l.vi)), minus(get(l.ti), get(l.vr))],
    [sub(get(l.sr), get(l.ur)), sub(get(l.si), get(l.ui))],
    [minus(get(l.tr), get(l.vi)), plus(get(l.ti), get(l.vr))],
  ]
}

/** The loops of a pass with factors: `factors` are splat once for all butterflies that share them. */
function strided(
  l: Local<'data' | 'dataEnd' | 'span' | 'step' | 'factors' | 'first' | 'at' | 'end'>,
  factors: Code,
  butterfly: Code,
): Code {
  return [
    ...set(l.first, get(l.data)),
    ...set(l.end, addI32(get(l.data), get(l.span))),
    ...loopWhile(lessI32(get(l.first), get(l.end)), [
      ...factors,
      ...set(l.at, get(l.first)),
      ...loopWhile(lessI32(get(l.at), get(l.dataEnd)), [...butterfly, ...step(l.at, get(l.step))]),
      ...step(l.first, i32(NUMBER)),
    ]),
  ]
}

const STRIDED = ['data', 'dataEnd', 'span', 'step', 'factors'] as const

/** NAME(data, dataEnd, span, 4·span, factors): spans in bytes, three factors a number of the span as six floats. */
const radix4 = (name: string, inverse: boolean) =>
  kernel(name, STRIDED, ['first', 'at', 'end', 'p1', 'p2', 'p3'], [...PARTS, ...FACTORS, ...SUMS, 'yr', 'yi'], (l) => {
    const places = [l.at, l.p1, l.p2, l.p3]
    const parts = [
      [l.ar, l.ai],
      [l.br, l.bi],
      [l.cr, l.ci],
      [l.dr, l.di],
    ] as const
    const factor = (which: number): readonly [Code, Code] => [
      get(l[FACTORS[2 * which - 2]!]),
      get(l[FACTORS[2 * which - 1]!]),
    ]
    const loads = parts.flatMap(([r, im], k) => {
      const at = get(places[k]!)
      if (!inverse || k === 0) return [...set(r, load(at)), ...set(im, load(at, IMAGINARY))]
      const [wr, wi] = factor(k)
      return [
        ...set(l.yr, load(at)),
        ...set(l.yi, load(at, IMAGINARY)),
        ...set(r, timesReal(get(l.yr), get(l.yi), wr, wi, true)),
        ...set(im, timesImaginary(get(l.yr), get(l.yi), wr, wi, true)),
      ]
    })
    const stores = outputs(l, inverse).flatMap(([r, im], k) => {
      const at = get(places[k]!)
      if (inverse || k === 0) return [...store(at, r), ...store(at, im, IMAGINARY)]
      const [wr, wi] = factor(k)
      return [
        ...set(l.yr, r),
        ...set(l.yi, im),
        ...store(at, timesReal(get(l.yr), get(l.yi), wr, wi, false)),
        ...store(at, timesImaginary(get(l.yr), get(l.yi), wr, wi, false), IMAGINARY),
      ]
    })
    const splats = FACTORS.flatMap((label, k) => set(l[label], loadSplat(get(l.factors), 4 * k)))
    return strided(
      l,
      [...splats, ...step(l.factors, i32(24))],
      [
        ...set(l.p1, addI32(get(l.at), get(l.span))),
        ...set(l.p2, addI32(get(l.p1), get(l.span))),
        ...set(l.p3, addI32(get(l.p2), get(l.span))),
        ...loads,
        ...sums(l),
        ...stores,
      ],
    )
  })

/** NAME(data, dataEnd): the pass of span 1, whose factors are all 1. */
const radix4Last = (name: string, inverse: boolean) =>
  kernel(name, ['data', 'dataEnd'], [], [...PARTS, ...SUMS], (l) =>
    loopWhile(lessI32(get(l.data), get(l.dataEnd)), [
      ...PARTS.flatMap((part, k) => set(l[part], load(get(l.data), IMAGINARY * k))),
      ...sums(l),
      ...outputs(l, inverse).flatMap(([r, im], k) => [
        ...store(get(l.data), r, NUMBER * k),
        ...store(get(l.data), im, NUMBER * k + IMAGINARY),
      ]),
      ...step(l.data, i32(4 * NUMBER)),
    ]),
  )

/** NAME(data, dataEnd, span, 2·span, factors): one factor a number of the span. */
const radix2 = (name: string, inverse: boolean) =>
  kernel(name, STRIDED, ['first', 'at', 'end', 'p1'], ['ar', 'ai', 'br', 'bi', 'wr', 'wi', 'yr', 'yi'], (l) => {
    const [ar, ai, br, bi] = [get(l.ar), get(l.ai), get(l.br), get(l.bi)]
    const [wr, wi, yr, yi] = [get(l.wr), get(l.wi), get(l.yr), get(l.yi)]
    const forward = [
      ...set(l.br, load(get(l.p1))),
      ...set(l.bi, load(get(l.p1), IMAGINARY)),
      ...set(l.yr, sub(ar, br)),
      ...set(l.yi, sub(ai, bi)),
      ...store(get(l.p1), timesReal(yr, yi, wr, wi, false)),
      ...store(get(l.p1), timesImaginary(yr, yi, wr, wi, false), IMAGINARY),
    ]
    const backward = [
      ...set(l.yr, load(get(l.p1))),
      ...set(l.yi, load(get(l.p1), IMAGINARY)),
      ...set(l.br, timesReal(yr, yi, wr, wi, true)),
      ...set(l.bi, timesImaginary(yr, yi, wr, wi, true)),
      ...store(get(l.p1), sub(ar, br)),
      ...store(get(l.p1), sub(ai, bi), IMAGINARY),
    ]
    return strided(
      l,
      [...set(l.wr, loadSplat(get(l.factors))), ...set(l.wi, loadSplat(get(l.factors), 4)), ...step(l.factors, i32(8))],
      [
        ...set(l.p1, addI32(get(l.at), get(l.span))),
        ...set(l.ar, load(get(l.at))),
        ...set(l.ai, load(get(l.at), IMAGINARY)),
        ...(inverse ? backward : forward),
        ...store(get(l.at), add(ar, br)),
        ...store(get(l.at), add(ai, bi), IMAGINARY),
      ],
    )
  })

export const forwardKernels = [radix4('radix4', false), radix4Last('radix4Last', false), radix2('radix2', false)]
export const inverseKernels = [radix4('inverse4', true), radix4Last('inverse4First', true), radix2('inverse2', true)]
