import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Clock, type DownloadOptions, download } from '../../src/data/http.ts'
import { nextAddress } from '../../src/data/http-response.ts'
import { UserError } from '../../src/lib/errors.ts'

const body = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7 + (i >> 8)) & 255))
const sha256 = createHash('sha256').update(body).digest('hex')
const md5 = createHash('md5').update(body).digest('hex')

type Handler = (request: IncomingMessage, response: ServerResponse, turn: number) => void

let dir = ''
let server: Server
let handler: Handler = () => {}
let requests: IncomingMessage[] = []
let sockets = new Set<Socket>()
const base = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const target = () => join(dir, 'set.zip')

/** Time that moves only when told: delays are written down and over at once, timers fire by hand. */
function handClock() {
  const delays: number[] = []
  const timers = new Set<() => void>()
  const clock: Clock = {
    now: () => Date.UTC(2030, 0, 1),
    delay: async (ms) => void delays.push(ms),
    timer: (_ms, late) => {
      timers.add(late)
      return () => timers.delete(late)
    },
  }
  return { clock, delays, timers, fire: () => [...timers].forEach((late) => late()) }
}

const fetchIt = (options: DownloadOptions = {}, path = '/set.zip') =>
  download(base() + path, target(), { clock: handClock().clock, ...options })

async function refused(work: Promise<unknown>): Promise<UserError> {
  const error = await work.then(
    () => new Error('it succeeded'),
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(UserError)
  return error as UserError
}

/** A well-behaved server: length, ETag, ranges. */
const serve: Handler = (request, response) => {
  const start = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1]
  const valid = request.headers['if-range'] === '"v1"'
  if (start === undefined || !valid) {
    response.writeHead(200, { 'content-length': body.length, etag: '"v1"' }).end(body)
  } else if (Number(start) >= body.length) {
    response.writeHead(416, { 'content-range': `bytes */${body.length}` }).end()
  } else {
    const rest = body.subarray(Number(start))
    response
      .writeHead(206, {
        'content-length': rest.length,
        etag: '"v1"',
        'content-range': `bytes ${start}-${body.length - 1}/${body.length}`,
      })
      .end(rest)
  }
}

/** Announces everything, sends `bytes`, and cuts the line. */
const drop = (response: ServerResponse, bytes: number, headers: Record<string, string> = { etag: '"v1"' }) => {
  response.writeHead(200, { 'content-length': body.length, ...headers })
  response.write(body.subarray(0, bytes), () => setImmediate(() => response.destroy()))
}

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'kpipe-http-'))
  requests = []
  sockets = new Set()
  server = createServer((request, response) => handler(request, response, requests.push(request)))
  server.on('connection', (socket) => sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})

afterEach(async () => {
  for (const socket of sockets) socket.destroy()
  await new Promise((resolve) => server.close(resolve))
  rmSync(dir, { recursive: true, force: true })
})

describe('a server that behaves', () => {
  it('gets the file, tells the progress, leaves nothing else', async () => {
    handler = serve
    const steps: [number, number][] = []
    const got = await fetchIt({
      sha256,
      md5,
      expectedBytes: body.length,
      onProgress: (done, total) => steps.push([done, total]),
    })
    expect(got).toEqual({ bytes: body.length, attempts: 1, resumedFrom: 0 })
    expect(readFileSync(target()).equals(body)).toBe(true)
    expect(readdirSync(dir)).toEqual(['set.zip'])
    expect(steps[0]).toEqual([0, body.length])
    expect(steps.at(-1)).toEqual([body.length, body.length])
  })

  it('asks for nothing when the file is there and right, and gets it again when it is wrong', async () => {
    handler = serve
    writeFileSync(target(), body)
    expect((await fetchIt({ sha256 })).attempts).toBe(0)
    expect(requests).toHaveLength(0)
    writeFileSync(target(), 'something else')
    expect((await fetchIt({ sha256 })).attempts).toBe(1)
    expect(readFileSync(target()).equals(body)).toBe(true)
  })

  it('follows redirects, also relative ones', async () => {
    handler = (request, response, turn) => {
      if (turn === 1) response.writeHead(302, { location: '/b' }).end()
      else if (turn === 2) response.writeHead(307, { location: `${base()}/c` }).end()
      else serve(request, response, turn)
    }
    await fetchIt({ sha256 })
    expect(requests.map((request) => request.url)).toEqual(['/set.zip', '/b', '/c'])
  })

  it('keeps the bytes of a .tar.gz that the server calls gzip-encoded', async () => {
    handler = (_, response) =>
      response.writeHead(200, { 'content-encoding': 'x-gzip', 'content-length': body.length }).end(body)
    await fetchIt({ sha256 })
    expect(requests[0]!.headers['accept-encoding']).toBe('identity')
  })

  it('takes a body of unknown length when the checksum agrees', async () => {
    handler = (_, response) => {
      response.writeHead(200)
      response.write(body.subarray(0, 1000))
      response.end(body.subarray(1000))
    }
    expect((await fetchIt({ sha256 })).bytes).toBe(body.length)
  })
})

