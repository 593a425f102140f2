// Owners, modes and times of what was extracted, in the order that keeps them: the owner first, because chown clears
// setuid bits, the times last, because everything else changes them.
import { fchmodSync, fchownSync, futimesSync, lchownSync, lutimesSync } from 'node:fs';
import { MODE_TYPE } from '../../filesystem/file-tree.js';
import type { NodeRecord, NodeTime } from '../../index/node-record.js';

const SET_ID_BITS = 0o6000;
const PERMISSION_BITS = 0o7777;

/** Whether this process may give files away. */
export function isRoot(): boolean {
  return process.geteuid?.() === 0;
}

/** Of an open file or directory. Without root the owner stays ours, and setuid bits would then mean somebody else. */
export function applyToDescriptor(descriptor: number, node: NodeRecord, root: boolean): void {
  // Windows lets nobody change a directory that is open for reading, and has no modes.
  if (process.platform === 'win32' && (node.mode & MODE_TYPE.mask) === MODE_TYPE.directory) return;
  if (root) fchownSync(descriptor, node.userId, node.groupId);
  fchmodSync(descriptor, node.mode & PERMISSION_BITS & (root ? ~0 : ~SET_ID_BITS));
  futimesSync(descriptor, toNodeTime(node.accessed), toNodeTime(node.modified));
}

/** Of the name itself, whatever a symlink there leads to. */
export function applyToName(path: Buffer, node: NodeRecord, root: boolean): void {
  if (root) lchownSync(path, node.userId, node.groupId);
  lutimesSync(path, toNodeTime(node.accessed), toNodeTime(node.modified));
}

/**
 * Node takes seconds as a double, which libuv cuts to microseconds: a third of one is added so that rounding never
 * loses one. Negative numbers would mean "now" to Node, so times before 1970 go as a Date, to the millisecond.
 */
function toNodeTime({ seconds, microseconds }: NodeTime): number | Date {
  if (seconds < 0) return new Date(seconds * 1000 + Math.floor(microseconds / 1000));
  return microseconds === 0 ? seconds : seconds + (microseconds + 0.3) / 1e6;
}
