/** One row of a model's output in words, for samples and logs: an emotion, the likeliest chords, the notes that stand out. */
import type { FeatureSetInfo } from '../../src/data/feature-set.ts'
import { decodeEmotion, EMBEDDING_SIZE } from '../../src/features/emotion.ts'
import type { ModelConfig } from '../../src/models/config.ts'
import type { SampleRequest } from '../../src/train/samples.ts'

/** Entries that are shown of a distribution or of a row of figures, and steps of a sequence. */
const SHOWN = { shares: 3, notes: 5, figures: 4, steps: 12 }

/** @param classes length of the output's last axis */
export function outputWords(
  info: Pick<FeatureSetInfo, 'yLabels'>,
  { loss, task, pad_id }: Pick<ModelConfig, 'loss' | 'task' | 'pad_id'>,
  classes: number,
): SampleRequest['describe'] {
  const nameOf = (i: number) => info.yLabels[i] ?? String(i)
  if (task === 'emotion_embedding' && classes === EMBEDDING_SIZE)
    return (made, target) => ({ predicted: emotionWords(made), target: emotionWords(target) })
  if (loss === 'sparse_cross_entropy') {
    return (made, target) => {
      const counting = [...target.keys()].filter((step) => target[step] !== pad_id).slice(0, SHOWN.steps)
      const words = (idAt: (step: number) => number) => counting.map((step) => nameOf(idAt(step))).join(' ')
      return {
        predicted: words((step) => likeliest(made, step * classes, classes)),
        target: words((step) => target[step]!),
      }
    }
  }
  const words = (values: Float32Array, order: readonly number[], format: (value: number) => string) =>
    order.map((i) => `${nameOf(i)} ${format(values[i]!)}`).join(', ')
  if (loss === 'kl' || loss === 'cross_entropy' || loss === 'bce') {
    const count = loss === 'bce' ? SHOWN.notes : SHOWN.shares
    const top = (values: Float32Array) => greatest(values, count).filter((i) => values[i]! > 0)
    return (made, target) => ({
      predicted: words(made, top(made), percent),
      target: words(target, top(target), percent) || 'nothing',
    })
  }
  return (made, target) => {
    const order = greatest(
      made.map((value, i) => Math.abs(value - target[i]!)),
      SHOWN.figures,
    )
    return { predicted: words(made, order, figure), target: words(target, order, figure) }
  }
}

function emotionWords(embedding: Float32Array): string {
  const { valence, arousal } = decodeEmotion(embedding)
  return `valence ${figure(valence)}, arousal ${figure(arousal)}`
}

function likeliest(values: Float32Array, from: number, count: number): number {
  let best = 0
  for (let i = 1; i < count; i++) if (values[from + i]! > values[from + best]!) best = i
  return best
}

/** Indices of the greatest values, the greatest first; equal ones in their order. */
function greatest(values: Float32Array, count: number): number[] {
  return [...values.keys()].sort((a, b) => values[b]! - values[a]! || a - b).slice(0, count)
}

const percent = (value: number) => `${Math.round(100 * value)} %`
const figure = (value: number) => value.toFixed(2)
