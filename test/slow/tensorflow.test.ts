/** Engine tensorflow through the command line: trained, trained again, continued; refused with a remedy where it is not set up. */
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { engines } from '../../src/compute/index.ts'
import { Project, repository } from '../rig.ts'

const missing = await engines.tensorflow.available()
const STAGE = 'train@groove_predictor'
let project: Project

beforeAll(() => {
  project = new Project()
  for (const folder of ['pipelines', 'configs'])
    cpSync(join(repository, folder), project.path(folder), { recursive: true })
})
afterAll(() => project.dispose())

function train(epochs: number, ...args: string[]): string {
  const set = ['--set', `epochs=${epochs}`, '--set', 'engine=tensorflow']
  expect(project.run(STAGE, ...set, ...args)[STAGE]).toMatch(/ran|same/)
  return project.read(`cache/out/kelly/${STAGE}/weights.safetensors`)
}

if (missing) it.skip(`NOT CHECKED, engine tensorflow: ${missing}`)

it.runIf(!missing)('trains to the same bytes again, and continued ones to those of one that was not', () => {
  const short = train(2)
  const continued = train(4)
  expect(continued).not.toBe(short)
  expect(train(4, '--force')).toBe(continued)
})

it.runIf(missing)('is refused with the command that adds it', () => {
  const done = project.kpipe('run', STAGE, '--set', 'epochs=2', '--set', 'engine=tensorflow')
  expect(done.code).toBe(1)
  expect(done.out + done.err).toContain('npm run setup:tensorflow')
})
