/** Lead-sheet chord symbols: `Cmaj7`, `F#m7b5`, `C7(b9,#11)`, `Cm(maj7)`, `G7sus4`, `C6/9`, `Am/G`, `Fj7`, `C-7`. */
import { CHORD_TYPES, degreeNumber } from './chord-types.ts'
import { buildChord, type Chord, degreeOfNote, noteToPitchClass, spellDegree } from './chord-model.ts'

/** A flat after a B is part of the root (`Bb5` is a power chord on B flat); two flats only where no number follows. */
const ROOT = /^[A-G](?:##|#|bb(?!\d)|b|x)?/
const SLASH = /\/([A-G](?:##|#|bb|b)?)$/

/** Chord of a symbol in ASCII without blanks, or null where any part of it is not understood. */
export function parseSymbol(text: string): Chord | null {
  const bassName = SLASH.exec(text)?.[1]
  const body = bassName === undefined ? text : text.slice(0, -bassName.length - 1)
  const root = ROOT.exec(body)?.[0]
  if (!root) return null
  const rootName = root.replace('x', '##')
  const degrees = parseSuffix(body.slice(root.length))
  return degrees && buildChord(rootName, degrees, bassName === undefined ? '1' : degreeOfNote(rootName, bassName))
}

interface Draft {
  third: '3' | 'b3' | null
  fifth: string | null
  seventh: string | null
  /** What a following 7, 9, 11 or 13 means: major after `maj`, diminished after `dim`. */
  seventhSign: '7' | 'b7' | 'bb7'
  readonly others: Set<string>
  root: boolean
}

interface Rule {
  readonly pattern: RegExp
  readonly apply: (draft: Draft, match: RegExpExecArray) => void
}

/** The quality: at most one of these stands right after the root; the first that fits is taken. */
const QUALITIES: readonly Rule[] = [
  { pattern: /^(?:maj|Maj|MAJ|major|ma|Ma|M|\^|j)(?=7|9|11|13|\/?[#b]|\(|$|sus|aug|\+|add|6|no)/, apply: setMajor },
  { pattern: /^Δ/, apply: (draft) => void ((draft.seventh = '7'), (draft.seventhSign = '7')) },
  { pattern: /^(?:min|Min|mi|m|-)(?!aj|ajor)/, apply: (draft) => void (draft.third = 'b3') },
  { pattern: /^(?:dim|o|°)/, apply: setDiminished },
  { pattern: /^(?:ø|hdim|halfdim)7?/, apply: setHalfDiminished },
  { pattern: /^(?:aug|\+)(?![\d]{2}|9)/, apply: (draft) => void (draft.fifth = '#5') },
  { pattern: /^dom(?=7|9|11|13)/, apply: () => {} },
  { pattern: /^(?:5|power|pow)/, apply: (draft) => void (draft.third = null) },
]

function setMajor(draft: Draft): void {
  draft.seventhSign = '7'
}

function setDiminished(draft: Draft): void {
  draft.third = 'b3'
  draft.fifth = 'b5'
  draft.seventhSign = 'bb7'
}

function setHalfDiminished(draft: Draft): void {
  draft.third = 'b3'
  draft.fifth = 'b5'
  draft.seventh = 'b7'
}

/** What may follow, any number of times; the first that fits is taken. */
const PARTS: readonly Rule[] = [
  { pattern: /^[(),]/, apply: () => {} },
  { pattern: /^(?:sus|sus4|sus24|sus2|sus9)(?!\d)/, apply: (draft, [text]) => suspend(draft, text.slice(3)) },
  { pattern: /^sus(?=7|9|13)/, apply: (draft) => suspend(draft, '') },
  { pattern: /^(?:maj|Maj|M|Δ|j)7/, apply: (draft) => void (draft.seventh = '7') },
  { pattern: /^(?:6\/9|69)/, apply: (draft) => void draft.others.add('6').add('9') },
  { pattern: /^(?:alt)/, apply: setAltered },
  { pattern: /^add([b#]?)(2|4|6|9|11|13|\d)(?!\d)/, apply: addTone },
  { pattern: /^(?:no|omit|\*)([b#]?)(1|3|5|7|9)(?!\d)/, apply: leaveOut },
  { pattern: /^([b#+-])(11|13|5|6|9)/, apply: alter },
  { pattern: /^(?:aug|\+)/, apply: (draft) => void (draft.fifth = '#5') },
  { pattern: /^(7|9|11|13)/, apply: (draft, [, number]) => extend(draft, Number(number)) },
  { pattern: /^6/, apply: (draft) => void draft.others.add('6') },
  { pattern: /^2/, apply: (draft) => void draft.others.add('9') },
  { pattern: /^4/, apply: (draft) => suspend(draft, '4') },
]

/** Jazz shorthand with the sign behind: `79b`, `79#11#`. Only a suffix that ends in a sign is read so: `79b13` is 7, 9, b13. */
const SIGN_BEHIND = /(?:5|9|11|13)[b#]$/
const SIGN_BEHIND_PARTS: readonly Rule[] = [
  { pattern: /^(11|13|5|9)([b#])/, apply: (draft, [, number, sign]) => alterTone(draft, sign!, number!) },
  ...PARTS,
]

/** Degrees of all that follows the root, or null. */
function parseSuffix(suffix: string): string[] | null {
  const draft: Draft = { third: '3', fifth: '5', seventh: null, seventhSign: 'b7', others: new Set(), root: true }
  let rest = suffix
  if ((suffix.match(/\(/g) ?? []).length !== (suffix.match(/\)/g) ?? []).length) return null
  const parts = SIGN_BEHIND.test(suffix) ? SIGN_BEHIND_PARTS : PARTS
  const quality = firstRule(QUALITIES, rest)
  if (quality) {
    quality.rule.apply(draft, quality.match)
    rest = rest.slice(quality.match[0].length)
  }
  while (rest !== '') {
    const part = firstRule(parts, rest)
    if (!part) return null
    part.rule.apply(draft, part.match)
    rest = rest.slice(part.match[0].length)
  }
  const { third, fifth, seventh, others, root } = draft
  return [...(root ? ['1'] : []), ...[third, fifth, seventh].filter((degree) => degree !== null), ...others]
}

function firstRule(rules: readonly Rule[], text: string): { rule: Rule; match: RegExpExecArray } | null {
  for (const rule of rules) {
    const match = rule.pattern.exec(text)
    if (match) return { rule, match }
  }
  return null
}

/** 7, 9, 11, 13: each brings the seventh and the tones below it; a 13 leaves the 11 out unless the third is minor. */
function extend(draft: Draft, number: number): void {
  if (draft.seventh === null) {
    draft.seventh = draft.seventhSign
    if (number >= 9) addUnaltered(draft, '9')
    if (number === 13 && draft.third === 'b3') addUnaltered(draft, '11')
  }
  if (number > 7) addUnaltered(draft, String(number))
}

/** A ninth already altered (`b9` before `13`) is not joined by a plain one. */
function addUnaltered(draft: Draft, degree: string): void {
  if (![...draft.others].some((other) => degreeNumber(other) === Number(degree))) draft.others.add(degree)
}

function suspend(draft: Draft, tones: string): void {
  draft.third = null
  if (tones === '2' || tones === '24' || tones === '9') draft.others.add('2')
  if (tones !== '2' && tones !== '9') draft.others.add('4')
}

function alter(draft: Draft, [, sign, number]: RegExpExecArray): void {
  alterTone(draft, sign === '-' ? 'b' : sign === '+' ? '#' : sign!, number!)
}

function alterTone(draft: Draft, sign: string, number: string): void {
  if (number === '5') draft.fifth = draft.fifth === '5' || draft.fifth === null ? `${sign}5` : both(draft, `${sign}5`)
  else draft.others.add(sign + number)
  draft.others.delete(number)
}

/** A second altered fifth (`7b5#5`) sounds beside the first. */
function both(draft: Draft, degree: string): string {
  draft.others.add(degree)
  return draft.fifth!
}

/** `7alt`: the fifth and ninth both flat and sharp, as the altered scale has them. */
function setAltered(draft: Draft): void {
  draft.seventh = 'b7'
  draft.fifth = 'b5'
  for (const degree of ['#5', 'b9', '#9']) draft.others.add(degree)
}

function addTone(draft: Draft, [, sign, number]: RegExpExecArray): void {
  const degree = number === '2' ? '9' : number === '4' ? '11' : number!
  draft.others.add(sign! + degree)
}

function leaveOut(draft: Draft, [, sign, number]: RegExpExecArray): void {
  const degree = sign! + number!
  if (number === '1') draft.root = false
  else if (number === '3') draft.third = null
  else if (number === '5') draft.fifth = null
  else if (number === '7') draft.seventh = null
  draft.others.delete(degree)
}

/** Tensions that a lead sheet writes bare; every other added tone is written with `add`. */
const BARE = new Set(['b9', '#9', '#11', 'b13'])

/** `N.C.`, or the shortest symbol of the chord; what no suffix says stands in brackets: `C7(b9,#11)`, `C(no3,add11)`. */
export function formatSymbol(chord: Chord): string {
  if (chord.root === null || noteToPitchClass(chord.rootName) === null) return 'N.C.'
  let best = { cost: Infinity, text: '' }
  for (const { symbol, degrees } of CHORD_TYPES) {
    if (symbol === null) continue
    const list = difference(chord.degrees, degrees)
    const cost = list.length + list.filter((item) => item.startsWith('no')).length / 2
    if (cost < best.cost) best = { cost, text: symbol + (list.length ? `(${list.join(',')})` : '') }
  }
  const bass = chord.bassDegree === '1' ? '' : `/${spellDegree(chord.rootName, chord.bassDegree)}`
  return `${chord.rootName}${best.text}${bass}`
}

/** What must be said beside a suffix: left-out tones, an altered fifth in place of the plain one, added tones. */
function difference(wanted: readonly string[], has: readonly string[]): string[] {
  const added = wanted.filter((degree) => !has.includes(degree))
  const missing = has.filter((degree) => !wanted.includes(degree))
  const fifth = missing.includes('5') ? added.find((degree) => degree === 'b5' || degree === '#5') : undefined
  const omissions = missing.filter((degree) => fifth === undefined || degree !== '5').map((degree) => `no${degree}`)
  const additions = added.map((degree) => (degree === fifth || BARE.has(degree) ? degree : `add${degree}`))
  return [...omissions, ...additions]
}
