/**
 * Wasm kernels from the transforms of four frames to their mel bands in decibels: power spectrum, sparse filter bank,
 * logarithm. Single precision, as librosa computes them.
 */
import {
  addI32,
  get,
  i32,
  i4,
  kernel,
  lessI32,
  loadI32,
  loopWhile,
  set,
  shiftLeftI32,
  v4,
  whileLoop,
} from '../../lib/wasm/assembler.ts'
import { step } from './fft-kernels.ts'

const { load, store, loadSplat, add, sub, mul, div, sqrt, max, greater, select, constant } = v4

/**
 * power(data, places, circle, half, to): |X[k]|² for k = 0 … half, 16 bytes each. X[k] and X[half - k] come from numbers k and
 * half - k of the transform of half the length (Press et al., Numerical Recipes, section 12.3).
 * places: where number k lies, in bytes; circle: cos and sin of 2πk / (2·half).
 */
export const power = kernel(
  'power',
  ['data', 'places', 'circle', 'half', 'to'],
  ['placesEnd', 'at', 'other', 'toEnd'],
  ['zr', 'zi', 'yr', 'yi', 'er', 'ei', 'or', 'oi', 'pr', 'pi', 'c', 's'],
  (l) => {
    const squared = (r: number, im: number) => add(mul(get(r), get(r)), mul(get(im), get(im)))
    const quarter = (value: readonly number[]) => mul(value, constant(0.25))
    return [
      ...set(l.zr, load(get(l.data))),
      ...set(l.zi, load(get(l.data), 16)),
      ...set(l.toEnd, addI32(get(l.to), shiftLeftI32(get(l.half), i32(4)))),
      ...set(l.er, add(get(l.zr), get(l.zi))),
      ...store(get(l.to), mul(get(l.er), get(l.er))),
      ...set(l.er, sub(get(l.zr), get(l.zi))),
      ...store(get(l.toEnd), mul(get(l.er), get(l.er))),
      ...set(l.placesEnd, addI32(get(l.places), shiftLeftI32(get(l.half), i32(2)))),
      ...step(l.places, i32(4)),
      ...step(l.circle, i32(8)),
      ...loopWhile(lessI32(get(l.places), addI32(get(l.placesEnd), i32(1))), [
        ...step(l.placesEnd, i32(-4)),
        ...step(l.to, i32(16)),
        ...step(l.toEnd, i32(-16)),
        ...set(l.at, addI32(get(l.data), loadI32(get(l.places)))),
        ...set(l.other, addI32(get(l.data), loadI32(get(l.placesEnd)))),
        ...set(l.zr, load(get(l.at))),
        ...set(l.zi, load(get(l.at), 16)),
        ...set(l.yr, load(get(l.other))),
        ...set(l.yi, load(get(l.other), 16)),
        ...set(l.c, loadSplat(get(l.circle))),
        ...set(l.s, loadSplat(get(l.circle), 4)),
        ...set(l.er, add(get(l.zr), get(l.yr))),
        ...set(l.ei, sub(get(l.zi), get(l.yi))),
        ...set(l.or, add(get(l.zi), get(l.yi))),
        ...set(l.oi, sub(get(l.yr), get(l.zr))),
        ...set(l.pr, add(mul(get(l.c), get(l.or)), mul(get(l.s), get(l.oi)))),
        ...set(l.pi, sub(mul(get(l.c), get(l.oi)), mul(get(l.s), get(l.or)))),
        ...set(l.zr, add(get(l.er), get(l.pr))),
        ...set(l.zi, add(get(l.ei), get(l.pi))),
        ...store(get(l.to), quarter(squared(l.zr, l.zi))),
        ...set(l.yr, sub(get(l.er), get(l.pr))),
        ...set(l.yi, sub(get(l.ei), get(l.pi))),
        ...store(get(l.toEnd), quarter(squared(l.yr, l.yi))),
        ...step(l.places, i32(4)),
        ...step(l.circle, i32(8)),
      ]),
    ]
  },
)

