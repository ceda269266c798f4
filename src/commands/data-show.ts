/** `kpipe data show NAME|FOLDER`: layout, licence, citation, labels, splits, what is odd, and which models it can serve. */
import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { type CatalogueEntry, catalogue, isCatalogueId } from '../data/catalogue.ts'
import { layouts } from '../data/layouts/index.ts'
import type { Room, ValidationReport } from '../data/manifest.ts'
import { glanceFolder } from '../data/survey.ts'
import { lacks } from '../features/needs.ts'
import type { Io } from '../io.ts'
import { modelDefaults } from '../models/config.ts'
import type { DataOptions } from './data.ts'
import { setsIn } from './data-list.ts'
import { placeOf, presentData, titleOf } from './data-place.ts'

type Facts = Readonly<Record<string, unknown>>

export async function dataShow(options: DataOptions, io: Io): Promise<number> {
  const [word] = options.words
  const folder = word !== undefined && statSync(resolve(io.cwd, word), { throwIfNoEntry: false })?.isDirectory()
  const facts =
    word !== undefined && !folder && isCatalogueId(word) ? setFacts(catalogue[word], io) : await folderFacts(word, io)
  if (options.json) io.out(`${JSON.stringify(facts, null, 2)}\n`)
  else io.out(factText(facts, io.columns))
  return 0
}

function setFacts(entry: CatalogueEntry, io: Io): Facts {
  const { id, title, licence, citation, homepage, labels, labelRange, splits, quirks, files, manual, rooms } = entry
  const scaled = labelRange && (labelRange.low !== -1 || labelRange.high !== 1)
  const here = presentData(io.cwd).filter(({ source }) => source.name === id)
  const labelled = labelRange !== null
  return {
    name: id,
    title,
    licence,
    citation,
    homepage,
    layout: layouts[entry.layout].shape,
    rooms: rooms.join(', '),
    labels: scaled
      ? `${labels}, ${labelRange.low} … ${labelRange.high} scaled to -1 … 1; outside of it refused`
      : labels,
    split: splits,
    quirks,
    models: modelsFor((room) => ({ found: Number(rooms.includes(room)), labelled: Number(labelled) })),
    files: files.map(({ name, url, bytes, checksumFrom }) => {
      return `${url ?? `${name}, by hand: ${manual}`}${bytes === null ? '' : ` (${Math.ceil(bytes / 1e6)} MB)`}; checksum: ${checksumFrom}`
    }),
    'at hand': here.length > 0 ? here.map(({ stage }) => stage).join(', ') : `no: kpipe run --set data=${id} download`,
  }
}

async function folderFacts(word: string | undefined, io: Io): Promise<Facts> {
  const folder = placeOf(word, io)
  const root = presentData(io.cwd).some(({ path }) => path === folder) ? `${folder}/data` : folder
  const reading = await glanceFolder(root)
  const sets = setsIn(reading, titleOf(folder))
  const inRoom = (room: Room) => reading.examples.filter((example) => example.room === room)
  const splits = new Set(
    reading.examples.flatMap(({ facts }) => (typeof facts.split === 'string' && facts.split ? [facts.split] : [])),
  )
  return {
    name: word,
    title: titleOf(folder),
    sets: sets.map(({ path, layout, items, labelled, licence }) => {
      const counts = Object.entries(items).map(([room, count]) => `${count} ${room}`)
      const said = [counts.join(', '), labelled > 0 ? `${labelled} labelled` : '', licence].filter(Boolean)
      return `${path} (${layout}): ${said.join('; ')}`
    }),
    layout: [...new Set(reading.parts.map(({ layout }) => layouts[layout].shape))],
    split: splits.size > 0 ? `the data's own: ${[...splits].sort().join(', ')}` : 'none of its own',
    'left out': Object.entries(tally(reading.dropped.map(({ fault }) => fault.code))).map(
      ([code, count]) => `${count} ${code}`,
    ),
    mistakes: reading.unreadable.map(({ path, message }) => `${path}: ${message}`),
    notes: reading.notes,
    quirks: reading.parts.flatMap(
      ({ layout }) => Object.values(catalogue).find((entry) => entry.layout === layout)?.quirks ?? [],
    ),
    models: modelsFor((room) => ({
      found: inRoom(room).length,
      labelled: inRoom(room).filter(({ emotion }) => emotion).length,
    })),
  }
}

/** Which of the Kelly models find something to learn from, and what the others lack. */
function modelsFor(count: (room: Room) => { found: number; labelled: number }): string[] {
  const rooms: readonly Room[] = ['audio', 'midi', 'chords', 'drums']
  const counts = Object.fromEntries(
    rooms.map((room) => {
      const { found, labelled } = count(room)
      return [room, { found, kept: found, dropped: 0, labelled: found > 0 ? labelled : 0 }]
    }),
  ) as unknown as ValidationReport['counts']
  return Object.entries(modelDefaults).map(([name, { feature }]) => {
    const what = lacks(feature, counts)
    return what ? `${name}: no (${what})` : `${name}: yes`
  })
}

function tally(words: readonly string[]): Record<string, number> {
  const found: Record<string, number> = {}
  for (const word of words) found[word] = (found[word] ?? 0) + 1
  return found
}

/** `name      value`, lists one item a line, long lines broken at blanks. */
function factText(facts: Facts, width: number): string {
  const entries = Object.entries(facts).filter(
    ([, value]) => value !== '' && !(Array.isArray(value) && value.length === 0),
  )
  const left = Math.max(...entries.map(([name]) => name.length)) + 2
  const lines = entries.flatMap(([name, value]) => {
    const texts = (Array.isArray(value) ? value : [value]).flatMap((one) => broken(String(one), width - left))
    return texts.map((text, i) => (i === 0 ? name.padEnd(left) : ' '.repeat(left)) + text)
  })
  return `${lines.join('\n')}\n`
}

function broken(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line && line.length + 1 + word.length > Math.max(30, width)) {
      lines.push(line)
      line = `  ${word}`
    } else line = line ? `${line} ${word}` : word
  }
  return [...lines, line]
}
