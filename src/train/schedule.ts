/** Learning-rate schedules: a factor of the base rate as a pure function of how far training is. */

export interface Schedule {
  readonly name: 'constant' | 'cosine' | 'step'
  /** Linear rise from 0 over this many epochs, before and on top of the schedule. */
  readonly warmupEpochs: number
  readonly stepEpochs: number
  readonly stepFactor: number
}

/**
 * @param progress epochs done, with fractions (2.5 = half way through the third epoch)
 * @param epochs most epochs; only `cosine` looks at it
 * @param stepLength fraction of an epoch one step takes, so that the first step of a warm-up moves
 */
export function learningRateFactor(schedule: Schedule, progress: number, epochs: number, stepLength: number): number {
  const { warmupEpochs } = schedule
  const rise = warmupEpochs > 0 ? Math.min(1, (progress + stepLength) / warmupEpochs) : 1
  switch (schedule.name) {
    case 'constant':
      return rise
    case 'step':
      return rise * schedule.stepFactor ** Math.floor(progress / schedule.stepEpochs)
    case 'cosine': {
      if (progress < warmupEpochs) return rise
      const done = Math.min(1, (progress - warmupEpochs) / Math.max(epochs - warmupEpochs, 1e-9))
      return rise * 0.5 * (1 + Math.cos(Math.PI * done))
    }
  }
}

/** The rate at an epoch depends on how many there will be: a finished training cannot be made longer as if it had been. */
export function dependsOnEpochs(schedule: Schedule): boolean {
  return schedule.name === 'cosine'
}
