import { describe, expect, it } from 'vitest'
import { catalogue, catalogueIds, describeDatasets, nearestSource, sourceInfo } from '../../src/data/catalogue.ts'
import { layouts } from '../../src/data/layouts/index.ts'

describe.each(Object.values(catalogue))('$id', (entry) => {
  it('has all that a user must know', () => {
    expect(catalogue[entry.id]).toBe(entry)
    expect(layouts[entry.layout]).toBeDefined()
    expect(entry.quirks.length).toBeGreaterThan(0)
    for (const text of [entry.title, entry.licence, entry.citation, entry.labels, entry.splits])
      expect(text).not.toBe('')
    expect(new URL(entry.homepage).protocol).toMatch(/^https?:$/)
    expect(entry.rooms.length).toBeGreaterThan(0)
  })

  it('can be got: an address for every file, or words on how to do it by hand', () => {
    for (const file of entry.files) {
      if (file.url === null) expect(entry.manual).not.toBe('')
      else expect(() => new URL(file.url!)).not.toThrow()
      expect(file.name).toMatch(/^[\w.-]+\.(zip|tar\.gz)$/)
    }
  })

  it('says where its checksums are from, or why it has none', () => {
    for (const { sha256, md5, checksumFrom, bytes } of entry.files) {
      expect(checksumFrom).not.toBe('')
      if (sha256 !== null) expect(sha256).toMatch(/^[0-9a-f]{64}$/)
      if (md5 !== null) expect(md5).toMatch(/^[0-9a-f]{32}$/)
      if (bytes !== null) expect(bytes).toBeGreaterThan(0)
      if (!(sha256 ?? md5)) expect(checksumFrom).toMatch(/^none/)
    }
  })

  it('sets limits that let the honest archive through', () => {
    const bytes = entry.files.reduce((sum, file) => sum + (file.bytes ?? 0), 0)
    if (entry.id !== 'slakh2100') expect(entry.limits.maxBytes).toBeGreaterThan(bytes * 2)
    expect(entry.limits.maxRatio).toBeLessThanOrEqual(100)
  })

  it('names itself in source.json', () => {
    expect(sourceInfo(entry)).toMatchObject({
      format: 'kpipe-source/1',
      name: entry.id,
      licence: entry.licence,
      generated: false,
    })
  })
})

it('lists demo and every set', () => {
  expect(describeDatasets().map(({ name }) => name)).toEqual(['demo', ...catalogueIds])
  expect(describeDatasets().find(({ name }) => name === 'slakh2100')).toMatchObject({
    size: '104.3 GB',
    rooms: 'midi, drums',
  })
})

it.each([
  ['grove', 'groove'],
  ['Groove', 'groove'],
  ['groove-midi', 'groove'],
  ['EGMD', 'e-gmd'],
  ['lakh', 'lakh-clean'],
  ['slakh', 'slakh2100'],
  ['PMEMO', 'pmemo'],
  ['demp', 'demo'],
  ['recordings', ''],
  ['data', ''],
])('%s is near %s', (name, expected) => {
  expect(nearestSource(name)).toBe(expected)
})
