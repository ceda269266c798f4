/** Which song or recording a clip was cut from, told by its name. A `source` column in the labels wins over this. */

/**
 * `Q1_0vLPYiPN7qY_3.mid` → `Q1_0vLPYiPN7qY` (EMOPIA), `Q1_1_Q1_1_0.wav` → `Q1_1_Q1_1`, `piano/song_a_12.wav` → `piano/song_a`.
 *
 * Only a last number of one or two digits without leading zeros is a clip number, and only after a name that itself has
 * two parts: `happy_001.wav` and `melody_7.mid` are files of their own, or every happy file would be one song.
 */
export function songOf(name: string): string {
  const stem = name.replace(/\.[^./]+$/, '')
  return /^((?:.*\/)?[^/]+_[^/]+)_(?:0|[1-9]\d?)$/.exec(stem)?.[1] ?? stem
}
