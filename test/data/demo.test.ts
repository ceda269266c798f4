/** The demo data: the same bytes for the same seed, files that our own readers take, music that does what its labels say. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeWav } from '../../src/audio/wav.ts'
import { voiceChord } from '../../src/data/demo/voicing.ts'
import { composeDemo } from '../../src/data/demo/index.ts'
import { secondsAt } from '../../src/data/demo/perform.ts'
import { type Take, takesOf } from '../../src/data/demo/song.ts'
import { harte, isChordTone, type Key, leadSheet, MODES, numeral, pitchClasses } from '../../src/data/demo/theory.ts'
import type { Emotion } from '../../src/data/manifest.ts'
import { sha256 } from '../../src/lib/files.ts'
import { parseChord } from '../../src/midi/chords.ts'
import { readMidi } from '../../src/midi/read.ts'

const SIZE = { audio: 48, midi: 72, chords: 72, drums: 48 }
const folders: string[] = []
let dir = ''
let takes: Take[] = []

async function compose(options: Parameters<typeof composeDemo>[1]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'kpipe-demo-'))
  folders.push(folder)
  await composeDemo(folder, options)
  return folder
}

function filesOf(folder: string): Map<string, Uint8Array> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const paths = entries.map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
  return new Map(paths.sort().map((path) => [path, readFileSync(join(folder, path))]))
}

const hashes = (folder: string) => [...filesOf(folder)].map(([path, bytes]) => `${path} ${sha256(bytes)}`)

/** Pearson's r. */
function correlation(a: readonly number[], b: readonly number[]): number {
  expect(a.length).toBe(b.length)
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const [meanA, meanB] = [mean(a), mean(b)]
  const covariance = (x: readonly number[], mx: number, y: readonly number[], my: number) =>
    x.reduce((sum, value, i) => sum + (value - mx) * (y[i]! - my), 0)
  return covariance(a, meanA, b, meanB) / Math.sqrt(covariance(a, meanA, a, meanA) * covariance(b, meanB, b, meanB))
}

interface LabelledClip extends Emotion {
  readonly file: string
  readonly source: string
}

function audioLabels(folder: string): LabelledClip[] {
  const [head, ...rows] = readFileSync(join(folder, 'audio/labels.csv'), 'utf8').trimEnd().split('\n')
  expect(head).toBe('filename,valence,arousal,source')
  return rows.map((row) => {
    const [file, valence, arousal, source] = row.split(',') as [string, string, string, string]
    return { file, valence: Number(valence), arousal: Number(arousal), source }
  })
}

const jsonOf = (folder: string, path: string) => JSON.parse(readFileSync(join(folder, path), 'utf8'))

function midiLabels(folder: string): LabelledClip[] {
  const labels: Record<string, Emotion & { source: string }> = jsonOf(folder, 'midi/emotion_labels.json')
  return Object.entries(labels).map(([file, label]) => ({ file, ...label }))
}

const midiAt = (path: string) => readMidi(readFileSync(join(dir, path)), path)

beforeAll(async () => {
  dir = await compose({ seed: 'test', size: SIZE })
  takes = []
  for (const take of takesOf('test')) if (takes.push(take) === SIZE.midi) break
})
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })))

