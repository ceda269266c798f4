import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { callbacks, checkCallbacks, createCallback, type CallbackRequest } from '../../src/train/callbacks.ts'
import { historyJson } from '../../src/train/history.ts'
import { replay } from '../../src/train/resume.ts'

const nowhere = { out: () => '' }

/** Shows a made-up loss curve to one callback; says when it stopped, the rate factor after each epoch and what it saved. */
function show(request: CallbackRequest, losses: readonly number[], place = nowhere) {
  const run = replay([createCallback(request, place)], [])
  const factors: number[] = []
  const saved: number[] = []
  for (const [i, loss] of losses.entries()) {
    run.tell({ epoch: i + 1, loss: 1, val_loss: loss, learning_rate: 0.1 }, false)
    factors.push(run.rateFactor)
    if (run.takeCheckpointRequest()) saved.push(i + 1)
    if (run.stopped) break
  }
  run.callbacks[0]!.onTrainEnd?.(run.history)
  return { epochs: run.history.length, stopped: run.stopped, best: run.bestEpoch, factors, saved }
}

describe('EarlyStopping', () => {
  it('stops after `patience` epochs without a better loss, and the best epoch is known', () => {
    const { epochs, stopped, best } = show({ name: 'EarlyStopping', patience: 3 }, [5, 4, 3, 3.5, 3, 3.2, 1])
    expect({ epochs, stopped, best }).toEqual({ epochs: 6, stopped: 'no better loss for 3 epochs', best: 3 })
  })

  it('does not count a gain below min_delta', () => {
    expect(show({ name: 'EarlyStopping', patience: 2, min_delta: 0.5 }, [5, 4.8, 4.6, 4.4, 4.2]).epochs).toBe(3)
    expect(show({ name: 'EarlyStopping', patience: 2 }, [5, 4.8, 4.6, 4.4, 4.2]).epochs).toBe(5)
  })

  it('watches the training loss where there is no validation loss', () => {
    const run = replay([createCallback({ name: 'EarlyStopping', patience: 1 }, nowhere)], [])
    run.tell({ epoch: 1, loss: 2, val_loss: null, learning_rate: 1 }, false)
    expect(run.stopped).toBe('')
    run.tell({ epoch: 2, loss: 2, val_loss: null, learning_rate: 1 }, false)
    expect(run.stopped).not.toBe('')
  })
})

describe('ReduceLROnPlateau', () => {
  it('cuts the rate each time patience runs out', () => {
    const { factors } = show({ name: 'ReduceLROnPlateau', patience: 2, factor: 0.5 }, [3, 3, 3, 3, 3, 2, 2])
    expect(factors).toEqual([1, 1, 0.5, 0.5, 0.25, 0.25, 0.25])
  })

  it('waits `cooldown` epochs before it counts again', () => {
    const { factors } = show({ name: 'ReduceLROnPlateau', patience: 1, factor: 0.1, cooldown: 2 }, [3, 3, 3, 3, 3])
    expect(factors.map((factor) => factor.toFixed(3))).toEqual(['1.000', '0.100', '0.100', '0.010', '0.010'])
  })
})

describe('ModelCheckpoint', () => {
  it('asks every N epochs, and at each new best if told to', () => {
    const losses = [5, 4, 6, 3, 3, 3]
    expect(show({ name: 'ModelCheckpoint', every: 3 }, losses).saved).toEqual([3, 6])
    expect(show({ name: 'ModelCheckpoint', every: 0, best: true }, losses).saved).toEqual([1, 2, 4])
    expect(show({ name: 'ModelCheckpoint', every: 0 }, losses).saved).toEqual([])
  })
})

describe('CSVLogger', () => {
  it('writes the same file whether or not the training was interrupted', () => {
    const dir = mkdtempSync(join(tmpdir(), 'kpipe-csv-'))
    const place = { out: (name: string) => join(dir, name) }
    const records = [0.5, 0.25, null].map((val_loss, i) => ({
      epoch: i + 1,
      loss: 1 / (i + 1),
      val_loss,
      learning_rate: 0.001,
    }))
    const write = (path: string, replayed: number) => {
      const run = replay([createCallback({ name: 'CSVLogger', path }, place)], records.slice(0, replayed))
      for (const record of records.slice(replayed)) run.tell(record, false)
      run.callbacks[0]!.onTrainEnd!(run.history)
      return readFileSync(join(dir, path), 'utf8')
    }
    const expected = 'epoch,loss,val_loss,learning_rate\n1,1,0.5,0.001\n2,0.5,0.25,0.001\n3,0.3333333333333333,,0.001\n'
    expect([write('a.csv', 0), write('b.csv', 2), write('c.csv', 3)]).toEqual([expected, expected, expected])
    expect(JSON.parse(historyJson(records))).toEqual(records)
    rmSync(dir, { recursive: true })
  })
})

describe('requests', () => {
  it('reports every mistake with its place, and takes all defaults as right', () => {
    const problems = checkCallbacks([
      { name: 'EarlyStoping' },
      { name: 'EarlyStopping', patience: -1 },
      { name: 'EarlyStopping', patiance: 3 },
      { name: 'CSVLogger', path: 7 },
    ])
    expect(problems.map(({ path, message }) => [path.join('.'), message])).toEqual([
      ['0.name', 'there is no callback "EarlyStoping"'],
      ['1.patience', 'EarlyStopping patience must be a number from 0 up, got -1'],
      ['2.patiance', 'EarlyStopping has no option "patiance"'],
      ['3.path', 'CSVLogger path must be a string, got 7'],
    ])
    expect(Object.entries(callbacks).flatMap(([name, kind]) => checkCallbacks([{ name, ...kind.options }]))).toEqual([])
    expect(() => createCallback({ name: 'Nope' }, nowhere)).toThrow('there is no callback "Nope"')
  })
})
