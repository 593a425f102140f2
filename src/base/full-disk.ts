// Which faults of writing a file mean that there is no room, or no medium, for it at the moment: nothing that whoever
// writes has done wrong.
import { isSystemError } from './error.js';

const CODES: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT', 'EIO']);

export function isDiskFull(thrown: unknown): boolean {
  return isSystemError(thrown) && CODES.has(thrown.code);
}