describe('bytes', () => {
  const few = { audio: 4, midi: 5, chords: 6, drums: 4 }

  it('are the same for the same seed and other ones for another', async () => {
    const [once, again, other] = [
      await compose({ seed: 7, size: few }),
      await compose({ seed: 7, size: few }),
      await compose({ seed: 8, size: few }),
    ]
    expect(hashes(again)).toEqual(hashes(once))
    const contents = new Set(hashes(once).map((line) => line.split(' ')[1]))
    expect(hashes(other).filter((line) => contents.has(line.split(' ')[1]!))).toEqual([])
  })

  it('of earlier items stay when the size grows', async () => {
    const small = filesOf(await compose({ seed: 'test', size: few }))
    const large = filesOf(dir)
    const music = [...small.keys()].filter((path) => /\.(wav|mid)$/.test(path))
    expect(music).toHaveLength(13)
    for (const path of music) expect(sha256(large.get(path)!), path).toBe(sha256(small.get(path)!))
    const text = (files: Map<string, Uint8Array>, path: string) => Buffer.from(files.get(path)!).toString()
    for (const path of ['audio/labels.csv', 'drums/info.csv'])
      expect(text(large, path).startsWith(text(small, path)), path).toBe(true)
    const progressions = (files: Map<string, Uint8Array>) =>
      JSON.parse(text(files, 'chords/progressions.json')).progressions
    expect(progressions(large).slice(0, few.chords)).toEqual(progressions(small))
    for (const path of ['midi/emotion_labels.json', 'drums/emotion_labels.json'])
      expect(JSON.parse(text(large, path))).toMatchObject(JSON.parse(text(small, path)))
  })

  it('do not depend on which rooms are asked for', async () => {
    const chordsOnly = await compose({ seed: 'test', size: { audio: 0, midi: 0, drums: 0, chords: SIZE.chords } })
    expect(readdirSync(chordsOnly)).toEqual(['chords'])
    expect(hashes(chordsOnly)).toEqual(hashes(dir).filter((line) => line.startsWith('chords')))
  })

  it('stop coming when the signal is aborted, before labels could make the folder look whole', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kpipe-demo-'))
    folders.push(folder)
    const abort = new AbortController()
    const seen: number[] = []
    const onProgress = ({ done, total }: { done: number; total: number }) => {
      seen.push(done / total)
      if (seen.length === 2) abort.abort(new Error('enough'))
    }
    await expect(composeDemo(folder, { seed: 1, size: SIZE, signal: abort.signal, onProgress })).rejects.toThrow(
      'enough',
    )
    expect(seen).toHaveLength(2)
    expect(existsSync(join(folder, 'audio/labels.csv'))).toBe(false)
  })
})

it('refuses a size that is no count', async () => {
  await expect(compose({ seed: 1, size: { audio: Number.NaN } })).rejects.toThrow('size.audio is NaN')
  await expect(compose({ seed: 1, size: { drums: 1.5 } })).rejects.toThrow('size.drums is 1.5')
})

