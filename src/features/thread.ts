/** A worker thread of pool.ts: takes extractions one after another. Built by itself, as dist/extract.js. */
import { parentPort } from 'node:worker_threads'
import { type Extraction, type FromThread, runExtraction } from './pool.ts'

let last: Promise<void> = Promise.resolve()

parentPort!.on('message', ({ id, work }: { readonly id: number; readonly work: Extraction }) => {
  // One at a time: a wasm decoder is a large thing.
  last = last.then(() => answer(id, work))
})

async function answer(id: number, work: Extraction): Promise<void> {
  try {
    const bytes = Uint8Array.from(await runExtraction(work))
    parentPort!.postMessage({ id, bytes } satisfies FromThread, [bytes.buffer])
  } catch (reason) {
    const { name, message, stack, hint } = reason as Error & { readonly hint?: string }
    parentPort!.postMessage({ id, error: { name, message, stack: stack ?? '', hint: hint ?? '' } } satisfies FromThread)
  }
}
