/** The matrix product under every dense, recurrent and attention layer of the plain forward pass. */

/** out[rows, units] = x[rows, size] · kernel[size, units] + bias, eight columns at a time so that sums stay in registers. */
export function multiply(
  x: Float32Array,
  kernel: Float32Array,
  bias: Float32Array | null,
  out: Float32Array,
  size: number,
  units: number,
): void {
  const rows = out.length / units
  const whole = units - (units % 8)
  for (let row = 0; row < rows; row++) {
    const start = row * size
    const to = row * units
    for (let j = 0; j < whole; j += 8) {
      let s0 = bias ? bias[j]! : 0
      let s1 = bias ? bias[j + 1]! : 0
      let s2 = bias ? bias[j + 2]! : 0
      let s3 = bias ? bias[j + 3]! : 0
      let s4 = bias ? bias[j + 4]! : 0
      let s5 = bias ? bias[j + 5]! : 0
      let s6 = bias ? bias[j + 6]! : 0
      let s7 = bias ? bias[j + 7]! : 0
      for (let i = 0, k = j; i < size; i++, k += units) {
        const value = x[start + i]!
        s0 += value * kernel[k]!
        s1 += value * kernel[k + 1]!
        s2 += value * kernel[k + 2]!
        s3 += value * kernel[k + 3]!
        s4 += value * kernel[k + 4]!
        s5 += value * kernel[k + 5]!
        s6 += value * kernel[k + 6]!
        s7 += value * kernel[k + 7]!
      }
      out[to + j] = s0
      out[to + j + 1] = s1
      out[to + j + 2] = s2
      out[to + j + 3] = s3
      out[to + j + 4] = s4
      out[to + j + 5] = s5
      out[to + j + 6] = s6
      out[to + j + 7] = s7
    }
    for (let j = whole; j < units; j++) {
      let sum = bias ? bias[j]! : 0
      for (let i = 0, k = j; i < size; i++, k += units) sum += x[start + i]! * kernel[k]!
      out[to + j] = sum
    }
  }
}

/** out[rows, units] = x[rows, size] · table[units, size] transposed. */
export function multiplyTransposed(
  x: Float32Array,
  table: Float32Array,
  out: Float32Array,
  size: number,
  units: number,
): void {
  for (let row = 0; row < out.length / units; row++) {
    for (let j = 0; j < units; j++) {
      let sum = 0
      for (let i = 0, a = row * size, b = j * size; i < size; i++, a++, b++) sum += x[a]! * table[b]!
      out[row * units + j] = sum
    }
  }
}
