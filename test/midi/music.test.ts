import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { beatGrid, microTiming, notePositions } from '../../src/midi/beats.ts'
import { clockOf, quarterTicks, secondsAt, ticksAt } from '../../src/midi/clock.ts'
import { DRUM_VOICES, drumClass, drumVoice, grooveToGm } from '../../src/midi/drums.ts'
import { findKey, keyOfHistogram, KRUMHANSL_KESSLER } from '../../src/midi/key.ts'
import { endOfNotes } from '../../src/midi/notes.ts'
import { sustainedNotes } from '../../src/midi/pedal.ts'
import { readMidi } from '../../src/midi/read.ts'
import { END, meta, off, on, smf, tempo } from './bytes.ts'
import { everyNth, hasShared, midiFiles, SHARED } from './data.ts'

const read = (...tracks: number[][]) => readMidi(smf({}, ...tracks), 'x.mid')
const signature = (delta: number, numerator: number, power: number) => meta(delta, 0x58, [numerator, power, 24, 8])

describe('clock', () => {
  const midi = read([...tempo(0, 500_000), ...tempo(480, 1_000_000), ...on(480, 60), ...off(480, 60), ...END])
  it('turns ticks to seconds and back, between and beyond tempo changes', () => {
    const clock = clockOf(midi)
    for (const [ticks, seconds] of [
      [0, 0],
      [240, 0.25],
      [480, 0.5],
      [720, 1],
      [9600, 19.5],
    ] as const) {
      expect(secondsAt(clock, ticks)).toBeCloseTo(seconds, 12)
      expect(ticksAt(clock, seconds)).toBeCloseTo(ticks, 9)
    }
    expect(quarterTicks(midi)).toBe(480)
    expect(quarterTicks({ division: ((256 - 25) << 8) | 40, ticksPerQuarter: null })).toBe(500)
  })
})

