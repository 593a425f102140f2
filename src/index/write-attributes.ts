// Writes what every kind of entry has into the words of a row.
import type { DirectoryEntry, Timestamp } from '../filesystem/contract/file-tree.js';
import { ROW } from './layout.js';
import { HIGH, highWord } from './wide-number.js';

/** `at`: where the row's words begin. */
export function writeAttributes(rows: Uint32Array, at: number, entry: DirectoryEntry): void {
  rows[at + ROW.mode] = entry.mode;
  rows[at + ROW.links] = entry.links;
  rows[at + ROW.userId] = entry.userId;
  rows[at + ROW.groupId] = entry.groupId;
  rows[at + ROW.sizeLow] = entry.size >>> 0;
  rows[at + ROW.sizeHigh] = highWord(entry.size);
  rows[at + ROW.inodeLow] = entry.inode >>> 0;
  rows[at + ROW.inodeHigh] = highWord(entry.inode);
  writeTime(rows, at + ROW.modified, entry.modified);
  writeTime(rows, at + ROW.accessed, entry.accessed);
  writeTime(rows, at + ROW.changed, entry.changed);
}

function writeTime(rows: Uint32Array, at: number, time: Timestamp): void {
  rows[at] = time.seconds >>> 0;
  const { seconds } = time;
  const high = seconds >= 0 && seconds < HIGH ? 0 : Math.floor(seconds / HIGH);
  rows[at + 1] = (high << 20) | time.microseconds;
}