describe('a line that breaks', () => {
  it('goes on where it stopped', async () => {
    handler = (request, response, turn) => (turn === 1 ? drop(response, 100_000) : serve(request, response, turn))
    const hand = handClock()
    const retried: string[] = []
    const got = await fetchIt({ sha256, clock: hand.clock, onRetry: (message) => retried.push(message) })
    expect(got.attempts).toBe(2)
    expect(requests[1]!.headers).toMatchObject({ range: 'bytes=100000-', 'if-range': '"v1"' })
    expect(readFileSync(target()).equals(body)).toBe(true)
    expect(hand.delays).toHaveLength(1)
    expect(retried[0]).toMatch(/connection broke; next try in 0\.\d s \(1 of 5\)/)
  })

  it('goes on in the next process', async () => {
    handler = (_, response) => drop(response, 100_000)
    const error = await refused(fetchIt({ sha256, retries: 0 }))
    expect(error.message).toContain('gave up after 1 attempts')
    expect(readdirSync(dir).sort()).toEqual(['set.zip.part', 'set.zip.part.json'])
    handler = serve
    expect(await fetchIt({ sha256 })).toEqual({ bytes: body.length, attempts: 1, resumedFrom: 100_000 })
    expect(readFileSync(target()).equals(body)).toBe(true)
  })

  it('finishes a part that is whole without asking', async () => {
    writeFileSync(`${target()}.part`, body)
    writeFileSync(
      `${target()}.part.json`,
      JSON.stringify({ url: `${base()}/set.zip`, validator: '"v1"', total: body.length }),
    )
    await fetchIt({ sha256 })
    expect(requests).toHaveLength(0)
    expect(readdirSync(dir)).toEqual(['set.zip'])
  })

  it('continues on Last-Modified where there is no strong ETag', async () => {
    const date = 'Tue, 01 Jan 2019 00:00:00 GMT'
    handler = (request, response, turn) => {
      if (turn === 1) return drop(response, 5000, { etag: 'W/"weak"', 'last-modified': date })
      response
        .writeHead(206, { 'content-range': `bytes 5000-${body.length - 1}/${body.length}`, 'last-modified': date })
        .end(body.subarray(5000))
    }
    await fetchIt({ sha256 })
    expect(requests).toHaveLength(2)
    expect(requests[1]!.headers).toMatchObject({ 'if-range': date, range: 'bytes=5000-' })
  })

  it.each([
    ['there is no validator', {}],
    ['the validator is weak', { etag: 'W/"v1"' }],
  ])('starts over when %s', async (_, headers) => {
    handler = (request, response, turn) =>
      turn === 1 ? drop(response, 5000, headers as Record<string, string>) : serve(request, response, turn)
    await fetchIt({ sha256 })
    expect(requests[1]!.headers.range).toBeUndefined()
  })

  it('starts over for a part of another address or without its note', async () => {
    handler = serve
    writeFileSync(`${target()}.part`, 'old bytes')
    writeFileSync(
      `${target()}.part.json`,
      JSON.stringify({ url: 'http://elsewhere/set.zip', validator: '"v1"', total: null }),
    )
    await fetchIt({ sha256 })
    expect(requests[0]!.headers.range).toBeUndefined()
    rmSync(target())
    writeFileSync(`${target()}.part`, 'old bytes')
    await fetchIt({ sha256 })
    expect(requests[1]!.headers.range).toBeUndefined()
  })

  it('takes silence for a dead line', async () => {
    const hand = handClock()
    handler = (request, response, turn) => {
      if (turn > 1) return serve(request, response, turn)
      response.writeHead(200, { 'content-length': body.length, etag: '"v1"' })
      response.write(body.subarray(0, 50_000))
    }
    const onProgress = (done: number) => {
      if (done === 50_000 && requests.length === 1) setImmediate(hand.fire)
    }
    const retried: string[] = []
    await fetchIt({
      sha256,
      clock: hand.clock,
      onProgress,
      stallSeconds: 7,
      onRetry: (message) => retried.push(message),
    })
    expect(retried[0]).toContain('no data for 7 s')
    expect(requests[1]!.headers.range).toBe('bytes=50000-')
    expect(hand.timers.size).toBe(0)
  })

  it('takes a server that never answers for dead, too', async () => {
    const hand = handClock()
    handler = (request, response, turn) => (turn === 1 ? setImmediate(hand.fire) : serve(request, response, turn))
    expect((await fetchIt({ sha256, clock: hand.clock })).attempts).toBe(2)
  })

  it('waits longer each time, and gives up with what to do', async () => {
    const hand = handClock()
    handler = (_, response) => response.destroy()
    const error = await refused(fetchIt({ clock: hand.clock, retries: 4 }))
    expect(hand.delays).toHaveLength(4)
    hand.delays.forEach((delay, i) => {
      expect(delay).toBeGreaterThanOrEqual(250 * 2 ** i)
      expect(delay).toBeLessThanOrEqual(500 * 2 ** i)
    })
    expect(error.message).toContain(`${base()}/set.zip`)
    expect(error.hint).toContain('run again')
    const again = handClock()
    await refused(fetchIt({ clock: again.clock, retries: 4 }))
    expect(again.delays).toEqual(hand.delays)
  })

  it('does not count failures between which a mebibyte came through', async () => {
    const big = Buffer.alloc(5 << 20, 'kpipe')
    handler = (request, response) => {
      const start = Number(/\d+/.exec(request.headers.range ?? '0')![0])
      const headers = {
        etag: '"v1"',
        'content-length': big.length - start,
        'content-range': `bytes ${start}-${big.length - 1}/${big.length}`,
      }
      response.writeHead(start ? 206 : 200, headers)
      const rest = big.subarray(start, start + (3 << 19))
      if (start + rest.length === big.length) response.end(rest)
      else response.write(rest, () => setImmediate(() => response.destroy()))
    }
    const got = await fetchIt({ sha256: createHash('sha256').update(big).digest('hex'), retries: 1 })
    expect(got.attempts).toBe(4)
  })

  it('stops when told and keeps what it has', async () => {
    const stop = new AbortController()
    handler = (_, response) => {
      response.writeHead(200, { 'content-length': body.length, etag: '"v1"' })
      response.write(body.subarray(0, 40_000))
    }
    const onProgress = (done: number) => void (done === 40_000 && stop.abort(new Error('ctrl-c')))
    await expect(fetchIt({ signal: stop.signal, onProgress })).rejects.toThrow('ctrl-c')
    handler = serve
    expect((await fetchIt({ sha256 })).resumedFrom).toBe(40_000)
  })
})

