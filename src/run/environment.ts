/** The strict environment of a stage: what a program needs to run at all, and what the stage declares. */
import { dirname } from 'node:path'
import type { StagePlan } from '../plan.ts'
import type { Session } from './session.ts'

/** Visible to every stage, part of no key: they say where things are, not what comes out. */
const ALWAYS = [
  'PATH',
  'HOME',
  'TMPDIR',
  'TEMP',
  'TMP',
  'USER',
  'LOGNAME',
  'SHELL',
  'LANG',
  'LC_ALL',
  'LC_CTYPE',
  'TZ',
  'SystemRoot',
  'LD_LIBRARY_PATH',
  'XDG_DATA_DIRS',
  'VK_DRIVER_FILES',
  'VK_ICD_FILENAMES',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
]

/** @param cores that the stage may use at once */
export function stageEnvironment(
  session: Session,
  stage: StagePlan,
  log: string,
  cores: number,
): Record<string, string> {
  const env: Record<string, string> = {}
  for (const name of [...ALWAYS, ...stage.passEnv]) {
    const value = session.environment[name]
    if (value !== undefined) env[name] = value
  }
  for (const [name, value] of Object.entries(stage.env)) {
    const effective = value ?? session.environment[name]
    if (effective !== undefined) env[name] = effective
  }
  const own = { KPIPE_STAGE: stage.id, KPIPE_ROOT: session.layout.root, KPIPE_RUN: dirname(log) }
  return { ...env, ...own, KPIPE_CORES: `${cores}` }
}
