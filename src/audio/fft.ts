/**
 * Fourier transform of real frames whose length is a power of two, in double precision and without allocation a frame.
 * A frame of n samples is transformed as n/2 complex numbers (radix-4 decimation in time) and then untangled
 * (Press et al., Numerical Recipes, section 12.3). Leaves out other lengths and transforms of complex signals.
 */

/** One transform plan; it owns its scratch memory, so one plan serves one caller at a time. */
export interface RealFft {
  readonly size: number
  /** size / 2 + 1 */
  readonly bins: number
  /** Power |X[k]|² of `samples[at..at+size)` times `window`, into `power[0..bins)`. */
  power(samples: Samples, at: number, window: Float64Array, power: Float64Array): void
  /** The spectrum itself, into `re` and `im`, each of `bins`. */
  forward(samples: Samples, at: number, window: Float64Array, re: Float64Array, im: Float64Array): void
  /** The real frame of a half spectrum, into `frame[0..size)`; undoes `forward` with a window of ones. */
  inverse(re: Float64Array, im: Float64Array, frame: Float64Array): void
}

export type Samples = Float32Array | Float64Array

/** @throws RangeError where `size` is not a power of two from 8 to 2^20 */
export function realFft(size: number): RealFft {
  const half = checkedSize(size) / 2
  const re = new Float64Array(half)
  const im = new Float64Array(half)
  const first = firstIndices(half)
  const passes = makePasses(half)
  const [cos, sin] = unitCircle(size, half / 2 + 1)
  const transform = (samples: Samples, at: number, window: Float64Array) => {
    loadAndFirstPass(samples, at, window, first, re, im)
    for (const pass of passes) (pass.radix === 4 ? radix4 : radix2)(re, im, pass.span, pass.twiddles)
  }
  const spare = new Float64Array(size)
  const ones = new Float64Array(size).fill(1)
  return {
    size,
    bins: half + 1,
    power(samples, at, window, power) {
      transform(samples, at, window)
      untanglePower(re, im, cos, sin, power)
    },
    forward(samples, at, window, outRe, outIm) {
      transform(samples, at, window)
      untangle(re, im, cos, sin, outRe, outIm)
    },
    inverse(inRe, inIm, frame) {
      tangle(inRe, inIm, cos, sin, spare)
      transform(spare, 0, ones)
      for (let i = 0; i < half; i++) {
        frame[2 * i] = re[i]! / half
        frame[2 * i + 1] = -im[i]! / half
      }
    },
  }
}

/** @throws RangeError where it is not a power of two from 8 to 2^20 */
export function checkedSize(size: number): number {
  if (!Number.isInteger(Math.log2(size)) || size < 8 || size > 2 ** 20)
    throw new RangeError(`FFT size ${size}, expected a power of two from 8 to 1048576`)
  return size
}

interface Pass {
  readonly radix: 2 | 4
  /** Complex numbers between the inputs of one butterfly. */
  readonly span: number
  /** cos, -sin of each factor, (radix - 1) pairs a butterfly. */
  readonly twiddles: Float64Array
}

/** The passes after the first; a length that is no power of 4 has one of radix 2, done early where its twiddles are few. */
function makePasses(half: number): Pass[] {
  const passes: Pass[] = []
  let span = 4
  if (Math.log2(half) % 2 === 1) {
    passes.push({ radix: 2, span, twiddles: twiddles(span, 2) })
    span *= 2
  }
  for (; span < half; span *= 4) passes.push({ radix: 4, span, twiddles: twiddles(span, 4) })
  return passes
}

function twiddles(span: number, radix: 2 | 4): Float64Array {
  const table = new Float64Array(span * (radix - 1) * 2)
  for (let j = 0, at = 0; j < span; j++) {
    for (let factor = 1; factor < radix; factor++) {
      const angle = (2 * Math.PI * j * factor) / (span * radix)
      table[at++] = Math.cos(angle)
      table[at++] = -Math.sin(angle)
    }
  }
  return table
}

