import { describe, expect, it } from 'vitest'
import { learningRateFactor, type Schedule } from '../../src/train/schedule.ts'

const schedule = (part: Partial<Schedule>): Schedule => ({
  name: 'constant',
  warmupEpochs: 0,
  stepEpochs: 20,
  stepFactor: 0.1,
  ...part,
})
const at = (part: Partial<Schedule>, progress: readonly number[], epochs = 10) =>
  progress.map((done) => Number(learningRateFactor(schedule(part), done, epochs, 0.25).toFixed(6)))

describe('learning-rate schedules', () => {
  it('constant stays', () => expect(at({}, [0, 5, 9.9])).toEqual([1, 1, 1]))

  it('step drops at whole multiples', () =>
    expect(at({ name: 'step', stepEpochs: 2, stepFactor: 0.5 }, [0, 1.9, 2, 4, 5.75])).toEqual([1, 1, 0.5, 0.25, 0.25]))

  it('cosine falls from 1 to 0 over the epochs', () =>
    expect(at({ name: 'cosine' }, [0, 2.5, 5, 10])).toEqual([1, 0.853553, 0.5, 0]))

  it('warm-up rises in steps from above zero, and cosine starts where it ends', () => {
    expect(at({ warmupEpochs: 1 }, [0, 0.25, 0.5, 0.75, 1])).toEqual([0.25, 0.5, 0.75, 1, 1])
    expect(at({ name: 'cosine', warmupEpochs: 2 }, [0, 1.75, 2, 6, 10])).toEqual([0.125, 1, 1, 0.5, 0])
  })
})
