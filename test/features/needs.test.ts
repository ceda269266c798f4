import { expect, it } from 'vitest'
import { features } from '../../src/features/index.ts'
import { FEATURE_NEEDS, lacks } from '../../src/features/needs.ts'

const none = { found: 0, kept: 0, dropped: 0, labelled: 0 }
const counts = { audio: none, midi: none, chords: none, drums: none }

it('knows what every recipe says itself', async () => {
  expect(Object.keys(FEATURE_NEEDS).sort()).toEqual(Object.keys(features).sort())
  for (const [name, recipe] of Object.entries(features)) {
    const need = FEATURE_NEEDS[name as keyof typeof FEATURE_NEEDS]
    expect(need.room).toBe(recipe.room)
    // Rows of an example without a label, for each way to treat it.
    const bare = { room: recipe.room, id: 'x', source: 'x', emotion: null, facts: {} }
    const rows = (unlabelled: 'estimate' | 'neutral') =>
      recipe.rows(bare, new Float32Array(48), { unlabelled } as never).length > 0
    const [estimated, neutral] = [need.labels === 'no', need.labels === 'no' || need.labels === 'unless neutral']
    expect([name, rows('estimate'), rows('neutral')]).toEqual([name, estimated, neutral])
  }
})

it('says what is lacking', () => {
  expect(lacks('mel', counts)).toBe('no audio')
  expect(lacks('mel', { ...counts, audio: { ...none, found: 3 } })).toBe('no usable audio')
  const unlabelled = { ...counts, midi: { found: 3, kept: 3, dropped: 0, labelled: 0 } }
  expect(lacks('melody', unlabelled)).toBe('no midi with valence and arousal')
  expect(lacks('melody', unlabelled, 'neutral')).toBe('')
  expect(lacks('dynamics', unlabelled)).toBe('')
  expect(lacks('somebody’s own', counts)).toBe('')
})
