import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { DataError } from '../../src/lib/errors.ts'
import { random } from '../../src/lib/random.ts'
import { readMidi } from '../../src/midi/read.ts'
import { END, meta, off, on, smf, tempo } from './bytes.ts'
import { SHARED } from './data.ts'
import { fuzz } from './fuzz.ts'

/** Small files of every kind of event: damage hits structure more often than in real ones. */
function smallFiles(): Uint8Array[] {
  const rng = random('small files')
  return Array.from({ length: 8 }, (_, i) => {
    const tracks = Array.from({ length: 1 + (i % 4) }, () => {
      const body = Array.from({ length: 20 }, () => {
        const pitch = rng.below(128)
        const delta = rng.below(1000)
        const any = [on(delta, pitch), off(delta, pitch), tempo(delta, rng.below(0xffffff)), meta(delta, 0x59, [2, 1])]
        return rng.pick([...any, meta(delta, 0x58, [3, 2, 24, 8]), meta(delta, 0x03, [65, 66]), [0, 0xf0, 2, 1, 0xf7]])
      })
      return [...body.flat(), ...END]
    })
    return smf({ division: i === 3 ? 0xe728 : 96 }, ...tracks)
  })
}

describe('damaged files', () => {
  it('300 seeded mutations are each read soundly or refused with a place', () => {
    const { read, refused } = fuzz(smallFiles(), 300, 'fast')
    expect(read).toBeGreaterThan(30)
    expect(refused).toBeGreaterThan(30)
  })

  it('lengths that promise gigabytes cost nothing', () => {
    const sound = smf({}, [...on(0, 60), ...off(9, 60), ...END])
    for (const at of [4, 18]) {
      const bomb = sound.slice()
      bomb.set([0xff, 0xff, 0xff, 0xff], at)
      const before = process.memoryUsage().arrayBuffers
      expect(() => readMidi(bomb, 'bomb.mid')).toThrow(DataError)
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e6)
    }
    const manyTracks = smf({ ntrks: 65535 }, END)
    expect(() => readMidi(manyTracks, 'bomb.mid')).toThrow(/announces 65535 tracks, the file holds 1/)
  })
})

const BROKEN = `${SHARED}/small/broken`
/** Code and offset with nothing repaired; null offset = no single place. */
const EXPECTED: Record<string, [code: string, fatal: boolean, offset: number | null]> = {
  'bad_keysig.mid': ['bad-key-signature', false, 23],
  'empty.mid': ['empty', true, 0],
  'format2.mid': ['format-2', false, 8],
  'header_only.mid': ['missing-tracks', true, 14],
  'no_notes.mid': ['no-notes', false, null],
  'ntrks_too_big.mid': ['missing-tracks', true, 11530],
  'ppq_zero.mid': ['bad-division', true, 12],
  'riff_rmid.mid': ['rmid', false, 0],
  'smpte_25fps_40tpf.mid': ['smpte', false, 12],
  'stuck_notes.mid': ['stuck-note', false, 23],
  'text_renamed.mid': ['not-midi', true, 0],
  'track_len_huge.mid': ['track-length', true, 18],
  'trailing_garbage.mid': ['trailing-data', false, 32998],
  'truncated_half.mid': ['truncated', true, 5765],
  'truncated_header.mid': ['truncated-header', true, 10],
}

describe.runIf(existsSync(BROKEN))('the deliberately broken files', () => {
  it('are all answered for here', () => {
    expect(
      readdirSync(BROKEN)
        .filter((name) => name.endsWith('.mid'))
        .sort(),
    ).toEqual(Object.keys(EXPECTED).sort())
  })

  it.each(Object.entries(EXPECTED))('%s: %j', (name, [code, fatal, offset]) => {
    const bytes = readFileSync(`${BROKEN}/${name}`)
    const place = { path: name, code, offset }
    if (fatal) {
      expect(() => readMidi(bytes, name)).toThrow(expect.objectContaining({ fault: expect.objectContaining(place) }))
    } else expect(readMidi(bytes, name).warnings).toContainEqual(expect.objectContaining(place))
  })

  it('give back what is left of them under repair', () => {
    const left = Object.fromEntries(
      ['ntrks_too_big', 'track_len_huge', 'ppq_zero', 'truncated_half'].map((name) => {
        const midi = readMidi(readFileSync(`${BROKEN}/${name}.mid`), name, { repair: true })
        expect(midi.warnings.some(({ hint }) => hint.startsWith('repaired: '))).toBe(true)
        return [name, midi.notes.length]
      }),
    )
    expect(left).toEqual({ ntrks_too_big: 1556, track_len_huge: 1556, ppq_zero: 1976, truncated_half: 801 })
  })
})
