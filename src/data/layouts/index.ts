/**
 * The layouts by name, in the order in which a folder is asked whether it is one: sets with a table of their own first, what
 * people make themselves last. A new one = a file beside this and a line here.
 */
import { billboard } from './billboard.ts'
import { chordLists } from './chord-lists.ts'
import { classes } from './classes.ts'
import { deam } from './deam.ts'
import { eGmd } from './e-gmd.ts'
import { emopia } from './emopia.ts'
import { groove } from './groove.ts'
import { kelly } from './kelly.ts'
import { lakh } from './lakh.ts'
import type { Layout, LayoutFolder } from './layout.ts'
import { loose } from './loose.ts'
import { maestro } from './maestro.ts'
import { mk } from './mk.ts'
import { openewld } from './openewld.ts'
import { pmemo } from './pmemo.ts'
import { pop909 } from './pop909.ts'
import { slakh2100 } from './slakh2100.ts'
import { tagged } from './tagged.ts'
import { vgmidi } from './vgmidi.ts'
import { weimar } from './weimar.ts'

export const layouts = {
  mk,
  kelly,
  groove,
  'e-gmd': eGmd,
  maestro,
  vgmidi,
  deam,
  pmemo,
  slakh2100,
  pop909,
  'mcgill-billboard': billboard,
  openewld,
  weimar,
  emopia,
  lakh,
  tagged,
  'chord-lists': chordLists,
  classes,
  loose,
} satisfies Record<string, Layout>

export type LayoutName = keyof typeof layouts

/**
 * `top`: its files stand at the top of the folder and nowhere else. `any`: every folder of music has it, so it is asked last.
 * The others are recognised wherever in the folder they lie, as archives unpack.
 */
const KINDS: Readonly<Partial<Record<LayoutName, 'top' | 'any'>>> = {
  mk: 'top',
  kelly: 'top',
  tagged: 'top',
  'chord-lists': 'top',
  classes: 'any',
  loose: 'any',
}

/** The first layout of this kind that the folder has, or null. */
export function layoutOf(folder: LayoutFolder, kind: 'top' | 'inside' | 'any'): LayoutName | null {
  const names = (Object.keys(layouts) as LayoutName[]).filter((name) => (KINDS[name] ?? 'inside') === kind)
  return names.find((name) => layouts[name].matches(folder)) ?? null
}
