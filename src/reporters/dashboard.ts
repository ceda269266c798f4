/**
 * The only file that knows ink: draws rows it is given and passes keys on. It decides nothing. Loaded on first use, because
 * ink and React take 300 ms to load; NODE_ENV must be `production` meanwhile, or React is twice as slow.
 */
import { Static, Text, render, useInput } from 'ink'
import { createElement as h, Fragment, type ReactNode } from 'react'
import type { Keys, Terminal } from './live.ts'

export interface Drawn {
  /** Printed once, above the rows; they scroll away. Only appended to. */
  readonly above: readonly string[]
  readonly rows: readonly string[]
}

export interface Canvas {
  draw(drawn: Drawn): void
  /** Take the rows away, show the cursor, give the keyboard back. */
  close(): void
}

export interface CanvasOptions {
  readonly terminal: Terminal
  /** null: nobody can press a key. */
  readonly keys: Keys | null
  readonly onKey: (key: string) => void
  /** Every frame at once and whole, for tests. */
  readonly debug?: boolean
}

const MOST_FPS = 10

export function openCanvas({ terminal, keys, onKey, debug = false }: CanvasOptions): Canvas {
  let last: Drawn = { above: [], rows: [] }
  const frame = (drawn: Drawn) => h(Frame, { ...drawn, onKey, listening: keys !== null })
  const ink = render(frame(last), {
    stdout: streamOf(terminal),
    ...(keys ? { stdin: keys } : {}),
    exitOnCtrlC: false, // ours: the first one asks, the second one kills
    patchConsole: false,
    maxFps: MOST_FPS,
    debug,
  })
  return {
    draw: (drawn) => {
      last = drawn
      ink.rerender(frame(drawn))
    },
    close: () => {
      ink.rerender(frame({ above: last.above, rows: [] }))
      ink.unmount()
    },
  }
}

function Frame(props: Drawn & { onKey: (key: string) => void; listening: boolean }): ReactNode {
  const rows = props.rows.map((row, i) => h(Text, { key: i, wrap: 'truncate' }, row))
  const above = { items: [...props.above], children: (line: string, i: number) => h(Text, { key: i }, line) }
  return h(Fragment, null, h(Static<string>, above), ...rows, props.listening && h(Keyboard, { onKey: props.onKey }))
}

const NAMED = {
  upArrow: 'up',
  downArrow: 'down',
  pageUp: 'pageup',
  pageDown: 'pagedown',
  home: 'home',
  end: 'end',
  return: 'return',
  escape: 'escape',
} as const

/** Of keys that came in one piece with others. */
const CHARACTERS: Readonly<Record<string, string>> = { '\u0003': 'ctrl-c', '\r': 'return', '\n': 'return' }

function Keyboard({ onKey }: { onKey: (key: string) => void }): ReactNode {
  useInput((input, key) => {
    if (key.ctrl) return onKey(input === 'c' ? 'ctrl-c' : '')
    for (const [flag, name] of Object.entries(NAMED)) if (key[flag as keyof typeof NAMED]) return onKey(name)
    // Keys that came in one piece (a fast typist, a paste).
    for (const char of input) onKey(CHARACTERS[char] ?? char)
  })
  return null
}

/**
 * Ink clears the whole screen, scrollback included, when a frame is as tall as the terminal. Ours never is, and after a
 * resize we draw anew, so that ink need not know the height nor hear of resizes.
 */
function streamOf(terminal: Terminal): NodeJS.WriteStream {
  const write = (text: string, done?: () => void) => {
    terminal.write(inPlace(text))
    done?.()
    return true
  }
  const stream = { columns: terminal.columns, rows: 100_000, isTTY: true, write }
  const deaf = { on: () => stream, off: () => stream, removeListener: () => stream }
  return Object.assign(stream, deaf) as unknown as NodeJS.WriteStream
}

const ERASE_LINE = '\u001B[2K'
const ERASE_TO_END = '\u001B[K'
const ERASE_BELOW = '\u001B[J'

/** Ink blanks its old lines before it writes the new ones, which flickers; written over the old ones they do not. */
export function inPlace(text: string): string {
  if (!text.includes('\n')) return text.replaceAll(ERASE_LINE, '')
  return text.replaceAll(ERASE_LINE, '').replaceAll('\n', `${ERASE_TO_END}\n`) + ERASE_BELOW
}
