// How long processes waited for a processor (Linux Documentation/scheduler/sched-stats): what the machine holds up,
// and nothing that sleeps or hangs.
import { readFileSync, readdirSync } from 'node:fs';

/** Milliseconds that the threads of a process have waited, all added up; 0 where the kernel does not count. */
export function readProcessorDelay(pid: number): number {
  let nanoseconds = 0;
  for (const thread of listThreads(pid)) {
    try {
      const [, waited] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ');
      nanoseconds += Number(waited);
    } catch {
      // It has ended.
    }
  }
  return nanoseconds / 1e6;
}

function listThreads(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}
