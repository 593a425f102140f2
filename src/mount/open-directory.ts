// Opens a directory as a place only, as it is mounted on: nothing of it can be read or changed through the descriptor.
import { constants, openSync, readlinkSync } from 'node:fs';
import { decodePath, hostPath } from '../base/path-text.js';

/** open(2); Node does not name it (asm-generic/fcntl.h). */
export const O_PATH = 0o10_000_000;

/** Gives a descriptor, which the caller closes. Throws the system's error. */
export function openDirectory(path: string): number {
  return openSync(hostPath(path), O_PATH | constants.O_DIRECTORY);
}

/** Path of what is open, as the kernel remembers it and path-text.ts has it. */
export function placeOf(descriptor: number): string {
  return decodePath(readlinkSync(`/proc/self/fd/${descriptor}`, { encoding: 'buffer' }));
}
