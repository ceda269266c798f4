/** A few seconds of the audio that the models hear, small enough to travel in the page. */
import { decodeAudio } from '../../audio/decode.ts'
import { resample } from '../../audio/resample.ts'
import { toMono } from '../../audio/signal.ts'
import { encodeWav } from '../../audio/wav.ts'
import { chooseExamples, emotionText } from '../examples.ts'
import { html } from '../html.ts'
import type { Panel } from '../report.ts'

const CLIPS = 4
const SECONDS = 3
/** Low, so that four clips stay below 400 kB of base64. */
const RATE = 11025

export const listening: Panel = {
  title: 'Listening',
  about: `The first ${SECONDS} seconds of one recording from each quarter of the valence-arousal square, mono at ${RATE / 1000} kHz.`,
  draw: async (report) => {
    const clips: string[] = []
    for (const { example, bytes, generated } of chooseExamples(report, 'audio', CLIPS)) {
      const clip = await makeClip(bytes, example.id)
      if (!clip) continue
      const about = `${emotionText(example.emotion)}${generated ? ', generated' : ''}`
      clips.push(
        `<figure><figcaption>${html(example.id)}<br>${html(about)}</figcaption><audio controls preload="none" src="data:audio/wav;base64,${clip}"></audio></figure>`,
      )
    }
    return clips.length > 0 ? `<div class="clips">${clips.join('\n')}</div>` : ''
  },
}

/** Base64 of a WAV, or null where the file cannot be decoded (validate has said so). */
async function makeClip(bytes: Uint8Array, path: string): Promise<string | null> {
  try {
    const audio = await decodeAudio(bytes, path)
    const whole = toMono(audio)
    const start = resample(whole.subarray(0, Math.ceil(SECONDS * audio.sampleRate)), audio.sampleRate, RATE)
    const samples = start.map((sample) => Math.min(1, Math.max(-1, sample)))
    const fade = Math.min(samples.length, Math.round(0.05 * RATE))
    for (let i = 0; i < fade; i++) samples[samples.length - 1 - i]! *= i / fade
    return Buffer.from(encodeWav(samples, RATE)).toString('base64')
  } catch {
    return null
  }
}
