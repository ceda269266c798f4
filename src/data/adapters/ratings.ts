/** Rated audio clips → audio/ + labels.csv: what DEAM and PMEmo have in common. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DataError } from '../../lib/errors.ts'
import { type AdaptJob, type AdaptResult, count, NONE, requireSome, takeFiles, writeRows } from './adapter.ts'

export interface Rating {
  /** File below `folder`. */
  readonly file: string
  readonly source: string
  /** As published. */
  readonly valence: string
  readonly arousal: string
  readonly extra?: Readonly<Record<string, string>>
}

export interface RatedClips {
  readonly table: string
  /** Absolute. */
  readonly folder: string
  readonly range: { readonly low: number; readonly high: number }
  readonly ratings: readonly Rating[]
  readonly extraColumns: readonly string[]
  /** Audio files in the folder, rated or not. */
  readonly found: number
  readonly layout: string
}

/** More ratings than this outside the scale mean that the scale is not what the catalogue says. */
const MOST_OUTSIDE = 0.05

/** @throws DataError `label-range` where the table is on another scale */
export function adaptRatings(job: AdaptJob, clips: RatedClips): AdaptResult {
  const { range, ratings, folder, table } = clips
  const here = ratings.filter((rating) => existsSync(join(folder, rating.file)))
  requireSome(here.length, `clips that ${table} rates`, clips.layout)
  const scaled = here.map((rating) => ({
    rating,
    valence: rescale(rating.valence, range),
    arousal: rescale(rating.arousal, range),
  }))
  const good = scaled.filter(({ valence, arousal }) => valence !== null && arousal !== null)
  const bad = scaled.filter(({ valence, arousal }) => valence === null || arousal === null).map(({ rating }) => rating)
  if (bad.length > here.length * MOST_OUTSIDE) {
    const first = bad[0]!
    const message = `${count(bad.length)} of ${count(here.length)} ratings are outside ${range.low} … ${range.high}, the first ${first.file} with valence ${first.valence}, arousal ${first.arousal}`
    throw new DataError({
      path: table,
      offset: null,
      code: 'label-range',
      message,
      hint: 'the table is on another scale than the published one',
    })
  }
  takeFiles(
    job,
    good.map(({ rating }) => ({ from: join(folder, rating.file), to: `audio/${rating.file}` })),
  )
  const rows = good.map(({ rating, valence, arousal }) => {
    return { filename: rating.file, valence: valence!, arousal: arousal!, source: rating.source, ...rating.extra }
  })
  writeRows(
    join(job.data, 'audio/labels.csv'),
    ['filename', 'valence', 'arousal', 'source', ...clips.extraColumns],
    rows,
  )
  const absent = ratings.length - here.length
  const unrated = clips.found - here.length
  const named = bad.map(({ file, valence, arousal }) => `${file} (${valence}, ${arousal})`).join(', ')
  const notes = [
    ...(absent > 0
      ? [`${count(absent)} of ${count(ratings.length)} clips that ${table} rates are not in the folder`]
      : []),
    ...(unrated > 0 ? [`${count(unrated)} clips without a rating left out`] : []),
    ...(bad.length > 0 ? [`left out, rated outside ${range.low} … ${range.high}: ${named}`] : []),
  ]
  return { counts: { ...NONE, audio: good.length }, labelled: good.length, notes }
}

/** Linear, `low` → -1 and `high` → 1, to six decimals; null where it is no number of the scale. */
export function rescale(text: string, { low, high }: { low: number; high: number }): number | null {
  const value = text.trim() === '' ? Number.NaN : Number(text)
  if (!(value >= low && value <= high)) return null
  return Math.round((((value - low) / (high - low)) * 2 - 1) * 1e6) / 1e6 + 0
}
