// What is known of another process without waiting for it. Of /proc/PID no other file than `status` tells it at any
// time: `stat`, too, can be read only once the process is through execve(2), which may never be
// (docs/decisions/0025-what-of-proc-may-be-read.md).
import { readFileSync } from 'node:fs';

export interface ProcessState {
  /** A letter, as of ps: "T" is stopped, "Z" and "X" have ended. */
  readonly state: string;
  /** Effective. */
  readonly uid: number;
  /** False once it ends: its memory goes before its files are closed. */
  readonly hasMemory: boolean;
}

/** Undefined where there is no such process, or no /proc. */
export function readProcessState(pid: number): ProcessState | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/status`, 'latin1');
    return {
      state: /^State:\s+(\S)/mu.exec(text)?.[1] ?? '',
      uid: Number(/^Uid:\s+\d+\s+(\d+)/mu.exec(text)?.[1] ?? NaN),
      hasMemory: /^VmSize:/mu.test(text),
    };
  } catch {
    return undefined;
  }
}
