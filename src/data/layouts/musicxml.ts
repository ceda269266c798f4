/**
 * Chord symbols and key of a MusicXML score (https://www.w3.org/2021/06/musicxml40/, elements `harmony` and `key`). Reads only
 * these, by their tags: no notes, no repeats, no general XML.
 */

/** Chords in lead-sheet symbols, in the order of the score; `key` like `Bb major`, '' where the score states none. */
export function harmonies(xml: string): { chords: string[]; key: string } {
  const chords = [...xml.matchAll(/<harmony\b[^>]*>([\s\S]*?)<\/harmony>/g)].flatMap(
    (match) => symbolOf(match[1]!) ?? [],
  )
  return { chords, key: keyOf(xml) }
}

/** kind-value of MusicXML → suffix of a lead-sheet symbol. */
const KINDS: Readonly<Record<string, string>> = {
  major: '',
  minor: 'm',
  augmented: 'aug',
  diminished: 'dim',
  dominant: '7',
  'major-seventh': 'maj7',
  'minor-seventh': 'm7',
  'diminished-seventh': 'dim7',
  'augmented-seventh': 'aug7',
  'half-diminished': 'm7b5',
  'major-minor': 'm(maj7)',
  'major-sixth': '6',
  'minor-sixth': 'm6',
  'dominant-ninth': '9',
  'major-ninth': 'maj9',
  'minor-ninth': 'm9',
  'dominant-11th': '11',
  'major-11th': 'maj11',
  'minor-11th': 'm11',
  'dominant-13th': '13',
  'major-13th': 'maj13',
  'minor-13th': 'm13',
  'suspended-second': 'sus2',
  'suspended-fourth': 'sus4',
  power: '5',
}

/** Null for `none` and what has no root (a Roman numeral). Kinds without a symbol count as their triad. */
function symbolOf(body: string): string | null {
  const text = (tag: string) => new RegExp(`<${tag}\\b[^>]*>\\s*([^<]*?)\\s*</${tag}>`).exec(body)?.[1] ?? ''
  const note = (name: string) => {
    const step = text(`${name}-step`)
    const alter = Math.round(Number(text(`${name}-alter`) || 0))
    return step && `${step}${(alter < 0 ? 'b' : '#').repeat(Math.abs(alter))}`
  }
  const root = note('root')
  const kind = text('kind')
  if (!root || kind === 'none') return null
  const bass = note('bass')
  return `${root}${KINDS[kind] ?? ''}${bass ? `/${bass}` : ''}`
}

const SHARPS = ['Cb', 'Gb', 'Db', 'Ab', 'Eb', 'Bb', 'F', 'C', 'G', 'D', 'A', 'E', 'B', 'F#', 'C#', 'G#', 'D#', 'A#']

function keyOf(xml: string): string {
  const fifths = /<fifths>\s*(-?\d+)\s*<\/fifths>/.exec(xml)?.[1]
  if (fifths === undefined || Math.abs(Number(fifths)) > 7) return ''
  const minor = /<mode>\s*minor\s*<\/mode>/.test(xml)
  return `${SHARPS[Number(fifths) + 7 + (minor ? 3 : 0)]} ${minor ? 'minor' : 'major'}`
}
