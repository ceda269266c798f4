import { describe, expect, it } from 'vitest'
import { openUserModel } from '../../src/compute/user-model.ts'
import { OnnxBuilder } from '../../src/lib/onnx.ts'
import { random } from '../../src/lib/random.ts'
import { anyLength, projection, twoInputs, withoutBatch } from '../onnx-models.ts'

const rng = random('user model')
const row = (length: number) => Float32Array.from({ length }, () => rng.normal())

describe('openUserModel', () => {
  it('gives a row a row, in batches, each the same as alone', async () => {
    const { bytes, weights } = projection([6], 3)
    const model = await openUserModel(bytes, 'm.onnx')
    expect(model.inputShape).toEqual([6])
    const rows = Array.from({ length: 70 }, () => row(6))
    const made = await model.run(rows, [6])
    expect([made.rows.length, made.shape]).toEqual([70, [3]])
    for (const [i, one] of rows.entries())
      for (let k = 0; k < 3; k++) {
        const sum = one.reduce((all, value, j) => all + Math.abs(value) * weights[j * 3 + k]!, 0)
        expect(made.rows[i]![k]).toBeCloseTo(sum, 5)
      }
    expect((await model.run([rows[69]!], [6])).rows[0]).toEqual(made.rows[69])
    expect(await model.run([], [6])).toEqual({ rows: [], shape: [] })
    await model.close()
  })

  it('fills up a batch of fixed size, and leaves open lengths open', async () => {
    const builder = new OnnxBuilder()
    const x = builder.input({ name: 'x', type: 'float32', shape: [4, 2] })
    builder.output({ name: 'y', type: 'float32', shape: [4, 2] }, builder.op('Neg', [x]))
    const fixed = await openUserModel(builder.encode('fixed'), 'm.onnx')
    const rows = Array.from({ length: 6 }, () => row(2))
    expect((await fixed.run(rows, [2])).rows.map((one) => [...one])).toEqual(rows.map((one) => [...one].map((v) => -v)))
    const open = await openUserModel(anyLength(), 'm.onnx')
    expect(open.inputShape).toEqual([null])
    expect([...(await open.run([Float32Array.of(1, -3)], [2])).rows[0]!]).toEqual([2, 5])
  })

  it('takes another output by name', async () => {
    const model = await openUserModel(projection([2], 3).bytes, 'm.onnx', 'magnitude')
    expect([...(await model.run([Float32Array.of(-2, 3)], [2])).rows[0]!]).toEqual([2, 3])
  })

  it('says what is wrong with a file', async () => {
    const open = (bytes: Uint8Array, output?: string) => openUserModel(bytes, 'm.onnx', output)
    await expect(open(Buffer.from('no model'))).rejects.toThrow(/^m\.onnx is no model that ONNX Runtime can open: /)
    await expect(open(twoInputs())).rejects.toThrow(
      'm.onnx has 2 inputs (a float32 [batch, 4], b float32 [batch, 4]), expected one',
    )
    await expect(open(projection([2], 3).bytes, 'logits')).rejects.toThrow(
      'm.onnx has no output "logits"; it has embedding float32 [batch, 3], magnitude float32 [batch, 2]',
    )
    const ids = new OnnxBuilder()
    const x = ids.input({ name: 'tokens', type: 'int64', shape: ['batch', 4] })
    ids.output({ name: 'y', type: 'int64', shape: ['batch', 4] }, ids.op('Abs', [x]))
    await expect(open(ids.encode('ids'))).rejects.toThrow(
      'the input of m.onnx is tokens int64 [batch, 4], expected float32 with two axes or more',
    )
  })

  it('says what went in where the model fails, and refuses outputs without a row a row', async () => {
    const model = await openUserModel(projection([6], 3).bytes, 'm.onnx')
    await expect(model.run([row(5)], [5])).rejects.toThrow(/^m\.onnx failed on sound \[1, 5\]: /)
    const lost = await openUserModel(withoutBatch(), 'm.onnx')
    await expect(lost.run([row(4), row(4)], [4])).rejects.toThrow(
      'output y of m.onnx is [] for 2 rows, expected [2, …] of float32',
    )
  })
})