describe('a server that lies', () => {
  const part = (bytes: number, validator = '"v1"') => {
    writeFileSync(`${target()}.part`, body.subarray(0, bytes))
    writeFileSync(`${target()}.part.json`, JSON.stringify({ url: `${base()}/set.zip`, validator, total: body.length }))
  }

  it('ignores the range: starts over from its whole answer', async () => {
    part(1000)
    handler = (_, response) => response.writeHead(200, { 'content-length': body.length, etag: '"v1"' }).end(body)
    expect(await fetchIt({ sha256 })).toEqual({ bytes: body.length, attempts: 1, resumedFrom: 0 })
    expect(readFileSync(target()).equals(body)).toBe(true)
  })

  it('has a new version: If-Range brings the whole new file', async () => {
    part(1000, '"old"')
    handler = serve
    await fetchIt({ sha256 })
    expect(requests).toHaveLength(1)
    expect(readFileSync(target()).equals(body)).toBe(true)
  })

  it.each<[string, number, Record<string, string>]>([
    ['answers 416', 416, {}],
    [
      'continues from another place',
      206,
      { 'content-range': `bytes 500-${body.length - 1}/${body.length}`, etag: '"v1"' },
    ],
    ['continues without saying from where', 206, { etag: '"v1"' }],
    [
      'continues another version',
      206,
      { 'content-range': `bytes 1000-${body.length - 1}/${body.length}`, etag: '"v2"' },
    ],
    ['sends only a piece of the rest', 206, { 'content-range': `bytes 1000-1999/${body.length}`, etag: '"v1"' }],
    [
      'contradicts itself',
      206,
      { 'content-range': `bytes 1000-${body.length - 1}/${body.length}`, etag: '"v1"', 'content-length': '3' },
    ],
  ])('%s: starts over', async (_, status, headers) => {
    part(1000)
    handler = (request, response, turn) =>
      turn === 1 ? response.writeHead(status, headers).end('???') : serve(request, response, turn)
    const got = await fetchIt({ sha256 })
    expect(got).toEqual({ bytes: body.length, attempts: 2, resumedFrom: 0 })
    expect(requests[1]!.headers.range).toBeUndefined()
    expect(readFileSync(target()).equals(body)).toBe(true)
  })

  it('sends garbage for the rest: the checksum sees it, and the second try is from nothing', async () => {
    part(1000)
    handler = (request, response, turn) => {
      if (turn > 1) return serve(request, response, turn)
      const headers = { 'content-range': `bytes 1000-${body.length - 1}/${body.length}`, etag: '"v1"' }
      response.writeHead(206, headers).end(Buffer.alloc(body.length - 1000))
    }
    expect((await fetchIt({ sha256 })).attempts).toBe(2)
    expect(requests[1]!.headers.range).toBeUndefined()
    expect(readFileSync(target()).equals(body)).toBe(true)
  })

  it('has another file: both checksums are named, nothing is left', async () => {
    handler = (_, response) => response.writeHead(200, { 'content-length': 5 }).end('other')
    const error = await refused(fetchIt({ sha256 }))
    expect(error.message).toContain(createHash('sha256').update('other').digest('hex'))
    expect(error.message).toContain(sha256)
    expect(error.hint).toContain('raw:')
    expect(requests).toHaveLength(1)
    expect(readdirSync(dir)).toEqual([])
    expect((await refused(fetchIt({ md5 }))).message).toContain(`published is ${md5}`)
  })

  it('offers another length than the published one: refused before the body', async () => {
    handler = serve
    const error = await refused(fetchIt({ expectedBytes: body.length + 1 }))
    expect(error.message).toContain(`offers ${body.length} bytes, ${body.length + 1} are published`)
    expect(existsSync(target())).toBe(false)
  })

  it('promises more than it sends', async () => {
    handler = (request, response) => {
      const start = Number(/\d+/.exec(request.headers.range ?? '0')![0])
      if (start >= body.length) return response.writeHead(416).end()
      response.writeHead(200, { 'content-length': body.length + 500, etag: '"v1"' })
      response.write(body, () => setImmediate(() => response.destroy()))
    }
    expect((await refused(fetchIt({ retries: 3 }))).message).toMatch(/gave up after 4 attempts/)
  })

  it('promises less than it sends', async () => {
    handler = (_, response) => {
      const head = `HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nConnection: close\r\n\r\n`
      response.socket!.end(Buffer.concat([Buffer.from(head), body]))
    }
    const error = await refused(fetchIt({ sha256, retries: 2 }))
    expect(error.message).toMatch(/gave up|sha256/)
    expect(existsSync(target())).toBe(false)
  })

  it('never stops sending', async () => {
    handler = (_, response) => {
      response.writeHead(200)
      const more = () => void (response.writable && response.write(body, more))
      more()
    }
    const error = await refused(fetchIt({ maxBytes: 1_000_000 }))
    expect(error.message).toContain('more than the 1000000 bytes')
    expect(existsSync(`${target()}.part`)).toBe(false)
    expect((await refused(fetchIt({ expectedBytes: 400_000 }))).message).toContain('more than the 400000 bytes')
  })

  it('ends an unannounced body early: goes on when the length is known', async () => {
    handler = (request, response, turn) =>
      turn === 1
        ? response.writeHead(200, { etag: '"v1"' }).end(body.subarray(0, 70_000))
        : serve(request, response, turn)
    const got = await fetchIt({ expectedBytes: body.length })
    expect(got.attempts).toBe(2)
    expect(requests[1]!.headers.range).toBe('bytes=70000-')
    expect(readFileSync(target()).equals(body)).toBe(true)
  })
})

