/** `kpipe data list [folder…]`: the catalogue, what of it is at hand, and the data sets in folders. */
import { catalogue, describeDatasets } from '../data/catalogue.ts'
import type { DataReading } from '../data/examples.ts'
import type { Room } from '../data/manifest.ts'
import { glanceFolder } from '../data/survey.ts'
import type { Io } from '../io.ts'
import { columns } from '../reporters/text.ts'
import type { DataOptions } from './data.ts'
import { placeOf, presentData, titleOf } from './data-place.ts'

/** A data set in a folder. */
interface FoundSet {
  readonly path: string
  readonly layout: string
  readonly items: Readonly<Partial<Record<Room, number>>>
  readonly labelled: number
  readonly licence: string
}

export async function dataList(options: DataOptions, io: Io): Promise<number> {
  if (options.words.length > 0) return listFolders(options, io)
  const present = presentData(io.cwd)
  const known = describeDatasets().map(({ name, title, rooms, size, licence }) => {
    const here = present.filter(({ source }) => source.name === name).map(({ stage }) => stage)
    return { name: name!, title: title!, rooms: rooms!, download: size!, licence: licence!, here }
  })
  const own = present.filter(({ source }) => source.name === 'local')
  if (options.json) {
    const atHand = present.map(({ source, stage, path }) => ({
      name: source.name,
      title: source.title,
      licence: source.licence,
      stage,
      path,
    }))
    io.out(`${JSON.stringify({ catalogue: known, at_hand: atHand }, null, 2)}\n`)
    return 0
  }
  const head = ['name', 'what', 'rooms', 'download', 'licence', 'at hand']
  const rows = known.map(({ name, title, rooms, download, licence, here }) => [
    name,
    title,
    rooms,
    download,
    licence,
    here.join(', '),
  ])
  const parts = [columns([head, ...rows], io.columns).join('\n')]
  if (own.length > 0)
    parts.push(
      [
        'your own, at hand',
        ...columns(
          own.map(({ source, stage }) => [`  ${source.title}`, source.licence, stage]),
          io.columns,
        ),
      ].join('\n'),
    )
  parts.push('kpipe data show NAME tells more of one; kpipe data list FOLDER looks into a folder.')
  io.out(`${parts.join('\n\n')}\n`)
  return 0
}

async function listFolders(options: DataOptions, io: Io): Promise<number> {
  const found: Record<string, FoundSet[]> = {}
  for (const word of options.words) {
    const folder = placeOf(word, io)
    found[word] = setsIn(await glanceFolder(folder), titleOf(folder))
  }
  if (options.json) {
    io.out(`${JSON.stringify(found, null, 2)}\n`)
    return 0
  }
  for (const [word, sets] of Object.entries(found)) io.out(folderText(word, sets, io.columns))
  return 0
}

export function setsIn(reading: DataReading, title: string): FoundSet[] {
  return reading.parts.map(({ path, layout }) => {
    const mine = reading.examples.filter((example) => (example.part ?? '') === path)
    const items: Partial<Record<Room, number>> = {}
    for (const { room } of mine) items[room] = (items[room] ?? 0) + 1
    const entry = Object.values(catalogue).find((one) => one.layout === layout)
    return {
      path: path || title,
      layout,
      items,
      labelled: mine.filter(({ emotion }) => emotion).length,
      licence: entry?.licence ?? '',
    }
  })
}

function folderText(word: string, sets: readonly FoundSet[], width: number): string {
  if (sets.length === 0) return `${word}: no music in a layout that kpipe knows\n`
  const head = ['set', 'layout', 'items', 'labelled', 'licence of the publisher']
  const rows = sets.map(({ path, layout, items, labelled, licence }) => {
    const counts = Object.entries(items).map(([room, count]) => `${count} ${room}`)
    return [path, layout, counts.join(', '), labelled > 0 ? String(labelled) : '', licence]
  })
  return `${columns([head, ...rows], width).join('\n')}\n`
}
