// Index memory that threads of JavaScript share: both see what the other has grown, and it costs what it holds.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { IsodriveError } from '../../src/base/error.js';
import { ThreadIndexMemory } from '../../src/index/index-memory.js';
import {
  EXTENT_WORDS,
  HEADER,
  MAX_BLOB_BYTES,
  MAX_EXTENTS,
  MAX_ROWS,
  ROW_WORDS,
} from '../../src/index/layout.js';

/** Bytes of private memory that may be written, which the system counts when it starts a process. */
function writableBytes(): number {
  let sum = 0;
  for (const [, start, end] of readFileSync('/proc/self/maps', 'utf8').matchAll(/^(\w+)-(\w+) .w.p/gmu)) {
    sum += parseInt(end!, 16) - parseInt(start!, 16);
  }
  return sum;
}

describe('index memory that threads share', () => {
  it('is seen by another thread as it grows, whichever of them grows it', () => {
    const memory = ThreadIndexMemory.allocate();
    // The copy that a message to a thread makes.
    const joined = ThreadIndexMemory.join(structuredClone(memory.share()), false);
    joined.reserve(100_000, 5_000_000, 200_000);
    joined.rows[100_000 * ROW_WORDS - 1] = 1;
    joined.blob[4_999_999] = 2;
    joined.extents[200_000 * EXTENT_WORDS - 1] = 3;
    joined.header[HEADER.rowCount] = 4;
    expect(memory.rows[100_000 * ROW_WORDS - 1]).toBe(1);
    expect(memory.blob[4_999_999]).toBe(2);
    expect(memory.extents[200_000 * EXTENT_WORDS - 1]).toBe(3);
    expect(ThreadIndexMemory.join(memory.share(), true).header[HEADER.rowCount]).toBe(4);
  });

  it('grows up to the limits of the layout, and refuses more', () => {
    const memory = ThreadIndexMemory.allocate();
    for (const [rows, blobBytes, extents] of [
      [MAX_ROWS + 1, 0, 0],
      [0, MAX_BLOB_BYTES + 1, 0],
      [0, 0, MAX_EXTENTS + 1],
    ] as const) {
      expect(() => memory.reserve(rows, blobBytes, extents)).toThrow(IsodriveError);
    }
    memory.reserve(0, 0, MAX_EXTENTS);
    expect(memory.extents.length).toBe(MAX_EXTENTS * EXTENT_WORDS);
  });

  it('costs what it holds, so that a process with many mounts can still start others', () => {
    const before = writableBytes();
    const memories = Array.from({ length: 10 }, () => ThreadIndexMemory.allocate());
    expect(memories).toHaveLength(10);
    expect(writableBytes() - before).toBeLessThan(500_000_000);
  });
});
