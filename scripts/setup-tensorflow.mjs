// Adds the engine `tensorflow`: the native addon of @tensorflow/tfjs-node, in the folder .tensorflow/ that git and npm ignore.
//   1. what is there and works stays;
//   2. the addon and library that tfjs-node itself would download;
//   3. else the addon compiled from tfjs-node's sources against the library inside PyPI's tensorflow-cpu (Linux).
// Runs from `npm run setup:tensorflow` [--force: anew] [--build: without 2]. Changes nothing else; rm -r .tensorflow undoes it.
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'

const ADDON = '4.22.0' // of @tensorflow/tfjs-node
const WHEEL = '2.21.0' // of tensorflow-cpu; wheels before 2.10 need Python's symbols
/** The newest that tfjs-node 4.22 knows; every Node from 12.17 on has it. */
const NAPI = 8
/** The names that the addon is linked with. */
const LINKS = {
  'libtensorflow.so.2': 'libtensorflow_cc.so.2',
  'libtensorflow.so': 'libtensorflow_cc.so.2',
  'libtensorflow_framework.so': 'libtensorflow_framework.so.2',
}
const UNZIP = `
import os, re, shutil, sys, zipfile
wheel, lib, include = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    for entry in archive.infolist():
        library = re.fullmatch(r'tensorflow/(libtensorflow_(?:cc|framework)\\.so\\.2)', entry.filename)
        header = re.fullmatch(r'tensorflow/include/((?:tensorflow/(?:c|core/platform)|xla/tsl|tsl)/.*\\.h)', entry.filename)
        if not library and not header:
            continue
        path = os.path.join(lib, library[1]) if library else os.path.join(include, header[1])
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with archive.open(entry) as source, open(path, 'wb') as target:
            shutil.copyfileobj(source, target, 1 << 20)
`

const root = fileURLToPath(new URL('..', import.meta.url))
const target = join(root, '.tensorflow')

class Trouble extends Error {}

const options = process.argv.slice(2)
const unknown = options.find((word) => !['--force', '--build'].includes(word))
try {
  if (unknown) throw new Trouble(`there is no option ${unknown}; there are --force and --build`)
  await setUp()
} catch (error) {
  if (!(error instanceof Trouble)) throw error
  console.error(`setup:tensorflow: ${error.message}`)
  process.exitCode = 1
}

async function setUp() {
  const there = options.includes('--force') ? undefined : firstThatWorks([packageAddon(), addonIn(target)])
  if (there) return say(`TensorFlow ${there.version} works already (${there.file})`)
  const work = mkdtempSync(join(tmpdir(), 'kpipe-setup-'))
  const staging = mkdtempSync(join(root, '.tensorflow-'))
  try {
    const sources = await unpackPackage(work)
    const downloaded = options.includes('--build') ? 'not wanted' : await download(sources, staging)
    if (downloaded) {
      say(`tfjs-node's own download: ${downloaded}; building`)
      rmSync(staging, { recursive: true })
      build(sources, work, staging)
    }
    const { version } = tried(addonIn(staging))
    rmSync(target, { recursive: true, force: true })
    renameSync(staging, target)
    say(`TensorFlow ${version} works: engine: tensorflow`)
  } finally {
    for (const folder of [work, staging]) rmSync(folder, { recursive: true, force: true })
  }
}

/** The sources of the addon, as npm has them: 230 kB, no dependencies, no script of its is run. */
async function unpackPackage(work) {
  const name = `@tensorflow/tfjs-node@${ADDON}`
  say(`fetching ${name}`)
  const cli = process.env['npm_execpath']
  const [command, first] = cli ? [process.execPath, [cli]] : ['npm', []]
  const packed = call(command, [...first, 'pack', name, '--silent', '--ignore-scripts'], work)
  if (packed.status !== 0) throw new Trouble(`npm pack ${name} failed:\n${tail(packed)}`)
  const archive = readdirSync(work).find((file) => file.endsWith('.tgz'))
  const { extract } = await import('tar')
  await extract({ file: join(work, archive), cwd: work })
  return join(work, 'package')
}

