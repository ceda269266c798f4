/** Zip and tar written byte by byte, so that tests can say what no honest tool would. */
import { crc32, deflateRawSync } from 'node:zlib'

export interface ZipFile {
  name: string
  data?: Uint8Array | string
  /** Unix mode, e.g. 0o120777 for a link. */
  mode?: number
  deflate?: boolean
  /** What the entry says of itself instead of the truth. */
  claims?: { size?: number; crc?: number; method?: number; flags?: number }
}

/** @param zip64 sizes, offset and counts only in the zip64 records (APPNOTE 4.5.3, 4.3.14). */
export function zip(files: readonly ZipFile[], zip64 = false): Buffer {
  const locals: Buffer[] = []
  const centrals: Buffer[] = []
  let offset = 0
  for (const file of files) {
    const data = Buffer.from(file.data ?? '')
    const stored = file.deflate ? deflateRawSync(data) : data
    const size = file.claims?.size ?? data.length
    const name = Buffer.from(file.name)
    const fields = Buffer.alloc(26)
    fields.writeUInt16LE(zip64 ? 45 : 20, 0)
    fields.writeUInt16LE((file.claims?.flags ?? 0) | 0x800, 2)
    fields.writeUInt16LE(file.claims?.method ?? (file.deflate ? 8 : 0), 4)
    fields.writeUInt32LE(file.claims?.crc ?? crc32(data), 10)
    fields.writeUInt32LE(zip64 ? 0xffffffff : stored.length, 14)
    fields.writeUInt32LE(zip64 ? 0xffffffff : size, 18)
    fields.writeUInt16LE(name.length, 22)
    const extra = zip64 ? Buffer.concat([u16(1), u16(24), u64(size), u64(stored.length), u64(offset)]) : Buffer.alloc(0)
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), fields, name, stored])
    const central = Buffer.alloc(14)
    central.writeUInt32LE(((file.mode ?? 0o100644) << 16) >>> 0, 6)
    central.writeUInt32LE(zip64 ? 0xffffffff : offset, 10)
    fields.writeUInt16LE(extra.length, 24)
    centrals.push(Buffer.concat([Buffer.from('PK\x01\x02'), u16((3 << 8) | 45), fields, central, name, extra]))
    locals.push(local)
    offset += local.length
  }
  const directory = Buffer.concat(centrals)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(zip64 ? 0xffff : files.length, 4)
  end.writeUInt16LE(zip64 ? 0xffff : files.length, 6)
  end.writeUInt32LE(zip64 ? 0xffffffff : directory.length, 8)
  end.writeUInt32LE(zip64 ? 0xffffffff : offset, 12)
  const record = [
    u64(44),
    u16(45),
    u16(45),
    u32(0),
    u32(0),
    u64(files.length),
    u64(files.length),
    u64(directory.length),
  ]
  const locator = [u32(0), u64(offset + directory.length), u32(1)]
  const big = [Buffer.from('PK\x06\x06'), ...record, u64(offset), Buffer.from('PK\x06\x07'), ...locator]
  return Buffer.concat([...locals, directory, ...(zip64 ? big : []), Buffer.from('PK\x05\x06'), end])
}

export interface TarFile {
  name: string
  data?: Uint8Array | string
  /** ustar type flag: '0' file, '1' hard link, '2' link, '3' device, '5' folder, '6' pipe. */
  type?: string
  link?: string
  /** Size in the header instead of the truth. */
  size?: number
}

export function tar(files: readonly TarFile[]): Buffer {
  const blocks: Buffer[] = []
  for (const file of files) {
    const data = Buffer.from(file.data ?? '')
    const header = Buffer.alloc(512)
    header.write(file.name, 0, 100)
    header.write('0000644\0', 100)
    header.write('0000000\0', 108)
    header.write('0000000\0', 116)
    header.write(`${(file.size ?? data.length).toString(8).padStart(11, '0')}\0`, 124)
    header.write('00000000000\0', 136)
    header.write('        ', 148)
    header.write(file.type ?? '0', 156)
    header.write(file.link ?? '', 157, 100)
    header.write('ustar\x0000', 257, 'latin1')
    const sum = header.reduce((total, byte) => total + byte, 0)
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
    blocks.push(header, data, Buffer.alloc((512 - (data.length % 512)) % 512))
  }
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16LE(value)
  return bytes
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}
