/** The callbacks by name. A new one is a function here and a line in the map; `options` is its schema and its defaults. */
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../lib/errors.ts'
import { type Callback, type CallbackFactory, type CallbackPlace, type EpochRecord, watched } from './callback.ts'
import { historyHeader, historyLine } from './history.ts'
import { type EventFile, startEventFile } from './tensorboard.ts'

type Options = Readonly<Record<string, number | boolean | string>>

interface CallbackKind {
  readonly about: string
  /** Name → default; a value given must have the default's type. Numbers must not be negative. */
  readonly options: Options
  readonly create: (options: any, place: CallbackPlace) => Callback
}

export const callbacks = {
  EarlyStopping: {
    about: 'ends training after `patience` epochs without a watched loss lower by `min_delta`',
    options: { patience: 10, min_delta: 0 },
    create: earlyStopping,
  },
  ModelCheckpoint: {
    about:
      'saves a checkpoint (it holds the best weights too) every `every` epochs, and at each new best where `best` is true',
    options: { every: 10, best: false },
    create: modelCheckpoint,
  },
  ReduceLROnPlateau: {
    about: 'multiplies the learning rate by `factor` after `patience` epochs without a better watched loss',
    options: { patience: 5, factor: 0.5, min_delta: 0, cooldown: 0 },
    create: reduceOnPlateau,
  },
  CSVLogger: {
    about: 'writes one line an epoch to the file `path` of the stage output',
    options: { path: 'history.csv' },
    create: csvLogger,
  },
  TensorBoard: {
    about: 'writes losses and learning rate as event files into the folder that the log names',
    options: {},
    create: tensorBoard,
  },
} satisfies Record<string, CallbackKind>

/** By `name` with its options, or by `file`: a user's own. */
export type CallbackRequest = Readonly<Record<string, unknown>> & { readonly name?: string; readonly file?: string }

/** One mistake in a list of requests; `path` starts at the list. */
export interface CallbackProblem {
  readonly path: readonly (string | number)[]
  readonly message: string
  readonly hint: string
}

/** Everything that is wrong with the requests, before anything runs. */
export function checkCallbacks(requests: readonly CallbackRequest[]): CallbackProblem[] {
  const known: Readonly<Record<string, CallbackKind>> = callbacks
  return requests.flatMap((request, i) => {
    if ((request.name === undefined) === (request.file === undefined))
      return [
        {
          path: [i],
          message: 'a callback has either a name or a file',
          hint: `names: ${Object.keys(known).join(', ')}`,
        },
      ]
    if (request.name === undefined) return []
    const kind = known[request.name]
    if (!kind) {
      const message = `there is no callback "${request.name}"`
      return [{ path: [i, 'name'], message, hint: `write one of: ${Object.keys(known).join(', ')}` }]
    }
    return Object.entries(request).flatMap(([key, value]) => {
      if (key === 'name') return []
      const standard = kind.options[key]
      if (standard === undefined) {
        const message = `${request.name} has no option "${key}"`
        return [{ path: [i, key], message, hint: `it has: ${Object.keys(kind.options).join(', ')}` }]
      }
      const fits = typeof value === typeof standard && !(typeof value === 'number' && !(value >= 0))
      if (fits) return []
      const expected = typeof standard === 'number' ? 'a number from 0 up' : `a ${typeof standard}`
      return [
        {
          path: [i, key],
          message: `${request.name} ${key} must be ${expected}, got ${JSON.stringify(value)}`,
          hint: '',
        },
      ]
    })
  })
}

/**
 * @param own what makes the callbacks of the user's files, by file
 * @throws UserError for what checkCallbacks would report
 */