describe('beatGrid and notePositions', () => {
  it('supposes 4/4 and counts beats in the unit of the signature', () => {
    const grid = beatGrid(read([...on(0, 60), ...off(480 * 5, 60), ...END]))
    expect([...grid.beatInBar]).toEqual([0, 1, 2, 3, 0])
    expect([...grid.bar]).toEqual([0, 0, 0, 0, 1])
    expect([...grid.seconds]).toEqual([0, 0.5, 1, 1.5, 2])
    const eighths = beatGrid(read([...signature(0, 6, 3), ...on(0, 60), ...off(480 * 3 + 1, 60), ...END]))
    expect([...eighths.ticks]).toEqual([0, 240, 480, 720, 960, 1200, 1440])
    expect([...eighths.bar]).toEqual([0, 0, 0, 0, 0, 0, 1])
  })

  it('begins a new bar where the signature changes, a cut bar counting as one', () => {
    const track = [...signature(0, 4, 2), ...signature(480 * 6, 3, 2), ...on(0, 60), ...off(480 * 4, 60), ...END]
    const grid = beatGrid(read(track))
    expect([...grid.bar]).toEqual([0, 0, 0, 0, 1, 1, 2, 2, 2, 3])
    expect([...grid.beatInBar]).toEqual([0, 1, 2, 3, 0, 1, 0, 1, 2, 0])
  })

  it('follows tempo changes', () => {
    const grid = beatGrid(read([...on(0, 60), ...tempo(480, 250_000), ...off(960, 60), ...END]))
    expect([...grid.seconds]).toEqual([0, 0.5, 0.75])
  })

  it('places notes by bar, beat, sixteenth and deviation', () => {
    const at = [0, 130, 470, 490, 1900, 1920]
    const track = at.flatMap((tick, i) => [...on(tick - (at[i - 1] ?? 0), 60 + i)])
    const positions = notePositions(read([...track, ...END]))
    expect([...positions.bar]).toEqual([0, 0, 0, 0, 1, 1])
    expect([...positions.step]).toEqual([0, 1, 4, 4, 0, 0])
    const deviations = [0, 10 / 120, -10 / 120, 10 / 120, -20 / 120, 0]
    for (const [i, deviation] of deviations.entries()) expect(positions.deviation[i]).toBeCloseTo(deviation, 6)
    expect(positions.beat[1]).toBeCloseTo(130 / 480, 12)
    expect(positions.beat[4]).toBeCloseTo(1900 / 480, 12)
    expect(microTiming(470, 480)).toBeCloseTo(-10 / 120, 12)
    expect(microTiming(60, 480)).toBe(-0.5)
  })

  it('refuses a grid of more beats than memory should hold', () => {
    const far = Array.from({ length: 7 }, () => meta(0x0fffffff, 0x01, [])).flat()
    const midi = readMidi(smf({ division: 1 }, [...on(0, 60), ...far, ...off(0, 60), ...END]), 'x.mid')
    expect(() => beatGrid(midi, 'x.mid')).toThrow(/x\.mid.*1879048185 beats/)
  })

  it.runIf(hasShared)('finds the tempo the Groove list names, and drums near its grid', () => {
    const [header, ...rows] = readFileSync(`${SHARED}/kelly/drums/info.csv`, 'utf8').trim().split('\n')
    const column = (name: string) => header!.trim().split(',').indexOf(name)
    const spreads: number[] = []
    for (const row of rows.filter((_, i) => i % 20 === 0)) {
      const cells = row.trim().split(',')
      const file = `${SHARED}/kelly/drums/${cells[column('midi_filename')]}`
      const midi = readMidi(readFileSync(file), file)
      expect(midi.tempos[0]!.bpm).toBeCloseTo(Number(cells[column('bpm')]), 0)
      expect([...midi.notes.pitch].filter((pitch) => drumClass(pitch) === null)).toEqual([])
      const { deviation } = notePositions(midi)
      const spread = Math.sqrt(deviation.reduce((sum, value) => sum + value * value, 0) / deviation.length)
      if (cells[column('beat_type')] === 'beat') spreads.push(spread)
    }
    expect(spreads.length).toBeGreaterThan(5)
    // Onsets anywhere would give 0.289; swing and triplets keep single takes near it.
    const mean = spreads.reduce((sum, spread) => sum + spread, 0) / spreads.length
    expect(mean).toBeLessThan(0.24)
  })
})

describe('drumClass', () => {
  it('knows General MIDI and the numbers of the Groove kit', () => {
    const classes = [36, 38, 37, 42, 22, 26, 44, 48, 43, 58, 49, 51, 53, 56].map((pitch) => drumClass(pitch))
    const hats = ['hat', 'hat', 'hat', 'hat']
    expect(classes).toEqual([
      'kick',
      'snare',
      'snare',
      ...hats,
      'tom',
      'tom',
      'tom',
      'cymbal',
      'cymbal',
      'cymbal',
      'percussion',
    ])
    expect([22, 26, 58].map((pitch) => drumClass(pitch, 'gm'))).toEqual([null, null, 'percussion'])
    expect([22, 26, 58, 36].map(grooveToGm)).toEqual([42, 46, 43, 36])
    expect(drumClass(20)).toBe(null)
  })
})

describe('drumVoice', () => {
  it('is one of nine, of the same class where there is one', () => {
    const voices = Array.from({ length: 128 }, (_, pitch) => drumVoice(pitch))
    expect(new Set(voices)).toEqual(new Set([null, ...DRUM_VOICES]))
    for (const [pitch, voice] of voices.entries())
      if (voice) expect(voice.replace('crash', 'cymbal').replace('ride', 'cymbal')).toContain(drumClass(pitch))
  })

  it.runIf(hasShared)('knows every note of the Groove set', () => {
    const unknown = new Set<number>()
    for (const file of everyNth(midiFiles('train/groove'), 4)) {
      const { notes } = readMidi(readFileSync(`${SHARED}/${file}`), file)
      for (let i = 0; i < notes.length; i++) if (drumVoice(notes.pitch[i]!) === null) unknown.add(notes.pitch[i]!)
    }
    expect([...unknown]).toEqual([])
  })
})

