// Whether a process has ended. One that nobody reaps stays in /proc as a zombie: in a container process 1 may be a
// program that leaves all orphans so.
import { readFileSync } from 'node:fs';

export function hasEnded(pid: number | string): boolean {
  try {
    // The state stands behind the name, which may hold blanks and brackets.
    return /^.*\) [ZX] /s.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return true;
  }
}
