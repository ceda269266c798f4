/** Catalogue id → how its files become the Kelly layout. */
import type { CatalogueId } from '../catalogue.ts'
import type { Adapter } from './adapter.ts'
import { deam } from './deam.ts'
import { eGmd } from './e-gmd.ts'
import { groove } from './groove.ts'
import { lakhClean } from './lakh-clean.ts'
import { maestro } from './maestro.ts'
import { pmemo } from './pmemo.ts'
import { slakh2100 } from './slakh2100.ts'
import { vgmidi } from './vgmidi.ts'

export const adapters = {
  groove,
  'e-gmd': eGmd,
  maestro,
  vgmidi,
  'lakh-clean': lakhClean,
  slakh2100,
  deam,
  pmemo,
} satisfies Record<CatalogueId, Adapter>