describe('findKey', () => {
  it('finds all 24 keys from their own profiles', () => {
    for (const mode of ['major', 'minor'] as const) {
      for (let tonic = 0; tonic < 12; tonic++) {
        const histogram = Array.from({ length: 12 }, (_, pc) => KRUMHANSL_KESSLER[mode][(pc - tonic + 12) % 12]!)
        const found = keyOfHistogram(histogram)!
        expect([found.tonic, found.mode]).toEqual([tonic, mode])
        expect(found.correlation).toBeCloseTo(1, 12)
        expect(found.scores).toHaveLength(24)
      }
    }
  })

  it('weighs by duration, leaves drums out and gives null without pitches', () => {
    const scale = [0, 2, 4, 5, 7, 9, 11].map((step) => [...on(0, 64 + step), ...off(step === 0 ? 960 : 240, 64 + step)])
    const drums = Array.from({ length: 50 }, () => [...on(0, 61, 90, 9), ...off(480, 61, 9)])
    const found = findKey(read([...scale.flat(), ...drums.flat(), ...END]).notes)!
    expect([found.key, found.mode]).toEqual(['E', 'major'])
    expect(findKey(read([...drums.flat(), ...END]).notes)).toBe(null)
    expect(findKey(read(END).notes)).toBe(null)
    expect(keyOfHistogram(new Float64Array(12).fill(3))).toBe(null)
  })

  it.runIf(hasShared)('agrees with most annotated keys of POP909', () => {
    const files = midiFiles('train/pop909').filter((_, i) => i % 15 === 0)
    let right = 0
    let judged = 0
    for (const file of files) {
      const lines = readFileSync(`${SHARED}/${file.replace(/[^/]+$/, 'key_audio.txt')}`, 'utf8')
        .trim()
        .split('\n')
      if (lines.length !== 1) continue
      const annotated = lines[0]!.trim().split(/\s+/)[2]!
      const found = findKey(readMidi(readFileSync(`${SHARED}/${file}`), file).notes)!
      const tonics = 'C C# D D# E F F# G G# A A# B'.split(' ')
      const flats = 'C Db D Eb E F Gb G Ab A Bb B'.split(' ')
      const [tonic, mode] = annotated.split(':') as [string, string]
      const place = Math.max(tonics.indexOf(tonic), flats.indexOf(tonic))
      judged++
      if (place === found.tonic && mode === found.mode.slice(0, 3)) right++
    }
    expect(judged).toBeGreaterThan(15)
    expect(right / judged).toBeGreaterThan(0.6)
  })
})

describe('sustainedNotes', () => {
  const pedal = (delta: number, value: number, channel = 0) => [delta, 0xb0 | channel, 64, value]
  it('holds notes to the release of the pedal, or to the next strike of the pitch', () => {
    const track = [
      ...pedal(0, 127),
      ...on(0, 60),
      ...on(0, 64),
      ...on(0, 67, 80, 1),
      ...off(40, 60),
      ...off(0, 64),
      ...off(0, 67, 1),
      ...on(60, 60),
      ...off(20, 60),
      ...pedal(80, 0),
      ...on(0, 72),
      ...off(30, 72),
      ...END,
    ]
    const midi = read(track)
    const held = sustainedNotes(midi)
    expect([...midi.notes.durationTicks]).toEqual([40, 40, 40, 20, 30])
    expect([...held.durationTicks]).toEqual([100, 200 - 0, 40, 100, 30])
    expect(held.durationSeconds[1]).toBeCloseTo(200 / 960, 12)
    expect(endOfNotes(held)).toBeCloseTo(230 / 960, 12)
  })

  it('holds to the last event where the pedal never comes up', () => {
    const held = sustainedNotes(
      read([...pedal(0, 64), ...on(0, 60), ...off(10, 60), ...on(90, 62), ...off(7, 62), ...END]),
    )
    expect([...held.durationTicks]).toEqual([107, 7])
  })
})
