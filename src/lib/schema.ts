/**
 * JSON Schema (draft-07) behind one function: ajv inside, plain words outside. Says what is wrong with a value and where in
 * it; leaves files and positions to the caller.
 */
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import { describeValue, meantBoolean, orList } from './describe.ts'
import { nearest } from './nearest.ts'

export interface SchemaProblem {
  /** Path of the value the message is about; of the map for an unknown or missing key. */
  readonly path: readonly (string | number)[]
  /** What is wrong: a value, a key nobody knows, a key that is not there. */
  readonly type: 'value' | 'unknown' | 'missing'
  /** The unknown or missing key, or ''. */
  readonly key: string
  /** `must be a whole number, got "ten"`, without the path. */
  readonly message: string
  /** What to write instead, or ''. */
  readonly hint: string
}

/** Keywords for editors: shown to people, no meaning for a check. */
const EDITOR_KEYWORDS = ['markdownDescription', 'defaultSnippets', 'enumDescriptions', 'deprecationMessage']

let ajv: Ajv | undefined
const compiled = new WeakMap<object, ValidateFunction>()

/**
 * Problems of `value`, in the order of the schema; [] if it fits. Missing values with a `default` in the schema are filled
 * in, in place.
 * @throws Error where the schema itself is not a valid one
 */
export function checkSchema(schema: Readonly<Record<string, unknown>>, value: unknown): SchemaProblem[] {
  let validate = compiled.get(schema)
  if (!validate) {
    ajv ??= new Ajv({
      allErrors: true,
      verbose: true,
      useDefaults: true,
      strictTypes: false,
      strictRequired: false,
      strictTuples: false,
      validateFormats: false,
      addUsedSchema: false,
      keywords: EDITOR_KEYWORDS,
    })
    validate = ajv.compile(schema)
    compiled.set(schema, validate)
  }
  if (validate(value)) return []
  return collapse(validate.errors ?? []).map(describe)
}

/** One mistake, one message: of the branches of an `anyOf` or `oneOf` the one that was meant; of a wrong type no bounds. */
function collapse(errors: readonly ErrorObject[]): ErrorObject[] {
  const choices = errors.filter((error) => error.keyword === 'anyOf' || error.keyword === 'oneOf')
  const dropped = new Set<ErrorObject>(
    errors.filter((error) => error.keyword === 'if' || error.keyword === 'propertyNames'),
  )
  for (const choice of choices) {
    const inside = errors.filter(
      (error) =>
        error !== choice &&
        error.schemaPath.startsWith(`${choice.schemaPath}/`) &&
        error.instancePath.startsWith(choice.instancePath),
    )
    const telling = inside.filter(
      (error) => error.instancePath !== choice.instancePath || !/^(type|enum|const)$/.test(error.keyword),
    )
    // A branch that took the value's type and found fault further in is the one that was meant.
    const kept = new Set(telling.length > 0 ? telling : [])
    for (const error of inside) if (!kept.has(error)) dropped.add(error)
    if (kept.size > 0) dropped.add(choice)
  }
  const mistyped = new Set(
    errors.filter((error) => error.keyword === 'type' && !dropped.has(error)).map((error) => error.instancePath),
  )
  return errors.filter(
    (error) => !dropped.has(error) && (error.keyword === 'type' || !mistyped.has(error.instancePath)),
  )
}

function describe(error: ErrorObject): SchemaProblem {
  const path = pointerPath(error.instancePath)
  const params = error.params as Record<string, any>
  const wrong = (message: string, hint = ''): SchemaProblem => ({ path, type: 'value', key: '', message, hint })
  const got = `got ${describeValue(error.data)}`
  switch (error.keyword) {
    case 'additionalProperties': {
      const key = String(params['additionalProperty'])
      const near = nearest(key, Object.keys((error.parentSchema?.['properties'] as object | undefined) ?? {}))
      return {
        path,
        type: 'unknown',
        key,
        message: `unknown key ${JSON.stringify(key)}`,
        hint: near && `did you mean ${JSON.stringify(near)}?`,
      }
    }
    case 'required': {
      const key = String(params['missingProperty'])
      const about = (error.parentSchema?.['properties'] as Record<string, { description?: string }> | undefined)?.[key]
        ?.description
      return { path, type: 'missing', key, message: `${JSON.stringify(key)} is missing`, hint: about ?? '' }
    }
    case 'type':
      return wrong(
        `must be ${orList([params['type']].flat().map(typeName))}, ${got}`,
        typeHint([params['type']].flat(), error.data),
      )
    case 'enum':
      return enumProblem(wrong, params['allowedValues'] as unknown[], error.data)
    case 'const':
      return wrong(`must be ${describeValue(params['allowedValue'])}, ${got}`)
    case 'anyOf':
    case 'oneOf':
      return choiceProblem(wrong, error)
    case 'minimum':
    case 'maximum':
    case 'exclusiveMinimum':
    case 'exclusiveMaximum':
      return wrong(`must be ${BOUNDS[error.keyword]} ${params['limit']}, ${got}`)
    case 'multipleOf':
      return wrong(`must be a multiple of ${params['multipleOf']}, ${got}`)
    case 'minItems':
    case 'maxItems':
      return wrong(
        `must have ${error.keyword === 'minItems' ? 'at least' : 'at most'} ${count(params['limit'] as number, 'entry', 'entries')}, got ${(error.data as unknown[]).length}`,
      )
    case 'minLength':
      return wrong(
        params['limit'] === 1 ? 'must not be empty' : `must have at least ${params['limit']} characters, ${got}`,
      )
    case 'uniqueItems':
      return wrong(`has ${describeValue((error.data as unknown[])[params['i'] as number])} twice`)
    case 'pattern':
      return patternProblem(wrong, error.parentSchema?.['examples'], String(params['pattern']), got)
    default:
      return wrong(`${error.message ?? 'is not valid'}, ${got}`)
  }
}

