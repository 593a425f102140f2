// File set descriptor (ECMA-167 4/14.1): where the root directory is.
import type { ByteCursor } from '../../base/byte-cursor.js';
import { readLongExtent } from './fields.js';
import type { LongExtent } from './fields.js';

/** Bytes of it. */
export const FILE_SET_BYTES = 512;

export interface FileSetDescriptor {
  readonly root: LongExtent;
}

export function parseFileSetDescriptor(cursor: ByteCursor): FileSetDescriptor {
  return { root: readLongExtent(cursor, 400) }; // 4/14.1.15 Root Directory ICB, BP 400-415
}
