/** `kpipe data sample NAME|FOLDER`: a few items drawn by seed, with labels and a sketch of what they sound like. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Example } from '../data/manifest.ts'
import type { Io } from '../io.ts'
import { DataError, formatFault, UserError } from '../lib/errors.ts'
import { random } from '../lib/random.ts'
import { rollLines, waveLines } from '../reporters/blocks.ts'
import { seconds } from '../reporters/text.ts'
import type { DataOptions } from './data.ts'
import { placeOf } from './data-place.ts'

/** Seconds of an item that a sketch shows. */
const SECONDS = 8
const ROLL_LINES = 8
const WAVE_LINES = 3

interface Sampled {
  readonly example: Example
  readonly seconds: number | null
  /** Notes, or chords; null for audio. */
  readonly notes: number | null
  /** Why it cannot be read, or ''. */
  readonly fault: string
  readonly sketch: readonly string[]
}

export async function dataSample(options: DataOptions, io: Io): Promise<number> {
  const { surveyFolder } = await import('../data/survey.ts')
  const { root, reading } = await surveyFolder(placeOf(options.words[0], io))
  const rooms = [...new Set(reading.examples.map(({ room }) => room))].filter(
    (room) => !options.room || room === options.room,
  )
  if (rooms.length === 0)
    throw new UserError(`${options.words[0]} has no ${options.room || 'music'}`, {
      hint: 'kpipe data stats tells what it has',
      exitCode: 2,
    })
  // Each room by itself, so that a thousand files of one do not hide the ten of another.
  const drawn = rooms.flatMap((room) =>
    draw(
      reading.examples.filter((example) => example.room === room),
      options.items,
      `${options.seed}:${room}`,
    ),
  )
  const items: Sampled[] = []
  for (const example of drawn) items.push(await sampled(root, example, io))
  if (options.json) {
    const facts = items.map(({ example, sketch: _, ...more }) => ({ ...example, ...more }))
    io.out(`${JSON.stringify(facts, null, 2)}\n`)
  } else io.out(items.map(itemText).join('\n'))
  return 0
}

/** In the order in which they stand in the data. */
function draw(examples: readonly Example[], count: number, seed: string): Example[] {
  const order = random(seed).shuffle(Uint32Array.from(examples.keys()))
  return [...order.subarray(0, count)].sort((a, b) => a - b).map((index) => examples[index]!)
}

async function sampled(root: string, example: Example, io: Io): Promise<Sampled> {
  try {
    return await opened(root, example, io)
  } catch (error) {
    if (!(error instanceof DataError)) throw error
    return { example, seconds: null, notes: null, fault: formatFault(error.fault), sketch: [] }
  }
}

async function opened(root: string, example: Example, io: Io): Promise<Sampled> {
  const width = Math.min(72, io.columns) - 4
  if (example.room === 'chords') {
    const chords = (example.facts.chords as string[] | undefined) ?? []
    return { example, seconds: null, notes: chords.length, fault: '', sketch: chordLines(chords, width) }
  }
  const bytes = readFileSync(join(root, example.id))
  if (example.room === 'audio') {
    const [{ decodeAudio }, { toMono }] = await Promise.all([
      import('../audio/decode.ts'),
      import('../audio/signal.ts'),
    ])
    const audio = await decodeAudio(bytes, example.id)
    const mono = toMono(audio)
    const shown = mono.subarray(0, Math.round(SECONDS * audio.sampleRate))
    const sketch = waveLines(shown, { width, height: WAVE_LINES, unicode: io.unicode })
    return { example, seconds: mono.length / audio.sampleRate, notes: null, fault: '', sketch }
  }
  const [{ readMidi }, { endOfNotes }] = await Promise.all([import('../midi/read.ts'), import('../midi/notes.ts')])
  const { notes } = readMidi(bytes, example.id)
  const first = notes.length > 0 ? Math.min(...notes.startSeconds.subarray(0, notes.length)) : 0
  const list = Array.from({ length: notes.length }, (_, i) => {
    return { start: notes.startSeconds[i]! - first, duration: notes.durationSeconds[i]!, pitch: notes.pitch[i]! }
  })
  const size = { seconds: SECONDS, width, height: ROLL_LINES, unicode: io.unicode }
  return { example, seconds: endOfNotes(notes), notes: notes.length, fault: '', sketch: rollLines(list, size) }
}

/** `C  Am  F  G`, three lines at most. */
function chordLines(chords: readonly string[], width: number): string[] {
  const lines = ['']
  for (const chord of chords) {
    const line = lines.at(-1)!
    if (line.length + chord.length + 2 <= width) lines[lines.length - 1] = line ? `${line}  ${chord}` : chord
    else if (lines.length < 3) lines.push(chord)
    else {
      lines[lines.length - 1] = `${line} …`
      break
    }
  }
  return lines
}

const QUIET = new Set(['chords', 'name', 'roman', 'moods'])
const MOST_FACTS = 6

function itemText({ example, seconds: long, notes, fault, sketch }: Sampled): string {
  const { room, id, source, emotion, facts, part } = example
  const label = emotion ? `valence ${emotion.valence.toFixed(2)}, arousal ${emotion.arousal.toFixed(2)}` : 'no emotion'
  const length = [
    long === null ? '' : seconds(long),
    notes === null ? '' : `${notes} ${room === 'chords' ? 'chords' : 'notes'}`,
  ]
  const known = Object.entries(facts).filter(
    ([name, value]) => !QUIET.has(name) && ['string', 'number'].includes(typeof value) && value !== '',
  )
  const said = known.slice(0, MOST_FACTS).map(([name, value]) => `${name} ${String(value).slice(0, 40)}`)
  const lines = [
    `${room}  ${id}`,
    `  ${[...length.filter(Boolean), label].join(', ')}`,
    `  song: ${source}${part ? ` (set ${part})` : ''}`,
    ...(said.length > 0 ? [`  ${said.join(', ')}`] : []),
    ...(fault ? [`  cannot be read: ${fault}`] : []),
    ...sketch.map((line) => `  ${line}`),
  ]
  return `${lines.join('\n')}\n`
}
