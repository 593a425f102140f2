// Resident memory of a process as the kernel counts it (proc_pid_status(5)).
import { readFile } from 'node:fs/promises';

/** Bytes. */
export interface ResidentMemory {
  /** VmRSS, the sum of the other three. */
  readonly total: number;
  readonly anonymous: number;
  /** Pages of mapped files: the node program itself above all. */
  readonly file: number;
  /** Shared memory: the index's region. */
  readonly shared: number;
}

/** Rejects when there is no such process. */
export async function readResidentMemory(pid: number): Promise<ResidentMemory> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8');
  const field = (name: string): number => {
    const match = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text);
    if (match === null) throw new Error(`Status of process ${pid} has no "${name}", expected it in kB`);
    return Number(match[1]) * 1024;
  };
  return {
    total: field('VmRSS'),
    anonymous: field('RssAnon'),
    file: field('RssFile'),
    shared: field('RssShmem'),
  };
}
