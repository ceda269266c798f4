/**
 * The conformance suite on a GPU, and a training through the front door. Where no GPU is at hand, on Chromium's software
 * Vulkan driver (SwiftShader), which Debian's package brings with its loader; without that it is skipped, and says so.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { onnxruntime } from '../../src/compute/engines/onnxruntime.ts'
import { composeDemo } from '../../src/data/demo/index.ts'
import { outcomes, Project, repository } from '../rig.ts'

const DRIVERS = ['/usr/lib/chromium/vk_swiftshader_icd.json', '/usr/lib/chromium-browser/vk_swiftshader_icd.json']
const driver = DRIVERS.find((path) => existsSync(path))
const real = (await onnxruntime.gpu!()) === ''
const environment: Record<string, string> =
  real || !driver ? {} : { VK_DRIVER_FILES: driver, LD_LIBRARY_PATH: dirname(driver) }

if (!real && !driver)
  process.stderr.write(
    `\nSKIPPED: no GPU and no software Vulkan driver (${DRIVERS.join(', ')}; apt-get install chromium): device gpu was not tested\n\n`,
  )

describe.runIf(real || driver)(`device gpu on ${real ? 'a GPU' : 'SwiftShader'}`, () => {
  it('passes the conformance suite', () => {
    const vitest = join(repository, 'node_modules', 'vitest', 'vitest.mjs')
    const args = [vitest, 'run', '--reporter=json', 'test/compute/conformance.test.ts']
    const env = { ...process.env, ...environment, KPIPE_TEST_GPU: '1' }
    const ran = spawnSync(process.execPath, args, { cwd: repository, env, encoding: 'utf8', maxBuffer: 2 ** 26 })
    const result = JSON.parse(ran.stdout.slice(ran.stdout.indexOf('{')))
    expect(result.testResults.flatMap(failures)).toEqual([])
    expect(result.numPassedTests).toBeGreaterThan(50)
    expect(result.numPendingTests).toBe(0)
  })

  describe('kpipe run', () => {
    let project: Project
    let music: string
    let firstLoss: number
    beforeAll(async () => {
      project = new Project()
      music = mkdtempSync(join(tmpdir(), 'kpipe-music-'))
      await composeDemo(music, { seed: 1, size: { audio: 4, midi: 4, chords: 4, drums: 12 } })
      cpSync(join(repository, 'configs'), project.path('configs'), { recursive: true })
      cpSync(join(repository, 'pipelines'), project.path('pipelines'), { recursive: true })
    })
    afterAll(() => {
      project.dispose()
      rmSync(music, { recursive: true, force: true })
    })
    const train = (device: string) => {
      const sets = ['models=[groove_predictor]', 'epochs=3', `data=${music}`, `device=${device}`].flatMap((set) => [
        '--set',
        set,
      ])
      const done = project.kpipeWith(environment, 'run', '--json', 'train@groove_predictor', ...sets)
      expect(done.code, done.err + done.out).toBe(0)
      return outcomes(done.out)['train@groove_predictor']
    }
    const losses = () =>
      JSON.parse(project.read('cache/out/kelly/train@groove_predictor/history.json')).map(
        ({ loss }: { loss: number }) => loss,
      )

    it('trains there with the losses of the processor; mps, cuda and gpu are one', () => {
      expect(train('cpu')).toBe('ran')
      const ofCpu = losses()
      firstLoss = ofCpu[0]
      expect(train('auto')).toBe('fresh')
      expect(train('gpu')).toBe('ran')
      const ofGpu = losses()
      expect(ofGpu).toHaveLength(3)
      for (const [i, loss] of ofCpu.entries()) expect(Math.abs(ofGpu[i] / loss - 1)).toBeLessThan(1e-4)
      expect([train('mps'), train('cuda')]).toEqual(['fresh', 'fresh'])
    })

    it('says where half precision is missing, or trains with it', () => {
      const sets = [
        'models=[groove_predictor]',
        'epochs=1',
        `data=${music}`,
        'device=gpu',
        'stages.train.with.precision=float16',
      ].flatMap((set) => ['--set', set])
      const done = project.kpipeWith(environment, 'run', 'train@groove_predictor', ...sets)
      if (done.code !== 0) expect(done.err).toContain('precision float16: this GPU or its driver has no half precision')
      else expect(Math.abs(losses()[0] / firstLoss - 1)).toBeLessThan(0.02)
    })
  })
})

interface TestFile {
  readonly assertionResults: readonly { status: string; fullName: string; failureMessages: readonly string[] }[]
}

function failures({ assertionResults }: TestFile): readonly (readonly string[])[] {
  return assertionResults
    .filter(({ status }) => status === 'failed')
    .map(({ fullName, failureMessages }) => [fullName, ...failureMessages])
}