/**
 * What scripts/install.js of the package fetches, from where it would (TFJS_NODE_CDN_STORAGE moves both).
 * @returns '' or why not
 */
async function download(sources, staging) {
  const { binary } = JSON.parse(readFileSync(join(sources, 'package.json'), 'utf8'))
  const library = { 'linux-x64': 'cpu-linux-x86_64-2.9.1', 'darwin-x64': 'cpu-darwin-x86_64-2.9.1' }
  const system = library[`${process.platform}-${process.arch}`]
  if (!system) return `none for ${process.platform} ${process.arch}`
  const napi = Math.min(Number(process.versions.napi), Math.max(...binary.napi_versions))
  const moved = process.env['TFJS_NODE_CDN_STORAGE']
  const hosts = [moved ?? 'https://storage.googleapis.com/', moved ? `${moved}tf-builds/pre-built-binary` : binary.host]
  const platform = process.platform === 'linux' ? 'linux' : 'darwin'
  const archives = [
    [`${hosts[0]}tensorflow/libtensorflow/libtensorflow-${system}.tar.gz`, join(staging, 'deps'), 0],
    [`${hosts[1]}/napi-v${napi}/${ADDON}/CPU-${platform}-${ADDON}.tar.gz`, join(staging, 'lib', `napi-v${napi}`), 1],
  ]
  try {
    for (const [url, folder, strip] of archives) await unpackFrom(url, folder, strip)
    tried(addonIn(staging))
    return ''
  } catch (error) {
    return (error.cause?.message ?? error.message).split('\n')[0]
  }
}

