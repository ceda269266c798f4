/** Node, the installed packages, the training engines and the audio decoders: is what kpipe needs there, and does it work? */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Engine } from '../../compute/engine.ts'
import { packageRoot } from '../../kinds.ts'
import { readJson } from '../../lib/files.ts'
import { shellWord } from '../invocation.ts'
import { bad, type Check, ok, warn } from './check.ts'

interface Manifest {
  readonly version: string
  readonly engines?: { readonly node?: string }
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const manifest = (folder: string) => readJson<Manifest>(join(folder, 'package.json'))

export function checkNode(version = process.versions.node): Check {
  const wanted = manifest(packageRoot)?.engines?.node ?? ''
  const least = wanted.replace(/^>=\s*/, '')
  if (atLeast(version, least)) return ok('node', version)
  return bad(
    'node',
    `${version}, kpipe needs ${least} or newer`,
    'install it from https://nodejs.org, or: nvm install --lts',
  )
}

function atLeast(version: string, least: string): boolean {
  const parts = (text: string) => text.split('.').map(Number)
  const [a, b] = [parts(version), parts(least)]
  for (let i = 0; i < b.length; i++) if ((a[i] ?? 0) !== b[i]) return (a[i] ?? 0) > b[i]!
  return true
}

/** Every dependency at the version that package.json names: what the tests ran with. */
export function checkPackages(root = packageRoot): Check {
  const own = manifest(root)
  const wanted = { ...own?.dependencies, ...own?.optionalDependencies }
  const optional = new Set(Object.keys(own?.optionalDependencies ?? {}))
  const missing: string[] = []
  const others: string[] = []
  for (const [name, version] of Object.entries(wanted)) {
    const found = installed(root, name)
    if (!found && !optional.has(name)) missing.push(name)
    else if (found && /^\d/.test(version) && found !== version) others.push(`${name} ${found} (tested with ${version})`)
  }
  const fix = `cd ${shellWord(root)} && npm ci`
  if (missing.length > 0) return bad('packages', `not installed: ${missing.join(', ')}`, fix)
  if (others.length > 0) return warn('packages', others.join(', '), fix)
  const lock = existsSync(join(root, 'package-lock.json')) ? ', as in package-lock.json' : ''
  return ok('packages', `${Object.keys(wanted).length} installed${lock}`)
}

function installed(root: string, name: string): string | undefined {
  for (let folder = root; ; folder = dirname(folder)) {
    const found = manifest(join(folder, 'node_modules', name))
    if (found) return found.version
    if (folder === dirname(folder)) return undefined
  }
}

/** One is enough; `auto` takes the first. One that the user may add is not missed. */
export async function checkEngines(): Promise<Check[]> {
  const { engines } = await import('../../compute/index.ts')
  const found: { name: string; missing: string; setup: string; optional: boolean }[] = []
  for (const [name, engine] of Object.entries<Engine>(engines)) {
    const missing = await engine.available().catch((error: unknown) => String(error))
    const setup = `cd ${shellWord(packageRoot)} && ${engine.setup ?? 'npm ci'}`
    found.push({ name, missing, setup, optional: engine.setup !== undefined })
  }
  const first = found.find(({ missing }) => missing === '')?.name
  if (!first) return found.map(({ name, missing, setup }) => bad(`engine ${name}`, missing, setup))
  return found.map(({ name, missing, setup, optional }) => {
    if (missing === '') return ok(`engine ${name}`, name === first ? 'works; `engine: auto` takes it' : 'works')
    if (optional) return ok(`engine ${name}`, `${missing}; it is optional, and ${setup} adds it`)
    return warn(`engine ${name}`, missing, `${setup}; or nothing, if ${first} is fast enough for you`)
  })
}

/** A GPU is no need; whether one can be used shows only by using it. */
export async function checkGpu(): Promise<Check> {
  const { engines } = await import('../../compute/index.ts')
  const able = Object.values<Engine>(engines).find((engine) => engine.gpu)
  const missing = able ? await able.gpu!() : 'no engine can use one'
  if (missing === '') return ok('gpu', `works with engine ${able!.name}; \`device: gpu\` takes it`)
  return ok('gpu', `${missing}; none is needed: training runs on the processor`)
}

/** Decodes a short tone of every format. */
export async function checkCodecs(): Promise<Check> {
  const [{ decodeAudio }, { audioSamples }, { encodeWav }] = await Promise.all([
    import('../../audio/decode.ts'),
    import('../../audio/samples.ts'),
    import('../../audio/wav.ts'),
  ])
  const tone = Float32Array.from({ length: 800 }, (_, i) => 0.4 * Math.sin((2 * Math.PI * 440 * i) / 8000))
  const samples: [string, Uint8Array][] = [
    ['wav', encodeWav(tone, 8000)],
    ...Object.entries(audioSamples).map(
      ([name, text]) => [name, new Uint8Array(Buffer.from(text, 'base64'))] as [string, Uint8Array],
    ),
  ]
  const failed: string[] = []
  for (const [name, sample] of samples) {
    const reason = await decodeAudio(sample, `tone.${name.split(' ').at(-1)}`).then(
      ({ channels }) => ((channels[0] ?? []).some((value) => Math.abs(value) > 0.2) ? '' : 'decoded to silence'),
      (error: unknown) => String((error as Error)?.message ?? error),
    )
    if (reason) failed.push(`${name} (${reason})`)
  }
  if (failed.length > 0)
    return bad('audio codecs', `do not work: ${failed.join(', ')}`, `cd ${shellWord(packageRoot)} && npm ci`)
  return ok('audio codecs', samples.map(([name]) => name).join(', '))
}

/** In a checkout kpipe builds itself; a package that was copied by hand may lack it. */
export function checkBuild(): Check {
  const build = readJson<{ version: string }>(join(packageRoot, 'dist', 'build.json'))
  if (!build) return bad('kpipe', 'is not built', `cd ${shellWord(packageRoot)} && npm run build`)
  const version = (JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as Manifest).version
  return ok('kpipe', `${version} in ${packageRoot}`)
}
