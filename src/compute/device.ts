/** What `device:` may say, and what it means here. Light: loads nothing. */
import type { Device } from './engine.ts'

/** cuda and mps are what people type: their cards are reached through WebGPU, as any other. */
const words: Readonly<Record<string, Device>> = {
  // Whether a GPU would be faster shows only by training on it, and its numbers are others: it is never chosen unasked.
  auto: 'cpu',
  cpu: 'cpu',
  gpu: 'gpu',
  webgpu: 'gpu',
  cuda: 'gpu',
  mps: 'gpu',
}

export const deviceNames: readonly string[] = Object.keys(words)

export function deviceOf(word: string): Device | undefined {
  return Object.hasOwn(words, word) ? words[word] : undefined
}
