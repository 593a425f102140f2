// Symbolic links (ECMA-167 4/8.7, 4/14.16): path components turned into the target that POSIX knows.
import type { ByteCursor } from '../../base/byte-cursor.js';
import { MAX_TARGET_BYTES } from '../contract/file-tree.js';
import { decodeCs0 } from './cs0.js';

/** 4/14.16.1 Component Type. */
const COMPONENT = { reserved: 0, rootOfOther: 1, root: 2, parent: 3, current: 4, name: 5 } as const;
const HEADER_BYTES = 4;

/** Target of a link whose data fills the cursor's window; what lies behind a broken component is left out. */
export function readSymbolicLink(cursor: ByteCursor): Uint8Array {
  const parts: string[] = [];
  let target = '';
  for (let at = 0; at + HEADER_BYTES <= cursor.length;) {
    const type = cursor.u8(at);
    const length = cursor.u8(at + 1); // 4/14.16.2 Length of Component Identifier
    const next = at + HEADER_BYTES + length;
    if (next > cursor.length || target.length > MAX_TARGET_BYTES) break;
    if (type === COMPONENT.root || type === COMPONENT.rootOfOther) {
      // What stands before a root has no meaning (4/8.7.1).
      parts.length = 0;
      parts.push('');
    } else if (type === COMPONENT.parent) parts.push('..');
    else if (type === COMPONENT.current) parts.push('.');
    else if (type === COMPONENT.name) {
      parts.push(decodeCs0(cursor.slice(at + HEADER_BYTES, length)) ?? '');
    }
    target = parts.join('/');
    at = next;
  }
  return new TextEncoder().encode(parts.length === 1 && parts[0] === '' ? '/' : target);
}
