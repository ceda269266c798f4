/** What the system refuses (no permission, a full disk): it names its path itself; here is what to do about it. */

const REMEDIES: Readonly<Record<string, string>> = {
  EACCES: 'make it yours to write (chmod u+w, chown), or work on a copy of the folder',
  EPERM: 'make it yours to write (chmod u+w, chown), or work on a copy of the folder',
  EROFS: 'that disk is read-only: work on a copy of the folder elsewhere',
  ENOSPC: 'the disk is full: make room; kpipe gc says what the cache could give back',
  EDQUOT: 'your share of the disk is used up: make room; kpipe gc says what the cache could give back',
  EMFILE: 'too many files are open: ulimit -n 4096 allows more',
  ENFILE: 'too many files are open on this machine: end what you do not need',
  ENOMEM: 'memory is used up: fewer stages at once (--jobs 1) need less',
  ENOTDIR: 'a file stands where a folder is needed: move it away',
  EISDIR: 'a folder stands where a file is needed: move it away',
  EIO: 'the disk or its connection fails: look at it before you go on',
  ESTALE: 'the network disk was mounted anew: go into the folder again',
}

/** One sentence for an error of the system, '' where there is none to give; null for any other error. */
export function systemRemedy(error: unknown): string | null {
  const { code, syscall } = (error ?? {}) as NodeJS.ErrnoException
  if (typeof code !== 'string' || typeof syscall !== 'string') return null
  return REMEDIES[code] ?? ''
}
