/**
 * The drum styles: one bar of sixteenths a voice, as drummers write it. Only tables; drums.ts plays them.
 *
 *   X accent   x normal   g ghost note   o sometimes (more often in busy music)   . nothing
 */

/** General MIDI percussion keys. */
export const DRUM_KEYS = {
  kick: 36,
  rim: 37,
  snare: 38,
  lowTom: 45,
  midTom: 47,
  highTom: 50,
  hat: 42,
  pedal: 44,
  openHat: 46,
  ride: 51,
  bell: 53,
  crash: 49,
  shaker: 70,
} as const

export type Drum = keyof typeof DRUM_KEYS

export interface DrumStyle {
  readonly name: string
  /** Where on the emotion square it is at home. */
  readonly valence: number
  readonly arousal: number
  readonly beats: 3 | 4
  /** Which notes swing when the style does: of the eighths, of the sixteenths, none. */
  readonly swings: 'eighths' | 'sixteenths' | 'none'
  /** Alternatives; a song keeps to one. Each has 4 steps a beat. */
  readonly patterns: readonly Readonly<Partial<Record<Drum, string>>>[]
}

export const DRUM_STYLES: readonly DrumStyle[] = [
  {
    name: 'rock',
    valence: 0.1,
    arousal: 0.55,
    beats: 4,
    swings: 'none',
    patterns: [
      { kick: 'X.......X.o.....', snare: '....X.......X..o', hat: 'X.x.X.x.X.x.X.x.' },
      { kick: 'X.....x.x.o.....', snare: '....X..g....X...', hat: 'X.x.X.x.X.x.X.x.' },
      { kick: 'X..o....X.X.....', snare: '....X.......X...', ride: 'X.x.X.x.X.x.X.x.' },
    ],
  },
  {
    name: 'punk',
    valence: -0.5,
    arousal: 0.9,
    beats: 4,
    swings: 'none',
    patterns: [
      { kick: 'X...x...X...x.o.', snare: '..X...X...X...X.', hat: 'X.x.X.x.X.x.X.x.' },
      { kick: 'X.x.X.x.X.x.X.x.', snare: '....X.......X..g', openHat: 'X...X...X...X...' },
      { kick: 'X..xX...X.x.X..x', snare: '....X.......X...', crash: 'X.......X.......', ride: 'x.x.x.x.x.x.x.x.' },
    ],
  },
  {
    name: 'dance',
    valence: 0.75,
    arousal: 0.75,
    beats: 4,
    swings: 'none',
    patterns: [
      { kick: 'X...X...X...X...', snare: '....X.......X...', openHat: '..X...X...X...X.', hat: 'x...x...x...x...' },
      { kick: 'X...X...X...X..o', snare: '....X..g.g..X...', hat: 'xxXxxxXxxxXxxxXx' },
    ],
  },
  {
    name: 'funk',
    valence: 0.5,
    arousal: 0.4,
    beats: 4,
    swings: 'sixteenths',
    patterns: [
      { kick: 'X..x..o...x..o..', snare: '....X..g.g..X..g', hat: 'X.x.X.x.X.x.X.x.' },
      { kick: 'X.x....o.xx.....', snare: '....X.g..g..X.g.', hat: 'xxXxxxXxxxXxxxXx' },
    ],
  },
  {
    name: 'pop',
    valence: 0.45,
    arousal: 0.1,
    beats: 4,
    swings: 'none',
    patterns: [
      { kick: 'X.....x.X.......', snare: '....X.......X...', hat: 'X.x.X.x.X.x.X.x.' },
      { kick: 'X.......x.x.o...', snare: '....X.......X..g', hat: 'X.x.x.x.X.x.x.x.', shaker: 'o.o.o.o.o.o.o.o.' },
    ],
  },
  {
    name: 'hiphop',
    valence: -0.3,
    arousal: 0.05,
    beats: 4,
    swings: 'sixteenths',
    patterns: [
      { kick: 'X.....x..xo.....', snare: '....X.......X...', hat: 'x.x.x.x.x.x.x.xo' },
      { kick: 'X..x......X..o..', snare: '....X..g....X...', hat: 'x.xxx.x.x.x.x.xx' },
    ],
  },
  {
    name: 'bossa',
    valence: 0.55,
    arousal: -0.35,
    beats: 4,
    swings: 'none',
    patterns: [
      { kick: 'X..xx..xX..xx..x', rim: 'x..x..x...x..x..', hat: 'x.x.x.x.x.x.x.x.' },
      { kick: 'X.....x.X.....x.', rim: 'x..x..x...x...o.', shaker: 'xxxxxxxxxxxxxxxx' },
    ],
  },
  {
    name: 'jazz',
    valence: 0.3,
    arousal: -0.15,
    beats: 4,
    swings: 'eighths',
    patterns: [
      { ride: 'X...X.x.X...X.x.', pedal: '....x.......x...', kick: 'g...g...g...g.o.', snare: '..........g...o.' },
      { ride: 'X...X.x.X...X.x.', pedal: '....x.......x...', snare: 'g.....o...g.....' },
    ],
  },
  {
    name: 'ballad',
    valence: 0,
    arousal: -0.55,
    beats: 4,
    swings: 'none',
    patterns: [
      { kick: 'X.......o.x.....', rim: '....X.......X...', hat: 'x.x.x.x.x.x.x.x.' },
      { kick: 'X.......X.......', snare: '....x.......x...', ride: 'x...x...x...x.o.' },
    ],
  },
  {
    name: 'dirge',
    valence: -0.65,
    arousal: -0.5,
    beats: 4,
    swings: 'none',
    patterns: [
      { kick: 'X.........o.....', snare: '........X.......', ride: 'x...x...x...x...' },
      { kick: 'X.....o.........', lowTom: '........x..x....', pedal: '....x.......x...' },
    ],
  },
  {
    name: 'waltz',
    valence: 0.1,
    arousal: -0.4,
    beats: 3,
    swings: 'eighths',
    patterns: [
      { kick: 'X...........', rim: '....x...x...', ride: 'x...x...x.o.' },
      { kick: 'X.......o...', snare: '....g...x...', hat: 'x.x.x.x.x.x.' },
    ],
  },
]