describe('files', () => {
  it('are as many as asked for, with a source each', () => {
    const count = (room: string, ending: string) =>
      [...filesOf(dir).keys()].filter((path) => path.startsWith(room) && path.endsWith(ending)).length
    expect([count('audio', '.wav'), count('midi', '.mid'), count('drums', '.mid')]).toEqual([48, 72, 48])
    for (const { file, source } of [...audioLabels(dir), ...midiLabels(dir)])
      expect(file.replace(/_[123]\.(wav|mid)$/, '')).toBe(source)
    const clips = audioLabels(dir)
    expect(new Set(clips.map(({ source }) => source)).size).toBeLessThan(clips.length)
  })

  it('carry labels in range that cover the square and not only its corners', () => {
    const labels = midiLabels(dir)
    for (const { valence, arousal } of labels)
      expect(Math.max(Math.abs(valence), Math.abs(arousal))).toBeLessThanOrEqual(1)
    for (const [v, a] of [
      [1, 1],
      [1, -1],
      [-1, 1],
      [-1, -1],
    ] as const)
      expect(labels.filter((l) => l.valence * v > 0 && l.arousal * a > 0).length).toBeGreaterThan(0.12 * labels.length)
    const inner = labels.filter((l) => Math.max(Math.abs(l.valence), Math.abs(l.arousal)) < 0.6)
    expect(inner.length).toBeGreaterThan(0.2 * labels.length)
  })

  it('are WAVs of five seconds that are neither silent nor clipped', () => {
    for (const { file } of audioLabels(dir)) {
      const { sampleRate, channels, warnings } = decodeWav(readFileSync(join(dir, 'audio', file)), file)
      const samples = channels[0]!
      expect([sampleRate, channels.length, samples.length, warnings], file).toEqual([16000, 1, 80000, []])
      const peak = samples.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
      const power = samples.reduce((sum, value) => sum + value * value, 0) / samples.length
      const offset = samples.reduce((sum, value) => sum + value, 0) / samples.length
      expect(peak, file).toBeLessThanOrEqual(10 ** (-3 / 20) + 1e-4)
      expect(Math.sqrt(power), file).toBeGreaterThan(0.02)
      expect(Math.abs(offset), file).toBeLessThan(0.005)
    }
  })

  it('are MIDI that reads back note by note, tempo and key included', () => {
    takes.forEach((take) => {
      const midi = midiAt(`midi/${take.id}.mid`)
      const written = take.parts.flatMap(({ notes }) => notes)
      expect(midi.warnings).toEqual([])
      expect(midi.notes.length).toBe(written.length)
      const sorted = (values: Iterable<number>) => [...values].sort((a, b) => a - b)
      expect(sorted(midi.notes.pitch)).toEqual(sorted(written.map(({ pitch }) => pitch)))
      expect(midi.durationSeconds).toBeCloseTo(secondsAt(take.tempos, lastEnd(take)), 1)
      expect(midi.keySignatures[0]!.key).toBe(take.song.character.key.tonic)
      expect(midi.timeSignatures[0]!.numerator).toBe(take.song.character.barBeats)
    })
  })

  it('are drum MIDI on channel 10, listed in info.csv, most of them labelled', () => {
    const rows = readFileSync(join(dir, 'drums/info.csv'), 'utf8').trimEnd().split('\n').slice(1)
    const files = rows.map((row) => row.split(',')[6]!)
    expect(new Set(files).size).toBe(SIZE.drums)
    for (const file of files) {
      const { notes, warnings } = midiAt(`drums/${file}`)
      expect(warnings).toEqual([])
      expect(new Set(notes.channel)).toEqual(new Set([9]))
      expect(notes.length).toBeGreaterThan(24)
      expect(new Set(notes.velocity).size).toBeGreaterThan(8)
    }
    const labelled = Object.keys(jsonOf(dir, 'drums/emotion_labels.json'))
    expect(labelled.length).toBeGreaterThan(0.5 * files.length)
    expect(labelled.length).toBeLessThan(files.length)
    expect(labelled.filter((file) => !files.includes(file))).toEqual([])
  })

  it('are progressions in lead-sheet and Harte symbols whose notes are those composed', () => {
    const { progressions } = jsonOf(dir, 'chords/progressions.json')
    const symbols: string[] = progressions.flatMap(({ chords }: { chords: string[] }) => chords)
    const inHarte = symbols.filter((symbol) => symbol.includes(':'))
    expect(inHarte.length / symbols.length).toBeGreaterThan(0.3)
    expect(inHarte.length / symbols.length).toBeLessThan(0.7)
    takes.forEach(({ spans, song }, index) => {
      const chords = progressions[index].chords as string[]
      const read = chords.map((symbol) => [...new Set(parseChord(symbol)?.pitchClasses)].sort())
      expect(read, chords.join(' ')).toEqual(spans.map(({ chord }) => pitchClasses(chord, song.character.key).sort()))
    })
    const unlabelled = progressions.filter((progression: object) => !('emotion' in progression))
    expect(unlabelled.length).toBeGreaterThan(0)
    expect(unlabelled.length).toBeLessThan(0.3 * progressions.length)
  })
})