describe('answers that are no file', () => {
  it.each([
    [404, /moved/],
    [403, /sign-in|licence/],
    [410, /moved/],
    [400, /by hand/],
  ])('%i is final and says what to do', async (status, hint) => {
    handler = (_, response) => response.writeHead(status).end()
    const error = await refused(fetchIt())
    expect(error.message).toContain(`${base()}/set.zip: the server answers ${status}`)
    expect(error.hint).toMatch(hint)
    expect(requests).toHaveLength(1)
  })

  it.each([503, 500, 429, 408])('%i is tried again', async (status) => {
    handler = (request, response, turn) =>
      turn < 3 ? response.writeHead(status).end() : serve(request, response, turn)
    expect((await fetchIt({ sha256 })).attempts).toBe(3)
  })

  it.each([
    ['90', 90_000],
    ['Tue, 01 Jan 2030 00:00:42 GMT', 42_000],
    ['99999999', 300_000],
  ])('waits as Retry-After: %s asks, within reason', async (header, expected) => {
    const hand = handClock()
    handler = (request, response, turn) =>
      turn === 1 ? response.writeHead(503, { 'retry-after': header }).end() : serve(request, response, turn)
    await fetchIt({ clock: hand.clock })
    expect(hand.delays).toEqual([expected])
  })

  it('refuses a web page', async () => {
    handler = (_, response) =>
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<html>Please sign in</html>')
    expect((await refused(fetchIt())).message).toContain('sent a web page')
  })

  it('refuses a circle of redirects and shows it', async () => {
    handler = (request, response) => response.writeHead(302, { location: request.url === '/a' ? '/b' : '/a' }).end()
    expect((await refused(fetchIt({}, '/a'))).message).toContain(`${base()}/a -> ${base()}/b -> ${base()}/a`)
  })

  it('refuses redirects without end, without a place, and to other protocols', async () => {
    handler = (_, response, turn) => response.writeHead(302, { location: `/${turn}` }).end()
    expect((await refused(fetchIt())).message).toContain('more than 10 redirects')
    handler = (_, response) => response.writeHead(302).end()
    expect((await refused(fetchIt())).message).toContain('without saying where to')
    handler = (_, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end()
    expect((await refused(fetchIt())).message).toContain('file:///etc/passwd, which is not an http(s) address')
  })

  it('refuses a redirect from https to http, allows the other way', () => {
    const to = (location: string, from: string) =>
      nextAddress({ headers: { location }, statusCode: 302 }, new URL(from), from).href
    expect(() => to('http://b/x', 'https://a/x')).toThrow('from https to plain http (http://b/x), refused')
    expect(to('https://b/x', 'http://a/x')).toBe('https://b/x')
    expect(to('../y', 'https://a/b/x')).toBe('https://a/y')
  })

  it('says when the name is unknown or nobody listens', async () => {
    handler = serve
    const gone = base()
    await new Promise((resolve) => server.close(resolve))
    const error = await refused(download(`${gone}/set.zip`, target(), { clock: handClock().clock, retries: 1 }))
    expect(error.message).toContain('refuses connections')
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    await expect(download('ftp://x/y', target())).rejects.toThrow('not an http(s) address')
  })

  it('refuses a download the disk has no room for', async () => {
    expect((await refused(fetchIt({ expectedBytes: 1e18 }))).message).toMatch(
      /needs 1000000000.0 GB, the disk has .* free/,
    )
    expect(requests).toHaveLength(0)
  })
})
