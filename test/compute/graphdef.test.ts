import { describe, expect, it } from 'vitest'
import { trainingGraph } from '../../src/compute/engines/tensorflow-graph.ts'
import { ops } from '../../src/compute/ops/index.ts'
import { loadTfForTracing } from '../../src/compute/tfjs.ts'
import { TensorFlowBuilder } from '../../src/lib/tensorflow.ts'
import { cases } from '../network/networks.ts'
import { withWeights } from './batches.ts'

// What can be held of TensorFlow's graphs without TensorFlow: every machine checks this, conformance.test.ts the numbers.
const tf = await loadTfForTracing()

it('every operation that has an ONNX form has a TensorFlow form', () => {
  const [onnx, tensorflow] = (['onnx', 'tensorflow'] as const).map((column) =>
    Object.entries(ops).flatMap(([name, row]) => (row[column] ? [name] : [])),
  )
  expect(tensorflow).toEqual(onnx)
  expect(tensorflow!.length).toBeGreaterThan(50)
})

describe('a saved model', () => {
  it('is what saved_model.proto says', () => {
    const b = new TensorFlowBuilder()
    const x = b.placeholder('float32', [2, 3])
    const [first] = b.many('SplitV', [x, b.ints([1, 2]), b.scalar(1, 'int32')], 2, { T: { type: 'float32' } })
    b.op('AddV2', [first!, b.scalar(0.5)], { T: { type: 'float32' }, strides: [1, -2], keep: true, name: 'y' }, [
      first!,
    ])
    const saved = decode(b.encode())
    expect(saved[1]).toEqual([1])
    const meta = decode(saved[2]![0])
    expect(decode(meta[1]![0])[4]!.map(text)).toEqual(['serve'])
    const graph = decode(meta[2]![0])
    const nodes = graph[1]!.map(node)
    expect(nodes.map(({ name, op, inputs }) => [name, op, ...inputs])).toEqual([
      ['Placeholder_1', 'Placeholder'],
      ['Const_1', 'Const'],
      ['Const_2', 'Const'],
      ['SplitV_1', 'SplitV', 'Placeholder_1', 'Const_1', 'Const_2'],
      ['Const_3', 'Const'],
      ['AddV2_1', 'AddV2', 'SplitV_1:0', 'Const_3', '^SplitV_1'],
    ])
    const value = (i: number, key: string) => decode(nodes[i]!.attributes[key]!)
    expect(decode(value(0, 'shape')[7]![0])[2]!.map((dim) => decode(dim)[1])).toEqual([[2], [3]])
    const ints = decode(value(1, 'value')[8]![0])
    expect([ints[1], [...(ints[4]![0] as Uint8Array)]]).toEqual([[3], [1, 0, 0, 0, 2, 0, 0, 0]])
    expect(decode(value(2, 'value')[8]![0])[7]).toEqual([1])
    expect(decode(value(4, 'value')[8]![0])[5]).toEqual([0.5])
    expect(decode(value(5, 'strides')[1]![0])[3]).toEqual([1, -2])
    expect([value(5, 'T')[6], value(5, 'keep')[5], text(value(5, 'name')[2]![0]!)]).toEqual([[1], [1], 'y'])
  })

  it.each(cases)('has every node before its readers: $name', ({ network }) => {
    const optimizer = { name: 'adamw', learningRate: 1e-3, weightDecay: 0.1, momentum: 0, clipNorm: 1 } as const
    const config = { network: withWeights(network), loss: 'mse', optimizer, batchSize: 4, seed: 1 } as const
    const graph = trainingGraph(tf, config)
    expect(graph.model).toEqual(trainingGraph(tf, config).model)
    const nodes = decode(decode(decode(graph.model)[2]![0])[2]![0])[1]!.map(node)
    const seen = new Set<string>()
    for (const { name, inputs } of nodes) {
      for (const input of inputs) expect(seen).toContain(input.replace('^', '').split(':')[0])
      expect(seen).not.toContain(name)
      seen.add(name)
    }
    const { outputs, ...fetches } = graph.fetch
    const ports = [...outputs, ...Object.values(fetches), ...Object.values(graph.feeds).map(({ value }) => value)]
    for (const port of ports) expect(seen).toContain(port.split(':')[0])
  })
})

type Field = number | Uint8Array
type Message = Readonly<Record<number, readonly Field[]>>

/** Field number → values in order, by the wire format alone; 32-bit fields as floats. */
function decode(message: Field | undefined): Message {
  const bytes = message as Uint8Array
  const fields: Record<number, Field[]> = {}
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  const varint = () => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]!
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return Number(BigInt.asIntN(64, value))
    }
  }
  while (at < bytes.length) {
    const tag = varint()
    const into = (fields[tag >> 3] ??= [])
    const wire = tag & 7
    if (wire === 0) into.push(varint())
    else if (wire === 2) {
      const length = varint()
      into.push(bytes.subarray(at, at + length))
      at += length
    } else {
      expect(wire).toBe(5)
      into.push(view.getFloat32(at, true))
      at += 4
    }
  }
  return fields
}

function text(field: Field): string {
  return new TextDecoder().decode(field as Uint8Array)
}

function node(field: Field) {
  const fields = decode(field)
  const attributes = (fields[5] ?? []).map((entry) => {
    const pair = decode(entry)
    return [text(pair[1]![0]!), pair[2]![0]!] as const
  })
  return {
    name: text(fields[1]![0]!),
    op: text(fields[2]![0]!),
    inputs: (fields[3] ?? []).map(text),
    attributes: Object.fromEntries(attributes),
  }
}
