/**
 * The report in a real browser: no console message, no request, light and dark. Uses the Chromium that is installed and
 * installs nothing; without one it is skipped, and says so.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { finishedProject } from '../commands/finished-project.ts'
import { Project } from '../rig.ts'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome']
const browser =
  process.env['CHROMIUM'] ??
  (process.env['PATH'] ?? '')
    .split(delimiter)
    .flatMap((folder) => NAMES.map((name) => join(folder, name)))
    .find((path) => existsSync(path))

if (!browser)
  process.stderr.write(
    `\nSKIPPED: no browser found (${NAMES.join(', ')} on PATH, or CHROMIUM=…): the report was not opened\n\n`,
  )

let project: Project
let work: string
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'kpipe-browser-'))
  project = new Project()
  finishedProject(project)
  project.run()
  expect(project.kpipe('report', '-o', 'report.html').code).toBe(0)
})
afterAll(() => {
  project.dispose()
  rmSync(work, { recursive: true, force: true })
})

/** What the browser asks its maker, whatever page it shows. */
const OWN = /^https?:\/\/([\w-]+\.)*(google|googleapis|gstatic)\.com\//

interface Opened {
  readonly png: Buffer
  readonly consoleLines: readonly string[]
  /** Everything that was asked for over a network. */
  readonly urls: readonly string[]
}

function open(name: string, page = project.path('report.html'), ...more: string[]): Opened {
  const [png, netLog] = [join(work, `${name}.png`), join(work, `${name}.json`)]
  const args = [
    '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking',
    '--disable-component-update --disable-sync --disable-extensions --hide-scrollbars --enable-logging=stderr',
  ].flatMap((line) => line.split(' '))
  const done = spawnSync(
    browser!,
    [
      ...args,
      ...more,
      '--host-resolver-rules=MAP * ~NOTFOUND',
      `--user-data-dir=${join(work, `${name}-profile`)}`,
      `--log-net-log=${netLog}`,
      '--window-size=1180,6000',
      `--screenshot=${png}`,
      `file://${page}`,
    ],
    { encoding: 'utf8', timeout: 120_000 },
  )
  expect(existsSync(png), done.stderr).toBe(true)
  const log = readFileSync(netLog, 'utf8')
  return {
    png: readFileSync(png),
    consoleLines: done.stderr.split('\n').filter((line) => line.includes(':CONSOLE')),
    urls: [...new Set([...log.matchAll(/"url":"(https?:[^"]+)"/g)].map((match) => match[1]!))].filter(
      (url) => !OWN.test(url),
    ),
  }
}

it.runIf(browser)('opens without a console message and without a request', () => {
  const { png, consoleLines, urls } = open('light')
  expect(consoleLines).toEqual([])
  expect(urls).toEqual([])
  expect(png.length).toBeGreaterThan(50_000)
})

it.runIf(browser)('would have noticed both', () => {
  const page = join(work, 'bad.html')
  writeFileSync(page, '<img src="http://asked.invalid/x.png"><script>console.error("oops")</script>')
  const { consoleLines, urls } = open('bad', page)
  expect(urls).toEqual(['http://asked.invalid/x.png'])
  expect(consoleLines.join()).toContain('oops')
})

it.runIf(browser)('is another picture for readers who like it dark', () => {
  const [light, dark] = [
    open('light2').png,
    open('dark', undefined, '--force-dark-mode', '--blink-settings=preferredColorScheme=0').png,
  ]
  expect(dark.equals(light)).toBe(false)
  expect(dark.length).toBeGreaterThan(50_000)
})
