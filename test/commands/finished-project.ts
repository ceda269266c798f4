/**
 * A project whose stages leave what the music stages leave, without training anything: each copies a prepared folder. Reports
 * go by the files that stages leave, so this is all they need.
 */

import { encodeWav } from '../../src/audio/wav.ts'
import type { ValidationReport } from '../../src/data/manifest.ts'
import { statsBuilder } from '../../src/data/stats.ts'
import { writeMidi } from '../../src/midi/write.ts'
import type { PredictionsReport } from '../../src/train/predictions.ts'
import type { EvaluationReport } from '../../src/train/report.ts'
import type { ExportReport } from '../../stages/export.ts'
import type { Project } from '../rig.ts'

/** A stage kind that copies a folder and reports what metrics.json in it says is flat. */
const COPY = `
import { defineStage } from 'kpipe'
import { cpSync, existsSync, readFileSync } from 'node:fs'
export default defineStage({
  kind: 'copy',
  summary: 'leaves what a folder holds',
  options: { type: 'object', additionalProperties: false, properties: { metrics: { type: 'object', default: {} } } },
  inputs: { from: { about: 'folder' }, after: { about: 'what comes before', required: false, many: true } },
  run: async ({ inputs, options, out }) => {
    cpSync(inputs.from.path, out(''), { recursive: true })
    return { metrics: options.metrics, headline: 'copied', notes: options.metrics.note ? [options.metrics.note] : [] }
  },
})
`

const PIPELINE = `
name: small
about: two models that somebody else trained
params: { rate: 0.001, models: [alpha, "beta <b>"] }
stages:
  download: { kind: copy, inputs: { from: made/download }, with: { metrics: { songs: 4 } } }
  validate: { kind: copy, inputs: { from: made/validate, after: [download] } }
  train:
    kind: copy
    foreach: [alpha, beta]
    inputs: { from: "made/train-\${item}", after: [validate] }
    with: { metrics: { best_epoch: 2, val_loss: 0.25 } }
  evaluate:
    kind: copy
    foreach: [alpha, beta]
    inputs: { from: "made/evaluate-\${item}", after: [train] }
    with: { metrics: { loss: 0.25, note: "a < b & c" } }
  export: { kind: copy, inputs: { from: made/export, after: [evaluate] } }
`

export function finishedProject(project: Project): void {
  project.write({ 'stages/copy.ts': COPY, 'pipelines/small.yaml': PIPELINE })
  const data = {
    'audio/one.wav': tone(440),
    'audio/two.wav': tone(220),
    'midi/song.mid': song(0),
    'drums/beat.mid': song(9),
  }
  for (const [path, bytes] of Object.entries(data)) project.write({ [`made/download/data/${path}`]: bytes })
  json(project, 'made/download/source.json', SOURCE)
  json(project, 'made/validate/validation.json', VALIDATION)
  json(project, 'made/validate/stats.json', stats())
  for (const model of ['alpha', 'beta']) {
    json(project, `made/train-${model}/history.json`, HISTORY)
    json(project, `made/evaluate-${model}/metrics.json`, evaluation(model))
    json(project, `made/evaluate-${model}/predictions.json`, predictions(model))
    json(project, `made/evaluate-${model}/latency.json`, LATENCY)
  }
  json(project, 'made/export/export.json', EXPORTED)
}

const json = (project: Project, path: string, value: unknown) => project.write({ [path]: JSON.stringify(value) })

const tone = (frequency: number): Uint8Array =>
  encodeWav(
    Float32Array.from({ length: 16000 }, (_, i) => 0.5 * Math.sin((2 * Math.PI * frequency * i) / 16000)),
    16000,
  )

function stats() {
  const { add, result } = statsBuilder()
  const emotion = { valence: 0.5, arousal: -0.5 }
  add(
    { room: 'midi', id: 'midi/song.mid', source: 'song', emotion, facts: {} },
    { seconds: 2, notes: 4, pitches: [60, 1, 61, 1, 62, 1, 63, 1] },
  )
  add(
    { room: 'drums', id: 'drums/beat.mid', source: 'beat', emotion: null, facts: { style: '<rock> & roll' } },
    { seconds: 2, notes: 4, pitches: [36, 2, 38, 2] },
  )
  return result()
}

