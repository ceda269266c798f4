/** "did you mean …?": the nearest of some names by edit distance, of equally near ones that of the same letters; '' for none. */
export function nearest(text: string, names: Iterable<string>): string {
  let best = ''
  // Of a short word at most half may differ: `c` is not a slip for `a`.
  let least = Math.min(Math.max(2, Math.floor(text.length / 3)), Math.floor(text.length / 2)) + 1
  for (const name of names) {
    if (Math.abs(name.length - text.length) >= least) continue
    const sameLetters = letters(text) === letters(name) ? 0.5 : 0
    const distance = editDistance(text.toLowerCase(), name.toLowerCase()) - sameLetters
    if (distance < least) {
      least = distance
      best = name
    }
  }
  return best
}

const letters = (text: string): string => [...text.toLowerCase()].sort().join('')

/** Damerau-Levenshtein (optimal string alignment): swapped neighbours count as one edit. */
export function editDistance(a: string, b: string): number {
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + same)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, before[j - 2]! + 1)
      row.push(cost)
    }
    before = last
    last = row
  }
  return last[b.length]!
}
