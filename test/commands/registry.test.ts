/** `kpipe registry` through the real command line. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import { sha256 } from '../../src/lib/files.ts'
import { Project } from '../rig.ts'

let project: Project
beforeEach(() => {
  project = new Project()
  project.write({ 'pipelines/p.yaml': "stages: { a: { run: 'echo a > a.txt', outs: [a.txt] } }\n" })
})
afterEach(() => project.dispose())

const entry = (version: number, status: string, file: string, more: object = {}) => ({
  id: 'groove',
  file,
  format: 'rtneural-json',
  task: 'groove_parameters',
  status,
  version,
  sha256: sha256(`weights ${version}`),
  training: { epochs: 5, train_loss: 0.1, val_loss: 0.0145, training_date: '2026-11-21T07:00:00Z' },
  ...more,
})

function registered(): void {
  const old = entry(1, 'production', 'groove.json', { card: 'model_cards/groove.md' })
  const models = [old, entry(2, 'trained', 'versions/groove/2/groove.json', { trained_on_generated_data: true })]
  project.write({
    'models/registry.json': JSON.stringify({ registry_version: '1.1', models }),
    'models/groove.json': 'weights 1',
    'models/versions/groove/2/groove.json': 'weights 2',
    'models/model_cards/groove.md':
      '# Model card\n<!-- Write below this line: kpipe keeps what stands here. -->\nmine\n',
  })
}

const statuses = () =>
  (JSON.parse(project.read('models/registry.json')) as { models: { status: string }[] }).models.map((one) => one.status)

it('lists versions', () => {
  registered()
  expect(project.kpipe('registry').out).toBe(`model   version  status      val_loss  trained                      file
groove  1        production  0.0145    2026-11-21                   groove.json
groove  2        trained     0.0145    2026-11-21 (generated data)  versions/groove/2/groove.json
`)
  expect(JSON.parse(project.kpipe('registry', '--json').out)[0].models).toHaveLength(2)
})

it('sets a status, writes the card anew and says what is left to do', () => {
  registered()
  const done = project.kpipe('registry', 'set', 'groove', 'production')
  expect(done).toMatchObject({ code: 0, err: '' })
  expect(done.out).toBe(`groove version 1: production -> deprecated
groove version 2: trained -> production
its files are still in versions/: the next kpipe run puts them in place
`)
  expect(statuses()).toEqual(['deprecated', 'production'])
  expect(project.read('models/model_cards/groove.md')).toMatch(/\| Status \| deprecated \|[^]*\nmine\n$/)
  expect(project.kpipe('registry', 'set', 'groove', 'production').out).toBe('nothing to change\n')
  expect(project.exists('cache/state/lock')).toBe(false)
})

it('checks the listed files', () => {
  registered()
  expect(project.kpipe('registry', 'check')).toMatchObject({
    code: 0,
    out: 'models/registry.json: 2 models, all listed files are there as registered\n',
  })
  project.write({ 'models/groove.json': 'other weights' })
  const bad = project.kpipe('registry', 'check', '--file', 'models')
  expect([bad.code, bad.out.split('\n')[0]]).toEqual([
    1,
    'models/registry.json: groove version 1: groove.json is not the file that was registered',
  ])
})

it('says what to do about every mistake', () => {
  const said = (...words: string[]) => {
    const { code, err } = project.kpipe('registry', ...words)
    return `${code} ${err}`
  }
  expect(said()).toBe(`2 kpipe: no registry here yet
       kpipe run registers what it exported; one that lies elsewhere: kpipe registry --file PATH
`)
  registered()
  expect(said('chek')).toBe('2 kpipe: registry knows no chek\n       did you mean kpipe registry check?\n')
  expect(said('set', 'groove')).toContain('kpipe registry set groovepredictor production')
  expect(said('set', 'groove', 'prod')).toContain('did you mean production?')
  expect(said('set', 'groove', 'production', '2')).toContain('registry set takes no 2')
  project.write({ 'models/registry.json': '{ "registry_version": "2" }' })
  expect(said()).toContain('mend it by hand or move it away')
  expect(said('set', 'groove', 'trained')).toContain('mend it by hand or move it away')
})

it('completes models and statuses', () => {
  registered()
  expect(project.kpipe('__complete', 'registry', 'set', 'gr').out).toBe('groove\n')
  expect(project.kpipe('__complete', 'registry', 'set', 'groove', 'p').out).toBe('production\n')
})
