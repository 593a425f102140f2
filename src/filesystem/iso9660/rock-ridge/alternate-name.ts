// NM: alternate names (RRIP 1.12 4.1.4), in as many fields as the name takes.
import type { ByteCursor } from '../../../base/byte-cursor.js';
import type { DirectoryEntry } from '../../contract/file-tree.js';

/**
 * Flags for "this is . or ..", beside which no name should stand; one that does is the entry's (VirtualBox's
 * discs).
 */
const DOT_FLAGS = 0x06;
const HEADER = 5;

/** Appends one field's part of the name, up to a NUL; false when the field says nothing about the name. */
export function appendAlternateName(
  cursor: ByteCursor,
  at: number,
  length: number,
  entry: DirectoryEntry,
): boolean {
  if (length < HEADER) return false;
  if (length === HEADER && (cursor.u8(at + 4) & DOT_FLAGS) !== 0) return false;
  const wanted = Math.min(length - HEADER, entry.name.length - entry.nameLength);
  entry.nameLength += cursor.copyText(at + HEADER, wanted, entry.name, entry.nameLength);
  return true;
}