describe('what labels say can be measured in the files', () => {
  it('arousal: note density, tempo, loudness', () => {
    const labels = midiLabels(dir)
    const arousal = labels.map((label) => label.arousal)
    const read = labels.map(({ file }) => midiAt(`midi/${file}`))
    const density = read.map(({ notes, durationSeconds }) => notes.length / durationSeconds)
    const loudness = read.map(({ notes }) => notes.velocity.reduce((sum, value) => sum + value, 0) / notes.length)
    expect(correlation(density, arousal)).toBeGreaterThan(0.5)
    expect(
      correlation(
        read.map(({ tempos }) => tempos[0]!.bpm),
        arousal,
      ),
    ).toBeGreaterThan(0.7)
    expect(correlation(loudness, arousal)).toBeGreaterThan(0.7)
  })

  it('arousal: spectral centroid of the audio', () => {
    const labels = audioLabels(dir)
    const centroids = labels.map(({ file }) => {
      return spectralCentroid(decodeWav(readFileSync(join(dir, 'audio', file)), file).channels[0]!, 16000)
    })
    expect(
      correlation(
        centroids,
        labels.map((label) => label.arousal),
      ),
    ).toBeGreaterThan(0.6)
  })

  it('valence: share of major thirds, height of the melody', () => {
    const labels = midiLabels(dir)
    const valence = labels.map((label) => label.valence)
    const { progressions } = jsonOf(dir, 'chords/progressions.json')
    const major = progressions.map(({ chords }: { chords: string[] }) => {
      const thirds = chords.flatMap((symbol) => {
        const { root, pitchClasses } = parseChord(symbol)!
        const above = [...pitchClasses].map((pitchClass) => (pitchClass - root! + 12) % 12)
        return above.includes(4) ? [1] : above.includes(3) ? [0] : []
      })
      return thirds.filter(Boolean).length / thirds.length
    })
    expect(correlation(major, valence)).toBeGreaterThan(0.5)
    const height = labels.map(({ file }) => {
      const { notes } = midiAt(`midi/${file}`)
      const melody = [...notes.pitch].filter((_, note) => notes.channel[note] === 0)
      return melody.reduce((sum, pitch) => sum + pitch, 0) / melody.length
    })
    expect(correlation(height, valence)).toBeGreaterThan(0.4)
  })

  it('but not to the last digit: no figure gives the label away', () => {
    const labels = midiLabels(dir)
    const tempos = labels.map(({ file }) => midiAt(`midi/${file}`).tempos[0]!.bpm)
    expect(
      correlation(
        tempos,
        labels.map((label) => label.arousal),
      ),
    ).toBeLessThan(0.97)
  })
})

describe('the music', () => {
  const melodyOf = (take: Take) => take.parts.find(({ name }) => name === 'melody')!.notes

  it('moves mostly by step, stays within an octave and a sixth, and never leaps beyond an octave', () => {
    const intervals = takes.flatMap((take) => {
      const pitches = melodyOf(take).map(({ pitch }) => pitch)
      expect(Math.max(...pitches) - Math.min(...pitches), take.id).toBeLessThanOrEqual(21)
      expect(new Set(pitches).size, take.id).toBeGreaterThan(2)
      return pitches.slice(1).map((pitch, i) => Math.abs(pitch - pitches[i]!))
    })
    expect(Math.max(...intervals)).toBeLessThanOrEqual(12)
    expect(intervals.filter((interval) => interval <= 2).length / intervals.length).toBeGreaterThan(0.55)
  })

  it('puts chord tones on the first beat of a bar', () => {
    let [stable, all] = [0, 0]
    for (const { spans, song, parts } of takes) {
      const { barBeats, key } = song.character
      for (const { beat, pitch } of parts[0]!.notes) {
        const bar = Math.round(beat / barBeats)
        if (Math.abs(beat - bar * barBeats) > 0.08) continue
        const { chord } = spans.findLast((span) => span.beat <= bar * barBeats + 0.01)!
        all++
        if (pitchClasses(chord, key).includes(pitch % 12)) stable++
      }
    }
    expect(all).toBeGreaterThan(400)
    expect(stable / all).toBeGreaterThan(0.85)
  })

  it('begins the second phrase with the rhythm of the first, and mostly ends on the tonic chord', () => {
    let homes = 0
    for (const take of takes) {
      const { barBeats } = take.song.character
      const rhythm = (bar: number) =>
        melodyOf(take)
          .map(({ beat }) => beat - bar * barBeats)
          .filter((beat) => beat > -0.1 && beat < barBeats - 0.1)
      const [first, fifth] = [rhythm(0), rhythm(4)]
      expect(fifth.length, take.id).toBe(first.length)
      for (const [i, beat] of first.entries()) expect(Math.abs(fifth[i]! - beat), take.id).toBeLessThan(0.12)
      if (take.spans.at(-1)!.chord.degree === 0) homes++
    }
    expect(homes / takes.length).toBeGreaterThan(0.35)
  })

  it('voices chords the nearest way', () => {
    const [c, f, g] = [
      [0, 4, 7],
      [5, 9, 0],
      [7, 11, 2],
    ] as const
    const first = voiceChord(c, null, 57)
    const moves = [f, g, c].map((classes, i, list) => {
      const before = i === 0 ? first : voiceChord(list[i - 1]!, first, 57)
      const after = voiceChord(classes, before, 57)
      expect(new Set(after.map((pitch) => pitch % 12))).toEqual(new Set(classes))
      return after.reduce((sum, pitch, voice) => sum + Math.abs(pitch - before[voice]!), 0)
    })
    for (const move of moves) expect(move).toBeLessThanOrEqual(9)
  })
})

