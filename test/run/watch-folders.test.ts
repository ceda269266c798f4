/**
 * The folder watcher alone, by the system's events and by listing: no event of a burst is lost, whatever folders are made,
 * moved or replaced meanwhile. And when a burst is over.
 */
import {
  type FSWatcher,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  watch as watchFolder,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Changes } from '../../src/run/quiet.ts'
import { FolderWatch, type FolderWatchOptions } from '../../src/run/watch-folders.ts'
import { isBelow } from '../../src/run/watch-paths.ts'

let root: string
let watch: FolderWatch
let heard: Set<string>
let polls: string[]

const open = (more: Partial<FolderWatchOptions> = {}) =>
  new FolderWatch({
    onChange: (path) => heard.add(path.slice(root.length + 1)),
    ignore: (path) => isBelow(path, [join(root, 'data', 'ignored')]),
    onPoll: (folder, why) => polls.push(`${folder.slice(root.length + 1)}: ${why}`),
    ...more,
  })

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kpipe-watch-'))
  heard = new Set()
  polls = []
})
afterEach(() => {
  watch.close()
  rmSync(root, { recursive: true, force: true })
})

const write = (path: string, text = 'x') => {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}
const hears = (...paths: string[]) =>
  vi.waitFor(() => expect([...heard]).toEqual(expect.arrayContaining(paths)), { timeout: 20_000 })

/** A system that has no watchers left: every folder is listed again and again instead. */
const refuses = () => {
  throw Object.assign(new Error('no space left'), { code: 'ENOSPC' })
}
const ways: Record<string, Partial<FolderWatchOptions>> = {
  'by events': {},
  'by listing': { watchFolder: refuses, pollMs: 10 },
}

describe.each(Object.keys(ways))('%s', (way) => {
  beforeEach(() => {
    watch = open(ways[way])
  })

  test('files made, written, replaced and removed', async () => {
    write('data/a.wav')
    watch.add(join(root, 'data'))
    write('data/a.wav', 'longer')
    write('data/b.wav')
    await hears('data/a.wav', 'data/b.wav')
    heard.clear()
    unlinkSync(join(root, 'data/b.wav'))
    write('data/.new')
    renameSync(join(root, 'data/.new'), join(root, 'data/a.wav'))
    await hears('data/b.wav', 'data/a.wav')
  })

  test('folders in folders made at once, and files put deep into them later', async () => {
    mkdirSync(join(root, 'data'))
    watch.add(join(root, 'data'))
    write('data/one/two/three/first.mid')
    await hears('data/one/two/three/first.mid')
    write('data/one/two/three/second.mid')
    await hears('data/one/two/three/second.mid')
  })

  test('an archive of 500 files in nested folders, unpacked at once: every file is heard of', async () => {
    mkdirSync(join(root, 'data'))
    watch.add(join(root, 'data'))
    const files = Array.from({ length: 500 }, (_, i) => `data/set/${i % 7}/${i % 5}/${i}.wav`)
    for (const file of files) write(file)
    await hears(...files)
    heard.clear()
    // and the folders made on the way are watched themselves
    for (let i = 0; i < 35; i++) write(`data/set/${i % 7}/${i % 5}/late-${i}.wav`)
    await hears(...Array.from({ length: 35 }, (_, i) => `data/set/${i % 7}/${i % 5}/late-${i}.wav`))
  })

  test('a checkout: folders removed and made again under the same name, others moved', async () => {
    for (let i = 0; i < 20; i++) write(`data/branch/${i}/a.wav`)
    watch.add(join(root, 'data'))
    rmSync(join(root, 'data/branch'), { recursive: true })
    for (let i = 0; i < 20; i++) write(`data/branch/${i}/b.wav`)
    await hears(...Array.from({ length: 20 }, (_, i) => `data/branch/${i}/b.wav`))
    heard.clear()
    for (let i = 0; i < 20; i++) write(`data/branch/${i}/c.wav`)
    await hears(...Array.from({ length: 20 }, (_, i) => `data/branch/${i}/c.wav`))
    renameSync(join(root, 'data/branch'), join(root, 'data/other'))
    await hears('data/branch', 'data/other')
    heard.clear()
    write('data/other/7/d.wav')
    await hears('data/other/7/d.wav')
  })

  test('the folder itself replaced, and one that is not there yet', async () => {
    write('data/a.wav')
    watch.add(join(root, 'data'))
    watch.add(join(root, 'later/deep/data'))
    renameSync(join(root, 'data'), join(root, 'old'))
    await hears('data')
    heard.clear()
    write('data/b.wav')
    await hears('data/b.wav')
    write('later/deep/data/c.wav')
    await hears('later/deep/data/c.wav')
    write('later/deep/data/d.wav')
    await hears('later/deep/data/d.wav')
  })

  test('a single file, also through an editor that replaces it; its neighbours are nobody’s business', async () => {
    write('conf/labels.csv', 'a')
    watch.add(join(root, 'conf/labels.csv'))
    write('conf/other.txt')
    write('conf/.labels.tmp', 'b')
    renameSync(join(root, 'conf/.labels.tmp'), join(root, 'conf/labels.csv'))
    await hears('conf/labels.csv')
    expect([...heard]).toEqual(['conf/labels.csv'])
    heard.clear()
    write('conf/labels.csv', 'c')
    await hears('conf/labels.csv')
  })

  test('links to folders are walked through, circles end, ignored folders are not looked at', async () => {
    write('elsewhere/songs/a.mid')
    write('data/x.txt')
    symlinkSync(join(root, 'elsewhere'), join(root, 'data/link'))
    symlinkSync(join(root, 'data'), join(root, 'data/circle'))
    mkdirSync(join(root, 'data/ignored/deep'), { recursive: true })
    watch.add(join(root, 'data'))
    write('data/ignored/deep/out.txt')
    write('elsewhere/songs/b.mid')
    await hears('data/link/songs/b.mid')
    expect([...heard].filter((path) => path.includes('ignored'))).toEqual([])
    // elsewhere, its songs, data, and the folder around data
    expect(watch.folders).toBe(4)
  })
})

