/** docs/reference.md: every command by its `--help`, every key of the language and option of a kind by its JSON Schema. */
import { COMMANDS } from '../src/cli.ts'
import { helpFor } from '../src/commands/help.ts'
import { catalogue } from '../src/data/catalogue.ts'
import { exportersByName } from '../src/exporters/index.ts'
import { configCatalog, describeModels } from '../src/models/catalog.ts'
import { configFileSchema } from '../src/plan/index.ts'
import { COMMAND_KEYS, KIND_KEYS, PIPELINE_KEYS, STAGE_KEYS } from '../src/plan/keys.ts'
import type { StageKind } from '../src/stage.ts'
import { kinds } from '../stages/index.ts'

type Schema = Readonly<Record<string, unknown>>

/** Commands that people do not type. */
const HIDDEN = ['job']

export function referenceText(): string {
  const commands = Object.keys(COMMANDS).filter((name) => !HIDDEN.includes(name))
  return `# Reference

Made from the code by \`npx vitest run test/reference.test.ts -u\`; do not edit. What the parts mean together is in [The pipeline language](pipeline-language.md).

- [Commands](#commands)
- [Pipeline files](#pipeline-files)
- [Stage kinds](#stage-kinds)
- [Config files](#config-files)
- [Names](#names)

## Commands

Exit codes: 0 ok, 1 a stage failed (or \`doctor\` found something bad, \`verify\` a difference), 2 wrong command line or pipeline, 3 \`status --check\` found something stale, 130 stopped by ctrl-c.

${commands.map((name) => `### kpipe ${name}\n\n${fence(helpFor(name))}`).join('\n')}
## Pipeline files

${keyTable('The file', PIPELINE_KEYS)}
${keyTable('Every stage', STAGE_KEYS)}
${keyTable('Stages of a kind', KIND_KEYS)}
${keyTable('Commands (stages with `run:`)', COMMAND_KEYS)}
## Stage kinds

${Object.values(kinds as Record<string, StageKind>)
  .map(kindText)
  .join('\n')}
## Config files

What \`configs/*.yaml\` may say; each stage takes from it the options it has. Empty defaults are those of the model.

${optionTable(configFileSchema(configCatalog))}
## Names

### Models

| name | architecture | parameters | task |
|---|---|---|---|
${describeModels()
  .map(({ name, architecture, parameters, task }) => row(`\`${name}\``, architecture!, parameters!, task!))
  .join('')}
### Export formats

${Object.values(exportersByName)
  .map(({ format, about }) => `- \`${format}\`: ${about}\n`)
  .join('')}
### Data sets

${Object.entries(catalogue)
  .map(([name, { title }]) => `- \`${name}\`: ${title}\n`)
  .join('')}`
}

const fence = (text: string) => `\`\`\`text\n${text.trimEnd()}\n\`\`\`\n`

function keyTable(title: string, keys: Readonly<Record<string, Schema>>): string {
  const rows = Object.entries(keys).map(([name, key]) =>
    row(`\`${name}\``, String(key['description']), examplesOf(key)),
  )
  return `### ${title}\n\n| key | what it is | for example |\n|---|---|---|\n${rows.join('')}`
}

function kindText({ kind, summary, inputs = {}, options, outputs = {}, resume }: StageKind): string {
  const lines = [`### ${kind}`, '', `${sentence(summary)}${resume ? ' Goes on from its last checkpoint.' : ''}`, '']
  for (const [name, { about, required, many }] of Object.entries(inputs))
    lines.push(
      `- input \`${name}\`${required === false ? ' (may be left out)' : ''}: ${about}${many ? ' (a list or a whole group)' : ''}`,
    )
  for (const [name, about] of Object.entries(outputs)) lines.push(`- writes \`${name}\`: ${about}`)
  const table = optionTable(options)
  return `${lines.join('\n')}\n\n${table || 'No options.\n'}`
}

function optionTable(schema: Schema): string {
  const properties = Object.entries((schema['properties'] as Record<string, Schema>) ?? {})
  if (properties.length === 0) return ''
  const rows = properties.map(([name, property]) =>
    row(`\`${name}\``, typeOf(property), shown(property['default']), String(property['description'] ?? '')),
  )
  return `| option | value | default | what it is |\n|---|---|---|---|\n${rows.join('')}`
}

const row = (...cells: string[]) =>
  `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replace(/\s+/g, ' ')).join(' | ')} |\n`

const shown = (value: unknown) =>
  value === undefined || value === '' ? '' : `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``

const examplesOf = (key: Schema) => ((key['examples'] as unknown[] | undefined) ?? []).map(shown).join(', ')

const sentence = (text: string) => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`

/** In words: `whole number from 1 on`, `one of adam, sgd`, `list of texts`. */
function typeOf(schema: Schema): string {
  const values = schema['enum'] as unknown[] | undefined
  if (values) return values.map((value) => (typeof value === 'string' ? `\`${value}\`` : String(value))).join(', ')
  const branches = (schema['anyOf'] ?? schema['oneOf']) as Schema[] | undefined
  if (branches) return [...new Set(branches.map(typeOf))].join(' or ')
  const types = [schema['type'] ?? 'any'].flat().map((type) => WORDS[String(type)] ?? String(type))
  const items = schema['items'] as Schema | undefined
  const inner = items && types[0] === 'list' ? ` of ${typeOf(items)}` : ''
  return `${types.join(' or ')}${inner}${bounds(schema)}`
}

const WORDS: Readonly<Record<string, string>> = {
  integer: 'whole number',
  array: 'list',
  object: 'map',
  string: 'text',
  boolean: 'true or false',
  null: 'nothing',
  any: 'anything',
}

function bounds(schema: Schema): string {
  const parts = [
    schema['minimum'] === undefined ? '' : `≥ ${String(schema['minimum'])}`,
    schema['exclusiveMinimum'] === undefined ? '' : `> ${String(schema['exclusiveMinimum'])}`,
    schema['maximum'] === undefined ? '' : `≤ ${String(schema['maximum'])}`,
    schema['exclusiveMaximum'] === undefined ? '' : `< ${String(schema['exclusiveMaximum'])}`,
  ].filter(Boolean)
  return parts.length > 0 ? ` ${parts.join(', ')}` : ''
}
