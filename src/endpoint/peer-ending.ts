// Whether who listens at a socket is a process that was killed and cannot end, since a file system that it has files of
// never answers: the kernel keeps its sockets open, and nobody will ever answer there.
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { loadAddon } from '../../native/index.js';
import { descriptorOf } from './socket-descriptor.js';

/** In the flags of a process in /proc/PID/stat (PF_EXITING of linux/sched.h). */
const EXITING = 4;
/** Fields behind the name in /proc/PID/stat: the state, and the flags (proc_pid_stat(5)). */
const FIELD = { state: 0, flags: 6 };

/** Milliseconds in which a keeper has a successor listen at the same socket, and between two looks. */
export const ENDING_PATIENCE = 5000;
export const ENDING_PAUSE = 100;

/** `socket`: connected. False where that cannot be known. */
export function isPeerEnding(socket: Socket): boolean {
  if (process.platform !== 'linux') return false;
  try {
    const { pid } = loadAddon().peerCredentials(descriptorOf(socket));
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)!.split(' ');
    const state = fields[FIELD.state]!;
    return state === 'Z' || state === 'X' || (Number(fields[FIELD.flags]) & EXITING) !== 0;
  } catch {
    // No addon, or the process is gone.
    return false;
  }
}
