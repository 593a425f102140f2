// File set descriptor (ECMA-167 4/14.1): where the root directory is, and which of several sets this is.
import type { ByteCursor } from '../../base/byte-cursor.js';
import { readLongExtent } from './fields.js';
import type { LongExtent } from './fields.js';

export interface FileSetDescriptor {
  /** Of the set, and of this edition of its descriptor. */
  readonly number: number;
  readonly descriptorNumber: number;
  readonly root: LongExtent;
  /** Where further descriptors are; length 0 where there are none. */
  readonly next: LongExtent;
  /** All of it. */
  readonly bytes: Uint8Array;
}

export function parseFileSetDescriptor(cursor: ByteCursor): FileSetDescriptor {
  return {
    number: cursor.u32le(40), // 4/14.1.7 File Set Number, BP 40-43
    descriptorNumber: cursor.u32le(44), // 4/14.1.8 File Set Descriptor Number, BP 44-47
    root: readLongExtent(cursor, 400), // 4/14.1.15 Root Directory ICB, BP 400-415
    next: readLongExtent(cursor, 448), // 4/14.1.17 Next Extent, BP 448-463
    bytes: cursor.slice(0, cursor.length),
  };
}