function unitCircle(size: number, count: number): [Float64Array, Float64Array] {
  const angle = (_: unknown, k: number) => (2 * Math.PI * k) / size
  return [
    Float64Array.from({ length: count }, angle).map(Math.cos),
    Float64Array.from({ length: count }, angle).map(Math.sin),
  ]
}

/** Where the four inputs of each first butterfly begin: bit-reversed, so that every later pass runs in place. */
function firstIndices(half: number): Int32Array {
  const bits = Math.log2(half) - 2
  return Int32Array.from({ length: half / 4 }, (_, index) => {
    let reversed = 0
    for (let bit = 0; bit < bits; bit++) reversed |= ((index >> bit) & 1) << (bits - 1 - bit)
    return reversed
  })
}

/** Windows the samples, takes pairs of them as complex numbers, and does the butterflies that need no factors. */
function loadAndFirstPass(
  samples: Samples,
  at: number,
  window: Float64Array,
  first: Int32Array,
  re: Float64Array,
  im: Float64Array,
): void {
  const quarter = re.length >> 1
  for (let group = 0, out = 0; group < first.length; group++, out += 4) {
    const i0 = 2 * first[group]!
    const i1 = i0 + quarter
    const i2 = i1 + quarter
    const i3 = i2 + quarter
    const ar = samples[at + i0]! * window[i0]!
    const ai = samples[at + i0 + 1]! * window[i0 + 1]!
    const br = samples[at + i1]! * window[i1]!
    const bi = samples[at + i1 + 1]! * window[i1 + 1]!
    const cr = samples[at + i2]! * window[i2]!
    const ci = samples[at + i2 + 1]! * window[i2 + 1]!
    const dr = samples[at + i3]! * window[i3]!
    const di = samples[at + i3 + 1]! * window[i3 + 1]!
    const sr = ar + cr
    const si = ai + ci
    const tr = ar - cr
    const ti = ai - ci
    const ur = br + dr
    const ui = bi + di
    const vr = br - dr
    const vi = bi - di
    re[out] = sr + ur
    im[out] = si + ui
    re[out + 1] = tr + vi
    im[out + 1] = ti - vr
    re[out + 2] = sr - ur
    im[out + 2] = si - ui
    re[out + 3] = tr - vi
    im[out + 3] = ti + vr
  }
}

/** In bit-reversed order the second and third inputs of a radix-4 butterfly stand exchanged. */
function radix4(re: Float64Array, im: Float64Array, span: number, factors: Float64Array): void {
  const step = span * 4
  const length = re.length
  for (let j = 0, w = 0; j < span; j++, w += 6) {
    const w1r = factors[w]!
    const w1i = factors[w + 1]!
    const w2r = factors[w + 2]!
    const w2i = factors[w + 3]!
    const w3r = factors[w + 4]!
    const w3i = factors[w + 5]!
    for (let i0 = j; i0 < length; i0 += step) {
      const i1 = i0 + span
      const i2 = i1 + span
      const i3 = i2 + span
      const ar = re[i0]!
      const ai = im[i0]!
      const cr = re[i1]! * w2r - im[i1]! * w2i
      const ci = re[i1]! * w2i + im[i1]! * w2r
      const br = re[i2]! * w1r - im[i2]! * w1i
      const bi = re[i2]! * w1i + im[i2]! * w1r
      const dr = re[i3]! * w3r - im[i3]! * w3i
      const di = re[i3]! * w3i + im[i3]! * w3r
      const sr = ar + cr
      const si = ai + ci
      const tr = ar - cr
      const ti = ai - ci
      const ur = br + dr
      const ui = bi + di
      const vr = br - dr
      const vi = bi - di
      re[i0] = sr + ur
      im[i0] = si + ui
      re[i1] = tr + vi
      im[i1] = ti - vr
      re[i2] = sr - ur
      im[i2] = si - ui
      re[i3] = tr - vi
      im[i3] = ti + vr
    }
  }
}

