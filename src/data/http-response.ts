/**
 * An answer's status line and headers, read strictly: what may be continued, how long it is, why it cannot be taken.
 * No requests and no files here.
 */
import type { IncomingMessage } from 'node:http'
import { UserError } from '../lib/errors.ts'

export class Retry extends Error {
  /** The server asked for at least this wait. */
  readonly afterMs: number
  constructor(message: string, afterMs = 0) {
    super(message)
    this.afterMs = afterMs
  }
}

/** What is on disk is of no use. */
export class Restart extends Retry {}

export const GET_BY_HAND = 'open the address in a browser, get the file by hand, and pass the unpacked folder as `raw:`'

/** A sign-in page or a hotel's network answers 200 with HTML; an archive never is HTML. */
export function refusePage(origin: string, url: URL, response: IncomingMessage): IncomingMessage {
  const type = response.headers['content-type'] ?? ''
  if (!/^text\/html\b/i.test(type) || /\.html?$/i.test(url.pathname)) return response
  response.destroy()
  throw new UserError(`${origin}: the server sent a web page, not a file`, { hint: GET_BY_HAND })
}

export function refusal(origin: string, response: IncomingMessage, now: number): Error {
  const status = response.statusCode ?? 0
  if (status === 416) return new Restart('the server refuses to continue (416)')
  const after = retryAfterMs(response.headers['retry-after'], now)
  if (status === 408 || status === 429 || status >= 500)
    return new Retry(`the server answers ${status} ${response.statusMessage ?? ''}`.trim(), after)
  if (status === 206) return new Restart('the server sent a part nobody asked for')
  const hint =
    status === 401 || status === 403
      ? 'the file needs a sign-in or a licence click: get it by hand, and pass the unpacked folder as `raw:`'
      : status === 404 || status === 410
        ? 'the file has moved: look at the homepage in docs/datasets.md, set `mirror:`, or get it by hand and pass the folder as `raw:`'
        : GET_BY_HAND
  return new UserError(`${origin}: the server answers ${status} ${response.statusMessage ?? ''}`.trim(), { hint })
}

/** RFC 9110 10.2.3: seconds, or a date. */
function retryAfterMs(header: string | undefined, now: number): number {
  if (!header) return 0
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now
  return Number.isFinite(ms) ? Math.max(0, ms) : 0
}

/** Strong ETag, else Last-Modified: what If-Range may carry (RFC 9110 13.1.5). '' = this answer cannot be continued. */
export function validator(response: IncomingMessage): string {
  const etag = response.headers.etag
  if (etag && !etag.startsWith('W/')) return etag
  return response.headers['last-modified'] ?? ''
}

export function contentLength(response: IncomingMessage): number | null {
  const header = response.headers['content-length']
  return header !== undefined && /^\d+$/.test(header) ? Number(header) : null
}

/** `bytes 100-199/200`. @throws Restart unless it begins where the part ends and reaches the end of the file. */
export function contentRange(response: IncomingMessage, wanted: number): { start: number; end: number; total: number } {
  const match = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(response.headers['content-range'] ?? '')
  const [start, end, total] = (match?.slice(1) ?? []).map(Number)
  if (start === undefined || end === undefined || total === undefined)
    throw new Restart('the server continues without saying from where')
  if (start !== wanted || end !== total - 1)
    throw new Restart(`the server continues at byte ${start}, byte ${wanted} was asked for`)
  return { start, end, total }
}

/** Where a redirect leads. @throws UserError for none, for other protocols, and from https to http. */
export function nextAddress(response: Pick<IncomingMessage, 'headers' | 'statusCode'>, url: URL, origin: string): URL {
  const { location } = response.headers
  const hint = GET_BY_HAND
  if (!location) throw new UserError(`${url.href}: answers ${response.statusCode} without saying where to`, { hint })
  const next = parse(location, origin, url)
  if (url.protocol === 'https:' && next.protocol === 'http:')
    throw new UserError(`${url.href}: redirects from https to plain http (${next.href}), refused`, { hint })
  return next
}

export function parse(address: string, origin: string, base?: URL): URL {
  const url = URL.canParse(address, base?.href) ? new URL(address, base?.href) : null
  if (url && (url.protocol === 'http:' || url.protocol === 'https:')) return url
  throw new UserError(`${origin}: ${base ? `redirects to ${address}, which` : 'this'} is not an http(s) address`, {
    hint: GET_BY_HAND,
  })
}

export function networkError(error: unknown): Error {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EACCES' || code === 'EDQUOT') return error as Error
  const known: Record<string, string> = {
    ENOTFOUND: 'the server’s name is not known (is there a network?)',
    EAI_AGAIN: 'the server’s name is not known (is there a network?)',
    ECONNREFUSED: 'the server refuses connections',
    ECONNRESET: 'the connection broke',
    ERR_STREAM_PREMATURE_CLOSE: 'the connection broke',
    ETIMEDOUT: 'the server does not answer',
  }
  return new Retry(known[code ?? ''] ?? `${message}${code ? ` (${code})` : ''}`)
}
