/**
 * Files as RTNeural itself has accepted them, with the numbers it gave: a change of the writer shows as a change of the file,
 * a fault of our reader as other numbers. To renew: `-u` here, then test/golden/scripts/rtneural.py.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { normalize } from '../../src/data/normalize.ts'
import { probeInputs, probeJson } from '../../src/exporters/probe.ts'
import { rtneural } from '../../src/exporters/rtneural.ts'
import { sha256 } from '../../src/lib/files.ts'
import { forward } from '../../src/network/forward.ts'
import { outputSpecs } from '../../src/network/shapes.ts'
import { modelFile, normalizer, randomWeights, sampleNetworks } from './networks.ts'

const golden = join(import.meta.dirname, '../golden/rtneural')
const accepted = JSON.parse(readFileSync(join(golden, 'accepted.json'), 'utf8')) as {
  reader: string
  cases: Record<string, { sha256: string; y: number[] }>
}
const dir = mkdtempSync(join(tmpdir(), 'kpipe-golden-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

describe(`accepted by ${accepted.reader}`, () => {
  it.each(sampleNetworks.map((network) => [network.name, network] as const))('%s', async (name, network) => {
    const fold = network.inputs.length === 1
    const model = modelFile(network, { normalizer: fold ? normalizer(network.inputs[0]!.shape.at(-1)!) : null })
    const weights = randomWeights(network)
    const options = { foldNormalizer: 'layer' as const, modelHash: 'golden' }
    await rtneural.write(model, weights, dir, options)
    const text = readFileSync(join(dir, `${name}.json`), 'utf8')
    await expect(text).toMatchFileSnapshot(join(golden, `${name}.json`))

    const { rows, inputs } = probeInputs(model, null)
    const x = rtneural.fileInputs(model, inputs, rows, options)
    const ready = inputs.map((values) => normalize(values, model.normalizer, model.normalizer?.offset.length ?? 1))
    const y = { shape: [rows, ...outputSpecs(network)[0]!.shape], data: forward(network, weights, ready, rows)[0]! }
    await expect(probeJson(x, y)).toMatchFileSnapshot(join(golden, `${name}.probe.json`))

    expect(accepted.cases[name]!.sha256).toBe(sha256(text))
    const got = (await rtneural.read(join(dir, `${name}.json`))).predict(x).data
    expect(got).toHaveLength(accepted.cases[name]!.y.length)
    got.forEach((value, i) => expect(Math.abs(value - accepted.cases[name]!.y[i]!)).toBeLessThan(1e-6))
  })
})
