// A good disc of UDF whose one file has as many extents as a file may have, no two of them side by side: their
// descriptors are in a chain of allocation extents (ECMA-167 4/12). Every block of the file has bytes of its own.
import { createHash } from 'node:crypto';
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import {
  FREE_BLOCK,
  PARTITION_START,
  buildUdf,
  fileEntry,
  identifier,
  shortExtent,
  tagged,
} from '../support/udf-builder.js';

const BLOCK = 2048;
const ALLOCATION_EXTENT = 258;
/** Bytes of an allocation extent before its descriptors, and of a descriptor. */
const HEAD = 24;
const DESCRIPTOR = 8;
const CONTINUATION = 3;
/**
 * Descriptors of an allocation extent of one block, and of the file entry; where the chain goes on, the last says
 * so.
 */
const ROOM = Math.floor((BLOCK - HEAD) / DESCRIPTOR);
const ENTRY_ROOM = 200;
/** Blocks that are written at a time. */
const BATCH = 512;

export const EXTENTS_FILE = 'f';

/** The data block, of the file's own, at which its block `index` lies: each two change places. */
const placeOf = (index: number): number => index ^ 1;

function contentOf(index: number, into: Buffer): void {
  into.fill(index & 0xff);
  into.writeUInt32LE(index, 0);
  into.writeUInt32LE(Math.imul(index, 0x9e37_79b1) >>> 0, BLOCK - 4);
}

/** The chain: the file entry's own descriptors, and those of each allocation extent. */
function cutIntoParts(extents: number): number[][] {
  const parts: number[][] = [];
  for (let from = 0; from < extents;) {
    const room = parts.length === 0 ? ENTRY_ROOM : ROOM;
    const count = extents - from <= room ? extents - from : room - 1;
    parts.push(Array.from({ length: count }, (_, i) => from + i));
    from += count;
  }
  return parts;
}

function allocationExtent(block: number, descriptors: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(HEAD + descriptors.length);
  bytes.writeUInt32LE(descriptors.length, 20);
  bytes.set(descriptors, HEAD);
  return tagged(ALLOCATION_EXTENT, block, bytes);
}

/** Writes the disc, whose file EXTENTS_FILE has so many extents of a block each, an even number; gives its SHA-256. */
export function writeManyExtents(path: string, extents: number): string {
  const parts = cutIntoParts(extents);
  const first = FREE_BLOCK + 1;
  const data = first + parts.length - 1;
  const blocks: Record<number, Uint8Array> = {};
  for (const [i, part] of parts.entries()) {
    const runs = part.map((index) => shortExtent(BLOCK, data + placeOf(index)));
    if (i < parts.length - 1) runs.push(shortExtent(BLOCK, first + i, CONTINUATION));
    const descriptors = Buffer.concat(runs);
    blocks[FREE_BLOCK + i] =
      i === 0
        ? fileEntry({ block: FREE_BLOCK, kind: 0, allocation: descriptors, size: extents * BLOCK })
        : allocationExtent(FREE_BLOCK + i, descriptors);
  }
  const partitionBlocks = data + extents;
  const root = [identifier(EXTENTS_FILE, FREE_BLOCK)];
  const head = buildUdf({ sectors: PARTITION_START + data, partitionBlocks, root, blocks });
  const file = openSync(path, 'w');
  try {
    writeSync(file, head);
    const hash = createHash('sha256');
    const block = Buffer.alloc(BLOCK);
    for (let from = 0; from < extents; from += BATCH) {
      const count = Math.min(BATCH, extents - from);
      const batch = Buffer.alloc(count * BLOCK);
      for (let index = from; index < from + count; index += 1) {
        contentOf(index, block);
        hash.update(block);
        block.copy(batch, (placeOf(index) - from) * BLOCK);
      }
      writeSync(file, batch);
    }
    ftruncateSync(file, (PARTITION_START + partitionBlocks) * BLOCK);
    return hash.digest('hex');
  } finally {
    closeSync(file);
  }
}
