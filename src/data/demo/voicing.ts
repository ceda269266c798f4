/** Four-part chord voicings that follow one another the nearest way. Knows pitches only, no keys and no rhythm. */
import { mod } from './chance.ts'

/**
 * Four voices near `center`, of all close and open spacings the one reached with the least movement
 * (the classical rule of the nearest way; parallel fifths are let pass, as in popular music).
 */
export function voiceChord(classes: readonly number[], before: readonly number[] | null, center: number): number[] {
  let best: number[] = []
  let least = Infinity
  const four = classes.length >= 4 ? classes.slice(0, 4) : [...classes, classes[0]!]
  for (let low = center - 12; low <= center; low++) {
    if (!four.includes(mod(low, 12))) continue
    for (const order of spacings(four, mod(low, 12))) {
      const voicing = order.reduce<number[]>((stack, pitchClass) => {
        const above = stack.at(-1)
        stack.push(above === undefined ? low : above + 1 + mod(pitchClass - above - 1, 12))
        return stack
      }, [])
      const cost = spread(voicing, center) + (before ? movement(before, voicing) : 0)
      if (cost < least) [best, least] = [voicing, cost]
    }
  }
  return best
}

/** Orders of the classes from the given lowest one up: close, and with the inner voices exchanged (open). */
function spacings(classes: readonly number[], lowest: number): number[][] {
  const rest = [...classes]
  rest.splice(rest.indexOf(lowest), 1)
  const close = rest.sort((a, b) => mod(a - lowest - 1, 12) - mod(b - lowest - 1, 12))
  const [first, second, third] = close as [number, number, number]
  return [close, [second, first, third], [second, third, first]].map((order) => [lowest, ...order])
}

function spread(voicing: readonly number[], center: number): number {
  const mean = voicing.reduce((sum, pitch) => sum + pitch, 0) / voicing.length
  return 0.7 * Math.abs(mean - center) + 0.25 * Math.max(0, voicing.at(-1)! - voicing[0]! - 14)
}

function movement(before: readonly number[], after: readonly number[]): number {
  return after.reduce((sum, pitch, voice) => sum + Math.abs(pitch - before[voice]!), 0)
}
