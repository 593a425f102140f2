// Loaded before a command (`node --import`): writes what its process has cost to the file ISODRIVE_USAGE_FILE as it
// ends. A process that is killed writes nothing.
import { readFileSync, writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

/** What a process has cost so far. */
export interface Usage {
  /** Of all its threads, in user mode and in the kernel. */
  readonly cpuSeconds: number;
  /** Most resident memory that it had. */
  readonly peakBytes: number;
}

/** VmHWM: the greatest resident set of the program alone; `maxRSS` counts what it was forked from as well. */
function readPeak(): number {
  const line = /^VmHWM:\s+(\d+) kB$/mu.exec(readFileSync('/proc/self/status', 'utf8'));
  return Number(line?.[1] ?? NaN) * 1024;
}

const file = process.env.ISODRIVE_USAGE_FILE;
if (file !== undefined && isMainThread) {
  process.on('exit', () => {
    const { user, system } = process.cpuUsage();
    const usage: Usage = { cpuSeconds: (user + system) / 1e6, peakBytes: readPeak() };
    writeFileSync(file, JSON.stringify(usage));
  });
}
