/**
 * The published JSON Schema (draft-07) of pipelines, for editors: what yaml-language-server completes, explains and underlines.
 * Made from the same key list and option schemas that `loadPlan` checks against; what it cannot say (names that must exist,
 * cycles), `loadPlan` does.
 */
/* oxlint-disable unicorn/no-thenable -- `then` is a keyword of JSON Schema */
import type { JsonSchema, StageKind } from '../stage.ts'
import { COMMAND_KEYS, KIND_KEYS, PIPELINE_KEYS, STAGE_KEYS } from './keys.ts'

export function pipelineSchema(kinds: Readonly<Record<string, StageKind>>): JsonSchema {
  const names = Object.keys(kinds)
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'kpipe pipeline',
    description:
      'Stages that are validated, run in parallel and rerun only where something changed. See docs/pipeline-language.md.',
    type: 'object',
    required: ['stages'],
    additionalProperties: false,
    properties: { ...PIPELINE_KEYS, stages: stagesSchema(kinds) },
    definitions: {
      stage: stageSchema(kinds),
      ...Object.fromEntries(names.map((name) => [`${name}Stage`, kindBody(kinds[name]!)])),
      commandStage: {
        required: ['run'],
        properties: Object.fromEntries(Object.keys(KIND_KEYS).map((key) => [key, false])),
      },
      notCommand: { properties: Object.fromEntries(Object.keys(COMMAND_KEYS).map((key) => [key, false])) },
    },
  }
}

const ref = (name: string) => ({ $ref: `#/definitions/${name}` })

/** A stage named like a kind is of that kind unless it says otherwise. */
function stagesSchema(kinds: Readonly<Record<string, StageKind>>): JsonSchema {
  const named = Object.entries(kinds).map(([name, kind]) => {
    const speaksForItself = { anyOf: [{ required: ['kind'] }, { required: ['run'] }] }
    return [
      name,
      {
        description: kind.summary,
        allOf: [ref('stage'), { if: { not: speaksForItself }, then: ref(`${name}Stage`) }],
      },
    ] as const
  })
  return {
    ...PIPELINE_KEYS['stages'],
    minProperties: 1,
    properties: Object.fromEntries(named),
    additionalProperties: ref('stage'),
    defaultSnippets: [
      {
        label: 'command',
        description: 'A shell command',
        body: { '${1:name}': { run: '${2:command}', deps: ['${3:input}'], outs: ['${4:output}'] } },
      },
      ...Object.entries(kinds).map(([name, kind]) => ({
        label: name,
        description: kind.summary,
        body: { [name]: { inputs: snippetInputs(kind) } },
      })),
    ],
  }
}

function snippetInputs(kind: StageKind): Record<string, string> {
  const required = Object.entries(kind.inputs ?? {}).filter(([, declaration]) => declaration.required !== false)
  return Object.fromEntries(required.map(([name], index) => [name, `\${${index + 1}:stage}`]))
}

function stageSchema(kinds: Readonly<Record<string, StageKind>>): JsonSchema {
  const names = [...Object.keys(kinds), 'command']
  const summaries = [
    ...Object.values(kinds).map((kind) => kind.summary),
    'A shell command: run, deps, outs, params, metrics.',
  ]
  // The second branch lets a project's own kinds pass; editors complete from the first.
  const kind = { ...STAGE_KEYS['kind'], anyOf: [{ enum: names, enumDescriptions: summaries }, { type: 'string' }] }
  const isKind = (name: string) => ({ properties: { kind: { const: name } }, required: ['kind'] })
  const isCommand = { anyOf: [isKind('command'), { required: ['run'], not: { required: ['kind'] } }] }
  return {
    type: ['object', 'null'],
    properties: { ...STAGE_KEYS, ...KIND_KEYS, ...COMMAND_KEYS, kind },
    additionalProperties: false,
    allOf: [
      ...Object.keys(kinds).map((name) => ({ if: isKind(name), then: ref(`${name}Stage`) })),
      { if: isCommand, then: ref('commandStage'), else: ref('notCommand') },
    ],
  }
}

/** What a stage of this kind may say in `with` and `inputs`. */
function kindBody(kind: StageKind): JsonSchema {
  const {
    properties = {},
    additionalProperties = false,
    required: _,
    ...rest
  } = kind.options as { properties?: Record<string, JsonSchema>; additionalProperties?: unknown; required?: unknown }
  const options = Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, optional(property)]))
  const inputs = kind.inputs ?? {}
  const anyInput = (STAGE_KEYS['inputs'] as unknown as { additionalProperties: object }).additionalProperties
  return {
    properties: {
      with: { ...rest, ...KIND_KEYS['with'], properties: options, additionalProperties },
      inputs: {
        ...STAGE_KEYS['inputs'],
        properties: Object.fromEntries(
          Object.entries(inputs).map(([name, { about, many }]) => [
            name,
            { ...anyInput, description: many ? `${about} (a list or a whole group)` : about },
          ]),
        ),
        additionalProperties: false,
      },
    },
  }
}

/** An option, or `${}` in its place, or nothing ("leave it to the config"). */
function optional(property: JsonSchema): JsonSchema {
  const { description, default: fallback, examples, markdownDescription, ...rest } = property
  const shown = Object.fromEntries(
    Object.entries({ description, default: fallback, examples, markdownDescription }).filter(
      ([, value]) => value !== undefined,
    ),
  )
  return { ...shown, anyOf: [templated(rest), { type: 'null' }, { type: 'string', pattern: '\\$\\{' }] }
}

/** `${}` may stand anywhere inside a list or map as well. */
function templated(schema: JsonSchema): JsonSchema {
  const items = schema['items']
  const properties = schema['properties'] as Record<string, JsonSchema> | undefined
  const inside = (part: JsonSchema): JsonSchema => ({
    ...pick(part, 'description'),
    anyOf: [templated(part), { type: 'string', pattern: '\\$\\{' }],
  })
  return {
    ...schema,
    ...(typeof items === 'object' && items !== null && !Array.isArray(items)
      ? { items: inside(items as JsonSchema) }
      : {}),
    ...(properties
      ? { properties: Object.fromEntries(Object.entries(properties).map(([name, part]) => [name, inside(part)])) }
      : {}),
  }
}

const pick = (schema: JsonSchema, key: string): JsonSchema => (schema[key] === undefined ? {} : { [key]: schema[key] })
