/** What every exporter keeps to. A format joins by its line in src/exporters/index.ts. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { normalize } from '../../src/data/normalize.ts'
import { compareOutputs } from '../../src/exporters/compare.ts'
import { exportersByName } from '../../src/exporters/index.ts'
import { probeInputs } from '../../src/exporters/probe.ts'
import { modelDefaults } from '../../src/models/config.ts'
import { forward } from '../../src/network/forward.ts'
import { outputSpecs } from '../../src/network/shapes.ts'
import type { ModelFile, Network, Weights } from '../../src/network.ts'
import { chain, dense, modelFile, normalizer, randomWeights, sampleNetworks } from '../exporters/networks.ts'

const dir = mkdtempSync(join(tmpdir(), 'kpipe-exporter-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const layered = { foldNormalizer: 'layer', modelHash: 'abc' } as const
const folding = ['layer', 'weights', 'none'] as const

/** The others have no weights that could hold a normaliser. */
function hasKernelFirst(network: Network): boolean {
  return ['dense', 'conv1d', 'lstm', 'gru'].includes(network.layers[0]!.kind)
}

function sample(network: Network): { model: ModelFile; weights: Weights } {
  const size = network.inputs[0]!.shape.at(-1)!
  return {
    model: modelFile(network, { normalizer: network.inputs.length === 1 ? normalizer(size) : null }),
    weights: randomWeights(network),
  }
}

describe.each(Object.entries(exportersByName))('%s', (name, exporter) => {
  const taken = sampleNetworks.filter((network) => exporter.refuse(network).length === 0)

  it('has its own name in the map, and takes at least one sample network', () => {
    expect(exporter.format).toBe(name)
    expect(exporter.about).not.toBe('')
    expect(taken).not.toEqual([])
  })

  it('takes the configs of the Kelly models', () => {
    for (const config of Object.values(modelDefaults)) expect(exporter.refuseConfig(config)).toEqual([])
  })

  describe.each(taken.map((network) => [network.name, network] as const))('%s', (_, network) => {
    it.each(folding.filter((how) => how !== 'weights' || hasKernelFirst(network)))(
      'is read back with the numbers of the forward pass (fold_normalizer: %s)',
      async (foldNormalizer) => {
        const { model, weights } = sample(network)
        const options = { foldNormalizer, modelHash: 'abc' }
        const files = await exporter.write(model, weights, dir, options)
        expect(files[0]).toBe(exporter.fileName(model.id))
        const { rows, inputs } = probeInputs(model, null)
        const ready = inputs.map((x) =>
          model.normalizer ? normalize(x, model.normalizer, model.normalizer.offset.length) : x,
        )
        const expected = forward(network, weights, ready, rows)[0]!
        const x = exporter.fileInputs(model, inputs, rows, options)
        const got = (await exporter.read(join(dir, files[0]!))).predict(x)
        expect(got.shape).toEqual([rows, ...outputSpecs(network)[0]!.shape])
        expect(compareOutputs(expected, got.data, rows).maxScaledDiff).toBeLessThan(1e-6)
      },
    )

    it('gives the same bytes twice, and other bytes for other weights', async () => {
      const { model, weights } = sample(network)
      const write = async (values: Weights) =>
        (await exporter.write(model, values, dir, layered)).map((file) => readFileSync(join(dir, file), 'latin1'))
      const first = await write(weights)
      expect(await write(weights)).toEqual(first)
      expect((await write(randomWeights(network, 2)))[0]).not.toBe(first[0])
    })

    it('refuses weights that are not finite, with the layer', async () => {
      const { model, weights } = sample(network)
      const [key, weight] = Object.entries(weights).at(-1)!
      const broken = {
        ...weights,
        [key]: { ...weight, data: weight.data.map((value, i) => (i === 1 ? Number.NaN : value)) },
      }
      const writing = exporter.write(model, broken, dir, layered)
      await expect(writing).rejects.toThrow(`"${key.split('/')[0]}"`)
    })
  })

  it('throws on write what it refuses, and changes nothing it is given', async () => {
    const refused = chain(
      'attentive',
      [4, 6],
      [{ kind: 'causal_attention', name: 'attention', heads: 2 }, dense('out', 2)],
    )
    const reasons = exporter.refuse(refused)
    if (reasons.length > 0) {
      expect(reasons[0]).toContain('"attention"')
      const writing = exporter.write(modelFile(refused), randomWeights(refused), dir, layered)
      await expect(writing).rejects.toThrow('attention')
    }
    const { model, weights } = sample(sampleNetworks[0]!)
    const before = JSON.stringify([model, Object.entries(weights).map(([key, { data }]) => [key, [...data]])])
    await exporter.write(model, weights, dir, layered)
    expect(JSON.stringify([model, Object.entries(weights).map(([key, { data }]) => [key, [...data]])])).toBe(before)
  })
})
