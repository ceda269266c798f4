/**
 * What may change a stage's output, as one document; its hash is the key. The explanation of a rerun compares two of these
 * documents, so "why" cannot drift from "whether".
 */
import { canonical, sha256 } from '../lib/files.ts'
import type { ContentHash } from './tree.ts'

export interface KeyDocument {
  /** Raised when what is hashed changes between releases of kpipe. */
  readonly v: 1
  readonly kind: string
  /** Hash of the kind's code and of all it imports; '' for commands. */
  readonly code: string
  readonly platform: string
  readonly options: Readonly<Record<string, unknown>>
  readonly command: {
    readonly run: string
    readonly outs: readonly string[]
    readonly params: Readonly<Record<string, unknown>>
  } | null
  /** Declared variables: hash of the value, or 'unset'. */
  readonly env: Readonly<Record<string, string>>
  /** Content of every input; lists in the order of the pipeline. */
  readonly inputs: Readonly<Record<string, ContentHash | readonly ContentHash[]>>
}

export const PLATFORM = `${process.platform}-${process.arch}`

export const keyOf = (doc: KeyDocument): string => sha256(canonical(doc))

/** Key of the checkpoints a stage may continue from: options that only say how far to go are left out. */
export function resumeKeyOf(doc: KeyDocument, ignore: readonly string[]): string {
  const options = Object.fromEntries(Object.entries(doc.options).filter(([name]) => !ignore.includes(name)))
  return sha256(canonical({ ...doc, options, resume: true }))
}

/** Value of a declared variable as it enters the key: secrets are not written in the clear. */
export const envHash = (value: string | undefined): string => (value === undefined ? 'unset' : sha256(value))
