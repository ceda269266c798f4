/** What `extract` gave, as bytes of the item cache: float32 little-endian after a first word, or the fault as JSON. */
import { floatsOf, littleEndianBytes } from '../data/npy.ts'
import { DataError, type DataFault } from '../lib/errors.ts'

/** First word of a stored item; four bytes keep the numbers aligned. */
const NUMBERS = 0
const FAULT = 1

/** Runs `extract` and stores its numbers, or the DataError it threw: one bad item must not end a stage of thousands. */
export async function storeExtract(extract: () => Promise<Float32Array>): Promise<Uint8Array> {
  try {
    return packed(NUMBERS, littleEndianBytes(await extract()))
  } catch (error) {
    if (!(error instanceof DataError)) throw error
    return packed(FAULT, new TextEncoder().encode(JSON.stringify(error.fault)))
  }
}

/** The numbers, or the fault that stands in their place. */
export function loadExtract(bytes: Uint8Array): Float32Array | DataFault {
  const body = bytes.subarray(4)
  return bytes[0] === NUMBERS ? floatsOf(body) : (JSON.parse(new TextDecoder().decode(body)) as DataFault)
}

function packed(kind: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + body.length)
  bytes[0] = kind
  bytes.set(body, 4)
  return bytes
}
