// Decodes blocks that a compressed image is stored in: blocks that lie one behind the other are read by one call and,
// where native code knows how they are packed, decompressed by one. A block that fails fails alone.
import { countBytes } from '../../base/byte-count.js';
import { IsodriveError } from '../../base/error.js';
import { decompressAll } from '../../codec/decompress.js';
import type { Algorithm } from '../../codec/decompress.js';
import type { Decompress, PackedBlock } from '../../codec/decompressor.js';
import type { ByteSource } from '../../source/byte-source.js';

/** Bytes between two blocks that are read along with them: of padding. */
const MAX_GAP = 4096;
/** Bytes that are read by one call. */
const MAX_READ = 4 * 1024 * 1024;

/** By name, or by the very function. */
export type Coding = Algorithm | Decompress;

/** Where a block lies, or why it is nowhere. */
export interface StoredBlock {
  /** Byte in the source, and bytes there: whoever makes it bounds them by what such a block can have. */
  readonly offset: number;
  readonly length: number;
  /** Bytes of its content. */
  readonly size: number;
  /** Bytes that it may hold instead, of which the first are its content: some programs fill up the last block. */
  readonly filledSize?: number;
  /** How it is packed; `stored`: it begins with its very content. */
  readonly coding: Coding | 'stored';
  /** Where it lies is told wrongly: it cannot be read at all. */
  readonly fault?: string;
  /** What is wrong with the content, as its checksum tells; undefined where nothing is. */
  readonly check?: (content: Uint8Array, stored: Uint8Array) => string | undefined;
}

/** Decodes blocks one behind the other into `target`; gives for each why it is not there. Never rejects. */
export async function decodeBlocks(
  of: ByteSource,
  blocks: readonly StoredBlock[],
  target: Uint8Array,
): Promise<(Error | undefined)[]> {
  const stored = await readBlocks(of, blocks);
  const errors: (Error | undefined)[] = stored.map((bytes) => (bytes instanceof Error ? bytes : undefined));
  const packed = new Map<Coding, (PackedBlock & { readonly i: number })[]>();
  let at = 0;
  const contents = blocks.map(({ size }) => target.subarray(at, (at += size)));
  for (const [i, { coding, size }] of blocks.entries()) {
    const bytes = stored[i]!;
    if (bytes instanceof Error) continue;
    if (coding !== 'stored') append(packed, coding, { i, bytes, target: contents[i]! });
    else if (bytes.length < size)
      errors[i] = new Error(`Found ${countBytes(bytes.length)}, expected ${size}`);
    else contents[i]!.set(bytes.subarray(0, size));
  }
  for (const [algorithm, group] of packed) {
    const failed = await decompressAll(algorithm, group);
    for (const [j, one] of group.entries()) {
      const filled = blocks[one.i]!.filledSize ?? one.target.length;
      const isFilled = failed[j] !== undefined && filled > one.target.length;
      errors[one.i] = isFilled ? await decodeFilled(algorithm, one, filled) : failed[j];
    }
  }
  return blocks.map(({ offset, check }, i) => {
    const wrong = errors[i] === undefined ? check?.(contents[i]!, stored[i] as Uint8Array) : undefined;
    return explain(of, offset, wrong === undefined ? errors[i] : new Error(wrong));
  });
}

async function decodeFilled(
  algorithm: Coding,
  { bytes, target }: PackedBlock,
  size: number,
): Promise<Error | undefined> {
  const filled = new Uint8Array(size);
  const [error] = await decompressAll(algorithm, [{ bytes, target: filled }]);
  if (error === undefined) target.set(filled.subarray(0, target.length));
  return error;
}

function append<K, V>(groups: Map<K, V[]>, key: K, value: V): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, [value]);
  else group.push(value);
}

/** Faults of the medium are told as they are; what a decoder says becomes one. */
function explain({ name }: ByteSource, offset: number, error: Error | undefined): Error | undefined {
  if (error === undefined || (error instanceof IsodriveError && error.code !== 'damaged')) return error;
  return new IsodriveError(
    'image-unreadable',
    `Cannot decode the block at byte ${offset} of "${name}": ${error.message}`,
    {
      at: { source: name, offset },
      cause: error,
      action: 'Fetch the image again: it is damaged there',
    },
  );
}

/** The stored bytes of blocks, all of one piece of memory. */
async function readBlocks(
  of: ByteSource,
  blocks: readonly StoredBlock[],
): Promise<readonly (Uint8Array | Error)[]> {
  const runs = findRuns(blocks);
  const total = runs.reduce((sum, { length }) => sum + length, 0);
  const memory = new Uint8Array(Buffer.allocUnsafeSlow(total).buffer);
  const result: (Uint8Array | Error)[] = blocks.map(({ fault }) => new Error(fault ?? 'It is not there'));
  let at = 0;
  await Promise.all(
    runs.map(async ({ offset, length, members }) => {
      const run = memory.subarray(at, (at += length));
      const places = members.map((i) => ({
        i,
        start: blocks[i]!.offset - offset,
        length: blocks[i]!.length,
      }));
      const fault = await readInto(of, run, offset);
      for (const { i, start, length: bytes } of places) {
        const part = run.subarray(start, start + bytes);
        // Some of the run cannot be read: each block tells by itself.
        const own =
          fault === undefined || members.length === 1 ? fault : await readInto(of, part, offset + start);
        result[i] = own ?? part;
      }
    }),
  );
  return result;
}

interface Run {
  readonly offset: number;
  length: number;
  readonly members: number[];
}

function findRuns(blocks: readonly StoredBlock[]): Run[] {
  const runs: Run[] = [];
  for (const [i, { offset, length, fault }] of blocks.entries()) {
    if (fault !== undefined) continue;
    const run = runs.at(-1);
    const gap = run === undefined ? -1 : offset - (run.offset + run.length);
    if (run === undefined || gap < 0 || gap > MAX_GAP || offset + length - run.offset > MAX_READ) {
      runs.push({ offset, length, members: [i] });
    } else {
      run.length = offset + length - run.offset;
      run.members.push(i);
    }
  }
  return runs;
}

async function readInto(of: ByteSource, target: Uint8Array, offset: number): Promise<Error | undefined> {
  if (of.readCached?.(target, offset) === true) return undefined;
  try {
    const got = await of.read(target, offset);
    return got === target.length
      ? undefined
      : new Error(`Image ends at byte ${of.size}, expected ${offset + target.length} at least`);
  } catch (thrown) {
    return thrown instanceof Error ? thrown : new Error(String(thrown));
  }
}
