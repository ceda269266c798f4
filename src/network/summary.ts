/** A network as a text table in the manner of Keras' model.summary(): layers, shapes, parameters, sizes. */
import type { Layer, Network } from '../network.ts'
import { countParameters, inferShapes, sizeOf } from './shapes.ts'

/**
 * Plain text, no colours, ends without a newline:
 *
 *     Layer (kind)          Shape    Parameters  Reads
 *     dense_1 (dense relu)  512           66048  features
 */
export function summarize(network: Network): string {
  const rows = inferShapes(network).map(({ layer, shape, weights }) => [
    `${layer.name} (${describe(layer)})`,
    shape.join(' x ') || '1',
    grouped(weights.reduce((sum, weight) => sum + sizeOf(weight.shape), 0)),
    layer.inputs.join(', '),
  ])
  const inputs = network.inputs.map((input) => [
    `${input.name} (input ${input.dtype})`,
    input.shape.join(' x ') || '1',
    '0',
    '',
  ])
  const { total, trainable } = countParameters(network)
  const frozen = inferShapes(network)
    .filter(({ layer }) => layer.frozen)
    .reduce((sum, { weights }) => sum + weights.reduce((size, weight) => size + sizeOf(weight.shape), 0), 0)
  const averages = total - trainable - frozen
  const parts = [`${grouped(trainable)} trainable`]
  if (frozen > 0) parts.push(`${grouped(frozen)} frozen`)
  if (averages > 0) parts.push(`${grouped(averages)} moving averages`)
  return [
    `Network "${network.name}"`,
    '',
    ...table([['Layer (kind)', 'Shape', 'Parameters', 'Reads'], ...inputs, ...rows]),
    '',
    `Parameters: ${grouped(total)} (${parts.join(', ')})`,
    `Size: ${grouped(total * 4)} bytes as float32`,
    `Outputs: ${network.outputs.join(', ')}`,
  ].join('\n')
}

/** `dense relu`, `causal_attention 8 heads`. */
export function describe(layer: Layer): string {
  const parts: (string | number)[] = [layer.kind]
  if ('activation' in layer && layer.activation !== 'linear') parts.push(layer.activation)
  if (layer.kind === 'dropout') parts.push(layer.rate)
  if (layer.kind === 'conv1d') parts.push(`k${layer.kernelSize}`)
  if (layer.kind === 'conv2d') parts.push(`k${layer.kernelSize.join('x')}`)
  if ('poolSize' in layer) parts.push([layer.poolSize].flat().join('x'))
  if (layer.kind === 'causal_attention') parts.push(`${layer.heads} heads`)
  if (layer.kind === 'tied_dense') parts.push(`with ${layer.table}`)
  if (layer.frozen) parts.push('frozen')
  return parts.join(' ')
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows.map((row) => {
    const cells = [row[0]!.padEnd(widths[0]!), row[1]!.padEnd(widths[1]!), row[2]!.padStart(widths[2]!), row[3]!]
    return cells.join('  ').trimEnd()
  })
}

/** 1234567 → 1,234,567 whatever the locale. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',')
}
