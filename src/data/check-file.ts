/**
 * Can one file be used? Decodes it once and says all that is wrong with it.
 * Codes that drop a file besides the readers' own: too-short, silent, nan, no-notes, no-pitched-notes, no-beats.
 */
import { decodeAudio } from '../audio/decode.ts'
import { inspectSignal, toMono } from '../audio/signal.ts'
import { DataError, type DataFault } from '../lib/errors.ts'
import { isRepair } from '../midi/faults.ts'
import { readMidi } from '../midi/read.ts'
import type { Room } from './manifest.ts'
import { type Measure, measureAudio, measureNotes } from './measure.ts'

export interface CheckOptions {
  /** Audio shorter than this is dropped. */
  readonly minSeconds: number
  /** MIDI with fewer notes is dropped; on pitched channels in midi/, on any in drums/. */
  readonly minNotes: number
  /** Rate that features are computed at, Hz. */
  readonly sampleRate: number
  /** Keep what can be read of damaged MIDI files. Default false. */
  readonly repair?: boolean
}

export interface FileCheck {
  /** Why the file cannot be used; null where it can. */
  readonly fault: DataFault | null
  /** Kept, but worth a look. */
  readonly warnings: readonly DataFault[]
  /** It can be used only as far as it could be repaired; the warnings say how far. */
  readonly repaired?: boolean
  /** What it is like; null where it could not be read. */
  readonly measure: Measure | null
}

/** @param path below the data folder, for messages */
export async function checkFile(
  room: Room,
  bytes: Uint8Array,
  path: string,
  options: CheckOptions,
): Promise<FileCheck> {
  try {
    return room === 'audio' ? await checkAudio(bytes, path, options) : checkMidi(room, bytes, path, options)
  } catch (error) {
    if (!(error instanceof DataError)) throw error
    return { fault: { ...error.fault, path }, warnings: [], measure: null }
  }
}

async function checkAudio(bytes: Uint8Array, path: string, options: CheckOptions): Promise<FileCheck> {
  const audio = await decodeAudio(bytes, path)
  const { sampleRate, channels } = audio
  const length = (channels[0]?.length ?? 0) / sampleRate
  const measure = measureAudio(channels[0]?.length ?? 0, sampleRate, channels.length)
  const warnings = [...audio.warnings, ...rateWarnings(sampleRate, path, options.sampleRate)]
  if (length < options.minSeconds) {
    const message = `${length.toFixed(2)} s long, expected at least ${options.minSeconds} s`
    return { fault: fault(path, 'too-short', message, 'take it out, or lower min_seconds'), warnings, measure }
  }
  const mono = inspectSignal(toMono(audio), sampleRate, path)
  const each = channels.length > 1 ? channels.flatMap((channel) => inspectSignal(channel, sampleRate, path)) : []
  const broken = mono.find(({ code }) => FATAL.has(code))
  const silent = each.filter(({ code }) => code === 'silent').length
  if (broken?.code === 'silent' && channels.length > 1 && silent < channels.length)
    return {
      fault: { ...broken, message: `${broken.message}; its channels cancel out when mixed to mono` },
      warnings,
      measure,
    }
  if (broken) return { fault: broken, warnings, measure }
  // One word a code is enough: a clipped stereo file is clipped in both channels.
  const heard = [...mono, ...each].filter(({ code }) => !FATAL.has(code))
  const once = heard.filter(({ code }, i) => heard.findIndex((other) => other.code === code) === i)
  return { fault: null, warnings: [...warnings, ...once], measure }
}

const FATAL = new Set(['silent', 'nan'])

/** Rates that equipment writes; any other one is mostly a damaged header, and plays at a wrong pitch. */
const USUAL_RATES = [8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 88200, 96000, 176400, 192000]

function rateWarnings(rate: number, path: string, wanted: number): DataFault[] {
  const hint = `it is resampled to ${wanted} Hz; make sure that it plays at the right pitch`
  if (!USUAL_RATES.includes(rate)) return [fault(path, 'odd-rate', `unusual sample rate of ${rate} Hz`, hint)]
  if (rate >= wanted) return []
  const message = `sample rate of ${rate} Hz: nothing above ${rate / 2} Hz, where features reach up to ${wanted / 2} Hz`
  return [fault(path, 'low-rate', message, 'its upper mel bands are empty; use a recording with the full band')]
}

function checkMidi(room: Room, bytes: Uint8Array, path: string, options: CheckOptions): FileCheck {
  const midi = readMidi(bytes, path, { repair: options.repair ?? false })
  const repaired = midi.warnings.some(isRepair) ? { repaired: true } : {}
  // Drum machines and Groove write hits of no length; nothing reads the length of a hit.
  const known = room === 'drums' ? ['no-notes', 'zero-length-note'] : ['no-notes']
  const warnings = midi.warnings.filter(({ code }) => !known.includes(code))
  const { length, channel } = midi.notes
  const measure = measureNotes(midi.notes, room === 'drums' ? 'all' : 'pitched')
  if (length === 0) {
    const told = midi.warnings.find(({ code }) => code === 'no-notes')
    return { fault: told ?? fault(path, 'no-notes', 'no notes', 'take it out'), warnings, measure }
  }
  if (room === 'drums' && midi.ticksPerQuarter === null) {
    const hint = 'export it with ticks per quarter note'
    return {
      fault: fault(path, 'no-beats', 'time is counted in SMPTE frames, so it has no bars', hint),
      warnings,
      measure,
    }
  }
  const counted = room === 'drums' ? length : channel.subarray(0, length).filter((number) => number !== 9).length
  if (counted === 0) {
    const hint = 'put drum patterns into drums/'
    return {
      fault: fault(path, 'no-pitched-notes', `all ${length} notes are drums (channel 10)`, hint),
      warnings,
      measure,
    }
  }
  if (counted >= options.minNotes) return { fault: null, warnings, measure, ...repaired }
  const message = `${counted} notes, expected at least ${options.minNotes}`
  return { fault: fault(path, 'few-notes', message, 'take it out, or lower min_notes'), warnings, measure }
}

function fault(path: string, code: string, message: string, hint: string): DataFault {
  return { path, offset: null, code, message, hint }
}
