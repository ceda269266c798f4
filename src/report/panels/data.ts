/** What the models learn from: counts, what was left out and why, where the labels lie. */
import type { Room, ValidationReport } from '../../data/manifest.ts'
import { binValues, histogram } from '../../plot/histogram.ts'
import { scatterPlot } from '../../plot/scatter.ts'
import { seconds } from '../../reporters/text.ts'
import { details, html, plots, table } from '../html.ts'
import { type Panel, reportsOf } from '../report.ts'

const ROOMS: readonly Room[] = ['audio', 'midi', 'chords', 'drums']
/** Dropped files told one by one; validation.txt has all. */
const MOST_TOLD = 40
const MOST_DOTS = 3000
const SQUARE = { min: -1, max: 1 }

export const data: Panel = {
  title: 'Data',
  about:
    'Files and labels that are used, how long they are, those that are not used with the cause, and how the labels are spread.',
  draw: (report) =>
    reportsOf<ValidationReport>(report, 'validation.json', 'kpipe-validation/1')
      .map(({ data: validation }) =>
        [source(validation), counts(validation), labels(validation), lengths(validation), faults(validation)].join(
          '\n',
        ),
      )
      .join('\n'),
}

function source({ source: { title, name, licence, citation, url, generated } }: ValidationReport): string {
  const facts = [licence ? `licence ${licence}` : '', citation, url].filter(Boolean).map(html).join(' · ')
  const word = generated ? ' <strong class="warn">generated, not recorded</strong>' : ''
  return `<p>${html(title || name)}${word}${facts ? ` <span class="quiet">(${facts})</span>` : ''}</p>`
}

function counts({ counts: rooms, examples, warnings }: ValidationReport): string {
  const used = ROOMS.filter((room) => rooms[room]?.found > 0)
  const row = (name: string, keys: readonly Room[]) => {
    const sum = (key: 'found' | 'kept' | 'dropped' | 'labelled') =>
      keys.reduce((all, room) => all + rooms[room][key], 0)
    const strange = warnings.filter((warning) => keys.includes(warning.room)).length
    const long = lengthsOf(examples, keys)
    const figures = [sum('found'), sum('kept'), sum('dropped'), sum('labelled'), strange].map(String)
    return [name, ...figures, ...(long.length > 0 ? [seconds(total(long)), span(long)] : ['', ''])]
  }
  const number = (name: string) => ({ name, numeric: true })
  const heads = ['found', 'kept', 'left out', 'labelled', 'warnings', 'length in all', 'shortest · median · longest']
  return table(['', ...heads.map(number)], [...used.map((room) => row(room, [room])), row('all', used)])
}

/** Seconds, rising; none where an older kpipe wrote the report, and of chords. */
const lengthsOf = (examples: ValidationReport['examples'], rooms: readonly Room[]): number[] =>
  examples
    .flatMap((example) => (rooms.includes(example.room) && example.seconds !== undefined ? [example.seconds] : []))
    .sort((a, b) => a - b)

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0)
const span = (rising: readonly number[]): string =>
  [rising[0]!, rising[Math.floor(rising.length / 2)]!, rising.at(-1)!].map(seconds).join(' · ')

function lengths({ examples }: ValidationReport): string {
  const pictures = ROOMS.flatMap((room, color) => {
    const found = lengthsOf(examples, [room])
    if (found.length === 0) return []
    const bins = binValues(found, 24)
    const title = `Length of ${ROOM_WORDS[room]}`
    return [histogram({ title, xLabel: 'seconds', yLabel: 'files', ...bins, color, width: 346, height: 190 })]
  })
  return pictures.length > 0 ? plots(pictures) : ''
}

const ROOM_WORDS: Readonly<Record<Room, string>> = {
  audio: 'recordings',
  midi: 'MIDI files',
  chords: 'progressions',
  drums: 'drum files',
}

function labels({ examples }: ValidationReport): string {
  const groups = ROOMS.map((room) => {
    const labelled = examples.filter((example) => example.room === room && example.emotion)
    // One dot in so many: a hundred thousand of them make no other picture, only a file of 20 MB.
    const every = Math.ceil(labelled.length / MOST_DOTS)
    const shown = labelled.filter((_, i) => i % every === 0)
    const points = shown.map(({ id, emotion }) => ({ x: emotion!.valence, y: emotion!.arousal, label: id }))
    return { name: `${room} (${labelled.length})`, points }
  }).filter((group) => group.points.length > 0)
  const all = groups.flatMap((group) => group.points)
  if (all.length === 0) return '<p class="quiet">No file carries an emotion label.</p>'
  const square = scatterPlot({
    title: 'Emotion labels',
    xLabel: 'valence',
    yLabel: 'arousal',
    groups,
    xRange: SQUARE,
    yRange: SQUARE,
    cross: true,
    width: 380,
    height: 360,
  })
  const spread = (title: string, values: readonly number[], color: number) =>
    histogram({ title, yLabel: 'files', ...binValues(values, 16), color, width: 320, height: 170 })
  const valence = spread(
    'Valence',
    all.map((point) => point.x),
    0,
  )
  const arousal = spread(
    'Arousal',
    all.map((point) => point.y),
    1,
  )
  return plots([square, `${valence}${arousal}`])
}

function faults({ dropped, warnings }: ValidationReport): string {
  const lines = (items: ValidationReport['dropped']) =>
    table(
      ['file', 'cause', 'what'],
      items
        .slice(0, MOST_TOLD)
        .map(({ id, fault }) => [
          html(id),
          `<code>${html(fault.code)}</code>`,
          html(
            `${fault.offset === null ? '' : `byte ${fault.offset}: `}${fault.message}${fault.hint ? ` (${fault.hint})` : ''}`,
          ),
        ]),
    ) +
    (items.length > MOST_TOLD ? `<p class="quiet">… and ${items.length - MOST_TOLD} more in validation.txt</p>` : '')
  const sorts = (items: ValidationReport['dropped']) => {
    const found = new Map<string, number>()
    for (const { fault } of items) found.set(fault.code, (found.get(fault.code) ?? 0) + 1)
    return [...found].map(([code, count]) => `${count} ${code}`).join(', ')
  }
  return [
    dropped.length > 0 ? details(`${dropped.length} left out: ${sorts(dropped)}`, lines(dropped)) : '',
    warnings.length > 0
      ? details(`${warnings.length} kept, but worth a look: ${sorts(warnings)}`, lines(warnings))
      : '',
  ].join('')
}
