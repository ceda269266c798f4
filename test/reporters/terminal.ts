/** A terminal in memory that knows as much as the dashboard writes: text, new lines, moving up, erasing, the cursor's look. */

export class FakeTerminal {
  columns: number
  rows: number
  /** Everything ever written, as it was. */
  raw = ''
  cursorShown = true
  /** Times that anything but the cursor's own line was blanked before it was written anew: what flickers. */
  blanked = 0
  #lines: string[] = ['']
  #x = 0
  #y = 0
  /** First line of the screen; those before have scrolled away. */
  #top = 0
  readonly #resize = new Set<() => void>()

  constructor(columns: number, rows: number) {
    this.columns = columns
    this.rows = rows
  }

  /** Visible lines, without the empty ones at the end. */
  get screen(): string {
    return this.#lines.slice(this.#top).join('\n').trimEnd()
  }

  /** Lines that have scrolled away. */
  get scrolled(): string[] {
    return this.#lines.slice(0, this.#top)
  }

  on(_: 'resize', listener: () => void): void {
    this.#resize.add(listener)
  }
  off(_: 'resize', listener: () => void): void {
    this.#resize.delete(listener)
  }
  resize(columns: number, rows: number): void {
    this.columns = columns
    this.rows = rows
    for (const listener of this.#resize) listener()
  }

  write(text: string): boolean {
    this.raw += text
    // oxlint-disable-next-line no-control-regex
    for (const [token, parameters, letter] of text.matchAll(/\u001B\[([?\d;]*)([A-Za-z])|[\s\S]/g)) {
      if (letter) this.#control(letter, parameters!)
      else if (token === '\n') this.#newLine()
      else this.#put(token)
    }
    return true
  }

  #put(char: string): void {
    if (this.#x === this.columns) this.#newLine()
    const line = (this.#lines[this.#y] ?? '').padEnd(this.#x)
    this.#lines[this.#y] = (line.slice(0, this.#x) + char + line.slice(this.#x + 1)).trimEnd()
    this.#x++
  }

  #newLine(): void {
    this.#x = 0
    this.#y++
    this.#lines[this.#y] ??= ''
    this.#top = Math.max(this.#top, this.#y - this.rows + 1)
  }

  #control(letter: string, parameters: string): void {
    const count = Number(parameters) || 1
    const line = this.#lines[this.#y] ?? ''
    if (letter === 'A') this.#y = Math.max(this.#top, this.#y - count)
    else if (letter === 'G') this.#x = 0
    else if (letter === 'K') {
      this.#lines[this.#y] = parameters === '2' ? '' : line.slice(0, this.#x)
      if (parameters === '2') this.blanked++
    } else if (letter === 'H') [this.#x, this.#y] = [0, this.#top]
    else if (letter === 'J') this.#erase(parameters)
    else if (parameters === '?25') this.cursorShown = letter === 'h'
    else if (letter !== 'm' && !parameters.startsWith('?')) throw new Error(`unknown control ${parameters}${letter}`)
  }

  #erase(parameters: string): void {
    if (parameters === '3') throw new Error('the scrollback is not ours to erase')
    const from = parameters === '2' ? this.#top : this.#y + 1
    this.#lines.length = Math.max(Math.min(this.#lines.length, from), 1)
    this.#lines[this.#y] ??= ''
    for (let y = 0; y <= this.#y; y++) this.#lines[y] ??= ''
    if (parameters === '') this.#lines[this.#y] = this.#lines[this.#y]!.slice(0, this.#x)
  }
}
