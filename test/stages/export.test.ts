/** The export stage: files, export.json, probe, read back; refusals while the pipeline is checked. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { writeFeatureSet } from '../../src/data/feature-file.ts'
import type { FeatureSetInfo } from '../../src/data/feature-set.ts'
import { random } from '../../src/lib/random.ts'
import { writeModel } from '../../src/network/model-file.ts'
import type { ModelFile, Network } from '../../src/network.ts'
import { type ExportReport, exportStage } from '../../stages/export.ts'
import { activation, chain, dense, dropout, modelFile, normalizer, randomWeights } from '../exporters/networks.ts'
import { type Rig, stageRig } from '../stage-rig.ts'

const small = chain('emotionrecognizer', [6], [dense('hidden', 8, 'relu'), dropout('drop'), dense('out', 3)])

let rig: Rig
beforeEach(() => void (rig = stageRig()))
afterEach(() => rig.dispose())

function trained(network: Network, extra: Partial<ModelFile> = {}, seed = 1): string {
  const dir = join(rig.dir, `${network.name}-${seed}`)
  rig.write(`${network.name}-${seed}/x`, '')
  writeModel(
    dir,
    modelFile(network, { normalizer: normalizer(network.inputs[0]!.shape.at(-1)!), ...extra }),
    randomWeights(network, seed),
  )
  return dir
}

function features(): string {
  rig.write('features/x', '')
  const rng = random('features')
  const rows = Array.from({ length: 20 }, (_, i) => ({
    id: `audio/${i}.wav`,
    source: `${i}`,
    split: i < 12 ? ('train' as const) : i < 16 ? ('val' as const) : ('test' as const),
    labelled: true,
    valence: 0,
    arousal: 0,
  }))
  const info: FeatureSetInfo = {
    format: 'kpipe-features/1',
    feature: 'mel',
    options: {},
    xShape: [6],
    yShape: [3],
    yLabels: [],
    normalizer: null,
    generated: true,
    rows,
  }
  const numbers = (length: number) => Float32Array.from({ length }, () => rng.uniform(-80, 0))
  writeFeatureSet(join(rig.dir, 'features'), { info, x: numbers(120), y: numbers(60) })
  return join(rig.dir, 'features')
}

const report = (out: string) => JSON.parse(readFileSync(join(out, 'export.json'), 'utf8')) as ExportReport
const probe = (out: string) =>
  JSON.parse(readFileSync(join(out, 'emotionrecognizer.probe.json'), 'utf8')) as {
    x: { name: string; shape: number[]; data: number[] }[]
    y: { shape: number[]; data: number[] }
  }

describe('export', () => {
  it('leaves the model, its header, its probe and a report', async () => {
    const { out, result } = await rig.run(exportStage, { inputs: { model: trained(small), features: features() } })
    expect(readdirSync(out).sort()).toEqual([
      'emotionrecognizer.hpp',
      'emotionrecognizer.json',
      'emotionrecognizer.probe.json',
      'export.json',
    ])
    const { files, probe_rows: rows, ...rest } = report(out)
    expect(rest).toEqual({
      format: 'kpipe-export/1',
      id: 'emotionrecognizer',
      model: 'emotionrecognizer',
      task: 'test',
      generated: true,
      normalizer: 'a layer of the file',
    })
    expect(files).toHaveLength(1)
    expect(files[0]).toMatchObject({ format: 'rtneural-json', file: 'emotionrecognizer.json', warnings: [] })
    expect(files[0]!.max_abs_diff).toBeLessThan(1e-6)
    expect(files[0]!.beside.map(({ file }) => file)).toEqual(['emotionrecognizer.hpp', 'emotionrecognizer.probe.json'])
    expect(rows).toEqual([
      ...[16, 17, 18, 19].map((row) => `row ${row} of the features`),
      'zeros',
      'least of every feature',
      'greatest of every feature',
      'noise 0',
      'noise 1',
      'noise 2',
    ])
    expect(result.metrics).toMatchObject({ bytes: files[0]!.bytes, 'rtneural-json.bytes': files[0]!.bytes })
  })

  it('gives the same bytes again', async () => {
    const [model, set] = [trained(small), features()]
    const [a, b] = [
      await rig.run(exportStage, { inputs: { model, features: set } }),
      await rig.run(exportStage, { inputs: { model, features: set } }),
    ]
    expect(b.asInput.hash).toBe(a.asInput.hash)
  })

  it('is not another version of the model because of logs beside it', async () => {
    const model = trained(small)
    const before = report((await rig.run(exportStage, { inputs: { model } })).out)
    rig.write('emotionrecognizer-1/history.csv', 'epoch,loss')
    expect(report((await rig.run(exportStage, { inputs: { model } })).out)).toEqual(before)
    const other = report((await rig.run(exportStage, { inputs: { model: trained(small, {}, 2) } })).out)
    expect(other.files[0]!.sha256).not.toBe(before.files[0]!.sha256)
  })

  it('writes a probe in the form of the file: raw features when folded, normalised ones when not', async () => {
    const inputs = { model: trained(small), features: features() }
    const folded = probe((await rig.run(exportStage, { inputs })).out)
    const plain = probe((await rig.run(exportStage, { inputs, options: { fold_normalizer: 'none' } })).out)
    expect(folded.x[0]!.shape).toEqual([10, 6])
    expect(folded.y).toEqual(plain.y)
    expect(folded.y.shape).toEqual([10, 3])
    const { offset, scale } = normalizer(6)
    folded.x[0]!.data.forEach((value, i) =>
      expect(plain.x[0]!.data[i]).toBeCloseTo((value - offset[i % 6]!) / scale[i % 6]!, 4),
    )
  })

  it('says which way the normaliser went', async () => {
    const inputs = { model: trained(small) }
    expect(report((await rig.run(exportStage, { inputs, options: { fold_normalizer: 'none' } })).out).normalizer).toBe(
      'the plug-in',
    )
    expect(
      report((await rig.run(exportStage, { inputs: { model: trained(small, { normalizer: null }, 2) } })).out)
        .normalizer,
    ).toBe('none')
  })

  it('takes another file name', async () => {
    const { out } = await rig.run(exportStage, {
      inputs: { model: trained(small) },
      options: { model_id: 'emotion_v2' },
    })
    expect(report(out)).toMatchObject({
      id: 'emotion_v2',
      model: 'emotionrecognizer',
      files: [{ file: 'emotion_v2.json' }],
    })
  })

  it('fails above the tolerance and names the output, the row and the way out', async () => {
    const inputs = { model: trained(small, { labels: ['calm', 'tense', 'bright'] }), features: features() }
    const running = rig.run(exportStage, { inputs, options: { tolerance: 1e-12, fold_normalizer: 'weights' } })
    await expect(running).rejects.toThrow(
      /^emotionrecognizer\.json differs .* \(tolerance 1e-12\), most in (calm|tense|bright) on "(row|noise|zeros|least|greatest).*": the model gives/,
    )
    await expect(running).rejects.toMatchObject({ hint: expect.stringContaining('fold_normalizer: layer') })
  })

  it('warns where softmax comes near the overflow of RTNeural', async () => {
    const network = chain('loud', [2], [dense('out', 3), activation('soft', 'softmax')])
    const dir = trained(network)
    writeModel(dir, modelFile(network), {
      'out/kernel': { shape: [2, 3], data: new Float32Array(6) },
      'out/bias': { shape: [3], data: Float32Array.of(84, 0, -3) },
    })
    const { result, logs, out } = await rig.run(exportStage, { inputs: { model: dir } })
    expect(result.notes?.[0]).toMatch(/^loud\.json: softmax .* largest logit of 84\.0/)
    expect(logs).toHaveLength(1)
    expect(report(out).files[0]!.warnings).toHaveLength(1)
  })

  it('refuses a network that RTNeural cannot load, with the layer', async () => {
    const network = chain('attentive', [4], [dense('hidden', 4, 'gelu'), dense('out', 2)])
    await expect(rig.run(exportStage, { inputs: { model: trained(network) } })).rejects.toThrow(
      'layer "hidden" (dense): RTNeural has no gelu',
    )
  })
})

describe('check', () => {
  const check = (options: object) => exportStage.check!({ formats: ['rtneural'], ...options } as never)

  it('finds nothing wrong with the Kelly configs', () => {
    expect(check({ architecture_type: 'mlp', activation: 'relu', output_activation: 'softmax' })).toEqual([])
  })

  it('finds what the format cannot take before anything is trained', () => {
    expect(check({ activation: 'gelu' })).toEqual([
      {
        path: ['activation'],
        message: 'RTNeural has no gelu, so the format rtneural cannot take this model',
        hint: 'use one of linear, relu, leaky_relu, tanh, sigmoid, softmax, elu',
      },
    ])
    expect(check({ formats: ['rtneurl'] })).toEqual([
      { path: ['formats', 0], message: 'there is no export format "rtneurl"', hint: 'known formats: rtneural' },
    ])
  })
})