function song(channel: number): Uint8Array {
  const notes = [0, 1, 2, 3].map((beat) => ({
    startTicks: beat * 480,
    durationTicks: 400,
    pitch: channel === 9 ? 36 + 2 * (beat % 2) : 60 + beat,
    velocity: 90,
  }))
  return writeMidi({
    ticksPerQuarter: 480,
    tempos: [{ ticks: 0, bpm: 120 }],
    tracks: [{ name: 'one', channel, program: null, notes }],
  })
}

const SOURCE = {
  format: 'kpipe-source/1',
  name: 'demo',
  title: 'music made for a test',
  licence: 'CC0-1.0',
  citation: 'Someone (2020), https://example.org/paper',
  url: '',
  generated: true,
} as const

const EMOTIONS = [
  { valence: 0.5, arousal: 0.5 },
  { valence: -0.5, arousal: 0.25 },
]
const example = (room: 'audio' | 'midi' | 'drums', id: string, i: number) => ({
  room,
  id,
  source: id,
  emotion: EMOTIONS[i]!,
  facts: {},
  seconds: i === 0 ? 12.5 : 3600,
})
const count = (found: number, dropped = 0) => ({ found, kept: found - dropped, dropped, labelled: found - dropped })

const VALIDATION: ValidationReport = {
  format: 'kpipe-validation/1',
  source: SOURCE,
  examples: [
    example('audio', 'audio/one.wav', 0),
    example('audio', 'audio/two.wav', 1),
    example('midi', 'midi/song.mid', 0),
    example('drums', 'drums/beat.mid', 1),
  ],
  dropped: [
    {
      room: 'midi',
      id: 'midi/<torn>.mid',
      fault: { path: 'midi/<torn>.mid', offset: 14, code: 'truncated', message: 'ends early', hint: 'export it again' },
    },
  ],
  warnings: [],
  counts: { audio: count(2), midi: count(2, 1), chords: count(0), drums: count(1) },
}

const HISTORY = [
  { epoch: 1, loss: 0.5, val_loss: 0.6, learning_rate: 0.001 },
  { epoch: 2, loss: 0.2, val_loss: 0.25, learning_rate: 0.001 },
]

function evaluation(model: string): EvaluationReport {
  const score = { rows: 2, loss: 0.25, baseline_loss: 0.5, improvement_percent: 50, beats_baseline: true }
  const axis = { rmse: 0.1, baseline_rmse: 0.5, ccc: 0.75 }
  return {
    format: 'kpipe-evaluation/1',
    model,
    task: model === 'alpha' ? 'emotion_embedding' : 'chords',
    split: 'test',
    generated: true,
    loss: 'mse',
    all: score,
    labelled: score,
    emotion: model === 'alpha' ? { valence: axis, arousal: axis } : null,
    parameters: 1234,
    bytes: 4936,
    notes: [],
  }
}

function predictions(model: string): PredictionsReport {
  const alpha = model === 'alpha'
  return {
    format: 'kpipe-predictions/1',
    model,
    task: alpha ? 'emotion_embedding' : 'chords',
    split: 'test',
    generated: true,
    emotion: alpha ? [{ id: 'audio/one.wav', valence: [0.5, 0.4], arousal: [0.5, 0.1] }] : null,
    classes: alpha
      ? null
      : {
          labels: ['C', 'G & D'],
          counts: [
            [0, 0, 3],
            [0, 1, 1],
            [1, 1, 2],
          ],
        },
    outputs: alpha ? { labels: ['loud', 'late'], rmse: [0.1, 0.2], baseline_rmse: [0.3, 0.2] } : null,
  }
}

const LATENCY = {
  single: {
    calls: 4,
    avg_ms: 0.2,
    p95_ms: 0.3,
    p99_ms: 0.4,
    histogram: { edges_ms: [0.1, 0.2, 0.3], counts: [1, 2], slower: 1 },
  },
  batch: { calls: 2, avg_ms: 1, p95_ms: 1, p99_ms: 1, size: 64, samples_per_second: 64000 },
  target_ms: 5,
}

const EXPORTED: ExportReport = {
  format: 'kpipe-export/1',
  id: 'alpha',
  model: 'alpha',
  task: 'emotion_embedding',
  generated: true,
  normalizer: 'none',
  probe_rows: [],
  files: [
    {
      format: 'rtneural-json',
      file: 'alpha.json',
      bytes: 123_456,
      sha256: 'ab'.repeat(32),
      beside: [{ file: 'alpha.hpp', bytes: 1800, sha256: 'cd'.repeat(32) }],
      reader: 'a strict reader',
      max_abs_diff: 3e-8,
      warnings: ['mind the <gap>'],
    },
  ],
}
