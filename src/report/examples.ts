/** Which examples of the data a report shows: one of every quarter of the valence-arousal square that has any, by name. */
import type { Emotion, Example, Room, ValidationReport } from '../data/manifest.ts'
import { type Report, reportsOf, type ReportStage } from './report.ts'

export interface Shown {
  readonly example: Example
  readonly bytes: Uint8Array
  readonly generated: boolean
}

/** @param most examples; without labels the first ones of the room */
export function chooseExamples(report: Report, room: Room, most: number): Shown[] {
  const validation = reportsOf<ValidationReport>(report, 'validation.json', 'kpipe-validation/1')[0]?.data
  if (!validation) return []
  const examples = validation.examples.filter((example) => example.room === room)
  const quarters = new Map<string, Example>()
  for (const example of examples) {
    const quarter = quarterOf(example.emotion)
    if (!quarters.has(quarter)) quarters.set(quarter, example)
  }
  const chosen = [...quarters.values(), ...examples.filter((example) => ![...quarters.values()].includes(example))]
  const found: Shown[] = []
  for (const example of chosen.slice(0, most * 3)) {
    const bytes = found.length < most ? readExample(report, example.id) : null
    if (bytes) found.push({ example, bytes, generated: validation.source.generated })
  }
  return found
}

/** `valence 0.70, arousal -0.20` */
export function emotionText(emotion: Emotion | null): string {
  return emotion ? `valence ${emotion.valence.toFixed(2)}, arousal ${emotion.arousal.toFixed(2)}` : 'no label'
}

function quarterOf(emotion: Emotion | null): string {
  return emotion ? `${emotion.valence >= 0 ? '+' : '-'}${emotion.arousal >= 0 ? '+' : '-'}` : 'none'
}

/** From the stage whose output holds the data folder. */
function readExample(report: Report, id: string): Uint8Array | null {
  const path = `data/${id}`
  const stage: ReportStage | undefined = report.stages.find((one) => one.files.some((file) => file.path === path))
  return stage?.read(path) ?? null
}
