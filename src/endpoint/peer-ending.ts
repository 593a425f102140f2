// Whether who listens at a socket is a process that was killed and cannot end, since a file system that it has files of
// never answers: the kernel keeps its sockets open, and nobody will ever answer there.
import type { Socket } from 'node:net';
import { loadAddon } from '../../native/index.js';
import { readProcessState } from '../base/process-state.js';
import { descriptorOf } from './socket-descriptor.js';

/** Milliseconds in which a keeper has a successor listen at the same socket, and between two looks. */
export const ENDING_PATIENCE = 5000;
export const ENDING_PAUSE = 100;

/** `socket`: connected. False where that cannot be known. */
export function isPeerEnding(socket: Socket): boolean {
  if (process.platform !== 'linux') return false;
  try {
    const { pid } = loadAddon().peerCredentials(descriptorOf(socket));
    const peer = readProcessState(pid);
    return peer !== undefined && (/^[ZX]/u.test(peer.state) || !peer.hasMemory);
  } catch {
    // No addon.
    return false;
  }
}
