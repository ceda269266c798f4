/** A client of yaml-language-server over stdio, as an editor is one: opens a text, waits for what is underlined, asks. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

export interface LspDiagnostic {
  readonly range: { readonly start: { readonly line: number; readonly character: number } }
  readonly message: string
}

export interface Completion {
  readonly label: string
  readonly documentation?: string | { readonly value: string }
}

type Message = { id?: number; method?: string; params?: any; result?: any; error?: { message: string } }

/** Folder of the installed server, or '' where it is not installed. */
export function serverFolder(): string {
  try {
    return dirname(createRequire(import.meta.url).resolve('yaml-language-server/package.json'))
  } catch {
    return ''
  }
}

export class LanguageServer {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, (message: Message) => void>()
  readonly #diagnostics = new Map<string, (found: LspDiagnostic[]) => void>()
  #bytes = Buffer.alloc(0)
  #id = 0
  #version = 0

  constructor(root: string) {
    this.#child = spawn(process.execPath, [join(serverFolder(), 'bin/yaml-language-server'), '--stdio'], {
      cwd: root,
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    this.#child.stdout!.on('data', (bytes: Buffer) => this.#read(bytes))
  }

  async start(root: string): Promise<void> {
    const uri = pathToFileURL(root).href
    await this.#ask('initialize', {
      processId: process.pid,
      rootUri: uri,
      workspaceFolders: [{ uri, name: 'project' }],
      capabilities: {
        workspace: { configuration: true },
        textDocument: {
          hover: { contentFormat: ['markdown'] },
          completion: { completionItem: { snippetSupport: true, documentationFormat: ['markdown'] } },
        },
      },
    })
    this.#send({ method: 'initialized', params: {} })
  }

  /** What is underlined in a text at this path. */
  open(path: string, text: string): Promise<LspDiagnostic[]> {
    const uri = pathToFileURL(path).href
    const found = new Promise<LspDiagnostic[]>((resolve) => this.#diagnostics.set(uri, resolve))
    const textDocument = { uri, languageId: 'yaml', version: ++this.#version, text }
    this.#send({ method: 'textDocument/didOpen', params: { textDocument } })
    return found
  }

  async complete(path: string, line: number, character: number): Promise<Completion[]> {
    const { result } = await this.#ask('textDocument/completion', this.#at(path, line, character))
    return Array.isArray(result) ? result : (result?.items ?? [])
  }

  async hover(path: string, line: number, character: number): Promise<string> {
    const { result } = await this.#ask('textDocument/hover', this.#at(path, line, character))
    return result?.contents?.value ?? ''
  }

  close(): void {
    this.#child.kill()
  }

  #at(path: string, line: number, character: number) {
    return { textDocument: { uri: pathToFileURL(path).href }, position: { line, character } }
  }

  #ask(method: string, params: unknown): Promise<Message> {
    const id = ++this.#id
    const answer = new Promise<Message>((resolve) => this.#waiting.set(id, resolve))
    this.#send({ id, method, params })
    return answer
  }

  #send(message: object): void {
    const text = JSON.stringify({ jsonrpc: '2.0', ...message })
    this.#child.stdin!.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`)
  }

  #read(bytes: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes])
    for (;;) {
      const end = this.#bytes.indexOf('\r\n\r\n')
      if (end < 0) return
      const length = Number(/Content-Length: (\d+)/i.exec(this.#bytes.toString('latin1', 0, end))?.[1])
      if (this.#bytes.length < end + 4 + length) return
      const message = JSON.parse(this.#bytes.toString('utf8', end + 4, end + 4 + length)) as Message
      this.#bytes = this.#bytes.subarray(end + 4 + length)
      this.#take(message)
    }
  }

  #take(message: Message): void {
    if (message.method === 'workspace/configuration')
      // Schemas come from the modeline alone: no catalogue, no network.
      this.#send({ id: message.id, result: message.params.items.map(settingsOf) })
    else if (message.method && message.id !== undefined) this.#send({ id: message.id, result: null })
    else if (message.method === 'textDocument/publishDiagnostics')
      this.#diagnostics.get(message.params.uri)?.(message.params.diagnostics)
    else if (message.id !== undefined) this.#waiting.get(message.id)?.(message)
  }
}

const settingsOf = ({ section }: { section?: string }): object =>
  section === 'yaml'
    ? { validate: true, hover: true, completion: true, schemaStore: { enable: false }, schemas: {} }
    : {}