export function createCallback(
  request: CallbackRequest,
  place: CallbackPlace,
  own: ReadonlyMap<string, CallbackFactory> = new Map(),
): Callback {
  const [problem] = checkCallbacks([request])
  if (problem) throw new UserError(problem.message, { hint: problem.hint })
  if (request.file !== undefined) {
    const { file, ...options } = request
    return own.get(file)!(options)
  }
  const kind: CallbackKind = callbacks[request.name as keyof typeof callbacks]
  return kind.create({ ...kind.options, ...request }, place)
}

function earlyStopping({ patience, min_delta }: { patience: number; min_delta: number }): Callback {
  let best = Infinity
  let waited = 0
  return {
    name: 'EarlyStopping',
    onEpochEnd: (epoch, control) => {
      if (watched(epoch) < best - min_delta) {
        best = watched(epoch)
        waited = 0
      } else if (++waited >= patience) control.stop(`no better loss for ${patience} epochs`)
    },
  }
}

function modelCheckpoint({ every, best }: { every: number; best: boolean }): Callback {
  return {
    name: 'ModelCheckpoint',
    onEpochEnd: ({ epoch }, control) => {
      if ((every > 0 && epoch % every === 0) || (best && control.improved)) control.saveCheckpoint()
    },
  }
}

function reduceOnPlateau(options: { patience: number; factor: number; min_delta: number; cooldown: number }): Callback {
  let best = Infinity
  let waited = 0
  let resting = 0
  return {
    name: 'ReduceLROnPlateau',
    onEpochEnd: (epoch, control) => {
      if (resting > 0) {
        resting--
        waited = 0
      }
      if (watched(epoch) < best - options.min_delta) {
        best = watched(epoch)
        waited = 0
      } else if (resting === 0 && ++waited >= options.patience) {
        control.scaleLearningRate(options.factor)
        resting = options.cooldown
        waited = 0
      }
    },
  }
}

/** Appends as epochs end, so that the file can be watched; the whole of it depends on the history only. */
function csvLogger({ path }: { path: string }, place: CallbackPlace): Callback {
  const seen: EpochRecord[] = []
  let started = false
  const start = () => {
    if (!started) writeFileSync(place.out(path), [historyHeader, ...seen.map(historyLine)].join('\n') + '\n')
    started = true
  }
  return {
    name: 'CSVLogger',
    onEpochEnd: (epoch, control) => {
      if (started) appendFileSync(place.out(path), `${historyLine(epoch)}\n`)
      else {
        seen.push(epoch)
        if (!control.replayed) start()
      }
    },
    onTrainEnd: start,
  }
}

/**
 * One file for training and one for validation, with Keras' tags. When a training continues the files are started anew with
 * the finished epochs in them, because steps that stand in two files are drawn twice.
 */
function tensorBoard(_: unknown, { logs, about, log }: CallbackPlace): Callback {
  const past: EpochRecord[] = []
  let files: { train: EventFile; validation: EventFile | null } | null = null
  const write = ({ epoch, loss, val_loss, learning_rate }: EpochRecord) => {
    files!.train.scalar('epoch_loss', loss, epoch)
    files!.train.scalar('epoch_learning_rate', learning_rate, epoch)
    if (val_loss !== null) files!.validation?.scalar('epoch_loss', val_loss, epoch)
  }
  const start = (folder: string, validated: boolean) => {
    const train = startEventFile(join(folder, 'train'))
    files = { train, validation: validated ? startEventFile(join(folder, 'validation')) : null }
    if (about) train.text('about', about, 0)
    for (const record of past) write(record)
    log?.('info', `TensorBoard: tensorboard --logdir ${folder}`)
  }
  return {
    name: 'TensorBoard',
    onEpochEnd: (record, control) => {
      if (files) write(record)
      else {
        past.push(record)
        if (logs && !control.replayed) start(logs, record.val_loss !== null)
      }
    },
    onTrainEnd: (history) => {
      if (!logs) log?.('warn', 'TensorBoard: there is no folder for event files here')
      else if (!files && history.length > 0) start(logs, history[0]!.val_loss !== null)
    },
  }
}
