// Owners, modes and times of what was extracted, in the order that keeps them: the owner first, because chown clears
// setuid bits, the times last, because everything else changes them.
import { chmodSync, fchmodSync, fchownSync, futimesSync, lchownSync, lutimesSync } from 'node:fs';
import { MODE_TYPE } from '../../filesystem/contract/file-tree.js';
import type { NodeRecord, NodeTime } from '../../index/node-record.js';

const SET_ID_BITS = 0o6000;
const PERMISSION_BITS = 0o7777;

/** Whether this process may give files away. */
export function isRoot(): boolean {
  return process.geteuid?.() === 0;
}

/** Of an open file or directory. Without root the owner stays ours, and setuid bits would then mean somebody else.
 * `extra`:
 * bits of the mode besides the entry's. */
export function applyToDescriptor(descriptor: number, node: NodeRecord, root: boolean, extra = 0): void {
  // Windows lets nobody change a directory that is open for reading, and has no modes.
  if (process.platform === 'win32' && (node.mode & MODE_TYPE.mask) === MODE_TYPE.directory) return;
  if (root) fchownSync(descriptor, node.userId, node.groupId);
  fchmodSync(descriptor, permissionBits(node, root) | extra);
  futimesSync(descriptor, toNodeTime(node.accessed), toNodeTime(node.modified));
}

/** Of the name itself, whatever a symlink there leads to. */
export function applyToName(path: Buffer, node: NodeRecord, root: boolean): void {
  if (root) lchownSync(path, node.userId, node.groupId);
  if (node.type !== 'symlink') chmodSync(path, permissionBits(node, root));
  lutimesSync(path, toNodeTime(node.accessed), toNodeTime(node.modified));
}

/** The bits that an entry gets. */
export function permissionBits({ mode }: { readonly mode: number }, root: boolean): number {
  return mode & PERMISSION_BITS & (root ? ~0 : ~SET_ID_BITS);
}

/**
 * Node takes seconds as a double, which libuv cuts to microseconds, towards zero: a third of one is added so that
 * rounding never loses one. A negative number would mean "now" to Node, but not its text.
 */
function toNodeTime({ seconds, microseconds }: NodeTime): number | string {
  if (microseconds === 0) return seconds < 0 ? String(seconds) : seconds;
  const time = seconds + microseconds / 1e6;
  return time < 0 ? String(time - 0.3e-6) : time + 0.3e-6;
}