async function unpackFrom(url, folder, strip) {
  const { extract } = await import('tar')
  const waiting = new AbortController()
  const timer = setTimeout(() => waiting.abort(new Error(`${url} does not answer`)), 20_000)
  const answer = await fetch(url, { signal: waiting.signal }).finally(() => clearTimeout(timer))
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`)
  say(`fetching ${url}`)
  mkdirSync(folder, { recursive: true })
  await pipeline(Readable.fromWeb(answer.body), extract({ cwd: folder, strip }))
}

function build(sources, work, staging) {
  const tools = toolsOrTrouble()
  say(`fetching tensorflow-cpu ${WHEEL} (270 MB)`)
  const wanted = [
    '--no-deps',
    '--only-binary=:all:',
    '--python-version',
    '3.11',
    '--implementation',
    'cp',
    '--abi',
    'cp311',
  ]
  const pip = call(tools.python, ['-m', 'pip', 'download', ...wanted, '-d', work, `tensorflow-cpu==${WHEEL}`], work)
  if (pip.status !== 0) throw new Trouble(`pip download tensorflow-cpu==${WHEEL} failed:\n${tail(pip)}`)
  const wheel = join(
    work,
    readdirSync(work).find((file) => file.endsWith('.whl')),
  )

  const lib = join(staging, 'deps', 'lib')
  mkdirSync(lib, { recursive: true })
  const unzipped = call(tools.python, ['-c', UNZIP, wheel, lib, join(sources, 'deps', 'include')], work)
  if (unzipped.status !== 0) throw new Trouble(`the wheel could not be unpacked:\n${tail(unzipped)}`)
  rmSync(wheel)
  for (const [name, of] of Object.entries(LINKS)) symlinkSync(of, join(lib, name))
  // Compiled in the temporary folder: make cannot do with a space in a path, which the project's may have.
  symlinkSync(lib, join(sources, 'deps', 'lib'))

  say('compiling the addon')
  const out = join(sources, 'lib', `napi-v${NAPI}`)
  const given = ['--module_name=tfjs_binding', `--module_path=${out}`, `--napi_build_version=${NAPI}`]
  const gyp = call(process.execPath, [tools.gyp, 'rebuild', ...tools.headers, ...given], sources)
  if (gyp.status !== 0) {
    const hint =
      tools.headers.length > 0
        ? ''
        : "\nNode's headers were not found beside node: npm_config_nodedir names their folder"
    throw new Trouble(`node-gyp failed:\n${tail(gyp)}${hint}`)
  }
  cpSync(join(sources, 'lib'), join(staging, 'lib'), { recursive: true })
}

/** All that is missing at once. */
function toolsOrTrouble() {
  if (process.platform !== 'linux')
    throw new Trouble('building is for Linux; npm install @tensorflow/tfjs-node in your project, kpipe takes that too')
  const works = (command, ...args) => call(command, args, root).status === 0
  const python = ['python3', 'python'].find((command) => works(command, '--version'))
  const missing = [
    ...(python ? [] : ['python3']),
    ...(python && works(python, '-m', 'pip', '--version') ? [] : ['python3-pip']),
    ...(works('make', '--version') ? [] : ['make']),
    ...(works('g++', '--version') || works('c++', '--version') ? [] : ['g++']),
  ]
  if (missing.length > 0)
    throw new Trouble(
      `missing: ${missing.join(', ')}\n  -> apt-get install -y ${missing.join(' ')}, then npm run setup:tensorflow`,
    )
  const gyp = [
    process.env['npm_config_node_gyp'],
    join(
      dirname(process.execPath),
      '..',
      'lib',
      'node_modules',
      'npm',
      'node_modules',
      'node-gyp',
      'bin',
      'node-gyp.js',
    ),
  ].find((path) => path && existsSync(path))
  if (!gyp)
    throw new Trouble('node-gyp, which comes with npm, was not found\n  -> start this by npm run setup:tensorflow')
  const nodedir = [process.env['npm_config_nodedir'], resolve(dirname(process.execPath), '..')].find(
    (path) => path && existsSync(join(path, 'include', 'node', 'node_api.h')),
  )
  // Where Node's headers are on the machine, node-gyp need not fetch them.
  return { python, gyp, headers: nodedir ? [`--nodedir=${nodedir}`] : [] }
}

function firstThatWorks(files) {
  for (const file of files) {
    if (!file) continue
    try {
      return tried(file)
    } catch {
      say(`${file} does not load`)
    }
  }
  return undefined
}

/** tfjs-node as the user installed it. */
function packageAddon() {
  try {
    return addonIn(dirname(createRequire(join(root, 'package.json')).resolve('@tensorflow/tfjs-node/package.json')))
  } catch {
    return ''
  }
}

function addonIn(folder) {
  const lib = join(folder, 'lib')
  const versions = existsSync(lib) ? readdirSync(lib) : []
  return versions.map((version) => join(lib, version, 'tfjs_binding.node')).find((file) => existsSync(file)) ?? ''
}

/** Loads the addon in a process of its own and lets a number through it. @throws Trouble */
function tried(file) {
  const script = `const addon = require(process.argv[1])
    const [back] = addon.tensorDataSync(addon.createTensor([1], 1, Float32Array.of(7)))
    console.log(back === 7 ? addon.TF_Version : '')`
  const { status, stdout, stderr } = call(process.execPath, ['-e', script, file], root)
  if (status !== 0 || !stdout.trim()) {
    const said = stderr.split('\n').find((line) => line.includes('Error: ')) ?? `exit code ${status}`
    throw new Trouble(`${file || 'the addon'} does not work: ${said}`)
  }
  return { file, version: stdout.trim() }
}

function call(command, args, cwd) {
  return spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 1 << 26 })
}

function tail({ stdout, stderr, error }) {
  const lines = `${error?.message ?? ''}\n${stdout ?? ''}\n${stderr ?? ''}`.trim().split('\n')
  return lines
    .filter((line) => !/^(gyp info|npm warn)/.test(line))
    .slice(-12)
    .join('\n')
}

function say(text) {
  console.log(text)
}
