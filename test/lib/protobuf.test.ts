import { describe, expect, it } from 'vitest'
import { OnnxBuilder } from '../../src/lib/onnx.ts'
import { ProtoWriter } from '../../src/lib/protobuf.ts'

const hex = (writer: ProtoWriter) => Buffer.from(writer.finish()).toString('hex')

describe('protobuf', () => {
  // The three examples of protobuf.dev/programming-guides/encoding.
  it('writes the examples of the encoding guide', () => {
    expect(hex(new ProtoWriter().int(1, 150))).toBe('089601')
    expect(hex(new ProtoWriter().text(2, 'testing'))).toBe('120774657374696e67')
    expect(hex(new ProtoWriter().message(3, (inner) => inner.int(1, 150)))).toBe('1a03089601')
  })

  it('writes negative and large numbers, floats and empty messages', () => {
    expect(hex(new ProtoWriter().int(1, -2))).toBe('08feffffffffffffffff01')
    expect(hex(new ProtoWriter().int(1, 2 ** 40))).toBe('08808080808020')
    expect(hex(new ProtoWriter().int(20, true))).toBe('a00101')
    expect(hex(new ProtoWriter().float(2, 1))).toBe('150000803f')
    expect(hex(new ProtoWriter().message(1, () => {}).ints(2, [1, 2]))).toBe('0a0010011002')
  })
})

describe('ONNX models', () => {
  const model = () => {
    const builder = new OnnxBuilder()
    const x = builder.input({ name: 'x', type: 'float32', shape: ['batch', 2] })
    const y = builder.op('Add', [x, builder.scalar(1)])
    builder.output({ name: 'y', type: 'float32', shape: ['batch', 2] }, y)
    builder.output({ name: 'again', type: 'float32', shape: ['batch', 2] }, y)
    return Buffer.from(builder.encode('g', { who: 'test' }))
  }

  it('are the same bytes every time', () => expect(model().equals(model())).toBe(true))

  it('name outputs in place and copy only what has a name already', () => {
    const text = model().toString('latin1')
    expect(text.match(/Identity/g)).toHaveLength(1)
    expect(text).toContain('batch')
    expect(text).not.toContain('Add_1')
  })
})
