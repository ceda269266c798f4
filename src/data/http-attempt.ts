/**
 * One request of a download: redirects, range negotiation, body to disk. Says how it ended: returned = all announced
 * bytes are there, Retry = try again from what is on disk, Restart = try again from nothing, anything else = give up.
 */
import { closeSync, openSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { UserError } from '../lib/errors.ts'
import {
  contentLength,
  contentRange,
  GET_BY_HAND,
  networkError,
  nextAddress,
  parse,
  refusal,
  refusePage,
  Restart,
  Retry,
  validator,
} from './http-response.ts'
import { type Clock, type Watchdog, watch } from './http-clock.ts'

export interface DownloadOptions {
  /** Exact length of the file; null where nobody published it. */
  readonly expectedBytes?: number | null
  /** Lower-case hex; null where none is published. */
  readonly sha256?: string | null
  /** For publishers that give nothing better. */
  readonly md5?: string | null
  /** Never accept more than this, whatever the server says. Default: expectedBytes, else 1 TiB. */
  readonly maxBytes?: number
  /** Failures in a row, without 1 MiB of progress between them, before giving up. Default 5. */
  readonly retries?: number
  /** Seconds without a byte before a connection counts as dead. Default 60. */
  readonly stallSeconds?: number
  readonly signal?: AbortSignal
  /** Bytes on disk and bytes in all (0 = unknown). */
  readonly onProgress?: (done: number, total: number) => void
  /** Told before every retry. */
  readonly onRetry?: (message: string) => void
  readonly clock?: Clock
}

interface Attempt {
  readonly url: string
  readonly part: string
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly options: DownloadOptions
}

/** What the bytes of a `.part` belong to; without an equal validator they are thrown away. */
interface PartInfo {
  readonly url: string
  readonly validator: string
  readonly total: number | null
}

const MAX_REDIRECTS = 10

/** @returns where in the file this attempt began to write. */
export async function attempt(job: Attempt): Promise<{ from: number }> {
  const info = partInfo(job)
  const from = info ? size(job.part) : 0
  if (info && info.total === from) return { from }
  const headers: Record<string, string> = {
    'user-agent': 'kpipe',
    accept: '*/*',
    'accept-encoding': 'identity',
    connection: 'close',
  }
  if (info) Object.assign(headers, { range: `bytes=${from}-`, 'if-range': info.validator })

  const watchdog = watch(job.clock, job.options.stallSeconds ?? 60, job.signal)
  try {
    const response = await follow(job, headers, watchdog)
    try {
      return await receive(job, response, info, watchdog)
    } finally {
      response.destroy()
    }
  } catch (error) {
    if (job.signal.aborted || error instanceof UserError || error instanceof Retry) throw error
    if (watchdog.signal.aborted) throw new Retry(`no data for ${job.options.stallSeconds ?? 60} s`)
    throw networkError(error)
  } finally {
    watchdog.stop()
  }
}

/** Headers decide whether the body continues the part or replaces it; the part's note is written before its first byte. */
async function receive(
  job: Attempt,
  response: IncomingMessage,
  info: PartInfo | null,
  watchdog: Watchdog,
): Promise<{ from: number }> {
  const { expectedBytes, onProgress } = job.options
  const length = contentLength(response)
  const range = response.statusCode === 206 ? contentRange(response, info ? size(job.part) : -1) : null
  const from = range ? range.start : 0
  const total = range ? range.total : length
  if (range && length !== null && length !== range.end - range.start + 1)
    throw new Restart('the server contradicts itself about the length of the rest')
  if (range && info && validator(response) !== '' && validator(response) !== info.validator)
    throw new Restart('the file changed on the server')
  if (total !== null && expectedBytes != null && total !== expectedBytes) {
    throw new UserError(`${job.url}: the server offers ${total} bytes, ${expectedBytes} are published`, {
      hint: 'the publisher may have replaced the file; get it by hand, compare it with the publisher’s page, and pass the unpacked folder as `raw:`',
    })
  }
  const limit = Math.min(expectedBytes ?? Infinity, job.options.maxBytes ?? 2 ** 40)
  if (!range) {
    rmSync(job.part, { force: true })
    writeFileSync(
      `${job.part}.json`,
      JSON.stringify({ url: job.url, validator: validator(response), total } satisfies PartInfo),
    )
  }
  let done = from
  onProgress?.(done, total ?? expectedBytes ?? 0)
  await toDisk(response, job.part, watchdog, (bytes) => {
    done += bytes
    if (done > limit) throw new TooLong(job.url, limit)
    return () => onProgress?.(done, total ?? expectedBytes ?? 0)
  }).catch((error) => {
    if (error instanceof TooLong) rmSync(job.part, { force: true })
    throw error
  })
  if (total !== null && done < total) throw new Retry(`the connection closed after ${done} of ${total} bytes`)
  if (expectedBytes != null && done < expectedBytes)
    throw new Retry(`the connection closed after ${done} of ${expectedBytes} bytes`)
  return { from }
}

class TooLong extends UserError {
  constructor(url: string, limit: number) {
    super(`${url}: the server sends more than the ${limit} bytes it may`, {
      hint: 'this is not the published file; check the address',
    })
  }
}

/**
 * Append the body as it comes. Written synchronously, chunk by chunk: a stream would still hold, and then drop, the last
 * 64 KiB when the line breaks, and a line that breaks often would never get anywhere.
 */
function toDisk(
  response: IncomingMessage,
  path: string,
  watchdog: Watchdog,
  admit: (bytes: number) => () => void,
): Promise<void> {
  const file = openSync(path, 'a')
  return new Promise<void>((resolve, reject) => {
    response.on('data', (chunk: Buffer) => {
      try {
        watchdog.touch()
        const written = admit(chunk.length)
        for (let at = 0; at < chunk.length; ) at += writeSync(file, chunk, at)
        written()
      } catch (error) {
        response.destroy(error as Error)
      }
    })
    response.on('end', resolve).on('error', reject)
    response.on('close', () => reject(new Retry('the connection broke')))
  }).finally(() => closeSync(file))
}

async function follow(job: Attempt, headers: Record<string, string>, watchdog: Watchdog): Promise<IncomingMessage> {
  const seen: string[] = []
  for (let url = parse(job.url, job.url); ; ) {
    if (seen.includes(url.href))
      throw new UserError(`${job.url}: redirects in a circle: ${[...seen, url.href].join(' -> ')}`, {
        hint: GET_BY_HAND,
      })
    if (seen.push(url.href) > MAX_REDIRECTS + 1)
      throw new UserError(`${job.url}: more than ${MAX_REDIRECTS} redirects`, { hint: GET_BY_HAND })
    const response = await open(url, headers, watchdog)
    watchdog.touch()
    const status = response.statusCode ?? 0
    if (![301, 302, 303, 307, 308].includes(status)) {
      if (status === 200 || (status === 206 && headers.range)) return refusePage(job.url, url, response)
      response.destroy()
      throw refusal(job.url, response, job.clock.now())
    }
    response.destroy()
    url = nextAddress(response, url, job.url)
  }
}

function open(url: URL, headers: Record<string, string>, watchdog: Watchdog): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest
    const request: ClientRequest = send(url, { headers, agent: false, signal: watchdog.signal })
    request.on('response', resolve).on('error', reject).end()
  })
}

function partInfo(job: Attempt): PartInfo | null {
  if (size(job.part) <= 0) return null
  let info: PartInfo | null = null
  try {
    info = JSON.parse(readFileSync(`${job.part}.json`, 'utf8')) as PartInfo
  } catch {
    // Without its note nobody knows what the part is a part of.
  }
  const usable = info && info.url === job.url && info.validator && (info.total === null || size(job.part) <= info.total)
  if (usable) return info
  truncateSync(job.part)
  return null
}

/** Bytes of a file, or -1 where there is none. */
export function size(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? -1
}
