/** The stage kinds, by the name a pipeline uses. A new kind is a file here and a line below. */
import { augment } from './augment.ts'
import { download } from './download.ts'
import { evaluate } from './evaluate.ts'
import { exportStage } from './export.ts'
import { featurize } from './featurize.ts'
import { register } from './register.ts'
import { train } from './train.ts'
import { validate } from './validate.ts'
import type { StageKind } from '../src/stage.ts'

export const kinds = {
  download,
  validate,
  featurize,
  augment,
  train,
  evaluate,
  export: exportStage,
  register,
} satisfies Record<string, StageKind>
