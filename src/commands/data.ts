/** `kpipe data list|show|stats|sample`: data sets known by name, and folders of music as they lie. Only looks. */
import type { Io } from '../io.ts'
import { UserError } from '../lib/errors.ts'
import { nearest } from '../lib/nearest.ts'

export interface DataOptions {
  /** The words after the verb. */
  readonly words: readonly string[]
  readonly json: boolean
  /** sample: items to draw. */
  readonly items: number
  /** sample */
  readonly seed: string
  /** stats, sample: one room, or ''. */
  readonly room: string
}

type Verb = (options: DataOptions, io: Io) => Promise<number>

const VERBS: Readonly<Record<string, () => Promise<Verb>>> = {
  list: async () => (await import('./data-list.ts')).dataList,
  show: async () => (await import('./data-show.ts')).dataShow,
  stats: async () => (await import('./data-stats.ts')).dataStats,
  sample: async () => (await import('./data-sample.ts')).dataSample,
}

export async function dataCommand(options: DataOptions, io: Io): Promise<number> {
  const [verb = '', ...words] = options.words
  if (!Object.hasOwn(VERBS, verb)) {
    const near = verb ? nearest(verb, Object.keys(VERBS)) : ''
    throw new UserError(verb ? `data has no command ${verb}` : 'kpipe data what?', {
      hint: near
        ? `did you mean kpipe data ${near}?`
        : `one of ${Object.keys(VERBS).join(', ')}; kpipe help data says more`,
      exitCode: 2,
    })
  }
  if (options.room && !ROOMS.includes(options.room))
    throw new UserError(`there is no room ${options.room}`, { hint: `one of ${ROOMS.join(', ')}`, exitCode: 2 })
  return (await VERBS[verb]!())({ ...options, words }, io)
}

const ROOMS = ['audio', 'midi', 'chords', 'drums']