describe('theory', () => {
  const key = (tonic: string, pitchClass: number, mode: Key['mode']): Key => ({ tonic, pitchClass, mode })
  const chord = (mode: Key['mode'], degree: number, tones = [0, 2, 4], bass = 0) => ({
    degree,
    tones,
    scale: MODES[mode],
    bass,
  })

  it('names chords as the key spells them', () => {
    const minor = key('F#', 6, 'minor')
    expect(leadSheet(chord('minor', 4), minor)).toBe('C#m')
    expect(harte(chord('minor', 1, [0, 2, 4, 6]), minor)).toBe('G#:hdim7')
    expect(leadSheet(chord('minor', 0, [0, 2, 4], 2), minor)).toBe('F#m/A')
    expect(harte(chord('minor', 0, [0, 2, 4], 2), minor)).toBe('F#:min/b3')
    const raised = { ...chord('minor', 4, [0, 2, 4, 6]), scale: [0, 2, 3, 5, 7, 8, 11] }
    expect([leadSheet(raised, minor), numeral(raised, minor)]).toEqual(['C#7', 'V7'])
    const neapolitan = { ...chord('minor', 1), scale: [0, 1, 3, 5, 7, 8, 10] }
    expect([leadSheet(neapolitan, key('A', 9, 'minor')), numeral(neapolitan, minor)]).toEqual(['Bb', 'bII'])
    expect(leadSheet(chord('major', 3), key('Db', 1, 'major'))).toBe('Gb')
  })

  it('knows chord tones in every octave', () => {
    const dominant = chord('major', 4)
    expect([-3, 4, 6, 8, 11, 15].map((index) => isChordTone(dominant, index))).toEqual([
      true,
      true,
      true,
      true,
      true,
      true,
    ])
    expect([0, 2, 3, 5, 7].some((index) => isChordTone(dominant, index))).toBe(false)
  })

  it('follows the tempo curve to the clock', () => {
    const tempos = [
      { beat: 0, bpm: 60 },
      { beat: 4, bpm: 120 },
    ]
    expect([0, 2, 4, 6, 8].map((beat) => secondsAt(tempos, beat))).toEqual([0, 2, 4, 5, 6])
  })
})

function lastEnd({ parts }: Take): number {
  return Math.max(...parts.flatMap(({ notes }) => notes.map(({ beat, beats }) => beat + beats)))
}

/** Mean over 12 frames of 256 samples, by the definition of the Fourier transform. */
function spectralCentroid(samples: Float32Array, sampleRate: number): number {
  const size = 256
  let [weighted, total] = [0, 0]
  for (let frame = 0; frame < 12; frame++) {
    const start = Math.floor((frame * (samples.length - size)) / 11)
    for (let bin = 1; bin <= size / 2; bin++) {
      let [re, im] = [0, 0]
      for (let i = 0; i < size; i++) {
        const window = 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / size)
        const angle = (2 * Math.PI * ((bin * i) % size)) / size
        re += window * samples[start + i]! * Math.cos(angle)
        im += window * samples[start + i]! * Math.sin(angle)
      }
      const magnitude = Math.hypot(re, im)
      weighted += (magnitude * bin * sampleRate) / size
      total += magnitude
    }
  }
  return weighted / total
}
