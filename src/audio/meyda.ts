/**
 * The one door to meyda 5.6: the descriptors that it computes as they are defined and librosa has none of. Its own
 * spectral kurtosis, slope and perceptual sharpness are left out, because their formulas are not those of the literature
 * (docs/features.md), and so are its mel bands, MFCC and flux.
 */
import Meyda from 'meyda'

/** Of one frame; all 0 for a silent one, where meyda divides by 0. */
export interface Perceived {
  /** Third standardised moment of the spectrum over its bins. */
  readonly skewness: number
  /** Largest over root mean square magnitude, from 1 on. */
  readonly crest: number
  /** Sum of the specific loudness. */
  readonly loudness: number
  /** 0 … 1: how far the loudest Bark band falls short of being all of it. */
  readonly spread: number
  /** [24] loudness of each Bark band. */
  readonly specific: Float32Array
}

interface Input {
  readonly ampSpectrum: Float64Array
  readonly barkScale: Float32Array
}

/** The extractors by name, which meyda's types keep to themselves. */
interface Extractors {
  spectralSkewness(input: Input): number
  spectralCrest(input: Input): number
  perceptualSpread(input: Input): number
  loudness(input: Input): { readonly specific: Float32Array; readonly total: number }
}

const extractors = (Meyda as unknown as { readonly featureExtractors: Extractors }).featureExtractors

/** Bark bands that meyda divides the spectrum into. */
export const BARK_BANDS = 24

/**
 * @param ampSpectrum magnitudes of the bins from 0 Hz to half the sample rate
 * @param barkScale of `barkScale`, for as many bins
 */
export function perceived(ampSpectrum: Float64Array, barkScale: Float32Array): Perceived {
  const input = { ampSpectrum, barkScale }
  const { specific, total } = extractors.loudness(input)
  if (!(total > 0)) return { skewness: 0, crest: 0, loudness: 0, spread: 0, specific: new Float32Array(BARK_BANDS) }
  return {
    skewness: finite(extractors.spectralSkewness(input)),
    crest: finite(extractors.spectralCrest(input)),
    loudness: total,
    spread: finite(extractors.perceptualSpread(input)),
    specific,
  }
}

/** Bark of each bin; Zwicker and Terhardt (1980). */
export function barkScale(bins: number, sampleRate: number): Float32Array {
  return Float32Array.from({ length: bins }, (_, k) => {
    const hz = (k * sampleRate) / (2 * (bins - 1))
    return 13 * Math.atan(hz / 1315.8) + 3.5 * Math.atan((hz / 7518) ** 2)
  })
}

/** A spectrum of a single bin has no spread to divide by. */
function finite(value: number): number {
  return Number.isFinite(value) ? value : 0
}
