/**
 * What RTNeural computes for one time step, layer by layer, with the state it keeps between calls. Sums run in double
 * precision and every layer's output is rounded to float32 once. Shares no code with network/forward.ts: the two check
 * each other. Leaves out the softmax shift by the maximum, as RTNeural does: a logit of 89 overflows there and here.
 */

export type Activation = 'tanh' | 'relu' | 'sigmoid' | 'softmax' | 'elu'

export interface Step {
  readonly kind: string
  readonly outputSize: number
  /** One time step in, one out. The array belongs to the step and is overwritten by the next call. */
  readonly forward: (input: Float32Array) => Float32Array
  /** Clears what was kept from earlier steps. */
  readonly reset: () => void
}

/** kernel [in, out], bias [out]. */
export function denseStep(kernel: Float32Array, bias: Float32Array): Step {
  return stateless('dense', bias.length, (x, y) => {
    const sums = Float64Array.from(bias)
    addProduct(sums, x, kernel)
    y.set(sums)
  })
}

/** kernel [taps, in, out]; tap 0 meets the oldest frame. */
export function conv1dStep(kernel: Float32Array, bias: Float32Array, taps: number, dilation: number): Step {
  const size = kernel.length / (taps * bias.length)
  const reach = (taps - 1) * dilation + 1
  const y = new Float32Array(bias.length)
  let frames: Float32Array[] = []
  return {
    kind: 'conv1d',
    outputSize: bias.length,
    reset: () => void (frames = []),
    forward: (x) => {
      frames.push(x.slice())
      if (frames.length > reach) frames.shift()
      const sums = Float64Array.from(bias)
      for (let tap = 0; tap < taps; tap++) {
        const frame = frames[frames.length - 1 - (taps - 1 - tap) * dilation]
        if (frame) addProduct(sums, frame, kernel.subarray(tap * size * bias.length, (tap + 1) * size * bias.length))
      }
      y.set(sums)
      return y
    },
  }
}

/** Gates i f c o side by side: kernel [in, 4u], recurrent [u, 4u], bias [4u]. */
export function lstmStep(kernel: Float32Array, recurrent: Float32Array, bias: Float32Array): Step {
  const units = bias.length / 4
  const hidden = new Float32Array(units)
  const cell = new Float64Array(units)
  return {
    kind: 'lstm',
    outputSize: units,
    reset: () => {
      hidden.fill(0)
      cell.fill(0)
    },
    forward: (x) => {
      const gates = Float64Array.from(bias)
      addProduct(gates, x, kernel)
      addProduct(gates, hidden, recurrent)
      for (let u = 0; u < units; u++) {
        const [i, f, c, o] = [gates[u]!, gates[units + u]!, gates[2 * units + u]!, gates[3 * units + u]!]
        cell[u] = logistic(f) * cell[u]! + logistic(i) * Math.tanh(c)
        hidden[u] = logistic(o) * Math.tanh(cell[u]!)
      }
      return hidden
    },
  }
}

/** Gates z r h, reset_after: kernel [in, 3u], recurrent [u, 3u], bias [2, 3u] (input's, state's). */
export function gruStep(kernel: Float32Array, recurrent: Float32Array, bias: Float32Array): Step {
  const units = bias.length / 6
  const hidden = new Float32Array(units)
  return {
    kind: 'gru',
    outputSize: units,
    reset: () => void hidden.fill(0),
    forward: (x) => {
      const fromInput = Float64Array.from(bias.subarray(0, 3 * units))
      const fromState = Float64Array.from(bias.subarray(3 * units))
      addProduct(fromInput, x, kernel)
      addProduct(fromState, hidden, recurrent)
      for (let u = 0; u < units; u++) {
        const keep = logistic(fromInput[u]! + fromState[u]!)
        const reset = logistic(fromInput[units + u]! + fromState[units + u]!)
        const candidate = Math.tanh(fromInput[2 * units + u]! + reset * fromState[2 * units + u]!)
        hidden[u] = keep * hidden[u]! + (1 - keep) * candidate
      }
      return hidden
    },
  }
}

export function batchNormStep(
  mean: Float32Array,
  variance: Float32Array,
  affine: { readonly gamma: Float32Array; readonly beta: Float32Array } | null,
  epsilon: number,
): Step {
  return stateless('batchnorm', mean.length, (x, y) => {
    for (let i = 0; i < y.length; i++) {
      const factor = (affine?.gamma[i] ?? 1) / Math.sqrt(variance[i]! + epsilon)
      y[i] = factor * (x[i]! - mean[i]!) + (affine?.beta[i] ?? 0)
    }
  })
}

/** alpha [size] or [1]. */
export function preluStep(alpha: Float32Array, size: number): Step {
  return stateless('prelu', size, (x, y) => {
    for (let i = 0; i < size; i++) y[i] = x[i]! >= 0 ? x[i]! : x[i]! * alpha[alpha.length === 1 ? 0 : i]!
  })
}

export function activationStep(name: Activation, size: number): Step {
  return stateless(name, size, (x, y) => {
    if (name === 'softmax') return softmax(x, y)
    for (let i = 0; i < size; i++) y[i] = functions[name](x[i]!)
  })
}

const functions: { readonly [K in Exclude<Activation, 'softmax'>]: (x: number) => number } = {
  tanh: Math.tanh,
  relu: (x) => (x > 0 ? x : 0),
  sigmoid: logistic,
  elu: (x) => (x > 0 ? x : Math.exp(x) - 1),
}

function logistic(x: number): number {
  return 1 / (1 + Math.exp(-x))
}

function softmax(x: Float32Array, y: Float32Array): void {
  let sum = 0
  for (let i = 0; i < y.length; i++) {
    y[i] = Math.exp(x[i]!) // float32: Infinity above 88.7
    sum = Math.fround(sum + y[i]!)
  }
  const factor = Math.fround(1 / sum)
  for (let i = 0; i < y.length; i++) y[i] = y[i]! * factor
}

function stateless(kind: string, size: number, compute: (x: Float32Array, y: Float32Array) => void): Step {
  const y = new Float32Array(size)
  return {
    kind,
    outputSize: size,
    reset: () => {},
    forward: (x) => {
      compute(x, y)
      return y
    },
  }
}

/** sums[out] += x[in] · matrix[in, out] */
function addProduct(sums: Float64Array, x: Float32Array, matrix: Float32Array): void {
  const outs = sums.length
  for (let i = 0; i < x.length; i++) {
    const value = x[i]!
    if (value === 0) continue
    for (let j = 0; j < outs; j++) sums[j] = sums[j]! + value * matrix[i * outs + j]!
  }
}
