/**
 * Words of emotion as places on the valence-arousal plane, for data that carries classes, moods or quadrants instead of two
 * numbers. The plane is Russell's (A circumplex model of affect, 1980); where on it a word stands is our judgement, to a
 * tenth, and every example that was placed so keeps its word as the fact `label`.
 */
import type { Emotion } from './manifest.ts'

const at = (valence: number, arousal: number): Emotion => ({ valence, arousal })

/** Of which only the signs are known. */
export const QUADRANTS: Readonly<Record<string, Emotion>> = {
  Q1: at(0.5, 0.5),
  Q2: at(-0.5, 0.5),
  Q3: at(-0.5, -0.5),
  Q4: at(0.5, -0.5),
}

const WORDS: Readonly<Record<string, Emotion>> = {
  happy: at(0.8, 0.5),
  sad: at(-0.7, -0.5),
  angry: at(-0.6, 0.8),
  fear: at(-0.6, 0.6),
  surprise: at(0.2, 0.7),
  disgust: at(-0.7, 0.3),
  neutral: at(0, 0),
  calm: at(0.4, -0.7),
  anguished: at(-0.8, 0.4),
  dark: at(-0.5, -0.1),
  dramatic: at(-0.1, 0.7),
  empowered: at(0.5, 0.6),
  excited: at(0.7, 0.8),
  hopeful: at(0.6, 0.2),
  joyful: at(0.8, 0.7),
  lonely: at(-0.6, -0.5),
  mysterious: at(-0.2, 0.1),
  nostalgic: at(0, -0.3),
  peaceful: at(0.6, -0.6),
  playful: at(0.6, 0.4),
  rebellious: at(-0.2, 0.7),
  relaxed: at(0.5, -0.5),
  romantic: at(0.6, -0.1),
  spiritual: at(0.3, -0.4),
  tender: at(0.4, -0.4),
  triumphant: at(0.7, 0.7),
}

const ALSO: Readonly<Record<string, string>> = {
  happiness: 'happy',
  joy: 'joyful',
  sadness: 'sad',
  anger: 'angry',
  fearful: 'fear',
  afraid: 'fear',
  surprised: 'surprise',
  disgusted: 'disgust',
  peace: 'peaceful',
  tenderness: 'tender',
}

/** The class of a word (`Sadness` → `sad`), in lower case; the word itself where it is none of ours. */
export function classOf(word: string): string {
  const plain = word.trim().toLowerCase()
  return ALSO[plain] ?? plain
}

/** Mean place of those words that have one, or null. */
export function emotionOfWords(words: readonly string[]): Emotion | null {
  const places = words.flatMap((word) => QUADRANTS[word.trim().toUpperCase()] ?? WORDS[classOf(word)] ?? [])
  if (places.length === 0) return null
  const mean = (values: readonly number[]) =>
    Math.round((values.reduce((sum, value) => sum + value, 0) / values.length) * 1000) / 1000
  return at(mean(places.map((place) => place.valence)), mean(places.map((place) => place.arousal)))
}
