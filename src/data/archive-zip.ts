/**
 * Zip entries through yauzl (which reads the central directory, zip64 included, and checks sizes); the CRC is checked
 * here, because yauzl does not. Deflate and stored only; no encryption.
 */
import { createWriteStream, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { crc32 } from 'node:zlib'
import yauzl from 'yauzl'
import { DataError } from '../lib/errors.ts'
import { BY_HAND, type EntryType, type Gate, HOSTILE } from './archive-gate.ts'

export async function unpackZip(archive: string, folder: string, gate: Gate): Promise<void> {
  const zip = await open(archive, gate)
  try {
    const wanted: { entry: yauzl.Entry; path: string }[] = []
    let unpacked = 0
    await eachEntry(zip, gate, (entry) => {
      unpacked += entry.uncompressedSize
      gate.checkRatio(unpacked)
      const path = gate.admit(entry.fileName, typeOf(entry), entry.uncompressedSize)
      if (path !== null) wanted.push({ entry, path })
    })
    for (const { entry, path } of wanted) await extract(zip, entry, join(folder, path), gate)
  } finally {
    zip.close()
  }
}

async function extract(zip: yauzl.ZipFile, entry: yauzl.Entry, target: string, gate: Gate): Promise<void> {
  const name = JSON.stringify(entry.fileName)
  if (entry.isEncrypted()) throw gate.fault('unsupported', `${name} is encrypted`, BY_HAND)
  const source = await new Promise<Readable>((resolve, reject) =>
    zip.openReadStream(entry, (error, stream) => (error ? reject(error) : resolve(stream))),
  ).catch((error) => {
    throw translate(error, gate, name)
  })
  let crc = 0
  const counted = async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      gate.wrote(chunk.length)
      crc = crc32(chunk, crc)
      yield chunk
    }
  }
  mkdirSync(dirname(target), { recursive: true })
  await pipeline(source, counted, createWriteStream(target, { flags: 'wx' })).catch((error) => {
    throw translate(error, gate, name)
  })
  if (crc !== entry.crc32) throw gate.fault('bad-archive', `${name} is damaged (its CRC is wrong)`, DOWNLOAD_AGAIN)
  gate.fileDone()
}

const DOWNLOAD_AGAIN = 'delete the archive and download it again'

function open(archive: string, gate: Gate): Promise<yauzl.ZipFile> {
  return new Promise((resolve, reject) => {
    // strictFileNames: a backslash is a fault to us, not a slash.
    yauzl.open(archive, { lazyEntries: true, autoClose: false, strictFileNames: true }, (error, zip) => {
      if (error) reject(translate(error, gate, 'its directory'))
      else resolve(zip)
    })
  })
}

function eachEntry(zip: yauzl.ZipFile, gate: Gate, visit: (entry: yauzl.Entry) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    zip.on('error', (error: Error) => reject(translate(error, gate, 'its directory')))
    zip.on('end', resolve)
    zip.on('entry', (entry: yauzl.Entry) => {
      try {
        gate.signal?.throwIfAborted()
        visit(entry)
        zip.readEntry()
      } catch (error) {
        reject(error)
      }
    })
    zip.readEntry()
  })
}

/** Unix file type in the upper half of the external attributes (APPNOTE 4.4.15, Info-ZIP), where a Unix made the entry. */
function typeOf(entry: yauzl.Entry): EntryType {
  const madeOn = entry.versionMadeBy >>> 8
  const kind = madeOn === 3 || madeOn === 19 ? (entry.externalFileAttributes >>> 16) & 0o170000 : 0
  if (kind === 0o120000) return 'link'
  if (entry.fileName.endsWith('/')) return 'folder'
  if (kind === 0 || kind === 0o100000) return 'file'
  return kind === 0o040000 ? 'folder' : 'device'
}

function translate(error: unknown, gate: Gate, name: string): unknown {
  if (error instanceof DataError || gate.signal?.aborted || (error as NodeJS.ErrnoException).syscall) return error
  const message = (error as Error).message
  if (/^(absolute path|invalid relative path|invalid characters in fileName)/.test(message))
    return gate.fault('unsafe-path', `holds a path that leads out: ${message}`, HOSTILE)
  if (/unsupported compression|strong encryption/i.test(message))
    return gate.fault('unsupported', `${name}: ${message}`, BY_HAND)
  if (/end of central directory|unexpected EOF|end of file/i.test(message))
    return gate.fault('truncated', `ends early (${message})`, DOWNLOAD_AGAIN)
  return gate.fault('bad-archive', `${name} is damaged (${message})`, DOWNLOAD_AGAIN)
}

/**
 * Files of a small zip in memory whose names are wanted (a compressed score). For what comes from outside, `unpack`.
 * @throws DataError `bad-archive` where it cannot be read or a file is larger than 32 MiB
 */
export async function readZip(
  bytes: Buffer,
  path: string,
  wanted: (name: string) => boolean,
): Promise<{ readonly name: string; readonly bytes: Buffer }[]> {
  const fail = (message: string) =>
    new DataError({ path, offset: null, code: 'bad-archive', message, hint: 'get the file again' })
  const zip = await new Promise<yauzl.ZipFile>((resolve, reject) =>
    yauzl.fromBuffer(bytes, { lazyEntries: true }, (error, file) =>
      error ? reject(fail(error.message)) : resolve(file),
    ),
  )
  const found: { name: string; bytes: Buffer }[] = []
  return new Promise((resolve, reject) => {
    zip.on('error', (error: Error) => reject(fail(error.message)))
    zip.on('end', () => resolve(found))
    zip.on('entry', (entry: yauzl.Entry) => {
      if (!wanted(entry.fileName)) return zip.readEntry()
      if (entry.uncompressedSize > MOST_IN_MEMORY) return reject(fail(`${entry.fileName} is larger than 32 MiB`))
      return zip.openReadStream(entry, (error, stream) => {
        if (error) return reject(fail(error.message))
        const parts: Buffer[] = []
        stream.on('data', (part: Buffer) => parts.push(part))
        stream.on('error', (broken: Error) => reject(fail(broken.message)))
        return stream.on('end', () => {
          found.push({ name: entry.fileName, bytes: Buffer.concat(parts) })
          zip.readEntry()
        })
      })
    })
    zip.readEntry()
  })
}

const MOST_IN_MEMORY = 32 << 20
