/** Another status for a version, and registries whose files went. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { sha256 } from '../../src/lib/files.ts'
import type { Registry, RegistryEntry, Status } from '../../src/registry/schema.ts'
import { registryFaults, setStatus } from '../../src/registry/status.ts'

const dir = mkdtempSync(join(tmpdir(), 'kpipe-status-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const entry = (id: string, version: number, status: Status, more: object = {}): RegistryEntry => ({
  id,
  file: `${id}.json`,
  format: 'rtneural-json',
  task: 't',
  status,
  version,
  ...more,
})
const registry = (...models: RegistryEntry[]): Registry => ({ registry_version: '1.1', models })
const statusesOf = ({ models }: Registry) => models.map(({ id, version, status }) => `${id} ${version} ${status}`)

describe('setStatus', () => {
  const two = registry(entry('a', 1, 'production'), entry('a', 3, 'trained'), entry('b', 1, 'trained'))

  it('puts the newest into production, and the one before steps back', () => {
    const done = setStatus(two, 'a', 'production', null)
    expect(statusesOf(done.registry)).toEqual(['a 1 deprecated', 'a 3 production', 'b 1 trained'])
    expect(done.changes).toEqual([
      { id: 'a', version: 1, from: 'production', to: 'deprecated' },
      { id: 'a', version: 3, from: 'trained', to: 'production' },
    ])
    expect(statusesOf(two)).toEqual(['a 1 production', 'a 3 trained', 'b 1 trained'])
  })

  it('takes the version that is named; the same status again changes nothing', () => {
    expect(statusesOf(setStatus(two, 'a', 'deprecated', 1).registry)[0]).toBe('a 1 deprecated')
    const same = setStatus(two, 'a', 'production', 1)
    expect(same.registry).toBe(two)
    expect(same.changes).toEqual([])
  })

  it('refuses what is not allowed or not there, with what to do', () => {
    const refusal = (id: string, to: Status, version: number | null, of = two) => {
      try {
        setStatus(of, id, to, version)
      } catch (error) {
        return [(error as Error).message, (error as { hint: string }).hint]
      }
      return expect.unreachable()
    }
    expect(refusal('a', 'stub', 1)).toEqual([
      'a production model cannot become stub',
      'from production it can become trained or deprecated',
    ])
    expect(refusal('c', 'trained', null)).toEqual(['the registry lists no model c', 'it lists a, b'])
    expect(refusal('gr', 'trained', null, registry(entry('groove', 1, 'trained')))[1]).toBe('did you mean groove?')
    expect(refusal('a', 'production', 2)).toEqual(['version 2 of a is not listed', 'listed: 1, 3'])
    const past = registry(entry('a', 2, 'trained', { history: [{ version: 1, status: 'deprecated' }] }))
    expect(refusal('a', 'production', 1, past)[0]).toContain('of it only the record is kept')
  })
})

describe('registryFaults', () => {
  it('names every file that is not there or is another one', () => {
    writeFileSync(join(dir, 'a.json'), 'weights')
    const sound = entry('a', 1, 'trained', { sha256: sha256('weights') })
    expect(registryFaults(registry(sound), dir)).toEqual([])
    const exports = { rtneural_path: 'a.json', header_path: 'a.hpp' }
    const other = entry('a', 1, 'trained', { sha256: sha256('others'), exports })
    expect(registryFaults(registry(other, entry('b', 2, 'production')), dir)).toEqual([
      'a version 1: a.hpp is not there',
      'a version 1: a.json is not the file that was registered',
      'b version 2: b.json is not there',
    ])
  })
})
