/** The table of operations: name in TensorFlow.js → shape rule, rewrites, lowering. One row an operation, nothing elsewhere. */
import type { OpRow } from '../ir.ts'
import { elementwiseOne } from './elementwise-one.ts'
import { elementwiseTwo } from './elementwise-two.ts'
import { layout } from './layout.ts'
import { matrix } from './matrix.ts'
import { reduce } from './reduce.ts'
import { window } from './window.ts'

export const ops: Readonly<Record<string, OpRow>> = {
  ...elementwiseOne,
  ...elementwiseTwo,
  ...layout,
  ...reduce,
  ...matrix,
  ...window,
}
