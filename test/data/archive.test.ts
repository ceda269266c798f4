import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type UnpackOptions, unpack } from '../../src/data/archive.ts'
import { DataError } from '../../src/lib/errors.ts'
import { tar, zip } from './archive-bytes.ts'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'kpipe-archive-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const write = (bytes: Uint8Array) => {
  writeFileSync(join(dir, 'set.bin'), bytes)
  return join(dir, 'set.bin')
}
const out = () => join(dir, 'out')
const tree = (path = out(), prefix = ''): string[] =>
  readdirSync(path, { withFileTypes: true })
    .flatMap((entry) =>
      entry.isDirectory() ? tree(join(path, entry.name), `${prefix}${entry.name}/`) : [`${prefix}${entry.name}`],
    )
    .sort()

/** Unpacks, expects a refusal, and that nothing is left: not the target, not the temp folder, nothing outside. */
async function refused(bytes: Uint8Array, options: UnpackOptions = {}): Promise<DataError> {
  const error = await unpack(write(bytes), out(), options).then(
    () => new Error('it unpacked'),
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(DataError)
  expect(readdirSync(dir)).toEqual(['set.bin'])
  expect(existsSync(join(dir, '..', 'evil.txt'))).toBe(false)
  expect((error as DataError).fault.path).toBe('set.bin')
  return error as DataError
}

const honest = [
  { name: 'set/', type: '5', mode: 0o040755 },
  { name: 'set/a.mid', data: 'MThd one' },
  { name: 'set/deep/er/ö b.mid', data: 'x'.repeat(5000), deflate: true },
  { name: 'set/empty.txt', data: '' },
  { name: '__MACOSX/set/._a.mid', data: 'litter' },
  { name: 'set/.DS_Store', data: 'litter' },
]

describe.each([
  ['zip', (files: any[]) => zip(files)],
  ['zip64', (files: any[]) => zip(files, true)],
  ['tar', (files: any[]) => tar(files)],
  ['tar.gz', (files: any[]) => gzipSync(tar(files))],
] as const)('%s', (format, pack) => {
  const isZip = format.startsWith('zip')
  const link = (name: string, target: string) =>
    isZip ? { name, data: target, mode: 0o120777 } : { name, type: '2', link: target }

  it('unpacks files, drops the litter, counts', async () => {
    const steps: number[] = []
    const got = await unpack(write(pack(honest)), out(), { onProgress: (files) => steps.push(files) })
    expect(tree()).toEqual(['set/a.mid', 'set/deep/er/ö b.mid', 'set/empty.txt'])
    expect(readFileSync(join(out(), 'set/deep/er/ö b.mid'), 'utf8')).toBe('x'.repeat(5000))
    expect(got).toEqual({ files: 3, bytes: 5008, skipped: 0, collisions: [] })
    expect(steps).toEqual([1, 2, 3])
    expect(readdirSync(dir).sort()).toEqual(['out', 'set.bin'])
  })

  it('writes only what the filter wants', async () => {
    const got = await unpack(write(pack(honest)), out(), { keep: (path) => path.endsWith('.mid') })
    expect(tree()).toEqual(['set/a.mid', 'set/deep/er/ö b.mid'])
    expect(got.skipped).toBe(1)
  })

  it.each([
    '../evil.txt',
    'a/../../evil.txt',
    '/tmp/evil.txt',
    'C:/evil.txt',
    'c:evil.txt',
    'a\\..\\..\\evil.txt',
    '..',
  ])('refuses %s', async (name) => {
    const error = await refused(
      pack([
        { name: 'fine.mid', data: 'x' },
        { name, data: 'evil' },
      ]),
    )
    expect(error.fault.code).toBe('unsafe-path')
    expect(error.fault.hint).toContain('nothing was unpacked')
  })

  it('refuses a bad path even where the filter would drop it', async () => {
    expect((await refused(pack([{ name: '../evil.txt' }]), { keep: () => false })).fault.code).toBe('unsafe-path')
  })

  it('refuses links, out or in, but passes over those it was not asked for', async () => {
    expect((await refused(pack([link('out', '../..')]))).fault.code).toBe('link')
    expect((await refused(pack([link('l', 'set'), { name: 'l/a.mid', data: 'x' }]))).fault.code).toBe('link')
    await unpack(write(pack([link('l', '/etc/passwd'), { name: 'a.mid', data: 'x' }])), out(), {
      keep: (path) => path.endsWith('.mid'),
    })
    expect(tree()).toEqual(['a.mid'])
  })

  it('refuses devices and pipes', async () => {
    const pipe = isZip ? { name: 'p', mode: 0o010644 } : { name: 'p', type: '6' }
    const disk = isZip ? { name: 'd', mode: 0o060644 } : { name: 'd', type: '4' }
    expect((await refused(pack([pipe]))).fault.code).toBe('device')
    expect((await refused(pack([disk]))).fault.code).toBe('device')
  })

  it.each([
    [['a.mid', 'a.mid'], 'a.mid'],
    [['Abba/Song.mid', 'ABBA/song.MID'], 'ABBA/song.MID'],
    [['caf\u00e9.mid', 'cafe\u0301.mid'], 'cafe\u0301.mid'],
    [['a', 'a/b'], 'a/b'],
    [['a/b', 'a'], 'a'],
    [['./a.mid', 'x/./../a.mid'.replace('x/./../', '')], 'a.mid'],
  ])('refuses names that collide: %j', async (names, culprit) => {
    const bytes = pack(names.map((name) => ({ name, data: name })))
    expect((await refused(bytes)).fault).toMatchObject({
      code: 'collision',
      message: expect.stringContaining(JSON.stringify(culprit)),
    })
    const got = await unpack(write(bytes), out(), { onCollision: 'skip' })
    expect(got).toMatchObject({ files: 1, collisions: [culprit] })
  })

  it('stops at the limits on bytes, entries and ratio', async () => {
    const files = [1, 2, 3].map((i) => ({ name: `${i}.mid`, data: 'x'.repeat(1000) }))
    expect((await refused(pack(files), { limits: { maxBytes: 2500 } })).fault).toMatchObject({
      code: 'bomb',
      message: expect.stringContaining('2500 bytes'),
    })
    expect((await refused(pack(files), { limits: { maxEntries: 2 } })).fault).toMatchObject({
      code: 'bomb',
      message: expect.stringContaining('2 entries'),
    })
    const bomb = pack([{ name: 'zeros', data: Buffer.alloc(3_000_000), deflate: true }])
    if (format === 'tar') await unpack(write(bomb), out(), { limits: { maxRatio: 20 } })
    else
      expect((await refused(bomb, { limits: { maxRatio: 20 } })).fault).toMatchObject({
        code: 'bomb',
        message: expect.stringContaining('20 times'),
      })
  })

  it('sees a bomb in files it was not asked for', async () => {
    const bomb = pack([{ name: 'zeros', data: Buffer.alloc(3_000_000), deflate: true }])
    if (format === 'tar') return
    expect((await refused(bomb, { keep: () => false, limits: { maxRatio: 20 } })).fault.code).toBe('bomb')
  })

  it('stops when told', async () => {
    const stop = new AbortController()
    const work = unpack(write(pack(honest)), out(), {
      signal: stop.signal,
      onProgress: () => stop.abort(new Error('ctrl-c')),
    })
    await expect(work).rejects.toThrow('ctrl-c')
    expect(readdirSync(dir)).toEqual(['set.bin'])
  })

  it('says that an archive ends early', async () => {
    const whole = pack(honest)
    const error = await refused(whole.subarray(0, whole.length - (format === 'tar' ? 1024 + 8000 : 30)))
    expect(error.fault.code).toBe('truncated')
    expect(error.fault.hint).toContain('download it again')
  })

  it('puts nothing over a folder that has something in it', async () => {
    mkdirSync(out())
    await unpack(write(pack(honest)), out())
    await expect(unpack(write(pack(honest)), out())).rejects.toThrow(/ENOTEMPTY/)
    expect(tree()).toHaveLength(3)
  })
})

describe('zip only', () => {
  it('checks the CRC', async () => {
    const error = await refused(zip([{ name: 'a.mid', data: 'abc', claims: { crc: 1 } }]))
    expect(error.fault).toMatchObject({ code: 'bad-archive', message: expect.stringContaining('CRC') })
  })

  it.each([
    ['more', 10_000],
    ['less', 10],
  ])('refuses an entry that holds %s than it says', async (_, size) => {
    const error = await refused(zip([{ name: 'a.mid', data: 'x'.repeat(500), deflate: true, claims: { size } }]))
    expect(error.fault.code).toBe('bad-archive')
  })

  it('refuses what it cannot read: encryption, other methods', async () => {
    expect((await refused(zip([{ name: 'a', data: 'abc', deflate: true, claims: { flags: 1 } }]))).fault.code).toBe(
      'unsupported',
    )
    expect((await refused(zip([{ name: 'a', data: 'abc', claims: { method: 12 } }]))).fault.code).toBe('unsupported')
  })

  it('refuses before it writes: the first file of a refused zip never touches the disk', async () => {
    const seen: number[] = []
    await refused(zip([{ name: 'a.mid', data: 'x' }, { name: '../evil.txt' }]), {
      onProgress: (files) => seen.push(files),
    })
    expect(seen).toEqual([])
  })
})

describe('tar only', () => {
  it('refuses hard links and a damaged header', async () => {
    expect((await refused(tar([{ name: 'a', type: '1', link: '/etc/passwd' }]))).fault.code).toBe('link')
    const bytes = tar([
      { name: 'a.mid', data: 'abc' },
      { name: 'b.mid', data: 'abc' },
    ])
    bytes[1024 + 3] = 0x7a
    expect((await refused(bytes)).fault.code).toBe('bad-archive')
  })

  it('reads long names from pax headers, and refuses bad ones there', async () => {
    const pax = (name: string) => {
      const record = (length: number) => `${length} path=${name}\n`
      let length = Buffer.byteLength(record(0))
      while (Buffer.byteLength(record(length)) !== length) length = Buffer.byteLength(record(length))
      return [
        { name: 'PaxHeader', type: 'x', data: record(length) },
        { name: 'short', data: 'abc' },
      ]
    }
    const long = `${'deep/'.repeat(40)}ö.mid`
    await unpack(write(tar(pax(long))), out())
    expect(tree()).toEqual([long])
    rmSync(out(), { recursive: true })
    expect((await refused(tar(pax('../evil.txt')))).fault.code).toBe('unsafe-path')
  })
})

describe('files that are no archive', () => {
  it.each([
    ['', 'it is empty'],
    ['<!DOCTYPE html><p>Sign in', 'it is a web page'],
    ['MThd', 'it begins with 4d546864'],
    ['Rar!\x1a\x07', 'it begins with 52617221'],
  ])('%j', async (text, message) => {
    expect((await refused(Buffer.from(text))).fault).toMatchObject({
      code: 'bad-archive',
      message: expect.stringContaining(message),
      hint: expect.stringContaining('raw:'),
    })
  })
})
