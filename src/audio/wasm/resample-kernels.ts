/**
 * Wasm kernels of the resampler: the spectra of four blocks times a filter's, blocks put one after the other again, and
 * the sum over neighbours that gives a sample between two others. Single precision: what it adds lies below -140 dB.
 */
import {
  addI32,
  addF32,
  equalI32,
  get,
  i32,
  ifThen,
  kernel,
  lessI32,
  loadI32,
  loopWhile,
  mulI32,
  set,
  shiftLeftI32,
  storeF32,
  subI32,
  v4,
} from '../../lib/wasm/assembler.ts'
import { step, transposeTo } from './fft-kernels.ts'

const { load, store, loadSplat, add, sub, mul, constant, shuffle, lane } = v4

/**
 * filter(from, to, places, circle, transfer, half): spectra of real blocks, as a forward transform leaves them, times a
 * transfer function (real and imaginary part of bins 0 … half), as an inverse transform wants them. `from` may be `to`.
 * Bins k and half - k are untangled, multiplied and tangled again together (Press et al., section 12.3).
 */
export const filter = kernel(
  'filter',
  ['from', 'to', 'places', 'circle', 'transfer', 'half'],
  ['placesEnd', 'other', 'at', 'mirror'],
  ['zr', 'zi', 'yr', 'yi', 'er', 'ei', 'or', 'oi', 'pr', 'pi', 'c', 's', 'ar', 'ai', 'br', 'bi', 'hr', 'hi'],
  (l) => {
    const g = (local: number) => get(local)
    const times = (r: number, im: number, toR: number, toI: number) => [
      ...set(toR, sub(mul(g(r), g(l.hr)), mul(g(im), g(l.hi)))),
      ...set(toI, add(mul(g(r), g(l.hi)), mul(g(im), g(l.hr)))),
    ]
    const transferAt = (at: number) => [...set(l.hr, loadSplat(g(at))), ...set(l.hi, loadSplat(g(at), 4))]
    return [
      // Bins 0 and half are real and share number 0.
      ...set(l.other, addI32(g(l.transfer), shiftLeftI32(g(l.half), i32(3)))),
      ...set(l.zr, load(g(l.from))),
      ...set(l.zi, load(g(l.from), 16)),
      ...set(l.er, mul(add(g(l.zr), g(l.zi)), loadSplat(g(l.transfer)))),
      ...set(l.or, mul(sub(g(l.zr), g(l.zi)), loadSplat(g(l.other)))),
      ...store(g(l.to), mul(add(g(l.er), g(l.or)), constant(0.5))),
      ...store(g(l.to), mul(sub(g(l.er), g(l.or)), constant(0.5)), 16),
      ...set(l.placesEnd, addI32(g(l.places), shiftLeftI32(g(l.half), i32(2)))),
      ...[step(l.places, i32(4)), step(l.circle, i32(8)), step(l.transfer, i32(8))].flat(),
      ...loopWhile(lessI32(g(l.places), addI32(g(l.placesEnd), i32(1))), [
        ...step(l.placesEnd, i32(-4)),
        ...step(l.other, i32(-8)),
        ...set(l.at, loadI32(g(l.places))),
        ...set(l.mirror, loadI32(g(l.placesEnd))),
        ...set(l.zr, load(addI32(g(l.from), g(l.at)))),
        ...set(l.zi, load(addI32(g(l.from), g(l.at)), 16)),
        ...set(l.yr, load(addI32(g(l.from), g(l.mirror)))),
        ...set(l.yi, load(addI32(g(l.from), g(l.mirror)), 16)),
        ...set(l.c, loadSplat(g(l.circle))),
        ...set(l.s, loadSplat(g(l.circle), 4)),
        // E and O·W, twice their size; A = X[k], B = X[half - k].
        ...set(l.er, add(g(l.zr), g(l.yr))),
        ...set(l.ei, sub(g(l.zi), g(l.yi))),
        ...set(l.or, add(g(l.zi), g(l.yi))),
        ...set(l.oi, sub(g(l.yr), g(l.zr))),
        ...set(l.pr, add(mul(g(l.c), g(l.or)), mul(g(l.s), g(l.oi)))),
        ...set(l.pi, sub(mul(g(l.c), g(l.oi)), mul(g(l.s), g(l.or)))),
        ...set(l.zr, add(g(l.er), g(l.pr))),
        ...set(l.zi, add(g(l.ei), g(l.pi))),
        ...set(l.yr, sub(g(l.er), g(l.pr))),
        ...set(l.yi, sub(g(l.pi), g(l.ei))),
        ...transferAt(l.transfer),
        ...times(l.zr, l.zi, l.ar, l.ai),
        ...transferAt(l.other),
        ...times(l.yr, l.yi, l.br, l.bi),
        // Back: E = (A + conj B), O = (A - conj B)·conj W, then Z[k] = E + iO and Z[half - k] = conj(E - iO).
        ...set(l.er, add(g(l.ar), g(l.br))),
        ...set(l.ei, sub(g(l.ai), g(l.bi))),
        ...set(l.pr, sub(g(l.ar), g(l.br))),
        ...set(l.pi, add(g(l.ai), g(l.bi))),
        ...set(l.or, sub(mul(g(l.c), g(l.pr)), mul(g(l.s), g(l.pi)))),
        ...set(l.oi, add(mul(g(l.c), g(l.pi)), mul(g(l.s), g(l.pr)))),
        ...store(addI32(g(l.to), g(l.at)), mul(sub(g(l.er), g(l.oi)), constant(0.25))),
        ...store(addI32(g(l.to), g(l.at)), mul(add(g(l.ei), g(l.or)), constant(0.25)), 16),
        ...store(addI32(g(l.to), g(l.mirror)), mul(add(g(l.er), g(l.oi)), constant(0.25))),
        ...store(addI32(g(l.to), g(l.mirror)), mul(sub(g(l.or), g(l.ei)), constant(0.25)), 16),
        ...[step(l.places, i32(4)), step(l.circle, i32(8)), step(l.transfer, i32(8))].flat(),
      ]),
    ]
  },
)

