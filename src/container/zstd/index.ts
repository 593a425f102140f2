// Images packed by Zstandard in several frames, which a seek table tells, or their headers.
import { ByteCursor } from '../../base/byte-cursor.js';
import { IsodriveError } from '../../base/error.js';
import type { ByteSource } from '../../source/byte-source.js';
import { readAtMost, readExactly } from '../../source/read-fully.js';
import type { Filter } from '../format.js';
import { mostPackedBytes } from '../packed/block-image.js';
import { BlockMap, MAX_BLOCK_CONTENT, MAX_BLOCKS, openBlockMap } from '../packed/block-map.js';
import { readNear } from '../packed/read-near.js';
import { refuseUnseekable } from '../packed/refuse.js';
import { BLOCK_HEADER_BYTES, FOOTER_BYTES, MAX_HEADER_BYTES, SKIPPABLE_HEADER_BYTES } from './parse.js';
import { isSeekTable, parseBlockHeader, parseFrameHeader, parseSeekFooter, parseSkippable } from './parse.js';
import type { FrameHeader, SeekTable } from './parse.js';

/** Headers of blocks that are looked at: of 128 KiB each, those of 512 GiB. */
const MAX_HEADERS = 4 * MAX_BLOCKS;

interface Frames {
  readonly map: BlockMap;
  readonly lengths: number[];
}

export const zstdFormat: Filter = {
  kind: 'filter',
  name: 'zstd',
  title: 'a zstd file of several frames',

  async probe({ main }, _marks, signal) {
    const start = await readAtMost(main, 0, MAX_HEADER_BYTES, signal);
    if (parseFrameHeader(start) !== undefined) return 3;
    const skipped = parseSkippable(start);
    if (skipped === undefined) return 0;
    return parseFrameHeader(await readAtMost(main, skipped, MAX_HEADER_BYTES, signal)) === undefined ? 0 : 3;
  },

  async open({ main }, signal) {
    const footer = await readAtMost(main, Math.max(0, main.size - FOOTER_BYTES), FOOTER_BYTES, signal);
    const table = parseSeekFooter(footer);
    const frames =
      table === undefined ? await walkFrames(main, signal) : await readTable(main, table, signal);
    const { map, lengths } = frames ?? { map: new BlockMap(), lengths: [] };
    if (map.size === 0 || map.largest > MAX_BLOCK_CONTENT) throw refuseOne(main);
    return openBlockMap(main, map, (i) => ({
      offset: map.offsets[i]!,
      length: Math.min(lengths[i]!, mostPackedBytes(map.sizeOf(i)) + 4096),
      size: map.sizeOf(i),
      coding: 'zstd',
    }));
  },
};

/** Nor do the frames tell their sizes: those of pzstd do not. */
function refuseOne(main: ByteSource): IsodriveError {
  return refuseUnseekable(main, 'a zstd file without a seek table', 'zstd -dc', 'bgzip', 'gz');
}

async function readTable(
  main: ByteSource,
  { frames, entryBytes, bytes }: SeekTable,
  signal: AbortSignal | undefined,
): Promise<Frames> {
  if (bytes > main.size || frames > MAX_BLOCKS)
    throw damaged(
      main,
      `its seek table has ${frames} frames, expected at most ${MAX_BLOCKS} within the file`,
    );
  const table = await readExactly(main, main.size - bytes, bytes, 'seek table of zstd', signal);
  if (!isSeekTable(table)) throw damaged(main, 'its seek table does not begin where its end says');
  const cursor = new ByteCursor(table, 'Zstandard seek table', main.size - bytes);
  const map = new BlockMap();
  const lengths: number[] = [];
  let at = 0;
  for (let i = 0; i < frames; i += 1) {
    const entry = SKIPPABLE_HEADER_BYTES + i * entryBytes;
    const size = cursor.u32le(entry + 4);
    if (size > 0) {
      map.add(at, size);
      lengths.push(cursor.u32le(entry));
    }
    at += cursor.u32le(entry);
  }
  return { map, lengths };
}

/** By the headers of frames and blocks; undefined where a frame does not tell the size of its content. */
async function walkFrames(main: ByteSource, signal: AbortSignal | undefined): Promise<Frames | undefined> {
  const map = new BlockMap();
  const lengths: number[] = [];
  let headers = 0;
  for (let at = 0; at < main.size && !map.isFull && headers < MAX_HEADERS; headers += 1) {
    const start = await readNear(main, at, MAX_HEADER_BYTES, signal);
    const skipped = parseSkippable(start);
    if (skipped !== undefined) {
      at += skipped;
      continue;
    }
    const header = parseFrameHeader(start);
    if (header === undefined) break;
    // Nothing that follows it can be had.
    if (header.size === undefined || header.size > MAX_BLOCK_CONTENT) return undefined;
    const length = await measureFrame(main, at, header, signal);
    if (header.size > 0) {
      map.add(at, header.size);
      lengths.push(length);
    }
    at += length;
  }
  return { map, lengths };
}

/** Bytes of a frame; those up to the end of the file where it is cut off. */
async function measureFrame(
  main: ByteSource,
  start: number,
  { bytes, hasSum, size = 0 }: FrameHeader,
  signal: AbortSignal | undefined,
): Promise<number> {
  const most = start + mostPackedBytes(size) + 4096;
  for (let at = start + bytes; at < most;) {
    const header = await readNear(main, at, BLOCK_HEADER_BYTES, signal);
    if (header.length < BLOCK_HEADER_BYTES) break;
    const block = parseBlockHeader(header);
    at += block.bytes;
    if (block.isLast) return at + (hasSum ? 4 : 0) - start;
  }
  return main.size - start;
}

function damaged({ name }: ByteSource, fault: string): IsodriveError {
  return new IsodriveError('damaged', `Cannot open "${name}": it begins as a zstd file, but ${fault}`, {
    at: { source: name, offset: 0 },
    action: 'Fetch the image again: it is damaged or cut off',
  });
}
