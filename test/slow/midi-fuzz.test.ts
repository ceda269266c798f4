import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { readMidi } from '../../src/midi/read.ts'
import { toWritable, writeMidi } from '../../src/midi/write.ts'
import { on, off, smf, tempo, END } from '../midi/bytes.ts'
import { everyNth, hasShared, midiFiles, SHARED } from '../midi/data.ts'
import { fuzz } from '../midi/fuzz.ts'

it('2,000 mutations of generated files are each read soundly or refused with a place', () => {
  const body = Array.from({ length: 400 }, (_, i) => [...on(i % 50, 30 + (i % 60)), ...off(130, 30 + (i % 60))])
  const sources = [1, 2, 5].map((tracks) =>
    smf({}, ...Array.from({ length: tracks }, () => [...tempo(0, 400_000), ...body.flat(), ...END])),
  )
  const { read, refused } = fuzz(sources, 2000, 'generated')
  expect(read).toBeGreaterThan(100)
  expect(refused).toBeGreaterThan(200)
})

it.runIf(hasShared)('2,000 mutations of real files are each read soundly or refused with a place', () => {
  const files = everyNth([...midiFiles('small'), ...midiFiles('kelly')], 25)
  const { read, refused } = fuzz(
    files.map((file) => readFileSync(`${SHARED}/${file}`)),
    2000,
    'real',
  )
  expect(read).toBeGreaterThan(100)
  expect(refused).toBeGreaterThan(200)
})

it.runIf(hasShared)('every real file gives the same after being written and read again', () => {
  const files = ['train', 'kelly', 'small'].flatMap(midiFiles)
  const different: string[] = []
  for (const file of files) {
    const midi = { ...readMidi(readFileSync(`${SHARED}/${file}`), file), warnings: [] }
    const bytes = writeMidi(toWritable(midi), { format: midi.format })
    const again = { ...readMidi(bytes, file), warnings: [] }
    if (JSON.stringify(again) !== JSON.stringify(midi)) different.push(file)
  }
  expect(different).toEqual([])
  expect(files.length).toBeGreaterThan(1000)
})
