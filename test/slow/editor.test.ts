/**
 * The schemas in an editor: yaml-language-server opens the files that `kpipe init` made, underlines mistakes, completes keys
 * and values, and explains them on hover. Nothing is set up but the first line of the file.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Project } from '../rig.ts'
import { type Completion, LanguageServer, serverFolder } from './language-server.ts'

const installed = serverFolder() !== ''
if (!installed)
  console.warn('SKIPPED: yaml-language-server is not installed, so the schemas are not tried in an editor')

describe.runIf(installed)('yaml-language-server', () => {
  let project: Project
  let server: LanguageServer
  beforeAll(async () => {
    project = new Project()
    expect(project.kpipe('init').code).toBe(0)
    server = new LanguageServer(project.root)
    await server.start(project.root)
  })
  afterAll(() => {
    server.close()
    project.dispose()
  })

  const PIPELINE = '# yaml-language-server: $schema=../schemas/pipeline.schema.json\n'
  const CONFIG = '# yaml-language-server: $schema=../schemas/config.schema.json\n'
  let count = 0
  /** `|` is the cursor. */
  async function edit(head: string, marked: string) {
    const path = project.path(`${head === CONFIG ? 'configs' : 'pipelines'}/edit${count++}.yaml`)
    const text = head + marked
    const before = text.slice(0, text.indexOf('|')).split('\n')
    const diagnostics = await server.open(path, text.replace('|', ''))
    return { path, line: before.length - 1, character: before.at(-1)!.length, diagnostics }
  }
  const underlined = async (head: string, text: string) =>
    (await edit(head, `${text}|`)).diagnostics.map(({ range, message }) => `${range.start.line}: ${message}`)
  const labels = (items: readonly Completion[]) => items.map(({ label }) => label)
  async function complete(head: string, text: string) {
    const { path, line, character } = await edit(head, text)
    return server.complete(path, line, character)
  }
  async function hover(head: string, text: string) {
    const { path, line, character } = await edit(head, text)
    return server.hover(path, line, character)
  }

  it('underlines nothing in what init made', async () => {
    for (const file of ['pipelines/kelly.yaml', 'configs/groove_predictor.yaml', 'configs/emotion_recognizer.yaml'])
      expect([file, await server.open(project.path(file), project.read(file))]).toEqual([file, []])
  })

  it('underlines an unknown key, option and input, and a wrong value', async () => {
    const found = await underlined(
      PIPELINE,
      `nmae: x
stages:
  train:
    inputs: { feature: x }
    with: { epochs: -3, lerning_rate: 1 }
    retires: 2
`,
    )
    expect(found.map((line) => line.slice(0, 1)).sort()).toEqual(['1', '4', '5', '5', '6'])
    expect(found.join('\n')).toContain('Property nmae is not allowed')
    expect(found.join('\n')).toContain('Property lerning_rate is not allowed')
  })

  it('underlines in a config', async () => {
    const found = await underlined(CONFIG, 'hiden_layers: [64]\nepochs: ten\ndropout: 2\n')
    expect(found).toHaveLength(3)
  })

  it('completes the keys of a stage with what they are', async () => {
    const items = await complete(PIPELINE, 'stages:\n  train:\n    |\n')
    expect(labels(items)).toEqual(expect.arrayContaining(['inputs', 'with', 'config', 'foreach', 'timeout', 'gate']))
    const gate = items.find(({ label }) => label === 'gate')!.documentation
    expect(typeof gate === 'string' ? gate : gate?.value).toContain('Bounds on metrics')
  })

  it('completes the options and inputs of the kind at hand only', async () => {
    const options = labels(await complete(PIPELINE, 'stages:\n  train:\n    with:\n      |\n'))
    expect(options).toEqual(expect.arrayContaining(['epochs', 'learning_rate', 'optimizer']))
    expect(options).not.toContain('n_mels')
    expect(labels(await complete(PIPELINE, 'stages:\n  mine:\n    kind: featurize\n    with:\n      |\n'))).toContain(
      'n_mels',
    )
    expect(labels(await complete(PIPELINE, 'stages:\n  evaluate:\n    inputs:\n      |\n'))).toEqual(
      expect.arrayContaining(['model', 'features']),
    )
  })

  it('completes values', async () => {
    expect(labels(await complete(PIPELINE, 'stages:\n  a:\n    kind: |\n'))).toEqual(
      expect.arrayContaining(['train', 'featurize', 'command']),
    )
    expect(labels(await complete(CONFIG, 'optimizer: |\n'))).toEqual(['adam', 'adamw', 'sgd', 'rmsprop'])
    expect(labels(await complete(CONFIG, 'model: |\n'))).toContain('groove_predictor')
  })

  it('offers a whole stage', async () => {
    expect(labels(await complete(PIPELINE, 'stages:\n  |\n'))).toEqual(expect.arrayContaining(['command', 'train']))
  })

  it('explains a key, an option and a config value on hover', async () => {
    expect(await hover(PIPELINE, 'stages:\n  train:\n    fore|ach: [a]\n')).toContain('One stage for each item')
    expect(await hover(PIPELINE, 'stages:\n  train:\n    with:\n      clip_|norm: 1\n')).toContain('Largest norm')
    expect(await hover(CONFIG, 'early_stopping_|patience: 5\n')).toContain('Epochs without a better validation loss')
  })
})
