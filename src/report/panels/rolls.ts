/** Piano rolls: MIDI that stages made, and examples of the MIDI that models learn from. */
import { DRUM_CHANNEL } from '../../midi/notes.ts'
import { type Notes, readMidi } from '../../midi/read.ts'
import { pianoRoll, type RollNote } from '../../plot/piano-roll.ts'
import { chooseExamples, emotionText } from '../examples.ts'
import { html, plots } from '../html.ts'
import type { Panel, Report } from '../report.ts'

const SECONDS = 8
const MADE = 12
const EXAMPLES = { midi: 4, drums: 2 } as const

export const rolls: Panel = {
  title: 'Piano rolls',
  about: `The first ${SECONDS} seconds: stronger colour is louder, colours are tracks; drums have a line for every sound.`,
  draw: (report) => {
    const made = madeMidi(report)
    const shown = (['midi', 'drums'] as const).flatMap((room) =>
      chooseExamples(report, room, EXAMPLES[room]).flatMap(({ example, bytes, generated }) => {
        const about = `${emotionText(example.emotion)}${generated ? ', generated' : ''}`
        return draw(bytes, example.id, `${example.id.replace(/^.*\//, '')}: ${about}`) ?? []
      }),
    )
    return [
      made.length > 0 ? `<h3>Made by stages</h3>\n${plots(made)}` : '',
      shown.length > 0 ? `<h3>${html('Examples of the data')}</h3>\n${plots(shown)}` : '',
    ]
      .join('\n')
      .trim()
  },
}

/** Of every stage but those that bring the data in. */
function madeMidi(report: Report): string[] {
  const files = report.stages.flatMap((stage) =>
    stage.files
      .filter(({ path }) => /\.midi?$/i.test(path) && !path.startsWith('data/'))
      .map(({ path }) => ({ stage, path })),
  )
  return files.slice(0, MADE).flatMap(({ stage, path }) => {
    const bytes = stage.read(path)
    return bytes ? (draw(bytes, path, `${stage.id}: ${path}`) ?? []) : []
  })
}

/** Null where the file cannot be read (validate has said so). */
function draw(bytes: Uint8Array, path: string, title: string): string | null {
  let notes: Notes
  try {
    notes = readMidi(bytes, path, { repair: true }).notes
  } catch {
    return null
  }
  const list = toList(notes)
  const drums = list.length > 0 && list.every((_, i) => notes.channel[i] === DRUM_CHANNEL)
  return pianoRoll({
    title,
    notes: list,
    seconds: SECONDS,
    pitchName: drums ? drumName : noteName,
    compact: drums,
    xLabel: 's',
    width: 526,
  })
}

function toList(notes: Notes): RollNote[] {
  const tracks = [...new Set(notes.track)].sort((a, b) => a - b)
  return Array.from({ length: notes.length }, (_, i) => ({
    start: notes.startSeconds[i]!,
    duration: notes.durationSeconds[i]!,
    pitch: notes.pitch[i]!,
    velocity: notes.velocity[i]!,
    voice: tracks.indexOf(notes.track[i]!),
  }))
}

const NAMES = ['C', 'C#', 'D', 'D#', 'E', 'F', 'F#', 'G', 'G#', 'A', 'A#', 'B']

/** 60 = C4 */
const noteName = (pitch: number): string => `${NAMES[pitch % 12]}${Math.floor(pitch / 12) - 1}`

/** General MIDI percussion, the common part of it. */
const DRUMS: Readonly<Record<number, string>> = {
  35: 'kick 2',
  36: 'kick',
  37: 'side stick',
  38: 'snare',
  39: 'clap',
  40: 'snare 2',
  41: 'low tom 2',
  42: 'closed hat',
  43: 'low tom',
  44: 'pedal hat',
  45: 'mid tom 2',
  46: 'open hat',
  47: 'mid tom',
  48: 'high tom 2',
  49: 'crash',
  50: 'high tom',
  51: 'ride',
  52: 'china',
  53: 'ride bell',
  54: 'tambourine',
  55: 'splash',
  56: 'cowbell',
  57: 'crash 2',
  59: 'ride 2',
}

const drumName = (pitch: number): string => DRUMS[pitch] ?? `sound ${pitch}`
