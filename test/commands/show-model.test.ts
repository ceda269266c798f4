import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Project } from '../rig.ts'

let project: Project
beforeEach(() => {
  project = new Project()
})
afterEach(() => project.dispose())

describe('kpipe show MODEL', () => {
  it('prints the layers of a catalogued model and draws it, without a project', () => {
    const { code, out, err } = project.kpipe('show', 'groove_predictor')
    expect([code, err]).toEqual([0, ''])
    expect(out).toContain('Parameters: 18,656 (18,656 trainable)')
    expect(out).toMatch(/^dense_2 \(dense relu\) +64 +8,256 +dense_1$/m)
    expect(out).toContain('Training: loss mse, optimizer adam, learning_rate 0.001, batch_size 64, epochs 50, seed 42')
    expect(out).toContain('┌')
    expect(project.kpipeWith({ LC_ALL: 'C' }, 'show', 'groove_predictor').out).not.toContain('┌')
  })

  it('takes a config of the project over the defaults, and --set over both', () => {
    project.write({
      'pipelines/one.yaml': 'stages: { train: { run: "true" } }\n',
      'configs/mine.yaml': 'model: groove_predictor\nhidden_layers: [10]\n',
    })
    for (const word of ['mine', 'configs/mine.yaml'])
      expect(project.kpipe('show', word).out).toContain('Parameters: 1,002 ')
    const set = project.kpipe('show', 'mine', '--set', 'dropout=0.5', '--json').out
    const facts = JSON.parse(set) as { config: { dropout: number }; layers: { name: string }[] }
    expect(facts.config.dropout).toBe(0.5)
    expect(facts.layers.map(({ name }) => name)).toEqual(['dense_1', 'dropout_1', 'output'])
  })

  it('tells mistakes of a config with their place', () => {
    project.write({ 'pipelines/one.yaml': 'stages: { a: { run: "true" } }\n', 'configs/mine.yaml': 'epoch: 3\n' })
    const { code, err } = project.kpipe('show', 'mine')
    expect(code).toBe(2)
    expect(err).toMatch(/configs\/mine\.yaml:1:1.*unknown key "epoch"/)
  })

  it('a stage of that name comes first', () => {
    project.write({ 'pipelines/one.yaml': 'stages: { groove_predictor: { run: "true", about: mine } }\n' })
    expect(project.kpipe('show', 'groove_predictor').out).toMatch(/^stage: groove_predictor/)
  })
})
