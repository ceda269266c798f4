/** One mistake, told by the real command line: what stands on standard error, with the exit code before it. */
import { Project } from '../rig.ts'

export type Files = Readonly<Record<string, string | Uint8Array>>

/** `pipelines/p.yaml` with this text, and further files. */
export const pipeline = (text: string, files: Files = {}): Files => ({ 'pipelines/p.yaml': text, ...files })

/** A sound pipeline of stage kinds; `changes` replace texts in it. */
export function trainer(changes: Readonly<Record<string, string>> = {}, files: Files = {}): Files {
  let text = `stages:
  download:
  validate: { inputs: { data: download } }
  featurize:
    config: groove_predictor
    inputs: { data: download, validation: validate }
  train:
    config: groove_predictor
    inputs: { features: featurize }
  export:
    config: groove_predictor
    inputs: { model: train, features: featurize }
`
  for (const [from, to] of Object.entries(changes)) {
    if (!text.includes(from)) throw new Error(`the pipeline has no ${from}`)
    text = text.replace(from, to)
  }
  return pipeline(text, files)
}

/** A sound pipeline of two commands. */
export const commands = (more = ''): Files =>
  pipeline(`params: { rate: 0.1 }
stages:
  prepare: { run: echo a > a.txt, outs: [a.txt]${more} }
  copy: { run: cp a.txt b.txt, deps: [a.txt], outs: [b.txt] }
`)

/** `exit 2` and all that was said; the project folder is called PROJECT, run ids RUN, times TIME. */
export function told(files: Files, ...args: string[]): string {
  const project = new Project()
  try {
    project.write(files)
    const { code, err } = project.kpipe(...args)
    const text = err
      .replaceAll(project.root, 'PROJECT')
      .replace(/\d{8}-\d{6}-[0-9a-f]{4}/g, 'RUN')
      .replace(/\d+(\.\d+)? s\b/g, 'TIME')
    return `exit ${code}\n${text}`
  } finally {
    project.dispose()
  }
}
