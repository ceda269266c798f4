import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { crc32c, maskedCrc32c } from '../../src/lib/crc32c.ts'
import { createCallback } from '../../src/train/callbacks.ts'
import { replay } from '../../src/train/resume.ts'
import { startEventFile } from '../../src/train/tensorboard.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'kpipe-events-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

type Fields = Map<number, (bigint | Buffer)[]>

/** Protobuf fields of a message: whole numbers as bigint, everything else as its bytes. */
function fields(bytes: Buffer): Fields {
  const found: Fields = new Map()
  let at = 0
  const varint = () => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]!
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  while (at < bytes.length) {
    const tag = Number(varint())
    const type = tag & 7
    let value: bigint | Buffer
    if (type === 0) value = varint()
    else {
      const length = type === 1 ? 8 : type === 5 ? 4 : Number(varint())
      value = bytes.subarray(at, at + length)
      expect(value.length).toBe(length)
      at += length
    }
    found.set(tag >> 3, [...(found.get(tag >> 3) ?? []), value])
  }
  return found
}

const message = (from: Fields, field: number) => fields(from.get(field)![0] as Buffer)
const text = (from: Fields, field: number) => (from.get(field)![0] as Buffer).toString()

interface Event {
  readonly time: number
  readonly step: number
  readonly tag: string
  readonly plugin: string
  readonly value: number | string
}

/** Checks both checksums of every record. */
function readEvents(path: string): { version: string; events: Event[] } {
  const file = readFileSync(path)
  const records: Fields[] = []
  for (let at = 0; at < file.length; ) {
    const length = Number(file.readBigUInt64LE(at))
    expect(file.readUInt32LE(at + 8)).toBe(maskedCrc32c(file.subarray(at, at + 8)))
    const data = file.subarray(at + 12, at + 12 + length)
    expect(file.readUInt32LE(at + 12 + length)).toBe(maskedCrc32c(data))
    records.push(fields(data))
    at += length + 16
  }
  const events = records.slice(1).map((event): Event => {
    const value = message(message(event, 5), 1)
    const tensor = message(value, 8)
    const metadata = message(value, 9)
    const isText = tensor.get(1)![0] === 7n
    expect(metadata.get(4)![0]).toBe(isText ? 2n : 1n)
    return {
      time: (event.get(1)![0] as Buffer).readDoubleLE(),
      step: Number(event.get(2)![0]),
      tag: text(value, 1),
      plugin: text(message(metadata, 1), 1),
      value: isText ? text(tensor, 8) : (tensor.get(5)![0] as Buffer).readFloatLE(),
    }
  })
  return { version: text(records[0]!, 3), events }
}

const only = (folder: string) => {
  const names = readdirSync(folder)
  expect(names).toHaveLength(1)
  expect(names[0]).toMatch(/^events\.out\.tfevents\.\d{10}\..+\.\d+\.0$/)
  return readEvents(join(folder, names[0]!))
}

describe('crc32c', () => {
  it.each([
    ['', 0],
    ['123456789', 0xe3069283],
    ['a', 0xc1d04330],
  ])('of %j', (text, crc) => expect(crc32c(Buffer.from(text))).toBe(crc))

  it('of the vectors of RFC 3720', () => {
    expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa)
    expect(crc32c(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43)
    expect(crc32c(Buffer.from(Array.from({ length: 32 }, (_, i) => i)))).toBe(0x46dd794e)
  })
})

describe('an event file', () => {
  it('holds scalars and texts with growing times, also when the clock stands still or goes back', () => {
    const clock = [100, 100, 100, 50, 200]
    const file = startEventFile(dir, () => (clock.shift() ?? 300) * 1000)
    file.scalar('epoch_loss', 0.25, 1)
    file.scalar('epoch_loss', -1e-8, 300)
    file.text('about', 'grün *ja*', 0)
    const { version, events } = only(dir)
    expect(version).toBe('brain.Event:2')
    expect(events.map(({ step, tag, plugin, value }) => ({ step, tag, plugin, value }))).toEqual([
      { step: 1, tag: 'epoch_loss', plugin: 'scalars', value: 0.25 },
      { step: 300, tag: 'epoch_loss', plugin: 'scalars', value: Math.fround(-1e-8) },
      { step: 0, tag: 'about', plugin: 'text', value: 'grün *ja*' },
    ])
    for (const [i, { time }] of events.entries()) expect(time).toBeGreaterThan(events[i - 1]?.time ?? 0)
  })
})

describe('the TensorBoard callback', () => {
  const records = [0.5, 0.25, 0.125].map((loss, i) => ({
    epoch: i + 1,
    loss,
    val_loss: loss * 2,
    learning_rate: 0.5 ** (10 + i),
  }))
  const train = (finished: number, about?: string) => {
    const logged: string[] = []
    const place = { out: () => '', logs: dir, log: (_: string, text: string) => void logged.push(text) }
    const run = replay(
      [createCallback({ name: 'TensorBoard' }, about ? { ...place, about } : place)],
      records.slice(0, finished),
    )
    for (const record of records.slice(finished)) run.tell(record, false)
    run.callbacks[0]!.onTrainEnd!(run.history)
    return logged
  }
  const values = (part: string, tag: string) =>
    only(join(dir, part))
      .events.filter((event) => event.tag === tag)
      .map(({ step, value }) => [step, value])

  it.each([0, 2, 3])('tells every epoch once, also when %i of them were trained before', (finished) => {
    if (finished > 0) train(0)
    expect(train(finished)).toEqual([`TensorBoard: tensorboard --logdir ${dir}`])
    const expected = (of: (record: (typeof records)[number]) => number) => records.map((one) => [one.epoch, of(one)])
    expect(values('train', 'epoch_loss')).toEqual(expected(({ loss }) => loss))
    expect(values('validation', 'epoch_loss')).toEqual(expected(({ val_loss }) => val_loss))
    expect(values('train', 'epoch_learning_rate')).toEqual(expected(({ learning_rate }) => learning_rate))
  })

  it('writes what is trained as text', () => {
    train(0, 'epochs: 3')
    expect(values('train', 'about')).toEqual([[0, 'epochs: 3']])
  })

  it('says so where there is no folder outside the result', () => {
    const logged: string[] = []
    const place = {
      out: () => join(dir, 'x'),
      logs: null,
      log: (_: string, message: string) => void logged.push(message),
    }
    const run = replay([createCallback({ name: 'TensorBoard' }, place)], [])
    run.tell(records[0]!, false)
    run.callbacks[0]!.onTrainEnd!(run.history)
    expect(logged).toEqual(['TensorBoard: there is no folder for event files here'])
    expect(existsSync(join(dir, 'x'))).toBe(false)
  })
})
