/** The journal: the last whole line of a stage wins, whatever was torn. */
import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Journal, type StageRecord } from '../../src/store/journal.ts'
import { tempDir } from './rig.ts'

const temp = tempDir()
const FILE = 'state/journal.jsonl'

const record = (stage: string, key: string, dirty: StageRecord['dirty'] = null): StageRecord => ({
  stage,
  key,
  outs: { '': 'D:x' },
  seconds: 1,
  createdAt: '2026-01-01T00:00:00.000Z',
  published: '',
  resumeKey: '',
  dirty,
})
const DIRTY = { run: 'r', pid: 1, started: 's' }
const open = () => new Journal(temp.at(FILE))

test('no file yet: nothing known, and nothing written by looking', () => {
  const journal = open()
  expect(journal.get('p/a')).toBeUndefined()
  expect([...journal.all()]).toEqual([])
  expect(journal.size).toBe(0)
})

test('the last line of a stage wins, deleting forgets', () => {
  const journal = open()
  journal.put(record('p/a', '1'))
  journal.put(record('p/b', '1'))
  journal.put(record('p/a', '2', DIRTY))
  journal.delete('p/b')
  journal.close()
  const again = open()
  expect(again.get('p/a')).toEqual(record('p/a', '2', DIRTY))
  expect(again.get('p/b')).toBeUndefined()
  expect(again.size).toBe(readFileSync(temp.at(FILE)).length)
})

test('cut at every third byte: each stage has its last whole record, and what is written next is not glued to the rest', () => {
  const journal = open()
  journal.put(record('p/a', '1'))
  journal.put(record('p/ä', '2', DIRTY))
  journal.put(record('p/a', '3', DIRTY))
  journal.close()
  const whole = readFileSync(temp.at(FILE))
  const lines = whole.toString().trimEnd().split('\n')
  for (let cut = 0; cut <= whole.length; cut += 3) {
    writeFileSync(temp.at(FILE), whole.subarray(0, cut))
    const kept = whole.subarray(0, cut).toString().split('\n')
    // a last line without its newline is whole if it parses
    const good = lines.filter((line, i) => kept[i] === line).map((line) => JSON.parse(line) as StageRecord)
    const torn = open()
    for (const stage of ['p/a', 'p/ä'])
      expect(torn.get(stage)).toEqual(good.filter((one) => one.stage === stage).at(-1))
    torn.put(record('p/new', '9'))
    torn.close()
    expect(open().get('p/new')).toEqual(record('p/new', '9'))
  }
})

test('a damaged line in the middle costs that line only', () => {
  const journal = open()
  journal.put(record('p/a', '1'))
  journal.put(record('p/b', '1'))
  journal.close()
  const [first, second] = readFileSync(temp.at(FILE), 'utf8').trimEnd().split('\n')
  writeFileSync(temp.at(FILE), `${first}\n{"stage":"p/a","key":\nnull\n[]\n7\n${second}\n`)
  const again = open()
  expect(again.get('p/a')?.key).toBe('1')
  expect(again.get('p/b')?.key).toBe('1')
})

test('compacted when most of it is history, and nothing is lost by it', () => {
  const journal = open()
  for (let i = 0; i < 200; i++) journal.put(record(`p/${i % 3}`, String(i), i === 199 ? DIRTY : null))
  const before = readFileSync(temp.at(FILE)).length
  journal.compact()
  expect(readFileSync(temp.at(FILE)).length).toBeLessThan(before / 20)
  journal.put(record('p/later', 'x'))
  journal.close()
  const again = open()
  expect([...again.all()].map(({ stage, key }) => `${stage} ${key}`).sort()).toEqual([
    'p/0 198',
    'p/1 199',
    'p/2 197',
    'p/later x',
  ])
  expect(again.get('p/1')?.dirty).toEqual(DIRTY)
})
