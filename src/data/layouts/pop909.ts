/**
 * POP909: <song>/<song>.mid (tracks MELODY, BRIDGE, PIANO) with chord, key and beat annotations. Music and chords of a song are
 * one source; versions/ holds other arrangements of the same songs and is left out. Time signatures of 1/4 and several
 * tempi a song are the set's own and stay.
 */
import { count, example, type Layout, type LayoutFolder, stemOf } from './layout.ts'
import { chordExamples, labChords } from './chord-songs.ts'

const SONG = /(^|\/)(\d{3})\/\2\.mid$/

export const pop909: Layout = {
  shape: 'POP909/<song>/ with <song>.mid, chord_midi.txt, key_audio.txt, beat_midi.txt',
  keep: (path) => /(^|\/)\d{3}\/(\d{3}\.mid|(chord_midi|key_audio|beat_midi)\.txt)$/.test(path),
  matches: (folder) => folder.has(/(^|\/)\d{3}\/chord_midi\.txt$/) && folder.has(SONG),
  read: (folder) => {
    const songs = folder.where(SONG).map(({ path }) => {
      const at = path.slice(0, -'000.mid'.length)
      const song = stemOf(path)
      const key = keyOf(folder, `${at}key_audio.txt`)
      return {
        path,
        song,
        source: `pop909/${song}`,
        facts: { song, ...(key ? { key } : {}) },
        chords: `${at}chord_midi.txt`,
      }
    })
    const annotated = songs.filter(({ chords }) => folder.file(chords))
    const read = chordExamples(
      annotated.map(({ song, source, facts, chords }) => {
        return { id: chords, name: `POP909 ${song}`, source, facts, chords: labChords(folder.text(chords)) }
      }),
    )
    const versions = folder.where(/(^|\/)versions\/[^/]+\.mid$/).length
    return {
      examples: [...songs.map(({ path, source, facts }) => example('midi', path, source, { facts })), ...read.examples],
      dropped: read.dropped,
      notes:
        versions > 0 ? [`${count(versions)} files in versions/ left out: other arrangements of the same songs`] : [],
    }
  },
}

/** The key that stands longest: `start end F#:maj` a line. */
function keyOf(folder: LayoutFolder, path: string): string {
  if (!folder.file(path)) return ''
  const rows = folder
    .text(path)
    .split(/\r?\n/)
    .map((line) => /^\s*([\d.]+)\s+([\d.]+)\s+(\S+)/.exec(line))
  const found = rows
    .filter((row) => row !== null)
    .map(([, from, to, key]) => ({ key: key!, length: Number(to) - Number(from) }))
  return found.reduce((best, one) => (one.length > best.length ? one : best), { key: '', length: -1 }).key
}
