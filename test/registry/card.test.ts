/** Model cards: measured numbers only, generated data named, notes kept. */
import { describe, expect, it } from 'vitest'
import { keepNotes, modelCard, notesMarker } from '../../src/registry/card.ts'
import type { RegistryEntry } from '../../src/registry/schema.ts'

const entry: RegistryEntry = {
  id: 'emotionrecognizer',
  file: 'emotionrecognizer.json',
  format: 'rtneural-json',
  task: 'emotion_embedding',
  status: 'trained',
  version: 2,
  training: {
    epochs: 50,
    best_epoch: 41,
    train_loss: 0.0512345,
    val_loss: 0.0812345,
    git_commit: 'abc123',
    training_date: '2026-11-21T10:00:00Z',
    seed: 42,
    examples: { train: 70, val: 15, test: 8 },
  },
  exports: { rtneural_path: 'emotionrecognizer.json', header_path: 'emotionrecognizer.hpp' },
  sha256: 'a'.repeat(64),
  bytes: 3201234,
  parameters: 238528,
  input_size: 128,
  output_size: 64,
  labels: [],
  feature: { name: 'mel', options: { sample_rate: 16000, n_mels: 128 } },
  normalizer: 'a layer of the file',
  trained_on_generated_data: true,
  metrics: { loss: 0.09, beats_baseline: false },
  latency: { avg_ms: 0.12, p99_ms: 0.31 },
  warnings: ['a | b'],
  kpipe: { pipeline: 'kelly', stages: {} },
  history: [{ version: 1, status: 'deprecated', training: { epochs: 5, train_loss: 1, val_loss: 0.9 } }],
}

describe('modelCard', () => {
  it('is one page from the entry', async () => {
    await expect(modelCard(entry)).toMatchFileSnapshot('../golden/registry/emotionrecognizer.md')
  })

  it('says nothing about what was not measured', () => {
    const { metrics: _, latency: __, training: ___, history: ____, ...bare } = entry
    const card = modelCard({ ...bare, trained_on_generated_data: false, warnings: [] })
    expect(card).not.toMatch(/undefined|null|NaN|## Metrics|## Training|## Known limits|## Other versions|generated/)
  })
})

describe('keepNotes', () => {
  it('keeps what stands below the marker, and only that', () => {
    const standing = `# old text\n\n${notesMarker}\n\nWestern music only.\n`
    const card = keepNotes(modelCard(entry), standing)
    expect(card).toContain('# Model card: emotionrecognizer')
    expect(card.endsWith(`${notesMarker}\n\nWestern music only.\n`)).toBe(true)
    expect(card).not.toContain('old text')
  })

  it('has nothing to keep without a marker or a card', () => {
    expect(keepNotes(modelCard(entry), null)).toBe(modelCard(entry))
    expect(keepNotes(modelCard(entry), '# by hand')).toBe(modelCard(entry))
  })
})
