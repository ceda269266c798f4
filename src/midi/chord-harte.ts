/** Harte chord labels: `C:maj`, `A:min7/b3`, `G:(3,5,b7)`, `F:sus4(b7,9)`, `C:maj7(*5)`. */
import { CHORD_TYPES, degreeSemitones } from './chord-types.ts'
import { buildChord, type Chord, noteToPitchClass } from './chord-model.ts'

const LABEL = /^([A-G](?:b*|#*))(?::([a-z0-9]*)(?:\(([^()]*)\))?)?(?:\/([b#]*\d{1,2}))?$/

/** Chord of a Harte label, or null. The root sounds unless `*1` takes it away; a degree list adds to the shorthand. */
export function parseHarte(text: string): Chord | null {
  const parts = LABEL.exec(text)
  if (!parts) return null
  const [, root, shorthand, list, bass] = parts
  if (shorthand === '' && list === undefined) return null
  const known = shorthand === '' ? ['1'] : CHORD_TYPES.find(({ harte }) => harte === (shorthand ?? 'maj'))?.degrees
  if (!known || Number.isNaN(degreeSemitones(bass ?? '1'))) return null
  const degrees = new Set(known)
  for (const item of list ? list.split(',') : []) {
    const degree = item.replace(/^\*/, '')
    if (Number.isNaN(degreeSemitones(degree))) return null
    if (item.startsWith('*')) degrees.delete(degree)
    else degrees.add(degree)
  }
  return buildChord(root!, degrees, bass ?? '1')
}

/** `N`, `X` or the shortest label of the chord: a shorthand, what is added in brackets, what is missing with a star. */
export function formatHarte(chord: Chord): string {
  if (chord.root === null || noteToPitchClass(chord.rootName) === null) return chord.quality === 'unknown' ? 'X' : 'N'
  let best = { cost: Infinity, text: '' }
  for (const { harte, degrees } of CHORD_TYPES) {
    if (harte === null) continue
    const added = chord.degrees.filter((degree) => !degrees.includes(degree))
    const missing = degrees.filter((degree) => !chord.degrees.includes(degree)).map((degree) => `*${degree}`)
    const cost = added.length + missing.length * 1.5
    const list = [...missing, ...added]
    if (cost < best.cost) best = { cost, text: list.length ? `${harte}(${list.join(',')})` : harte }
  }
  const bass = chord.bassDegree === '1' ? '' : `/${chord.bassDegree}`
  return `${chord.rootName}:${best.text}${bass}`
}
