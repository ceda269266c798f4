/** A small data folder in the Kelly layout, made of tones and notes written by our own writers. */
import { encodeWav } from '../src/audio/wav.ts'
import { random } from '../src/lib/random.ts'
import { writeMidi } from '../src/midi/write.ts'

export type Files = Record<string, string | Uint8Array>

/** `seconds` of a tone with a little noise, so that no two are equal; 16 kHz mono. */
export function toneWav(hertz: number, seconds = 1, level = 0.3): Uint8Array {
  const rng = random(`tone:${hertz}:${level}`)
  const samples = Float32Array.from({ length: Math.round(16000 * seconds) }, (_, i) => {
    return level * Math.sin((2 * Math.PI * hertz * i) / 16000) + level * 0.01 * rng.uniform(-1, 1)
  })
  return encodeWav(samples, 16000)
}

export interface TestNote {
  /** In quarter notes. */
  readonly at: number
  readonly length?: number
  readonly pitch: number
  readonly velocity?: number
}

/** One track at 480 ticks a quarter; channel 9 = drums. */
export function notesMidi(notes: readonly TestNote[], options: { bpm?: number; channel?: number } = {}): Uint8Array {
  return writeMidi({
    ticksPerQuarter: 480,
    tempos: [{ ticks: 0, bpm: options.bpm ?? 120 }],
    tracks: [
      {
        name: '',
        channel: options.channel ?? 0,
        program: null,
        notes: notes.map(({ at, length = 1, pitch, velocity = 80 }) => {
          return { startTicks: Math.round(at * 480), durationTicks: Math.round(length * 480), pitch, velocity }
        }),
      },
    ],
  })
}

/** A scale of `count` quarter notes from `pitch` on, the louder the higher. */
export function scaleMidi(pitch: number, count = 32, bpm = 120): Uint8Array {
  const notes = Array.from({ length: count }, (_, i) => ({
    at: i / 2,
    pitch: pitch + (i % 12),
    velocity: 50 + (i % 12) * 4,
  }))
  return notesMidi(notes, { bpm })
}

/** `bars` of kick on 1 and 3, snare on 2 and 4, hats on eighths. */
export function beatMidi(bars = 4, bpm = 100, velocity = 90): Uint8Array {
  const notes = Array.from({ length: bars * 4 }, (_, beat) => [
    { at: beat, pitch: beat % 2 ? 38 : 36, velocity, length: 0.1 },
    { at: beat, pitch: 42, velocity: 60, length: 0.1 },
    { at: beat + 0.5, pitch: 42, velocity: 40, length: 0.1 },
  ]).flat()
  return notesMidi(notes, { bpm, channel: 9 })
}

const EMOTIONS = [
  [0.5, 0.5],
  [-0.5, 0.5],
  [-0.5, -0.5],
  [0.5, -0.5],
] as const

/** 8 clips, 8 MIDI files, 6 progressions (4 labelled) and 6 drum takes; everything sound. */
export function kellyFiles(): Files {
  const files: Files = {}
  const labels = ['filename,valence,arousal']
  const midi: Record<string, { valence: number; arousal: number }> = {}
  for (let i = 0; i < 8; i++) {
    const [valence, arousal] = EMOTIONS[i % 4]!
    files[`audio/clip ${i}.wav`] = toneWav(200 + 100 * i)
    labels.push(`clip ${i}.wav,${valence},${arousal}`)
    files[`midi/piece_${i}.mid`] = scaleMidi(40 + 4 * i, 32, 90 + 10 * i)
    midi[`piece_${i}.mid`] = { valence, arousal }
    if (i < 6) files[`drums/session${i}/take.mid`] = beatMidi(4, 80 + 10 * i, 80 + i)
  }
  files['audio/labels.csv'] = `${labels.join('\n')}\n`
  files['midi/emotion_labels.json'] = JSON.stringify(midi, null, 1)
  files['drums/info.csv'] =
    `midi_filename,style,bpm\n${Array.from({ length: 6 }, (_, i) => `session${i}/take.mid,rock,${80 + 10 * i}`).join('\n')}\n`
  const chords = [
    ['C', 'G', 'Am', 'F'],
    ['Am', 'F', 'C', 'G'],
    ['D:min7', 'G:7', 'C:maj7'],
    ['N', 'C', 'N', 'N', 'F', 'N'],
  ]
  const progressions = [...chords, ['E', 'A', 'B7'], ['Em', 'C', 'D']].map((names, i) => ({
    name: `progression ${i}`,
    chords: names,
    ...(i < 4 ? { emotion: { valence: EMOTIONS[i]![0], arousal: EMOTIONS[i]![1] } } : {}),
  }))
  files['chords/progressions.json'] = JSON.stringify({ progressions }, null, 1)
  return files
}
