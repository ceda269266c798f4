/**
 * MP3 by mpg123 in wasm, part by part, and what the frames of the file say of its length. A whole file at once is
 * decode.ts.
 */
import type { DataError, DataFault } from '../lib/errors.ts'
import { audioError, audioFault, endsEarly } from './audio.ts'
import { type MpegWalk, walkFrames } from './mpeg.ts'
import { codecFailed, type Stated } from './stated.ts'

/** Compressed bytes given to the decoder at a time: half a second of sound or so, which stays in the processor's cache. */
const PART = 16_384

/**
 * Decodes part by part until `take` says that it is enough.
 * @param take gets the channels of a part and its rate; true to go on
 * @throws DataError where the decoder fails
 */
export async function decodeMp3(
  bytes: Uint8Array,
  path: string,
  take: (channels: Float32Array[], sampleRate: number) => boolean,
): Promise<void> {
  const { decoder } = await import('@audio/decode-mp3')
  const mpg = await decoder()
  try {
    for (let at = 0; at < bytes.length; at += PART) {
      const { channelData, sampleRate } = decode(bytes.subarray(at, at + PART))
      if ((channelData[0]?.length ?? 0) > 0 && !take(channelData, sampleRate)) return
    }
  } finally {
    mpg.free()
  }
  function decode(part: Uint8Array) {
    try {
      return mpg.decode(part)
    } catch (error) {
      throw codecFailed('MP3', path, error)
    }
  }
}

/** @throws DataError where there are no frames, or fewer than the file says */
export function mp3Stated(bytes: Uint8Array, start: number, path: string): Stated {
  const walk = walkFrames(bytes, start)
  if (!walk)
    throw audioError(path, start, 'damaged', 'no two MPEG audio frames in a row, expected MP3', 'export the file again')
  const { first, promised } = walk
  if (promised && walk.frames + 1 < promised.frames) throw mp3Short(walk, promised.frames, bytes.length, path)
  return {
    sampleRate: first.sampleRate,
    channels: first.channels,
    samples: promised?.samples ?? null,
    offset: promised?.offset ?? walk.firstOffset,
    end: bytes.length,
    slack: first.samples,
    warnings: mp3Warnings(walk, path),
  }
}

/** Frames are missing: bytes between them were spoilt, or the end of the file is not there. */
function mp3Short(walk: MpegWalk, promised: number, end: number, path: string): DataError {
  const { first, frames } = walk
  const counted = `${frames} of ${promised} frames`
  if (walk.garbage !== null && walk.garbage > walk.firstOffset) {
    const message = `bytes that are no MPEG frame, found ${counted}, expected all`
    return audioError(path, walk.garbage, 'damaged', message, 'copy or export it again')
  }
  const seconds = (count: number) => (count * first.samples) / first.sampleRate
  const message = `${endsEarly(seconds(frames), seconds(promised))} (${counted})`
  return audioError(path, walk.partial ?? end, 'truncated', message, 'copy or export it again')
}

function mp3Warnings(walk: MpegWalk, path: string): DataFault[] {
  const warnings: DataFault[] = []
  if (walk.garbage !== null)
    warnings.push(audioFault(path, walk.garbage, 'garbage', 'bytes that are no MPEG frame, skipped up to the next one'))
  if (walk.partial !== null) {
    const message = 'the last MPEG frame is cut; the file does not say how long it was'
    warnings.push(audioFault(path, walk.partial, 'partial-frame', message, 'copy it again if it should be longer'))
  }
  return warnings
}
