/**
 * Measures chord and key estimates on annotated songs; prints rows as JSON. Chords are compared over time as mir_eval does:
 * the share of the annotated seconds at which the estimate agrees. Every second song of POP909 (those with an even place in
 * the list) was used to choose the weights of the estimator and is left out here.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { type Chord, chordId64, NO_CHORD, parseChord } from '../src/midi/chords.ts'
import { type ChordSpan, estimateChords } from '../src/midi/chord-estimate.ts'
import { noteToPitchClass } from '../src/midi/chord-model.ts'
import { findKey } from '../src/midi/key.ts'
import { readMidi } from '../src/midi/read.ts'

interface Annotation {
  readonly start: number
  readonly end: number
  readonly chord: Chord
}

/** An entry of index.json. */
interface Indexed {
  readonly file: string
  readonly key: string
}

/** Two chords → do they agree; null = the annotation is outside of what is asked. */
type Question = (annotated: Chord, estimated: Chord) => boolean | null

const QUESTIONS: Readonly<Record<string, Question>> = {
  'chords of POP909: root': (annotated, estimated) => annotated.root === estimated.root,
  'chords of POP909: major, minor or none': (annotated, estimated) => {
    const wanted = majorMinor(annotated)
    return wanted === null ? null : wanted === majorMinor(estimated)
  },
  'chords of POP909: the vocabulary of 64': (annotated, estimated) => chordId64(annotated) === chordId64(estimated),
}

const data = process.argv[2]!
process.stdout.write(JSON.stringify([...chordRows(), ...keyRows()]))

function chordRows() {
  const songs = pop909().filter((_, place) => place % 2 === 1)
  const both = songs.map(({ midi, chords }) => ({ chords, spans: estimateChords(midi) }))
  return Object.entries(QUESTIONS).map(([name, question]) => {
    const ours = agreement(both, question)
    // The chord that a song has longest, all the time.
    const longest = both.map(({ chords }) => ({ chords, spans: [constant(longestOf(chords))] }))
    return {
      case: name,
      ours,
      peer: agreement(longest, question),
      note: `${songs.length} songs; peer: one chord a song`,
    }
  })
}

function keyRows() {
  const songs = pop909().flatMap(({ midi, keys }) => (keys.length === 1 ? [{ midi, key: keys[0]! }] : []))
  const indexed = (folder: string, keys: RegExp) =>
    (JSON.parse(readFileSync(`${data}/${folder}/index.json`, 'utf8')) as Indexed[]).flatMap(({ file, key }) => {
      const [, tonic, mode = ''] = keys.exec(key) ?? []
      return tonic
        ? [
            {
              midi: open(`${folder}/${file}`),
              key: `${tonic}:${mode.includes('m') && mode !== '-maj' ? 'min' : 'maj'}`,
            },
          ]
        : []
    })
  const sets = {
    'keys of POP909, songs of one key': songs,
    'keys of OpenEWLD': indexed('openewld_midi', /^([A-G][b#]?)(m?)$/),
    'keys of Weimar, solos in major or minor': indexed('weimar', /^([A-G][b#]?)(-maj|-min)$/),
  }
  return Object.entries(sets).map(([name, list]) => {
    const right = list.filter(({ midi, key }) => sameKey(key, findKey(midi.notes)))
    const counts = new Map<string, number>()
    for (const { key } of list) counts.set(key, (counts.get(key) ?? 0) + 1)
    const note = `${list.length} pieces; peer: always the most frequent key`
    return {
      case: name,
      ours: percent(right.length, list.length),
      peer: percent(Math.max(...counts.values()), list.length),
      note,
    }
  })
}

function sameKey(key: string, found: ReturnType<typeof findKey>): boolean {
  const [tonic, mode] = key.split(':') as [string, string]
  return found !== null && noteToPitchClass(tonic) === found.tonic && mode === found.mode.slice(0, 3)
}

function pop909() {
  const numbers = readdirSync(`${data}/pop909`).filter((name) => /^\d+$/.test(name))
  return numbers.map((number) => {
    const lines = (file: string) => readFileSync(`${data}/pop909/${number}/${file}`, 'utf8').trim().split('\n')
    const chords = lines('chord_midi.txt').map((line): Annotation => {
      const [start, end, name] = line.trim().split(/\s+/) as [string, string, string]
      return { start: Number(start), end: Number(end), chord: parseChord(name) ?? NO_CHORD }
    })
    const keys = lines('key_audio.txt').map((line) => line.trim().split(/\s+/)[2]!)
    return { midi: open(`pop909/${number}/${number}.mid`), chords, keys }
  })
}

/** Per cent of the annotated time; what lies after the last beat of the file is taken as no chord. */
function agreement(songs: readonly { chords: readonly Annotation[]; spans: readonly ChordSpan[] }[], ask: Question) {
  let [agreed, asked] = [0, 0]
  for (const { chords, spans } of songs)
    for (const { start, end, chord } of chords) {
      if (ask(chord, NO_CHORD) === null || chord.quality === 'unknown') continue
      asked += end - start
      let covered = 0
      for (const span of spans) {
        const common = Math.min(end, span.endSeconds) - Math.max(start, span.startSeconds)
        if (common <= 0) continue
        covered += common
        if (ask(chord, span.chord)) agreed += common
      }
      if (ask(chord, NO_CHORD)) agreed += end - start - covered
    }
  return percent(agreed, asked)
}

/** Root, +12 in minor, -1 for no chord; null for suspended, diminished and augmented ones, which mir_eval leaves out. */
function majorMinor({ quality, root }: Chord): number | null {
  if (root === null) return -1
  if (['maj', '7', 'maj7'].includes(quality)) return root
  return ['min', 'min7', 'minmaj7'].includes(quality) ? root + 12 : null
}

function longestOf(chords: readonly Annotation[]): Chord {
  const seconds = new Map<number, number>()
  for (const { start, end, chord } of chords)
    seconds.set(chordId64(chord), (seconds.get(chordId64(chord)) ?? 0) + end - start)
  const id = [...seconds].sort((a, b) => b[1] - a[1])[0]![0]
  return chords.find(({ chord }) => chordId64(chord) === id)!.chord
}

function constant(chord: Chord): ChordSpan {
  return { startSeconds: 0, endSeconds: Infinity, beat: 0, beats: Infinity, chord }
}

function open(file: string) {
  return readMidi(readFileSync(`${data}/${file}`), file)
}

function percent(part: number, whole: number): number {
  return (100 * part) / whole
}
