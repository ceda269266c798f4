/** The pipelines in docs/pipeline-language.md load, with the built-in kinds, so that nobody copies a mistake from there. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { checkSchema } from '../../src/lib/schema.ts'
import { configCatalog } from '../../src/models/catalog.ts'
import { configFileSchema, formatDiagnostics, loadPlan, pipelineSchema } from '../../src/plan/index.ts'
import { COMMAND_KEYS, KIND_KEYS, PIPELINE_KEYS, STAGE_KEYS } from '../../src/plan/keys.ts'
import { kinds } from '../../stages/index.ts'

const guide = readFileSync(fileURLToPath(new URL('../../docs/pipeline-language.md', import.meta.url)), 'utf8')
const blocks = [...guide.matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) => match[1]!)
const pipelines = blocks.filter((block) => /^stages:/m.test(block))

test('the guide shows pipelines', () => {
  expect(pipelines.length).toBeGreaterThanOrEqual(3)
})

test.each(pipelines.map((text, index) => [index + 1, text] as const))('pipeline %i of the guide', async (_, text) => {
  const root = mkdtempSync(join(tmpdir(), 'kpipe-guide-'))
  mkdirSync(join(root, 'pipelines'))
  writeFileSync(join(root, 'pipelines/guide.yaml'), text)
  const entries = Object.fromEntries(Object.entries(kinds).map(([name, kind]) => [name, { kind, code: 'x', file: '' }]))
  const result = await loadPlan({
    root,
    file: join(root, 'pipelines/guide.yaml'),
    kinds: entries,
    catalog: configCatalog,
    set: [],
  })
  rmSync(root, { recursive: true })
  expect('diagnostics' in result ? formatDiagnostics(result.diagnostics, () => text, { color: false }) : '').toBe('')
  expect(checkSchema(pipelineSchema(kinds), parse(text))).toEqual([])
})

test('the config of the guide fits its schema', () => {
  const config = blocks.find((block) => block.includes('config.schema.json'))!
  expect(checkSchema(configFileSchema(configCatalog), parse(config))).toEqual([])
})

test('every key is in the guide', () => {
  const keys = [PIPELINE_KEYS, STAGE_KEYS, KIND_KEYS, COMMAND_KEYS].flatMap((table) => Object.keys(table))
  expect(keys.filter((key) => !guide.includes(`\`${key}\``) && !guide.includes(`\`${key}:\``))).toEqual([])
})