/** An example says more to people than a pattern does. */
function patternProblem(wrong: Wrong, examples: unknown, pattern: string, got: string): SchemaProblem {
  return Array.isArray(examples) && examples.length > 0
    ? wrong(`must look like ${orList(examples.map(String))}, ${got}`)
    : wrong(`must match ${pattern}, ${got}`)
}

const BOUNDS = {
  minimum: 'at least',
  maximum: 'at most',
  exclusiveMinimum: 'more than',
  exclusiveMaximum: 'less than',
} as const

const count = (n: number, one: string, many: string) => `${n} ${n === 1 ? one : many}`

export function typeName(type: string): string {
  const names: Record<string, string> = {
    integer: 'a whole number',
    number: 'a number',
    boolean: 'true or false',
    array: 'a list',
    object: 'a map',
    string: 'a text',
    null: 'null',
  }
  return names[type] ?? type
}

function typeHint(types: readonly string[], value: unknown): string {
  const meant = meantBoolean(value)
  if (types.includes('boolean') && meant !== undefined) return `write ${meant}`
  if (types.includes('string') && (typeof value === 'number' || typeof value === 'boolean'))
    return `write "${value}" in quotes`
  if (
    (types.includes('number') || types.includes('integer')) &&
    typeof value === 'string' &&
    value.trim() !== '' &&
    Number.isFinite(Number(value))
  )
    return `write ${value} without quotes`
  if (types.includes('array') && typeof value === 'string') return `write [${value}]`
  return ''
}

type Wrong = (message: string, hint?: string) => SchemaProblem

function enumProblem(wrong: Wrong, allowed: readonly unknown[], value: unknown): SchemaProblem {
  const near =
    typeof value === 'string'
      ? nearest(
          value,
          allowed.filter((one): one is string => typeof one === 'string'),
        )
      : ''
  const names = allowed.map((one) => (typeof one === 'string' ? one : JSON.stringify(one)))
  return wrong(
    `must be ${names.length > 1 ? 'one of ' : ''}${names.join(', ')}, got ${describeValue(value)}`,
    near && `did you mean ${JSON.stringify(near)}?`,
  )
}

/** None of the branches takes a value of this type: name what they take. */
function choiceProblem(wrong: Wrong, error: ErrorObject): SchemaProblem {
  const branches = (error.schema as Record<string, unknown>[]).filter((branch) => typeof branch === 'object')
  const values = branches.flatMap(
    (branch) => (branch['enum'] as unknown[] | undefined) ?? ('const' in branch ? [branch['const']] : []),
  )
  const types = branches.flatMap((branch) =>
    branch['type'] === undefined || 'enum' in branch ? [] : ([branch['type']].flat() as string[]),
  )
  const near =
    typeof error.data === 'string'
      ? nearest(
          error.data,
          values.filter((one): one is string => typeof one === 'string'),
        )
      : ''
  const names = [...values.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))), ...types.map(typeName)]
  if (names.length === 0) return wrong(`fits none of the forms it may have, got ${describeValue(error.data)}`)
  return wrong(
    `must be ${orList([...new Set(names)])}, got ${describeValue(error.data)}`,
    near ? `did you mean ${JSON.stringify(near)}?` : typeHint(types, error.data),
  )
}

/** JSON pointer → keys; digits are taken for an index. */
function pointerPath(pointer: string): (string | number)[] {
  if (pointer === '') return []
  return pointer
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part))
}
