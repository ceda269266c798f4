/**
 * Hundreds of random edits, and after each a run whose every output must be what a rebuild from scratch would make, with no
 * stage working that need not and none skipped that must: outcomes are foretold exactly, by a model of what kpipe promises.
 */
import { readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { type Random, random } from '../../src/lib/random.ts'
import { outcomes, Project } from '../rig.ts'
import {
  build,
  type Made,
  publishedAt,
  sorted,
  type State,
  type TextStage,
  treeAt,
  type Work,
  writeState,
  wrongOutputs,
} from './texts.ts'

const STEPS = 120
/** Other sequences: KPIPE_SEEDS='x y z'. */
const SEEDS = (process.env['KPIPE_SEEDS'] ?? 'one two three').split(' ')

const projects: Project[] = []
afterAll(() => {
  for (const project of projects.splice(0)) project.dispose()
})

describe.concurrent('random edits', () => {
  for (const seed of SEEDS) {
    test(`sequence ${seed}`, async () => {
      const walk = new Walk(seed)
      for (let step = 0; step < STEPS; step++) await walk.step(step)
      // Every sort of edit came up, and every outcome.
      expect(Object.keys(walk.tried).sort()).toEqual(Object.keys(EDITS).sort())
      expect([...walk.seenOutcomes].sort()).toEqual(['fresh', 'held', 'ran', 'restored', 'same', 'skipped'])
    })
  }
})

/** What is known of a stage's last good run. */
interface Last {
  readonly key: string
  readonly outs: Readonly<Record<string, string>>
}

class Walk {
  readonly project = new Project()
  readonly rng: Random
  readonly tried: Record<string, number> = {}
  readonly seenOutcomes = new Set<string>()
  state: State
  /** Earlier states, to go back to. */
  readonly earlier: State[] = []
  /** Names for new things. */
  next = 0
  readonly #last = new Map<string, Last | 'unknown'>()
  /** Keys that were ever built here: their results may be in the cache. */
  readonly #built = new Set<string>()
  /** Files copied to `published/` for each stage. */
  readonly #copied = new Map<string, string[]>()
  /** Those whose results were not touched since. */
  readonly #kept = new Set<string>()
  /** Results, items or records were deleted since the last run: what need not run may run. */
  robbed = false
  /** A run worked while files were edited: what it kept is not known, only that it must be right. */
  blind = false
  #everBlind = false
  /** What the last edit was, for messages. */
  history: string[] = []

  constructor(seed: string) {
    projects.push(this.project)
    this.rng = random(seed)
    const stages: TextStage[] = [
      { name: 'all', work: 'upper', reads: ['data'], out: 'all', param: 'p' },
      { name: 'lines', work: 'lines', reads: ['data'], out: 'lines', param: 'p' },
      { name: 'count', work: 'count', reads: ['@all'], out: 'count', param: 'p' },
      { name: 'head', work: 'head', reads: ['@lines'], out: 'head', param: '2' },
      { name: 'woven', work: 'weave', reads: ['@count', '@head', '@lines'], out: 'woven', param: 'p' },
    ]
    this.state = { data: { 'a.txt': 'one\ntwo\n', 'b.txt': 'three\n', 'below/c.txt': 'four\n' }, stages, comment: '' }
  }

  async step(number: number): Promise<void> {
    const names = Object.keys(EDITS)
    // Each once, then by chance; several at a time now and then.
    const times = number < names.length ? 1 : this.rng.pick([1, 1, 1, 2, 3])
    const chosen = Array.from(
      { length: times },
      () => names[number < names.length ? number : this.rng.below(names.length)]!,
    )
    if (number > 0) for (const name of chosen) await this.#edit(name)
    else writeState(this.project, this.state)
    const what = `step ${number} (${this.history.slice(-4).join('; ')})`
    const expected = this.#foretell()
    const foreign = this.#foreign()
    const done = await this.project.start('run', '--json', '--keep-going', '--jobs', '2').done
    expect(done.code, `${what}: ${done.err}${done.out}`).toBe(0)
    const found = outcomes(done.out)
    for (const outcome of Object.values(found)) this.seenOutcomes.add(outcome)
    for (const [stage, allowed] of Object.entries(expected))
      expect(allowed, `${what}: ${stage} was ${found[stage]}\n${done.out}`).toContain(found[stage])
    const unbuilt = new Set(Object.keys(found).filter((stage) => ['held', 'skipped'].includes(found[stage]!)))
    expect(wrongOutputs(this.project, this.state, unbuilt, foreign), what).toEqual([])
    this.#remember(found)
  }

  /** Outcomes that each stage may have now. */
  #foretell(): Record<string, readonly string[]> {
    const made = build(this.state)
    const expected: Record<string, readonly string[]> = {}
    const now = new Set<string>()
    for (const stage of this.state.stages) {
      expected[stage.name] = this.#foretellOne(stage, made, expected, now)
      now.add(made.get(stage.name)!.key)
    }
    return expected
  }

  #foretellOne(
    stage: TextStage,
    made: ReadonlyMap<string, Made>,
    expected: Readonly<Record<string, readonly string[]>>,
    now: ReadonlySet<string>,
  ): readonly string[] {
    const needs = [
      ...stage.reads.filter((ref) => ref.startsWith('@')).map((ref) => ref.slice(1)),
      stage.gate?.stage ?? '',
    ]
    if (needs.some((name) => ['held', 'skipped'].includes(expected[name]?.[0] ?? ''))) return ['skipped']
    if (stage.gate && Number(made.get(stage.gate.stage)!.metrics['lines']) > stage.gate.max) return ['held']
    const { key, outs } = made.get(stage.name)!
    const last = this.#last.get(stage.name)
    // A blind run may have built anything that follows from two states.
    const known = this.#everBlind ? ['restored'] : []
    const intact =
      last &&
      last !== 'unknown' &&
      Object.entries(last.outs).every(([path, tree]) => sorted(treeAt(this.project.path(path))) === tree)
    if (this.blind || (last === 'unknown' && this.#built.has(key))) return ['fresh', 'restored', 'ran', 'same']
    if (this.robbed) return this.#built.has(key) ? ['fresh', 'restored', 'ran', 'same'] : [...known, 'ran', 'same']
    if (last === 'unknown') return [...known, 'ran', 'same']
    // One that lost its stored result runs again once somebody asks for its metrics.
    if (last?.key === key && intact) return this.#kept.has(key) ? ['fresh'] : ['fresh', 'same']
    if (this.#kept.has(key)) return ['restored']
    const equal = last && Object.entries(outs).every(([path, tree]) => last.outs[path] === sorted(tree))
    const works = [...known, equal && Object.keys(last.outs).length === Object.keys(outs).length ? 'same' : 'ran']
    if (this.#built.has(key) || now.has(key)) works.push('restored')
    return works
  }

  /** Files in the folders that outputs are copied to which nobody knows to be copies (any more). */
  #foreign(): Set<string> {
    const made = build(this.state)
    // A robbed cache does not know what it copied.
    const known = ({ name }: TextStage) => (this.robbed || this.blind ? [] : (this.#copied.get(name) ?? []))
    return new Set(
      this.state.stages.flatMap((stage) => {
        const to = publishedAt(stage)
        const standing = to ? treeAt(this.project.path(to)) : null
        const ours = new Set([...known(stage), ...copiesOf(stage, made)])
        return Object.keys(standing ?? {})
          .map((path) => `${to}/${path}`)
          .filter((path) => !ours.has(path))
      }),
    )
  }

  #remember(found: Readonly<Record<string, string>>): void {
    const made = build(this.state)
    this.#everBlind ||= this.blind
    if (this.robbed || this.blind) {
      this.#kept.clear()
      for (const name of this.#last.keys()) this.#last.set(name, 'unknown')
      this.#copied.clear()
    }
    this.robbed = false
    this.blind = false
    for (const stage of this.state.stages) {
      const { name } = stage
      const outcome = found[name]!
      if (outcome === 'held' || outcome === 'skipped') continue
      const { key, outs } = made.get(name)!
      this.#last.set(name, {
        key,
        outs: Object.fromEntries(Object.entries(outs).map(([path, tree]) => [path, sorted(tree)])),
      })
      // Of a fresh one the list of copies is as lost as it was.
      if (outcome !== 'fresh' || this.#copied.has(name)) this.#copied.set(name, copiesOf(stage, made))
      this.#built.add(key)
      // A fresh one may have lost its stored result before.
      if (outcome !== 'fresh') this.#kept.add(key)
    }
  }

  async #edit(name: string): Promise<void> {
    this.tried[name] = (this.tried[name] ?? 0) + 1
    this.earlier.push(this.state)
    const what = await EDITS[name]!(this)
    this.history.push(`${name}${what ? `: ${what}` : ''}`)
    writeState(this.project, this.state)
  }

  line(): string {
    return `${this.rng.pick(['do', 're', 'mi', 'fa'])} ${this.rng.below(20)}\n`
  }

  text(): string {
    return Array.from({ length: 1 + this.rng.below(4) }, () => this.line()).join('')
  }

  dataPath(): string {
    return this.rng.pick(Object.keys(this.state.data))
  }

  withData(data: Readonly<Record<string, string>>): void {
    this.state = { ...this.state, data }
  }

  withStage(name: string, change: (stage: TextStage) => TextStage): void {
    this.state = {
      ...this.state,
      stages: this.state.stages.map((stage) => (stage.name === name ? change(stage) : stage)),
    }
  }

  stage(): TextStage {
    return this.rng.pick(this.state.stages)
  }
}

/** Each changes the state or vandalises the project; @returns what it did, for messages. */
const EDITS: Readonly<Record<string, (walk: Walk) => string | void | Promise<string | void>>> = {
  'nothing at all': () => undefined,
  'change a file': (walk) => {
    const path = walk.dataPath()
    walk.withData({ ...walk.state.data, [path]: walk.text() })
    return path
  },
  'add a line at the end of a file': (walk) => {
    const path = walk.dataPath()
    walk.withData({ ...walk.state.data, [path]: walk.state.data[path]! + walk.line() })
    return path
  },
  'add a file': (walk) => {
    const path = `${walk.rng.pick(['', 'below/', 'new below/'])}${walk.rng.pick(['n', 'ö', 'x y'])}${walk.next++}.txt`
    walk.withData({ ...walk.state.data, [path]: walk.text() })
    return path
  },
  'remove a file': (walk) => {
    const { [walk.dataPath()]: _, ...others } = walk.state.data
    if (Object.keys(others).length > 0) walk.withData(others)
  },
  'rename a file': (walk) => {
    const path = walk.dataPath()
    const { [path]: text, ...others } = walk.state.data
    walk.withData({ ...others, [`renamed${walk.next++}.txt`]: text! })
    return path
  },
  'rewrite with the same size and time': (walk) => {
    const path = walk.dataPath()
    const place = walk.project.path(`data/${path}`)
    const { atime, mtime } = statSync(place)
    const text = walk.state.data[path]!.replace(/\d/g, (digit) => String((Number(digit) + 1) % 10))
    // Several times within a tick of the clock; the last one counts.
    for (let i = 0; i < 3; i++) writeFileSync(place, text.replace(/\d/g, String(i)))
    writeFileSync(place, text)
    utimesSync(place, atime, mtime)
    walk.withData({ ...walk.state.data, [path]: text })
    return path
  },
  'touch without a change': (walk) => {
    const now = new Date()
    for (const path of ['pipelines/texts.yaml', 'stages/lines.ts', `data/${walk.dataPath()}`])
      utimesSync(walk.project.path(path), now, now)
    for (const path of placesOf(walk)) utimesSync(walk.project.path(path), now, now)
  },
  'change a param': (walk) => {
    const { name, work } = walk.stage()
    const param = work === 'head' ? String(1 + walk.rng.below(6)) : walk.rng.pick(['p', 'q', 'r', 's'])
    walk.withStage(name, (stage) => ({ ...stage, param }))
    return `${name} ${param}`
  },
  'change a comment': (walk) => {
    walk.state = { ...walk.state, comment: `comment ${walk.next++}` }
  },
  'go back to an earlier state': (walk) => {
    walk.state = walk.rng.pick(walk.earlier)
  },
  'go back to the state before': (walk) => {
    walk.state = walk.earlier.at(-2) ?? walk.state
  },
  'add a stage': (walk) => {
    const number = walk.next++
    const work = walk.rng.pick(['upper', 'concat', 'head', 'sorted', 'count', 'lines', 'weave'] as Work[])
    const sources = ['data', ...walk.state.stages.map((stage) => `@${stage.name}`)]
    const most = work === 'lines' ? 1 : 1 + walk.rng.below(2)
    const reads = walk.rng.shuffle([...sources]).slice(0, most)
    const param = work === 'head' ? '3' : 'p'
    const counts = walk.state.stages.filter((stage) => stage.work === 'count')
    const gated = counts.length > 0 && walk.rng.below(3) === 0
    const gate = gated ? { gate: { stage: walk.rng.pick(counts).name, max: 3 + walk.rng.below(12) } } : {}
    const stage: TextStage = { name: `s${number}`, work, reads, out: `o${number}`, param, ...gate }
    // The bigger it gets, the slower: at most a dozen.
    if (walk.state.stages.length < 12) walk.state = { ...walk.state, stages: [...walk.state.stages, stage] }
    return `${stage.name} ${work} of ${reads.join(' ')}${gated ? ' with a gate' : ''}`
  },
  'add a stage with a gate that holds': (walk) => {
    const count = walk.state.stages.find((stage) => stage.work === 'count')
    if (!count || walk.state.stages.length > 12) return 'no'
    const number = walk.next++
    const base = { reads: ['data'], param: 'p' } as const
    const held: TextStage = {
      ...base,
      name: `s${number}`,
      work: 'concat',
      out: `o${number}`,
      gate: { stage: count.name, max: 0 },
    }
    const after: TextStage = { ...base, name: `t${number}`, work: 'upper', out: `u${number}`, reads: [`@s${number}`] }
    walk.state = { ...walk.state, stages: [...walk.state.stages, held, after] }
  },
  'move a gate': (walk) => {
    const gated = walk.state.stages.filter((stage) => stage.gate)
    if (gated.length === 0) return 'no'
    const { name } = walk.rng.pick(gated)
    const max = 3 + walk.rng.below(12)
    walk.withStage(name, (stage) => ({ ...stage, gate: { ...stage.gate!, max } }))
    return `${name} to ${max}`
  },
  'remove a stage that nothing reads': (walk) => {
    const free = walk.state.stages.filter(
      ({ name }) => !walk.state.stages.some((other) => other.reads.includes(`@${name}`) || other.gate?.stage === name),
    )
    const { name } = walk.rng.pick(free)
    if (walk.state.stages.length > 2)
      walk.state = { ...walk.state, stages: walk.state.stages.filter((stage) => stage.name !== name) }
    return name
  },
  'rename a stage': (walk) => {
    const { name } = walk.stage()
    const fresh = `renamed${walk.next++}`
    const ref = (text: string) => (text === `@${name}` ? `@${fresh}` : text)
    const stages = walk.state.stages.map((stage) => ({
      ...stage,
      name: stage.name === name ? fresh : stage.name,
      reads: stage.reads.map(ref),
      ...(stage.gate?.stage === name ? { gate: { ...stage.gate, stage: fresh } } : {}),
    }))
    walk.state = { ...walk.state, stages }
    return `${name} to ${fresh}`
  },
  'delete an output': (walk) => {
    const place = walk.rng.pick(placesOf(walk))
    walk.project.remove(place)
    return place
  },
  'vandalise an output': (walk) => {
    const place = walk.rng.pick(placesOf(walk))
    if (!walk.project.exists(place)) return 'no'
    const target = isFolder(walk, place) ? `${place}/${walk.rng.pick(['index.json', 'woven.txt', 'vandal'])}` : place
    const way = walk.project.exists(target) ? walk.rng.pick(['append', 'remove', 'write']) : 'write'
    if (way === 'append') walk.project.append(target, 'vandal\n')
    else if (way === 'remove') walk.project.remove(target)
    else walk.project.write({ [target]: 'vandal\n' })
    return target
  },
  'put a folder in the place of an output': (walk) => {
    const place = walk.rng.pick(placesOf(walk))
    walk.project.remove(place)
    walk.project.write({ [`${place}/inside`]: 'vandal\n' })
    return place
  },
  'delete the stat index': (walk) => walk.project.remove('cache/state/index.bin'),
  'tear the stat index': (walk) => {
    if (walk.project.exists('cache/state/index.bin')) walk.project.append('cache/state/index.bin', 'torn')
  },
  'tear the journal': (walk) => {
    if (walk.project.exists('cache/state/journal.jsonl'))
      walk.project.append('cache/state/journal.jsonl', '{"stage":"texts/all","key":"')
  },
  'delete a part of the cache': (walk) => {
    const parts = ['blobs', 'trees', 'results', 'items', 'kinds', 'plans', 'out', 'runs', 'state', 'tmp', 'aside']
    const part = walk.rng.pick(parts)
    walk.project.remove(`cache/${part}`)
    walk.robbed = true
    return part
  },
  'delete some files of the cache': (walk) => {
    const part = walk.rng.pick(['blobs', 'trees', 'results', 'items', 'kinds', 'plans', 'out'])
    for (const path of filesBelow(walk.project.path(`cache/${part}`))) if (walk.rng.below(3) === 0) rmSync(path)
    walk.robbed = true
    return part
  },
  'spoil some files of the cache': (walk) => {
    const part = walk.rng.pick(['blobs', 'trees', 'results', 'items', 'plans'])
    for (const path of filesBelow(walk.project.path(`cache/${part}`))) {
      if (walk.rng.below(3) > 0) continue
      if (walk.rng.below(2) === 0) writeFileSync(path, 'spoilt')
      else walk.project.append(path.slice(walk.project.root.length + 1), 'spoilt')
    }
    walk.robbed = true
    return part
  },
  'delete the whole cache': (walk) => {
    walk.project.remove('cache')
    walk.robbed = true
  },
  'edit while it runs': async (walk) => {
    const running = walk.project.start('run', '--json', '--keep-going', '--jobs', '2')
    const path = walk.dataPath()
    const end = walk.rng.below(400)
    await new Promise((resolve) => setTimeout(resolve, end))
    const text = walk.state.data[path]!.replace(/\d/g, (digit) => String((Number(digit) + 3) % 10))
    walk.withData({ ...walk.state.data, [path]: text })
    writeState(walk.project, walk.state)
    await running.done
    walk.blind = true
    return `${path} after ${end} ms`
  },
  'edit while it runs, and take it back later': async (walk) => {
    const path = walk.dataPath()
    const before = walk.state.data[path]!
    // A new line first, so that there is something to do.
    walk.withData({ ...walk.state.data, [path]: before + walk.line() })
    writeState(walk.project, walk.state)
    const there = walk.state.data[path]!
    const running = walk.project.start('run', '--json', '--keep-going', '--jobs', '2')
    await new Promise((resolve) => setTimeout(resolve, 100 + walk.rng.below(300)))
    walk.project.write({ [`data/${path}`]: there.replace(/\d/g, '7') })
    await running.done
    walk.project.write({ [`data/${path}`]: there })
    walk.blind = true
    return path
  },
}

function copiesOf(stage: TextStage, made: ReadonlyMap<string, Made>): string[] {
  const to = publishedAt(stage)
  const [files] = Object.values(made.get(stage.name)!.outs)
  return to ? Object.keys(files as Readonly<Record<string, string>>).map((path) => `${to}/${path}`) : []
}

/** Every output and published copy of the present stages. */
function placesOf(walk: Walk): string[] {
  const made = build(walk.state)
  return walk.state.stages
    .flatMap((stage) => [...Object.keys(made.get(stage.name)!.outs), publishedAt(stage)])
    .filter((path) => path !== '' && walk.project.exists(path))
}

const isFolder = (walk: Walk, path: string) => typeof treeAt(walk.project.path(path)) === 'object'

function filesBelow(folder: string): string[] {
  if (!statSync(folder, { throwIfNoEntry: false })) return []
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesBelow(join(folder, entry.name)) : [join(folder, entry.name)],
  )
}
