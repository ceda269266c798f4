/** How chords and bass are played: tables only; accompaniment.ts chooses among them and plays them. */

/** [onset, length, which voices]: `*` all, a digit one of them from below, `^` all but the lowest. Onsets in beats. */
export type Stroke = readonly [at: number, beats: number, voices: string]

export interface Pattern {
  /** Length in beats after which it starts again (with each chord it starts anew, too). */
  readonly cycle: number
  readonly strokes: readonly Stroke[]
  /** Activity it suits, 0 … 1, and valence where it matters. */
  readonly activity: number
  readonly valence?: number
}

const every = (step: number, count: number, gate: number, voices: string): Stroke[] =>
  Array.from({ length: count }, (_, index) => [index * step, step * gate, voices] as const)

export const CHORD_PATTERNS: Readonly<Record<string, Pattern>> = {
  pad: { cycle: 4, activity: 0.05, strokes: [[0, 4, '*']] },
  halves: { cycle: 2, activity: 0.22, strokes: [[0, 2, '*']] },
  harp: {
    cycle: 4,
    activity: 0.3,
    strokes: [
      [0, 4, '0'],
      [0.5, 3.5, '1'],
      [1, 3, '2'],
      [2, 2, '3'],
    ],
  },
  broken: {
    cycle: 4,
    activity: 0.45,
    strokes: [0, 1, 2, 3, 2, 1, 2, 3].map((voice, i) => [i / 2, 0.6, `${voice}`] as const),
  },
  alberti: {
    cycle: 2,
    activity: 0.55,
    valence: 0.5,
    strokes: [0, 2, 1, 2].map((voice, i) => [i / 2, 0.5, `${voice}`] as const),
  },
  quarters: { cycle: 1, activity: 0.6, strokes: [[0, 0.8, '*']] },
  offbeat: { cycle: 1, activity: 0.7, valence: 0.7, strokes: [[0.5, 0.35, '*']] },
  push: {
    cycle: 4,
    activity: 0.75,
    valence: 0.4,
    strokes: [
      [0, 1.3, '*'],
      [1.5, 1.3, '*'],
      [3, 0.9, '*'],
    ],
  },
  drive: {
    cycle: 1,
    activity: 0.9,
    valence: -0.2,
    strokes: [
      [0, 0.45, '*'],
      [0.5, 0.4, '^'],
    ],
  },
  tremolo: { cycle: 1, activity: 1, valence: -0.7, strokes: every(0.25, 4, 0.9, '^') },
}

export const WALTZ_PATTERNS: Readonly<Record<string, Pattern>> = {
  pad: { cycle: 3, activity: 0.1, strokes: [[0, 3, '*']] },
  harp: {
    cycle: 3,
    activity: 0.3,
    strokes: [
      [0, 3, '0'],
      [0.5, 2.5, '1'],
      [1, 2, '2'],
      [2, 1, '3'],
    ],
  },
  oompah: {
    cycle: 3,
    activity: 0.5,
    strokes: [
      [1, 0.7, '*'],
      [2, 0.7, '*'],
    ],
  },
  broken: { cycle: 3, activity: 0.6, strokes: [0, 1, 2, 3, 2, 1].map((voice, i) => [i / 2, 0.6, `${voice}`] as const) },
}

/** Bass: r root (or the chord's own bass), f fifth, o octave, a a step into the next root. */
export const BASS_PATTERNS: Readonly<Record<string, Pattern>> = {
  hold: { cycle: 4, activity: 0.05, strokes: [[0, 4, 'r']] },
  halves: {
    cycle: 4,
    activity: 0.3,
    strokes: [
      [0, 2, 'r'],
      [2, 2, 'f'],
    ],
  },
  dotted: {
    cycle: 4,
    activity: 0.5,
    strokes: [
      [0, 1.5, 'r'],
      [1.5, 0.5, 'r'],
      [2, 1, 'f'],
      [3, 1, 'a'],
    ],
  },
  walk: {
    cycle: 4,
    activity: 0.6,
    valence: 0.4,
    strokes: [
      [0, 1, 'r'],
      [1, 1, 'f'],
      [2, 1, 'o'],
      [3, 1, 'a'],
    ],
  },
  eighths: {
    cycle: 1,
    activity: 0.9,
    valence: -0.3,
    strokes: [
      [0, 0.5, 'r'],
      [0.5, 0.45, 'r'],
    ],
  },
  octaves: {
    cycle: 1,
    activity: 0.9,
    valence: 0.6,
    strokes: [
      [0, 0.4, 'r'],
      [0.5, 0.4, 'o'],
    ],
  },
}
export const WALTZ_BASS: Readonly<Record<string, Pattern>> = {
  hold: { cycle: 3, activity: 0.2, strokes: [[0, 3, 'r']] },
  waltz: {
    cycle: 6,
    activity: 0.6,
    strokes: [
      [0, 1.8, 'r'],
      [3, 1.8, 'f'],
    ],
  },
}