/** root(at, end): square roots in place. */
export const root = kernel('root', ['at', 'end'], [], [], (l) =>
  loopWhile(lessI32(get(l.at), get(l.end)), [...store(get(l.at), sqrt(load(get(l.at)))), ...step(l.at, i32(16))]),
)

/**
 * bank(power, bands, bandsEnd, weights, to, row): weighted sums of bins, four frames of one band to `to`, the next `row`
 * bytes on. A band is two words: bytes of its first bin and of its weights, which are an even number.
 */
export const bank = kernel(
  'bank',
  ['power', 'bands', 'bandsEnd', 'weights', 'to', 'row'],
  ['bin', 'end'],
  ['even', 'odd'],
  (l) =>
    loopWhile(lessI32(get(l.bands), get(l.bandsEnd)), [
      ...set(l.bin, addI32(get(l.power), loadI32(get(l.bands)))),
      ...set(l.end, addI32(get(l.weights), loadI32(get(l.bands), 4))),
      ...set(l.even, constant(0)),
      ...set(l.odd, constant(0)),
      ...whileLoop(lessI32(get(l.weights), get(l.end)), [
        ...set(l.even, add(get(l.even), mul(loadSplat(get(l.weights)), load(get(l.bin))))),
        ...set(l.odd, add(get(l.odd), mul(loadSplat(get(l.weights), 4), load(get(l.bin), 16)))),
        ...step(l.weights, i32(8)),
        ...step(l.bin, i32(32)),
      ]),
      ...store(get(l.to), add(get(l.even), get(l.odd))),
      ...step(l.to, get(l.row)),
      ...step(l.bands, i32(8)),
    ]),
)

/** Bits of √½: what lies above, up to √2, is the mantissa that the series takes. */
const SQRT_HALF_BITS = 0x3f3504f3
const DECIBELS_AN_OCTAVE = 10 * Math.log10(2)

/**
 * decibels(at, end, settings): 10·log10(x), in place, to single precision: exponent·10·log10(2) + 20/ln(10)·atanh((m - 1) /
 * (m + 1)). settings: [least x, its decibels, 0 dB in decibels, largest x seen], four floats each; the last one is kept up.
 */
export const decibels = kernel(
  'decibels',
  ['at', 'end', 'settings'],
  [],
  ['x', 'least', 'lowest', 'reference', 'largest', 'e', 's', 'q', 'sum'],
  (l) => {
    const coefficients = [1 / 9, 1 / 7, 1 / 5, 1 / 3, 1].map((value) => (20 / Math.LN10) * value)
    return [
      ...[l.least, l.lowest, l.reference, l.largest].flatMap((to, k) => set(to, load(get(l.settings), 16 * k))),
      ...loopWhile(lessI32(get(l.at), get(l.end)), [
        ...set(l.x, load(get(l.at))),
        ...set(l.largest, max(get(l.largest), get(l.x))),
        ...set(l.e, i4.shiftRight(i4.sub(get(l.x), i4.constant(SQRT_HALF_BITS)), 23)),
        ...set(l.s, i4.sub(get(l.x), i4.shiftLeft(get(l.e), 23))),
        ...set(l.s, div(sub(get(l.s), constant(1)), add(get(l.s), constant(1)))),
        ...set(l.q, mul(get(l.s), get(l.s))),
        ...set(l.sum, constant(coefficients[0]!)),
        ...coefficients.slice(1).flatMap((value) => set(l.sum, add(mul(get(l.sum), get(l.q)), constant(value)))),
        ...set(l.sum, mul(get(l.sum), get(l.s))),
        ...set(l.sum, add(get(l.sum), mul(i4.toFloats(get(l.e)), constant(DECIBELS_AN_OCTAVE)))),
        ...set(l.sum, sub(get(l.sum), get(l.reference))),
        ...store(get(l.at), select(get(l.sum), get(l.lowest), greater(get(l.x), get(l.least)))),
        ...step(l.at, i32(16)),
      ]),
      ...store(get(l.settings), get(l.largest), 48),
    ]
  },
)
