// Makes names short enough for Linux, and duplicates different: cut before the suffix and at whole characters.
import { MAX_NAME_BYTES } from '../filesystem/contract/file-tree.js';

const DOT = 0x2e;
/** Bytes of the longest suffix that is kept, its dot included. */
const MAX_SUFFIX_BYTES = 17;

/** `name` with `mark` before its suffix; as much of what stands before that is cut as is too long. */
export function fitName(name: Uint8Array, mark = ''): Uint8Array {
  const dot = name.lastIndexOf(DOT);
  const isSuffix = dot > 0 && name.length - dot <= MAX_SUFFIX_BYTES && dot < name.length - 1;
  const stem = isSuffix ? dot : name.length;
  const suffix = name.subarray(stem);
  const added = Buffer.from(mark);
  const room = MAX_NAME_BYTES - added.length - suffix.length;
  return Buffer.concat([name.subarray(0, cutAtCharacter(name, Math.min(stem, room))), added, suffix]);
}

/** At most `length`, and not inside a UTF-8 sequence, whose continuation bytes are 10xxxxxx. */
function cutAtCharacter(name: Uint8Array, length: number): number {
  // Bytes that are no UTF-8 may look like continuations without end.
  for (let at = length; at > Math.max(0, length - 4); at -= 1) {
    if (((name[at] ?? 0) & 0xc0) !== 0x80) return at;
  }
  return length;
}
