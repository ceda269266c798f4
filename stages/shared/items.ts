/** What the map stages (validate, featurize, augment) have in common: one cache entry an item, progress, ctrl-c. */
import type { EachHow, EachItem, EachItems, EachResult, StageContext } from '../../src/stage.ts'

/** `ctx.each` that reports progress and stops between two items when the job is aborted. */
export async function eachItem(
  ctx: StageContext,
  table: string,
  items: EachItems,
  compute: (index: number) => Uint8Array | Promise<Uint8Array>,
  how: EachHow = {},
): Promise<EachResult> {
  const { atOnce = 1 } = how
  let done = 0
  const one = async (item: EachItem, index: number) => {
    ctx.signal.throwIfAborted()
    const bytes = await compute(index)
    // Items found in the cache are never announced; those before this one are done or under way in any case.
    done = Math.max(done + 1, index + 2 - atOnce)
    ctx.progress({ done: Math.min(done, items.length), total: items.length, unit: 'items', note: item.id })
    return bytes
  }
  return ctx.each(table, items, one, how)
}