function radix2(re: Float64Array, im: Float64Array, span: number, factors: Float64Array): void {
  for (let j = 0; j < span; j++) {
    const wr = factors[2 * j]!
    const wi = factors[2 * j + 1]!
    for (let i0 = j; i0 < re.length; i0 += 2 * span) {
      const i1 = i0 + span
      const br = re[i1]! * wr - im[i1]! * wi
      const bi = re[i1]! * wi + im[i1]! * wr
      re[i1] = re[i0]! - br
      im[i1] = im[i0]! - bi
      re[i0] = re[i0]! + br
      im[i0] = im[i0]! + bi
    }
  }
}

/** X[k] = E + W·O and X[half-k] = conj(E - W·O), with E and O the even and odd parts of Z[k] and Z[half-k]. */
function untangle(
  re: Float64Array,
  im: Float64Array,
  cos: Float64Array,
  sin: Float64Array,
  outRe: Float64Array,
  outIm: Float64Array,
): void {
  const half = re.length
  for (let k = 0; k <= half >> 1; k++) {
    const other = half - k
    const zr = re[k]!
    const zi = im[k]!
    const yr = re[other % half]!
    const yi = im[other % half]!
    const er = (zr + yr) / 2
    const ei = (zi - yi) / 2
    const or = (zi + yi) / 2
    const oi = (yr - zr) / 2
    const pr = cos[k]! * or + sin[k]! * oi
    const pi = cos[k]! * oi - sin[k]! * or
    outRe[k] = er + pr
    outIm[k] = ei + pi
    outRe[other] = er - pr
    outIm[other] = pi - ei
  }
}

/** `untangle` that keeps only the squares. */
function untanglePower(
  re: Float64Array,
  im: Float64Array,
  cos: Float64Array,
  sin: Float64Array,
  power: Float64Array,
): void {
  const half = re.length
  power[0] = (re[0]! + im[0]!) ** 2
  power[half] = (re[0]! - im[0]!) ** 2
  for (let k = 1, other = half - 1; k <= other; k++, other--) {
    const er = re[k]! + re[other]!
    const ei = im[k]! - im[other]!
    const or = im[k]! + im[other]!
    const oi = re[other]! - re[k]!
    const pr = cos[k]! * or + sin[k]! * oi
    const pi = cos[k]! * oi - sin[k]! * or
    const sumR = er + pr
    const sumI = ei + pi
    const differenceR = er - pr
    const differenceI = ei - pi
    power[k] = 0.25 * (sumR * sumR + sumI * sumI)
    power[other] = 0.25 * (differenceR * differenceR + differenceI * differenceI)
  }
}

/** Undoes `untangle`; interleaved and conjugated, because an inverse transform is a forward one of the conjugate. */
function tangle(inRe: Float64Array, inIm: Float64Array, cos: Float64Array, sin: Float64Array, out: Float64Array): void {
  const half = out.length / 2
  for (let k = 0; k <= half >> 1; k++) {
    const other = half - k
    // A real frame has real first and last bins, so what their imaginary parts hold is left out, as irfft does.
    const xi = k === 0 ? 0 : inIm[k]!
    const yi = k === 0 ? 0 : inIm[other]!
    const er = (inRe[k]! + inRe[other]!) / 2
    const ei = (xi - yi) / 2
    const pr = (inRe[k]! - inRe[other]!) / 2
    const pi = (xi + yi) / 2
    const or = cos[k]! * pr - sin[k]! * pi
    const oi = cos[k]! * pi + sin[k]! * pr
    out[2 * k] = er - oi
    out[2 * k + 1] = -(ei + or)
    if (other === half) continue
    out[2 * other] = er + oi
    out[2 * other + 1] = ei - or
  }
}
