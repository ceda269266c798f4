/**
 * TensorBoard event files: TFRecord framing around Event protobufs (tensorflow/core/util/event.proto, summary.proto).
 * Scalars and text in the TF2 form (a tensor and its plugin). Leaves out histograms, images and graphs. Event files carry
 * wall-clock times, so they belong outside anything whose content is hashed.
 */
import { appendFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { maskedCrc32c } from '../lib/crc32c.ts'
import { ProtoWriter } from '../lib/protobuf.ts'

export interface EventFile {
  readonly path: string
  scalar(tag: string, value: number, step: number): void
  /** Markdown. */
  text(tag: string, value: string, step: number): void
}

/** Starts a new file in `folder` (made if missing) and takes away event files that are there: the new one tells it all. */
export function startEventFile(folder: string, now: () => number = Date.now): EventFile {
  mkdirSync(folder, { recursive: true })
  for (const name of readdirSync(folder)) if (name.startsWith(PREFIX)) rmSync(join(folder, name))
  const seconds = String(Math.floor(now() / 1000)).padStart(10, '0')
  const path = join(folder, `${PREFIX}${seconds}.${hostname()}.${process.pid}.0`)
  // Times must grow, or TensorBoard's fast loader puts events in another order.
  let last = 0
  const write = (fill: (event: ProtoWriter) => void) => {
    last = Math.max(last + 1e-6, now() / 1000)
    const event = new ProtoWriter().double(1, last)
    fill(event)
    appendFileSync(path, record(event.finish()))
  }
  write((event) => event.text(3, 'brain.Event:2'))
  return {
    path,
    scalar: (tag, value, step) =>
      write((event) =>
        summary(event, step, tag, { plugin: 'scalars', dataClass: 1 }, (tensor) =>
          // float_val, packed as TensorFlow writes it.
          tensor
            .int(1, DT_FLOAT)
            .message(2, () => {})
            .bytes(5, floatBytes(value)),
        ),
      ),
    text: (tag, value, step) =>
      write((event) =>
        summary(event, step, tag, { plugin: 'text', dataClass: 2 }, (tensor) =>
          tensor
            .int(1, DT_STRING)
            .message(2, (shape) => shape.message(2, (axis) => axis.int(1, 1)))
            .text(8, value),
        ),
      ),
  }
}

const PREFIX = 'events.out.tfevents.'
const DT_FLOAT = 1
const DT_STRING = 7

function summary(
  event: ProtoWriter,
  step: number,
  tag: string,
  { plugin, dataClass }: { plugin: string; dataClass: number },
  tensor: (writer: ProtoWriter) => void,
): void {
  event.int(2, step).message(5, (summaries) =>
    summaries.message(1, (value) =>
      value
        .text(1, tag)
        .message(8, tensor)
        .message(9, (metadata) => metadata.message(1, (data) => data.text(1, plugin)).int(4, dataClass)),
    ),
  )
}

/** TFRecord: length, its checksum, data, its checksum; all little-endian. */
function record(data: Uint8Array): Uint8Array {
  const framed = Buffer.alloc(data.length + 16)
  framed.writeBigUInt64LE(BigInt(data.length), 0)
  framed.writeUInt32LE(maskedCrc32c(framed.subarray(0, 8)), 8)
  framed.set(data, 12)
  framed.writeUInt32LE(maskedCrc32c(data), 12 + data.length)
  return framed
}

function floatBytes(value: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeFloatLE(value)
  return bytes
}
