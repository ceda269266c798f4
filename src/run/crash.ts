/**
 * Numbered places where a run may be killed, for the test that proves that any of them is safe: with KPIPE_CRASH_AT=n the
 * process kills itself, as SIGKILL does, at the n-th place it passes. Costs one comparison otherwise.
 */
const crashAt = Number(process.env['KPIPE_CRASH_AT'] ?? 0)
let passed = 0

export function crashPoint(_name: string): void {
  if (crashAt === 0) return
  if (++passed === crashAt) process.kill(process.pid, 'SIGKILL')
}
