/** Key documents for tests: a complete one, with what a test is about changed. */
import type { KeyDocument } from '../../src/store/fingerprint.ts'

export function keyDocument(changes: Partial<KeyDocument> = {}): KeyDocument {
  return {
    v: 1,
    kind: 'train',
    code: 'c0de',
    platform: 'linux-x64',
    options: {},
    command: null,
    env: {},
    inputs: {},
    ...changes,
  }
}