/** unload(from, end, to, hop): samples [from, end) of four blocks, one a lane, to four places `hop` bytes apart. */
export const unload = kernel('unload', ['from', 'end', 'to', 'hop'], ['at'], ['a', 'b', 'c', 'd', 'ab', 'cd'], (l) =>
  loopWhile(lessI32(get(l.from), get(l.end)), [
    ...[l.a, l.b, l.c, l.d].flatMap((to, k) => set(to, load(get(l.from), 16 * k))),
    ...set(l.at, get(l.to)),
    ...transposeTo(l, (_, value) => [...store(get(l.at), value), ...step(l.at, get(l.hop))]),
    ...step(l.from, i32(64)),
    ...step(l.to, i32(16)),
  ]),
)

/** unloadPairs(from, end, odd, to, hop): as `unload`, with the samples of `odd` (bytes behind `from`) between them. */
export const unloadPairs = kernel(
  'unloadPairs',
  ['from', 'end', 'odd', 'to', 'hop'],
  ['at'],
  ['a', 'b', 'c', 'd', 'ab', 'cd', 'e0', 'e1', 'e2', 'e3'],
  (l) => {
    const even = [l.e0, l.e1, l.e2, l.e3]
    const four = (from: number[], at: number) => from.flatMap((to, k) => set(to, load(get(at), 16 * k)))
    return loopWhile(lessI32(get(l.from), get(l.end)), [
      ...four([l.a, l.b, l.c, l.d], l.from),
      ...transposeTo(l, (column, value) => set(even[column]!, value)),
      ...set(l.at, addI32(get(l.from), get(l.odd))),
      ...four([l.a, l.b, l.c, l.d], l.at),
      ...set(l.at, get(l.to)),
      ...transposeTo(l, (column, value) => [
        ...store(get(l.at), [...shuffle(get(even[column]!), value, [0, 4, 1, 5])]),
        ...store(get(l.at), shuffle(get(even[column]!), value, [2, 6, 3, 7]), 16),
        ...step(l.at, get(l.hop)),
      ]),
      ...step(l.from, i32(64)),
      ...step(l.to, i32(32)),
    ])
  },
)

/**
 * interpolate(at, to, end, weights, taps, up, step, stepPhase, phase): output by output the sum of `taps` bytes of samples
 * from `at` on, times the weights of the phase; then on by `step` samples (bytes) and `stepPhase` of `up` phases.
 */
export const interpolate = kernel(
  'interpolate',
  ['at', 'to', 'end', 'weights', 'taps', 'up', 'step', 'stepPhase', 'phase'],
  ['sample', 'weight', 'weightEnd'],
  ['sum', 'more'],
  (l) =>
    loopWhile(lessI32(get(l.to), get(l.end)), [
      ...set(l.sample, get(l.at)),
      ...set(l.weight, addI32(get(l.weights), mulI32(get(l.phase), get(l.taps)))),
      ...set(l.weightEnd, addI32(get(l.weight), get(l.taps))),
      ...set(l.sum, constant(0)),
      ...set(l.more, constant(0)),
      ...loopWhile(lessI32(get(l.weight), get(l.weightEnd)), [
        ...set(l.sum, add(get(l.sum), mul(load(get(l.sample)), load(get(l.weight))))),
        ...set(l.more, add(get(l.more), mul(load(get(l.sample), 16), load(get(l.weight), 16)))),
        ...step(l.sample, i32(32)),
        ...step(l.weight, i32(32)),
      ]),
      ...set(l.sum, add(get(l.sum), get(l.more))),
      ...set(l.sum, add(get(l.sum), v4.upper(get(l.sum)))),
      ...storeF32(get(l.to), addF32(lane(get(l.sum), 0), lane(get(l.sum), 1))),
      ...step(l.to, i32(4)),
      ...step(l.at, get(l.step)),
      ...step(l.phase, get(l.stepPhase)),
      ...ifThen(equalI32(lessI32(get(l.phase), get(l.up)), i32(0)), [
        ...set(l.phase, subI32(get(l.phase), get(l.up))),
        ...step(l.at, i32(4)),
      ]),
    ]),
)