test('what cannot be watched is polled, and that is said once; files beside are nobody’s business then either', async () => {
  const few = ['data', 'data/b']
  const listen: FolderWatchOptions['watchFolder'] = (folder, listener) =>
    few.includes(folder.slice(root.length + 1)) ? refuses() : watchFolder(folder, listener)
  write('data/a/1.wav')
  write('data/b/2.wav')
  watch = open({ watchFolder: listen, pollMs: 10 })
  watch.add(join(root, 'data'))
  expect(polls).toEqual(['data: the system has no watchers left'])
  expect(watch.folders).toBe(4)
  write('data/b/3.wav')
  write('data/a/3.wav')
  write('other.txt')
  await hears('data/b/3.wav', 'data/a/3.wav')
  expect([...heard].sort()).toEqual(['data/a/3.wav', 'data/b/3.wav'])
})

test('a watcher that fails while it works is replaced by polling; what it may have missed is looked at', async () => {
  const watchers: FSWatcher[] = []
  write('data/a.wav')
  watch = open({
    pollMs: 10,
    watchFolder: (folder, listener) => {
      const made = watchFolder(folder, listener)
      watchers.push(made)
      return made
    },
  })
  watch.add(join(root, 'data'))
  for (const made of watchers) made.emit('error', new Error('too many open files'))
  await hears('data')
  write('data/b.wav')
  await hears('data/b.wav')
  expect(polls).toEqual([': its watcher failed'])
})

describe('changes settle', () => {
  // Time stands still between the steps of these tests: nothing depends on how busy the machine is.
  beforeEach(() => {
    watch = open()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  })
  afterEach(() => vi.useRealTimers())

  test('when a growing file has come to rest, and all of them are handed on once', async () => {
    const changes = new Changes()
    const stop = new AbortController()
    const file = join(root, 'growing.wav')
    writeFileSync(file, '')
    changes.add(file)
    let settled: boolean | null = null
    const waiting = changes.settled(stop.signal).then((said) => (settled = said))
    // The watcher hears of the first write only: that the file grows is seen by looking at it twice.
    for (let piece = 1; piece <= 12; piece++) {
      await vi.advanceTimersByTimeAsync(90)
      writeFileSync(file, 'x'.repeat(piece))
      expect(settled).toBe(null)
    }
    await vi.advanceTimersByTimeAsync(1000)
    expect(settled).toBe(true)
    await waiting
    changes.add(join(root, 'b'))
    expect(changes.take()).toEqual([file, join(root, 'b')])
    expect(changes.dirty).toBe(false)
  })

  test('when nothing has happened for a moment, however long a burst goes on', async () => {
    const changes = new Changes()
    let settled = false
    const waiting = changes.settled(new AbortController().signal).then((said) => (settled = said))
    for (let i = 0; i < 50; i++) {
      changes.add(join(root, `${i}.wav`))
      await vi.advanceTimersByTimeAsync(200)
      expect(settled).toBe(false)
    }
    await vi.advanceTimersByTimeAsync(400)
    expect(await waiting).toBe(true)
    expect(changes.take()).toHaveLength(50)
  })

  test('not at all where somebody stops the watch', async () => {
    const changes = new Changes()
    const stop = new AbortController()
    const waiting = changes.settled(stop.signal)
    stop.abort()
    expect(await waiting).toBe(false)
  })
})
