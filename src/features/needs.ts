/** What each feature needs of the data, without loading the recipes: asked before anything is decoded. */
import type { Room, ValidationReport } from '../data/manifest.ts'
import type { FEATURE_NAMES } from './feature.ts'

export interface FeatureNeed {
  readonly room: Room
  /** Room that it is estimated from where its own is empty. */
  readonly or?: Room
  /**
   * `always`: the label is the target. `unless neutral`: it is the input, and `unlabelled: neutral` puts one in its
   * place. `emotion or class`: one of them is the target; the recipe says what is missing once it knows which.
   */
  readonly labels: 'always' | 'emotion or class' | 'unless neutral' | 'no'
}

export const FEATURE_NEEDS: Readonly<Record<(typeof FEATURE_NAMES)[number], FeatureNeed>> = {
  mel: { room: 'audio', labels: 'always' },
  melody: { room: 'midi', labels: 'unless neutral' },
  harmony: { room: 'chords', or: 'midi', labels: 'no' },
  dynamics: { room: 'midi', labels: 'no' },
  groove: { room: 'drums', labels: 'no' },
  log_mel: { room: 'audio', labels: 'emotion or class' },
  mfcc: { room: 'audio', labels: 'emotion or class' },
  chroma: { room: 'audio', labels: 'emotion or class' },
  descriptors: { room: 'audio', labels: 'emotion or class' },
  onnx_embedding: { room: 'audio', labels: 'always' },
}

/**
 * Why the data has nothing for a feature, or ''. A feature that is not in the table is taken to be served.
 * @param unlabelled the option of that name, where it is set
 */
export function lacks(feature: string, counts: ValidationReport['counts'], unlabelled = ''): string {
  const need: FeatureNeed | undefined = FEATURE_NEEDS[feature as keyof typeof FEATURE_NEEDS]
  if (!need) return ''
  const room = need.or && counts[need.room].kept === 0 ? need.or : need.room
  const { found, kept, labelled } = counts[room]
  if (found === 0) return `no ${need.room}${need.or ? ` and no ${need.or}` : ''}`
  if (kept === 0) return `no usable ${room}`
  const needed = need.labels === 'always' || (need.labels === 'unless neutral' && unlabelled !== 'neutral')
  return needed && labelled === 0 ? `no ${room} with valence and arousal` : ''
}
