/**
 * The per-item cache behind `ctx.each`: results of single items, kept as they are computed, so that a killed job loses at
 * most the item it was at. How they lie on disk is item-table.ts.
 */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../lib/errors.ts'
import type { EachItem, EachItems, EachResult } from '../stage.ts'
import { hashOfFile } from '../store/stat-index.ts'
import { dropParts, hasParts, openItemTable, settleParts } from './item-table.ts'

export interface EachRequest {
  /** Folder of this table, '' = compute all. */
  readonly folder: string
  /** Part of every item's key: kind, code, table. */
  readonly salt: string
  readonly items: EachItems
  readonly compute: (item: EachItem, index: number) => Uint8Array | Promise<Uint8Array>
  /** Where given, every value goes here, in order, and none is held. */
  readonly take?: ((value: Uint8Array, index: number) => void) | undefined
  readonly onItem: (done: number, total: number, computed: number) => void
  readonly signal: AbortSignal
  /** Items under way at a time. Default 1. */
  readonly atOnce?: number | undefined
  /** Names the job (its log) whose items without `reads` wait for `settleItems`. Left out, they are kept at once. */
  readonly job?: string
}

export async function computeEach(request: EachRequest): Promise<EachResult> {
  const { items, signal, atOnce = 1 } = request
  const table = request.folder ? openItemTable(request.folder, request.salt, request.job ?? '') : null
  const values: Uint8Array[] = []
  const order = inOrder(request.take ?? ((value) => void values.push(value)))
  const underWay = new Map<string, Promise<void>>()
  let computed = 0
  let done = 0
  const finish = (i: number, value: Uint8Array) => {
    order.put(i, value)
    request.onItem(++done, items.length, computed)
  }
  const work = async (item: EachItem, i: number, key: Buffer) => {
    const value = await request.compute(item, i)
    checkReads(item)
    table?.put(key, value, item.reads !== undefined)
    computed++
    finish(i, value)
  }
  try {
    for (let i = 0; i < items.length; i++) {
      signal.throwIfAborted()
      const item = items.at(i)!
      const key = createHash('sha256').update(`${request.salt}\0${item.key}`).digest()
      const name = key.toString('latin1')
      if (underWay.size > 0) await underWay.get(name) // the same item a second time
      const known = table?.get(key)
      if (known) finish(i, known)
      else {
        const one = work(item, i, key).finally(() => underWay.delete(name))
        underWay.set(name, one)
      }
      while (underWay.size >= atOnce || (underWay.size > 0 && order.waiting() > MOST_WAITING))
        await Promise.race(underWay.values())
    }
    await Promise.all(underWay.values())
  } finally {
    // What others still work on is kept, as far as it succeeds.
    await Promise.allSettled(underWay.values())
    table?.close()
  }
  return { values, computed, reused: items.length - computed }
}

/** Values that may wait for a slow item before them. */
const MOST_WAITING = 256

/** Hands values on in the order of their numbers, whatever the order they come in. */
function inOrder(take: (value: Uint8Array, index: number) => void) {
  const early = new Map<number, Uint8Array>()
  let next = 0
  return {
    waiting: () => early.size,
    put: (index: number, value: Uint8Array) => {
      early.set(index, value)
      for (let found = early.get(next); found; found = early.get(next)) {
        early.delete(next)
        take(found, next++)
      }
    },
  }
}

function checkReads({ id, reads = [] }: EachItem): void {
  for (const { path, hash } of reads)
    if (hashOfFile(path) !== hash)
      throw new UserError(`${path} changed while ${id} was computed from it`, { hint: 'run again' })
}

/** Items of a job that computed without saying from which files: kept if its inputs are still what they were. */
export function settleItems(folder: string, kind: string, job: string, inputsStand: () => boolean): void {
  const waiting = tables(folder, (table) => table.startsWith(`${kind}.`)).filter((path) => hasParts(path, job))
  if (waiting.length === 0) return
  const keep = inputsStand()
  for (const path of waiting) settleParts(path, job, keep)
}

/** Those of jobs that were killed: nobody can tell any more what they were computed from. */
export function dropUnsettled(folder: string): void {
  for (const path of tables(folder, () => true)) dropParts(path)
}

function tables(folder: string, wanted: (table: string) => boolean): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter(wanted)
    .map((table) => join(folder, table))
}
